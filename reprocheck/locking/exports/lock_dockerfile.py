"""A Dockerfile that installs one platform of a lock, every file of it checked by its hash.

It carries the lock inside (heredocs need the Dockerfile syntax 1.4), so that no file can go missing beside it.
micromamba installs the conda part as an explicit file, pip the rest with `--require-hashes`.

Source: docs.docker.com "Dockerfile reference" (here-documents, RUN --mount=type=secret);
micromamba-docker.readthedocs.io "Quick start" and "Tags"; pip.pypa.io "Secure installs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reprocheck.errors import UsageError
from reprocheck.locking.conda_lock_format import used_variables
from reprocheck.locking.exports.explicit_file import explicit_line
from reprocheck.locking.exports.exportable import Exportable, refuse_unhashed
from reprocheck.locking.exports.pip_sources import Archive, pip_source
from reprocheck.model.locks import LockedPackage

DEFAULT_BASE_IMAGE = "mambaorg/micromamba:2.0.8-debian12-slim"

_ARCHITECTURES = {"linux-64": "amd64", "linux-aarch64": "arm64", "linux-ppc64le": "ppc64le"}
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@\-]*")
_END = "END_OF_LOCK"


def format_dockerfile(export: Exportable, base_image: str = DEFAULT_BASE_IMAGE) -> str:
    """Return the text of a Dockerfile.

    Raises:
        UsageError: the image is for Linux only, or pip packages are locked and no Python is; a broken image name.
        InputError, GatheredErrors: a package without a hash.
    """
    _check(export, base_image)
    refuse_unhashed(export.conda, export.lock, "md5")
    refuse_unhashed(export.pip, export.lock, "sha256")
    lines = [*_head(export, base_image), "", *_conda_part(export)]
    if export.pip:
        lines += ["", *_pip_part(export.pip, has_pip=_holds(export, "pip"))]
    return "\n".join(lines) + "\n"


def _check(export: Exportable, base_image: str) -> None:
    if export.platform not in _ARCHITECTURES:
        raise UsageError(
            f"no Docker image runs `{export.platform}`",
            where="--platform",
            why=f"micromamba's images are for {', '.join(f'`{known}`' for known in _ARCHITECTURES)}",
            how="name one of them with `-p`, and lock for it first where the lock lacks it",
        )
    if not _IMAGE.fullmatch(base_image):
        raise UsageError(
            "the base image is no image name",
            where="--base-image",
            why=f"it reads like `{DEFAULT_BASE_IMAGE}`",
            how="name an image with micromamba in it, by digest where the build must not change",
        )
    if export.pip and not _holds(export, "python"):
        raise UsageError(
            "the lock holds pip packages, but no Python to install them for",
            where=export.lock.path,
            why="the image has no other Python than the one of the lock",
            how="add `python` to the dependencies in environment.yml and lock anew",
        )


def _holds(export: Exportable, name: str) -> bool:
    return any(package.name == name for package in export.conda)


def _head(export: Exportable, base_image: str) -> Iterator[str]:
    yield "# syntax=docker/dockerfile:1"
    yield f"# A lock as an image, for {export.platform}: every file of it is checked by its hash."
    yield "# A tag may be moved; to rule that out, name the base by digest: `--base-image NAME@sha256:...`."
    secrets = _variables((*export.conda, *export.pip))
    if secrets:
        given = " ".join(f"--secret id={name},env={name}" for name in secrets)
        yield f"# Credentials come in as secrets: docker build {given} ."
        yield "# Package managers may keep the URLs they installed from: look into conda-meta before you publish."
    yield f"FROM --platform=linux/{_ARCHITECTURES[export.platform]} {base_image}"


def _conda_part(export: Exportable) -> Iterator[str]:
    path = f"/tmp/conda-{export.platform}.lock"  # noqa: S108  (inside the image, where nobody else writes)
    yield f"COPY --chown=$MAMBA_USER:$MAMBA_USER <<'{_END}' {path}"
    yield f"# platform: {export.platform}"
    yield "@EXPLICIT"
    yield from map(explicit_line, export.conda)
    yield _END
    install = f"micromamba install --yes --name base --file {path}"
    yield from _run(path, _variables(export.conda), [install, "micromamba clean --all --yes"])
    yield "# The commands below run inside the environment."
    yield "ARG MAMBA_DOCKERFILE_ACTIVATE=1"


def _pip_part(packages: Sequence[LockedPackage], *, has_pip: bool) -> Iterator[str]:
    path = "/tmp/requirements.txt"  # noqa: S108  (as above)
    yield f"COPY --chown=$MAMBA_USER:$MAMBA_USER <<'{_END}' {path}"
    for package in packages:
        source = pip_source(package)
        if isinstance(source, Archive):
            yield f"{package.name} @ {source.url} --hash=sha256:{source.sha256}"
    yield _END
    install = f"python -m pip install --no-deps --no-cache-dir --require-hashes --requirement {path}"
    built = [package.name for package in packages if not _is_wheel(package)]
    if built:
        yield f"# Built from source, with tools that pip fetches without hashes: {', '.join(built)}."
    bundled = [] if has_pip else ["python -m ensurepip"]  # the pip that Python carries inside: nothing is fetched
    yield from _run(path, _variables(packages), [*bundled, install])


def _is_wheel(package: LockedPackage) -> bool:
    source = pip_source(package)
    return isinstance(source, Archive) and source.is_wheel


def _run(path: str, secrets: Sequence[str], commands: Sequence[str]) -> Iterator[str]:
    """Yield one RUN that removes its lock in the end, so that no layer keeps what secrets were filled into."""
    lines = [f"--mount=type=secret,id={name},env={name} \\" for name in secrets]
    if secrets:
        lines.append(f'text="$(cat {path})" && \\')
        lines.extend(f"text=${{text//'{form}'/\"${name}\"}} && \\" for name in secrets for form in _references(name))
        lines.append(f"printf '%s\\n' \"$text\" > {path} && \\")
    lines.extend(f"{command} && \\" for command in commands)
    yield f"RUN {lines[0]}"
    yield from (f"    {line}" for line in [*lines[1:], f"rm -f {path}"])


def _references(name: str) -> tuple[str, str]:
    return f"${{{name}}}", f"${name}"


def _variables(packages: Sequence[LockedPackage]) -> list[str]:
    """Return the variables in the URLs, longer names first: `$TOKEN` begins `$TOKEN_2`."""
    names = {name for package in packages for name in used_variables(package.url)}
    return sorted(names, key=lambda name: (-len(name), name))
