from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reprocheck.model.prefixes import (
    CondaRecord,
    Distribution,
    FoundFile,
    Inspection,
    OwnedFile,
    Prefix,
)
from reprocheck.readers.prefixes.elf_soname import is_elf
from reprocheck.readers.prefixes.file_hashes import Hashed, thread_count
from reprocheck.readers.prefixes.hash_journal import HashJournal
from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect

ROOT = Path(__file__).resolve().parent.parent.parent.parent
OLD, NEW = b"old bytes", b"new bytes"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def conda(name: str, *files: OwnedFile) -> CondaRecord:
    return CondaRecord(
        name=name,
        version="1",
        build="0",
        channel="conda-forge",
        subdir="noarch",
        url="",
        md5=None,
        sha256=None,
        dependencies=(),
        requested=(),
        files=files,
        record=f"conda-meta/{name}-1-0.json",
    )


def pip(name: str, *files: OwnedFile) -> Distribution:
    return Distribution(
        name=name,
        version="1",
        installer="pip",
        origin=None,
        owner=None,
        dependencies=(),
        files=files,
        record=f"lib/{name}-1.dist-info",
    )


def prefix_of(*packages: CondaRecord | Distribution) -> Prefix:
    return Prefix(
        path="env",
        kind="conda",
        maker=None,
        platform="linux-64",
        python=None,
        site_packages=None,
        conda=tuple(item for item in packages if isinstance(item, CondaRecord)),
        distributions=tuple(item for item in packages if isinstance(item, Distribution)),
    )


def owned(path: str, content: bytes = OLD, **changes: Any) -> OwnedFile:
    return OwnedFile(path, "file", sha(content), len(content))._replace(**changes)


def silent(_: str) -> None:
    """Tell nobody."""


def full(root: Path, *packages: CondaRecord | Distribution) -> Inspection:
    return inspect(root, prefix_of(*packages), InspectionRequest(False, None, silent))


