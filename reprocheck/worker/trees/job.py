"""The job `trees`: tell in which order each operation adds.

Before each tree a line `{"tree": NAME, "state": "begin"}`, so that the launcher knows where a process hung or died;
then one with the tree, or with a status: `unrecovered` where the answers are those of no tree, or the replay of the
tree does not give the device's bits. `{"operations": […]}` names operations or trees, `{"skip": […]}` trees; empty or
missing means all, and none.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Dict, List

from ..lines import Emit
from ..probing import failure_of
from ..readings import load, unread

LONGEST_TEXT = 1000  # of an irregular tree only the beginning is told; the digest is that of the whole text


def trees(job: Dict[str, Any], emit: Emit) -> None:
    """Emit two lines for every tree that the job asks for."""
    torch, failure = load("torch")
    if failure:
        emit({"tree": "torch", **failure})
        return
    from ..settled import settled_torch

    with settled_torch(torch, job.get("apply")), torch.no_grad():
        _all(torch, job, emit)


def _all(torch: Any, job: Dict[str, Any], emit: Emit) -> None:
    from .operations import name_of, summations

    wanted, skip = set(job.get("operations") or []), set(job.get("skip") or [])
    device = torch.device(job["device"])
    for summation in summations(device.type):
        name = name_of(summation)
        if name in skip or (wanted and not wanted & {name, summation.operation}):
            continue
        emit({"tree": name, "state": "begin"})
        emit({"tree": name, **recovered(summation, device, torch.get_num_threads())})


def recovered(summation: Any, device: Any, threads: int) -> Dict[str, Any]:
    """Return what there is to tell of the order of one summation, computed with so many threads."""
    from .recovery import UnrecoveredError

    head = {
        "operation": summation.operation,
        "dtype": summation.dtype,
        "device": device.type,
        "size": summation.size,
    }
    begin = time.perf_counter_ns()
    try:
        told = _told(summation, device, threads)
    except UnrecoveredError as error:
        return {**head, **unread("unrecovered", str(error))}
    except Exception as error:  # an operation may raise anything, and the others are still to be asked
        return {**head, **failure_of(error)}
    return {**head, **told, "ns": time.perf_counter_ns() - begin}


def _told(summation: Any, device: Any, threads: int) -> Dict[str, Any]:
    from .arithmetic_text import arithmetic_parts, spoken
    from .operations import precision_of
    from .products import products_of
    from .recovery import recover
    from .sentence import sentence_of
    from .summation import Questions, threads_of
    from .text import text_of
    from .trial import INPUTS, proven

    # Only the operation itself has the threads of the user: our own steps are too small for more than one.
    with threads_of(1), precision_of(summation):
        questions = Questions(summation, device, threads)
        tree = recover(questions.meeting_sizes, summation.places)
        arithmetic = proven(questions, tree, products_of(questions, tree))
    parts = [*arithmetic_parts(tree, arithmetic, questions.dtype), *_others(questions)]
    text = "; ".join([text_of(tree), *parts])
    return {
        "digest": hashlib.sha256(text.encode("ascii")).hexdigest(),
        "text": text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "...",
        "sentence": "; ".join([sentence_of(tree, summation.step), *map(spoken, parts)]),
        "depth": tree.outline.depths[tree.root],
        "replay": "{0} of {0}".format(INPUTS),
        "queries": questions.asked,
    }


def _others(questions: Any) -> List[str]:
    """Say which rows and columns of the operation are computed in another way than the first, and were left out."""
    found = []
    for what, count, trusted in (
        ("rows", questions.summation.rows, questions.rows),
        ("columns", max(1, questions.summation.columns), questions.columns),
    ):
        if len(trusted) < count:
            found.append("{} of {} {} are computed otherwise".format(count - len(trusted), count, what))
    return found
