"""Whether a binary extension fits the torch, the CUDA, the C++ interface and the Python that it lands beside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from reprocheck.facts.cuda_versions import Numbers, dotted
from reprocheck.facts.extensions import Built, has_cxx11_abi
from reprocheck.model.findings import Severity
from reprocheck.rules.cuda_claims import agree


class Beside(NamedTuple):
    """What an extension lands beside. `cuda` is () where torch is a CPU build, None where it is not known.

    `has_wheel` is True for a torch wheel, whose C++ interface is known.
    """

    torch: Numbers
    cuda: Numbers | None
    has_wheel: bool


class Misfit(NamedTuple):
    """One thing that does not fit, how bad it is, and the sentence that says so."""

    severity: Severity
    said: str


def misfits(built: Built, beside: Beside) -> tuple[Misfit, ...]:
    """Return all that does not fit, in the order torch, CUDA, C++ interface."""
    found = (_torch(built, beside), _cuda(built, beside), _interface(built, beside))
    return tuple(one for one in found if one)


def wrong_python(address: str, python: Numbers) -> str | None:
    """Return the Python tag of a wheel that another Python cannot install, None where it can."""
    found = _wheel_tags().search(address) if ".whl" in address and "-cp" in address else None
    if not found or len(python) < len(("major", "minor")):
        return None
    tags = [(int(digits[0]), int(digits[1:])) for digits in re.findall(r"cp(\d{2,})", found["tags"])]
    stable = found["abi"] == "abi3"
    fits = any(tag <= python[:2] if stable else tag == python[:2] for tag in tags)
    return None if fits or not tags or "py3" in found["tags"] else f"cp{tags[0][0]}{tags[0][1]}"


def wrong_tags(tags: Sequence[str], python: Numbers) -> str | None:
    """Return the Python tag of an installed wheel that is not for a Python, by all tags that the wheel tells."""
    found = [wrong_python(f"-{tag}.whl", python) for tag in tags]
    return found[0] if found and all(found) else None


@cache
def _wheel_tags() -> re.Pattern[str]:
    return re.compile(r"-(?P<tags>(?:cp|py)\d[\w.]*)-(?P<abi>\w+)-[\w.]+\.whl")


def _torch(built: Built, beside: Beside) -> Misfit | None:
    if agree(built.torch, beside.torch):
        return None
    return Misfit(Severity.ERROR, f"it is built for torch {dotted(built.torch)}, not {dotted(beside.torch)}")


def _cuda(built: Built, beside: Beside) -> Misfit | None:
    if built.cuda is None or beside.cuda is None or built.cuda[:1] == beside.cuda[:1] == ():
        return None
    if not built.cuda:
        return Misfit(Severity.WARNING, f"it is built without CUDA, and torch for CUDA {dotted(beside.cuda)}")
    if not beside.cuda:
        return Misfit(Severity.ERROR, f"it is built for CUDA {dotted(built.cuda)}, and torch without CUDA")
    said = f"it is built for CUDA {dotted(built.cuda)}, and torch for {dotted(beside.cuda)}"
    if built.cuda[0] != beside.cuda[0]:
        return Misfit(Severity.ERROR, said)
    return None if agree(built.cuda, beside.cuda) else Misfit(Severity.WARNING, said)


def _interface(built: Built, beside: Beside) -> Misfit | None:
    """The C++ interface of the torch wheels is known, that of conda builds is not."""
    theirs = has_cxx11_abi(beside.torch, beside.cuda) if beside.has_wheel else None
    if built.cxx11 is None or theirs is None or built.cxx11 is theirs:
        return None
    mine, other = (str(value).upper() for value in (built.cxx11, theirs))
    return Misfit(Severity.ERROR, f"it is built with the C++ interface cxx11abi{mine}, and torch with cxx11abi{other}")