def fast(root: Path, *packages: CondaRecord | Distribution) -> Inspection:
    return inspect(root, prefix_of(*packages), InspectionRequest(True, None, silent))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a prefix with three whole files."""
    folder = tmp_path / "env"
    (folder / "lib").mkdir(parents=True)
    for name in "abc":
        (folder / "lib" / name).write_bytes(OLD)
    return folder


WHOLE = conda("whole", owned("lib/a"), owned("lib/b"), owned("lib/c"))


def test_a_whole_prefix_has_nothing_to_tell(root: Path) -> None:
    assert full(root, WHOLE) == Inspection(fast=False, found={}, checked=3, hashed=3, unverifiable=0)
    assert fast(root, WHOLE) == Inspection(fast=True, found={}, checked=3, hashed=0, unverifiable=0)


def test_an_empty_prefix_has_nothing_to_tell(root: Path) -> None:
    assert full(root) == Inspection(fast=False, found={}, checked=0, hashed=0, unverifiable=0)


def test_a_byte_that_changed_is_found_though_size_and_date_are_the_same(root: Path) -> None:
    before = (root / "lib/b").stat()
    (root / "lib/b").write_bytes(NEW)
    os.utime(root / "lib/b", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert full(root, WHOLE).found == {"lib/b": FoundFile("lib/b", "there", sha(NEW), 9)}
    assert fast(root, WHOLE).found == {}


def test_a_file_that_was_cut_is_found_by_its_size(root: Path) -> None:
    os.truncate(root / "lib/b", 3)
    assert full(root, WHOLE).found == {"lib/b": FoundFile("lib/b", "there", sha(b"old"), 3)}
    assert fast(root, WHOLE).found == {"lib/b": FoundFile("lib/b", "there", None, 3)}


def test_of_altered_files_it_is_told_which_are_programs_or_libraries_of_linux(root: Path) -> None:
    elf = b"\x7fELF" + OLD
    whole = conda("whole", owned("lib/a"), owned("lib/b"), owned("lib/c", elf))
    (root / "lib" / "a").write_bytes(elf)
    (root / "lib" / "b").write_bytes(NEW)
    (root / "lib" / "c").write_bytes(elf)
    for look in (full, fast):
        told = {path: found.is_elf for path, found in look(root, whole).found.items()}
        assert told == ({"lib/a": True, "lib/b": False} if look is full else {"lib/a": True})
    assert not is_elf(str(root / "lib" / "gone"))


def test_the_size_counts_where_the_record_tells_no_digest(root: Path) -> None:
    (root / "lib/b").write_bytes(b"longer than that")
    package = conda("a", owned("lib/b", sha256=None), owned("lib/c", sha256=None))
    found = full(root, package)
    assert found.found == {"lib/b": FoundFile("lib/b", "there", None, 16)}
    assert (found.hashed, found.unverifiable) == (0, 2)


def test_a_digest_tells_where_the_record_gives_no_size(root: Path) -> None:
    (root / "lib/b").write_bytes(b"longer than that")
    package = conda("a", owned("lib/b", size_bytes=None), owned("lib/c", size_bytes=None))
    assert list(full(root, package).found) == ["lib/b"]
    assert fast(root, package).found == {}


def test_a_file_that_nobody_knows_bytes_of_is_unverifiable_but_has_to_be_there(root: Path) -> None:
    package = conda("a", *(OwnedFile(path) for path in ("lib/a", "lib/gone")))
    found = full(root, package)
    assert found.found == {"lib/gone": FoundFile("lib/gone", "missing")}
    assert (found.checked, found.hashed, found.unverifiable) == (2, 0, 1)


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_fifo(path: Path) -> None:
    path.unlink()
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs FIFOs")
    os.mkfifo(path)


def replace_by_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize("damage", [replace_by_folder, replace_by_fifo, replace_by_dangling_link])
@pytest.mark.parametrize("look", [full, fast])
def test_what_is_no_file_any_more_is_of_another_kind(
    root: Path, damage: Callable[[Path], None], look: Callable[..., Inspection]
) -> None:
    damage(root / "lib/b")
    assert look(root, WHOLE).found == {"lib/b": FoundFile("lib/b", "other-kind")}


def test_all_files_of_a_folder_that_is_gone_or_is_a_file_are_missing(root: Path) -> None:
    shutil.rmtree(root / "lib")
    gone = {f"lib/{name}": FoundFile(f"lib/{name}", "missing") for name in "abc"}
    assert full(root, WHOLE).found == gone
    (root / "lib").touch()
    assert full(root, WHOLE).found == gone


def test_a_prefix_that_is_gone_has_lost_everything(tmp_path: Path) -> None:
    assert len(full(tmp_path / "gone", WHOLE).found) == 3


def test_a_link_only_has_to_be_there(root: Path) -> None:
    (root / "dangling").symlink_to("nowhere")
    (root / "plain").write_bytes(NEW)
    links = [OwnedFile(path, "link", sha(OLD), 9) for path in ("dangling", "plain", "gone")]
    found = full(root, conda("a", *links))
    assert found.found == {"gone": FoundFile("gone", "missing")}
    assert (found.checked, found.hashed, found.unverifiable) == (3, 0, 0)


def test_a_link_where_a_file_should_be_stands_for_the_file_it_leads_to(root: Path, tmp_path: Path) -> None:
    for name, content in (("a", OLD), ("b", NEW)):
        (tmp_path / f"cached-{name}").write_bytes(content)
        (root / "lib" / name).unlink()
        (root / "lib" / name).symlink_to(tmp_path / f"cached-{name}")
    assert full(root, WHOLE).found == {"lib/b": FoundFile("lib/b", "there", sha(NEW), 9)}


def test_files_behind_a_folder_that_is_a_link_out_of_the_prefix_are_read(root: Path, tmp_path: Path) -> None:
    (root / "lib").rename(tmp_path / "elsewhere")
    (root / "lib").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "b").write_bytes(NEW)
    assert list(full(root, WHOLE).found) == ["lib/b"]


def test_a_path_out_of_the_prefix_is_never_read(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(OLD)
    paths = ("../secret", "lib/../../secret", str(tmp_path / "secret"))
    found = full(root, conda("a", *(owned(path) for path in paths)))
    assert found.found == {path: FoundFile(path, "unreadable") for path in paths}
    assert found.hashed == 0


def test_a_folder_has_to_be_a_folder(root: Path) -> None:
    (root / "share").mkdir()
    folders = [OwnedFile(path, "folder") for path in ("share", "lib/a", "gone")]
    found = full(root, conda("a", *folders))
    assert found.found == {"gone": FoundFile("gone", "missing"), "lib/a": FoundFile("lib/a", "other-kind")}
    assert (found.checked, found.unverifiable) == (3, 0)


def test_bytecode_is_never_missing_never_altered_and_not_counted(root: Path) -> None:
    files = [OwnedFile(path, "bytecode", sha(NEW), 1) for path in ("lib/a", "gone.pyc")]
    expected = Inspection(fast=False, found={}, checked=0, hashed=0, unverifiable=0)
    assert full(root, conda("a", *files)) == expected
    assert full(root, conda("a", *files), conda("b", *files)) == expected


@contextlib.contextmanager
def nobody_in_particular() -> Iterator[None]:
    """Lay down the rights of root, to whom no file is closed; who is in the folder needs no way into it."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs rights of files")
