"""The job `arithmetic`: canary, relations and profile, each begun by a line that says so.

An operation that this torch lacks in a type has a status in the place of its profile.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Dict, Iterator, List, Tuple

from ..lines import Emit
from ..probing import failure_of
from ..readings import load


def arithmetic(job: Dict[str, Any], emit: Emit) -> None:
    """Emit canary, relations and profile of `job["device"]`, but for the parts that `job["skip"]` names."""
    torch, failure = load("torch")
    if failure:
        emit({"arithmetic": "torch", **failure})
        return
    from ..settled import settled_torch

    device, skip = job["device"], job.get("skip") or []
    with settled_torch(torch, job.get("apply")):
        for part, lines in _parts(device):
            if part not in skip:
                emit({"part": part, "state": "begin"})
                for line in lines():
                    emit(line)


def _parts(device: str) -> List[Tuple[str, Callable[[], Iterator[Dict[str, Any]]]]]:
    from .canary import canary_lines
    from .relations import relation_lines

    return [
        ("canary", lambda: canary_lines(device)),
        ("relations", lambda: relation_lines(device)),
        ("profile", lambda: profile_lines(device)),
    ]


def profile_lines(device: str) -> Iterator[Dict[str, Any]]:
    """Yield one line an operation and type."""
    from .operations import OPERATIONS

    for operation in OPERATIONS:
        for dtype in operation.dtypes:
            yield _profiled(operation, dtype, device)
        if device == "cuda" and operation.form == "products" and "fp32" in operation.dtypes:
            yield _profiled(operation, "tf32", device)


def _profiled(operation: Any, dtype: str, device: str) -> Dict[str, Any]:
    from ..tensor_float import tf32
    from .profile import profile_of
    from .sentences import sentence_of

    form: str = dtype
    around: Any = contextlib.nullcontext()
    if dtype == "tf32":
        form, around = "fp32", tf32()
    name = {"arithmetic": "{}/{}".format(operation.name, dtype), "operation": operation.name, "dtype": dtype}
    try:
        with around:
            told = profile_of(operation, form, device)
        return {**name, "device": device, **told, "sentence": sentence_of(told, form)}
    except Exception as error:  # an operation may raise anything, and the others are still to be measured
        return {**name, "device": device, **failure_of(error)}
