"""Compare our content hash with conda-lock's own: `python tests/corpus_content_hash.py [SHARED]`.

SHARED is a folder with `corpus/env` and `corpus/conda-lock`, by default `shared` beside the repository. Every
environment file is put to both, alone and merged as the sources of a lock name them, for every platform that
conda-lock knows and with the hash that stands in the lock. Prints what differs, then the counts.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

warnings.simplefilter("ignore")

from conda_lock.content_hash import compute_content_hashes  # noqa: E402  # conda-lock's import warns
from conda_lock.src_parser import make_lock_spec  # noqa: E402
from conda_lock.virtual_package import default_virtual_package_repodata  # noqa: E402

from reprocheck.errors import ReprocheckError  # noqa: E402
from reprocheck.locking.judging.content_hash import DEFAULT_CUDA, content_hashes  # noqa: E402
from reprocheck.locking.platforms import PLATFORMS, virtual_packages  # noqa: E402
from reprocheck.model.environments import EnvironmentFile  # noqa: E402
from reprocheck.model.merged_environment import merge_environments  # noqa: E402
from reprocheck.readers.environment_yml import read_environment  # noqa: E402

BESIDE = Path(__file__).resolve().parents[2] / "shared"
NO_NAMES = "reprocheck-no-names.json"  # stands in for conda-lock's name map, which it would fetch


def main(shared: Path) -> int:
    """Print every difference and the counts; return 1 if anything differs."""
    logging.disable(logging.CRITICAL)
    counts: Counter[str] = Counter()
    for sources in groups(shared / "corpus"):
        try:
            theirs = their_hashes(sources)
        except (Exception, SystemExit) as error:
            counts["files that conda-lock refuses"] += 1
            print(f"{shown(sources)}: conda-lock refuses: {str(error).splitlines()[:1]}"[:160])
            continue
        ours = our_hashes(sources)
        for platform in PLATFORMS:
            verdict = compare(ours.get(platform), theirs[platform])
            counts[verdict] += 1
            if verdict != "equal":
                print(f"{shown(sources)}: {platform}: {verdict}")
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return int(counts["different"] > 0)


def groups(corpus: Path) -> Iterator[tuple[Path, ...]]:
    """Yield every environment file alone, and the sources of every lock together."""
    for path in sorted((corpus / "env").glob("*.y*ml")):
        yield (path,)
    for entry in json.loads((corpus / "conda-lock" / "index.json").read_text(encoding="utf-8")):
        folder = corpus / "conda-lock" / entry["dir"]
        named = tuple(folder / source for source in entry["sources"] or ())
        if named and all(path.is_file() and path.suffix in (".yml", ".yaml") for path in named):
            yield named


def shown(sources: tuple[Path, ...]) -> str:
    """Return the sources in one line."""
    return " + ".join("/".join(path.parts[-2:]) for path in sources)


def compare(ours: str | None, theirs: str) -> str:
    """Return the verdict on one platform."""
    if ours is None:
        return "cannot tell"
    return "equal" if ours == theirs else "different"


def our_hashes(sources: tuple[Path, ...]) -> dict[str, str | None]:
    """Return our hashes of the merged sources; none where they cannot be read or merged."""
    try:
        environment = merged([read_environment(path) for path in sources])
    except ReprocheckError:
        return {}
    channels = [channel.address for channel in environment.channels if channel.address != "nodefaults"]
    machines = {platform: virtual_packages(platform, DEFAULT_CUDA) for platform in PLATFORMS}
    return content_hashes(environment, PLATFORMS, channels, machines)


def merged(environments: list[EnvironmentFile]) -> EnvironmentFile:
    """Return one environment of one or more files."""
    return environments[0] if len(environments) == 1 else merge_environments(environments)


def their_hashes(sources: tuple[Path, ...]) -> dict[str, str]:
    """Return conda-lock's hashes; raises whatever conda-lock raises."""
    with contextlib.redirect_stderr(io.StringIO()):
        specification = make_lock_spec(
            src_files=list(sources), platform_overrides=list(PLATFORMS), mapping_url=name_map().as_uri()
        )
        return dict(compute_content_hashes(specification, machine()))


@functools.cache
def name_map() -> Path:
    """Write an empty name map once, so that nothing is fetched; it does not matter to the hash."""
    import tempfile

    path = Path(tempfile.gettempdir()) / NO_NAMES
    path.write_text("{}", encoding="utf-8")
    return path


machine = functools.cache(default_virtual_package_repodata)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else BESIDE))