def test_what_we_may_not_read_is_unreadable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "closed").mkdir()
    (root / "closed" / "file").write_bytes(OLD)
    (root / "link").symlink_to("closed/file")
    (root / "lib/b").chmod(0)
    root.chmod(0o755)
    (root / "closed").chmod(0)
    monkeypatch.chdir(root)
    package = conda("a", owned("lib/a"), owned("lib/b"), owned("closed/file"), owned("link"))
    with nobody_in_particular():
        found = full(Path(), package)
        quick = fast(Path(), package)
    (root / "closed").chmod(0o755)
    assert found.found == {path: FoundFile(path, "unreadable") for path in ("closed/file", "lib/b", "link")}
    assert (found.checked, found.hashed, found.unverifiable) == (4, 1, 0)
    assert list(quick.found) == ["closed/file", "link"]


def test_a_file_of_several_owners_is_always_told_and_hashed_once(root: Path) -> None:
    found = full(root, conda("a", owned("lib/a"), owned("lib/b")), conda("b", owned("lib/a")), pip("c", owned("lib/a")))
    assert found.found == {"lib/a": FoundFile("lib/a", "there", sha(OLD), 9)}
    assert (found.checked, found.hashed) == (2, 2)


def test_a_fast_look_hashes_a_file_of_several_owners_only_where_they_disagree(root: Path) -> None:
    agreed = conda("a", owned("lib/a")), pip("b", owned("lib/a"))
    assert fast(root, *agreed).found == {"lib/a": FoundFile("lib/a", "there", None, 9)}
    other_bytes = conda("a", owned("lib/a")), pip("b", owned("lib/a", NEW))
    assert fast(root, *other_bytes).found == {"lib/a": FoundFile("lib/a", "there", sha(OLD), 9)}
    other_size = conda("a", owned("lib/a", size_bytes=None)), pip("b", owned("lib/a", size_bytes=5))
    assert fast(root, *other_size).found == {"lib/a": FoundFile("lib/a", "there", sha(OLD), 9)}
    no_size = conda("a", owned("lib/a", size_bytes=None)), pip("b", owned("lib/a"))
    assert fast(root, *no_size).hashed == 0
    no_digest = conda("a", owned("lib/a", sha256=None)), pip("b", owned("lib/a"))
    assert fast(root, *no_digest).hashed == 1


def test_a_file_of_several_owners_that_nobody_knows_bytes_of_is_told_and_not_hashed(root: Path) -> None:
    found = full(root, conda("a", OwnedFile("lib/a")), conda("b", OwnedFile("lib/a")))
    assert found == Inspection(
        fast=False, found={"lib/a": FoundFile("lib/a", "there", None, 9)}, checked=1, hashed=0, unverifiable=0
    )


def test_a_missing_file_of_several_owners_is_told(root: Path) -> None:
    found = fast(root, conda("a", owned("gone")), conda("b", owned("gone", NEW)))
    assert found.found == {"gone": FoundFile("gone", "missing")}


def test_the_owner_who_expects_bytes_outweighs_the_one_of_a_link(root: Path) -> None:
    (root / "dangling").symlink_to("nowhere")
    link = conda("a", OwnedFile("dangling", "link"))
    assert full(root, link, conda("b", owned("dangling"))).found["dangling"].state == "other-kind"
    folder = conda("b", OwnedFile("dangling", "folder"))
    assert full(root, link, folder).found["dangling"].state == "other-kind"


def test_what_was_found_is_sorted(root: Path) -> None:
    paths = ["z", "lib/z", "B", "a", "lib-x", "lib/a/b"]
    found = full(root, *(conda(f"p{place}", owned(path)) for place, path in enumerate(paths)))
    assert list(found.found) == sorted(paths)


def sparse(path: Path, size_bytes: int) -> OwnedFile:
    with path.open("wb") as stream:
        stream.truncate(size_bytes)
    return OwnedFile(f"{path.parent.name}/{path.name}", "file", "0" * 64, size_bytes)


def test_progress_tells_files_and_bytes_not_more_often_than_every_tenth_of_a_second(root: Path) -> None:
    package = conda("a", owned("lib/a"), sparse(root / "lib" / "long", 10**12))
    told: list[tuple[float, str]] = []

    def progress(text: str) -> None:
        told.append((time.monotonic(), text))
        if len(told) == 4:
            raise KeyboardInterrupt

    began_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        inspect(root, prefix_of(package), InspectionRequest(False, None, progress))
    times = [began_s, *(when for when, _ in told)]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.099
    assert all(text.startswith("hashing: ") and text.endswith(" of 1,000.0 GB") for _, text in told)
    assert told[0][1].split(", ")[0] in ("hashing: 0 of 2 files", "hashing: 1 of 2 files")


def test_progress_of_less_than_a_gigabyte_is_told_in_megabytes(root: Path) -> None:
    told: list[str] = []
    package = conda("a", *(sparse(root / "lib" / f"z{number}", 90 * 10**6) for number in range(11)))
    with contextlib.suppress(KeyboardInterrupt):
        inspect(root, prefix_of(package), InspectionRequest(False, None, lambda text: _once(told, text)))
    assert told
    assert told[0].endswith(" of 990.0 MB")


def _once(told: list[str], text: str) -> None:
    told.append(text)
    raise KeyboardInterrupt


def rested(path: Path) -> None:
    """Wait until no date of a file is younger than two seconds: younger ones are not trusted."""
    time.sleep(max(0.0, path.stat().st_ctime + 2.1 - time.time()))


@pytest.mark.usefixtures("ctrl_c")
def test_an_inspection_that_was_interrupted_is_resumed_and_a_finished_one_is_not(root: Path, tmp_path: Path) -> None:
    journal = tmp_path / "cache" / "a.journal"
    long = sparse(root / "lib" / "long", 10**12)
    rested(root / "lib" / "long")
    threads = threading.active_count()

    def interrupt(_: str) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        inspect(root, prefix_of(WHOLE, conda("long", long)), InspectionRequest(False, journal, interrupt))
    time.sleep(0.05)
    assert threading.active_count() == threads
    assert len(journal.read_bytes().splitlines()) in (1, 4)  # one processor has nothing but the long file in hand
    noted = len(journal.read_bytes().splitlines()) - 1
    again = inspect(root, prefix_of(WHOLE), InspectionRequest(False, journal, silent))
    assert (again.found, again.checked, again.hashed, again.resumed) == ({}, 3, 3, noted)
    assert not journal.exists()
    assert inspect(root, prefix_of(WHOLE), InspectionRequest(False, journal, silent)).resumed == 0


def journal_of(root: Path, place: Path, digests: dict[str, str]) -> None:
    """Leave what an interrupted inspection would have noted a minute from now."""
    journal = HashJournal(place, root, time.time_ns() + 60 * 10**9)
    journal.add(Hashed(path, "there", digest, (root / path).stat()) for path, digest in digests.items())
    journal.close(is_done=False)


def test_a_file_that_changed_after_the_interruption_is_read_again(root: Path, tmp_path: Path) -> None:
    journal_of(root, tmp_path / "journal", {f"lib/{name}": sha(OLD) for name in "abc"})
    (root / "lib/b").write_bytes(NEW)
    found = inspect(root, prefix_of(WHOLE), InspectionRequest(False, tmp_path / "journal", silent))
    assert found.found == {"lib/b": FoundFile("lib/b", "there", sha(NEW), 9)}
    assert (found.hashed, found.resumed) == (3, 2)


def test_a_journal_accuses_nobody(root: Path, tmp_path: Path) -> None:
    journal_of(root, tmp_path / "journal", {"lib/a": sha(OLD), "lib/b": sha(NEW)})
    found = inspect(root, prefix_of(WHOLE), InspectionRequest(False, tmp_path / "journal", silent))
    assert (found.found, found.hashed, found.resumed) == ({}, 3, 1)


def test_a_fast_look_leaves_the_journal_alone(root: Path, tmp_path: Path) -> None:
    journal_of(root, tmp_path / "journal", {"lib/a": sha(OLD)})
    before = (tmp_path / "journal").read_bytes()
    packages = prefix_of(WHOLE, pip("b", owned("lib/a", NEW)))
    found = inspect(root, packages, InspectionRequest(True, tmp_path / "journal", silent))
    assert (found.hashed, found.resumed) == (1, 0)
    assert (tmp_path / "journal").read_bytes() == before


def test_two_inspections_at_the_same_time_do_not_spoil_each_other(root: Path, tmp_path: Path) -> None:
    journal_of(root, tmp_path / "journal", {"lib/a": sha(OLD)})
    second: list[Inspection] = []
    request = InspectionRequest(False, tmp_path / "journal", silent)
    long = conda("long", sparse(root / "lib" / "long", 10**12))

    def meanwhile(_: str) -> None:
        second.append(inspect(root, prefix_of(WHOLE), request))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inspect(root, prefix_of(WHOLE, long), request._replace(progress=meanwhile))
    assert [(item.found, item.resumed) for item in second] == [({}, 0)]
    assert inspect(root, prefix_of(WHOLE), request).resumed == 1


KILLED = """
import os, pathlib, signal, sys
from tests.readers.prefixes.test_inspection import OLD, conda, owned, prefix_of, sparse
from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect
root, journal = map(pathlib.Path, sys.argv[1:])
long = sparse(root / "lib" / "long", 10**12)
def progress(text):
    if journal.read_bytes().count(b"\\n") > 300:
        os.kill(os.getpid(), signal.SIGKILL)
files = [owned(f"lib/{number}") for number in range(1000)]
inspect(root, prefix_of(conda("a", *files, long)), InspectionRequest(False, journal, progress))
"""


@pytest.mark.skipif(sys.platform == "win32" or os.cpu_count() == 1, reason="the long file must leave a processor free")
def test_what_kill_9_leaves_is_taken_up(root: Path, tmp_path: Path) -> None:
    files = [owned(f"lib/{number}") for number in range(1000)]
    for file in files:
        (root / file.path).write_bytes(OLD)
    rested(root / files[-1].path)
    journal = tmp_path / "journal"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), str(journal)], env=environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    (root / "lib/7").write_bytes(NEW)
    found = inspect(root, prefix_of(conda("a", *files)), InspectionRequest(False, journal, silent))
    assert list(found.found) == ["lib/7"]
    assert (found.hashed, found.resumed) == (1000, 999)
    assert not journal.exists()


def test_a_file_that_vanishes_while_others_are_hashed_is_missing(root: Path) -> None:
    late = root / "lib" / "late"
    busy = [sparse(root / "lib" / f"long-{number}", 5 * 10**8) for number in range(thread_count())]
    package = conda("a", *busy, sparse(late, 2 * 10**6))  # long files come first, the longest before the others
    request = InspectionRequest(False, None, lambda _: late.unlink(missing_ok=True))
    assert inspect(root, prefix_of(package), request).found["lib/late"] == FoundFile("lib/late", "missing")
