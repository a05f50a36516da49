"""Perform recorded operations again on hashed inputs, and tell the digest of what comes out of each.

An operation is performed with several draws of inputs, and all once more from the start: a digest that does not come
again is none. Where no draw gives numbers that are finite and not zero, the replay saw nothing, and says so instead.
Only torch's own operations are looked up, by name, in `torch.ops.aten`; whatever a record says, nothing else is run.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Dict, Iterator, List, Sequence

import torch

from ..digests import sha256_of
from ..hashing import key_of
from ..probing import failure_of
from . import collectives
from .cancellation import CONTENTS as CANCELLING
from .cancellation import can_be_overwritten, variants_of
from .choice import is_view, tensors_in, written_tensors
from .contents import Maker, dtype_called, extent
from .making import Arguments, Refused
from .memory_limit import bounded_memory
from .sight import Sight
from .spelling import Call, Unreadable, read_call, with_contents

DIGEST_DIGITS = 16
LARGEST_BYTES = 2**31  # of the inputs of one operation
MOST_SECONDS = 300.0  # a busy machine may need a hundred times what a quiet one does
LEAST_DRAWS, MOST_DRAWS = 2, 8
# So many elements are drawn in all, so that what one rounding in ten thousand shows is seen. In half precision the last
# rounding hides all but one difference in 2^13 (float16) or 2^16 (bfloat16), so more are drawn; where the inputs can
# be made to cancel, they show it without.
DRAWN_ELEMENTS, DRAWN_ELEMENTS_HALF = 2**16, 2**19
# One draw in three holds numbers of the size that the run saw, the others smaller ones: in float16 a run that begins
# with an overflow saw larger numbers than those that it trained on.
SHIFTS = (0, 4, 8)
_HALVES = (torch.bfloat16, torch.float16)


def replayed(texts: Sequence[str], device: torch.device) -> Dict[str, str]:
    """Return the digest of every operation, or the word that says why it has none.

    The words: `gone` (not in this torch), `foreign` (not torch's own), `object` (called with what no text can hold),
    `unreadable`, `too-large`, `out-of-memory`, `raises`, `blind`, `varies`, `ranks` (needs another number of them), and
    `late` (the time was up).
    """
    replay = _Replay(device)
    # Sums over ranks come first: all ranks must ask for the same, whatever befalls them later.
    ordered = sorted(dict.fromkeys(texts), key=lambda text: not text.startswith(collectives.NAMESPACE))
    with torch.no_grad(), bounded_memory(device.type), torch.random.fork_rng(devices=[]):
        for text in ordered:
            replay.perform(text)
        for text in ordered:
            replay.repeat(text)
    return replay.outcomes


def is_digest(outcome: str) -> bool:
    """Return whether an outcome is a digest and no word."""
    return len(outcome) == DIGEST_DIGITS and "-" not in outcome and not set(outcome) - set("0123456789abcdef")


class _Replay:
    """Performs operations on one device, until the time is up."""

    def __init__(self, device: torch.device) -> None:
        self.outcomes: Dict[str, str] = {}
        self._begun: Dict[str, List[str]] = {}
        self._word = ""
        self._maker = Maker(device)
        self._end_s = time.monotonic() + MOST_SECONDS

    def perform(self, text: str) -> None:
        """Find the digest of one operation, or a word."""
        sight = Sight()
        draws = self._draws(text, sight, MOST_DRAWS)
        self._begun[text] = draws[:LEAST_DRAWS]
        whole = hashlib.sha256("".join(draws).encode("ascii")).hexdigest()[:DIGEST_DIGITS]
        self.outcomes[text] = self._word or ("blind" if sight.is_blind else whole)

    def repeat(self, text: str) -> None:
        """Perform the first draws of an operation again, and see whether they give what they gave."""
        if is_digest(self.outcomes[text]) and self._draws(text, Sight(), LEAST_DRAWS) != self._begun[text]:
            self.outcomes[text] = self._word or "varies"

    def _draws(self, text: str, sight: Sight, most: int) -> List[str]:
        """Return a digest for each performance, or none and keep the word that says why."""
        self._word = ""
        try:
            call = read_call(text)
            require_modest(call)
            is_sum = call.name.startswith(collectives.NAMESPACE)
            return [_seen(o, sight) for o in (self._sums(text, call) if is_sum else self._all(text, call, most))]
        except Refused as refused:
            self._word = str(refused)
        except Unreadable:
            self._word = "unreadable"
        except Exception as error:  # an operation may raise anything, and must not hide the others
            self._word = "out-of-memory" if failure_of(error)["status"] == "out-of-memory" else "raises"
        return []

    def _sums(self, text: str, call: Call) -> Iterator[List[torch.Tensor]]:
        if not collectives.can_reduce(call):
            raise Refused("ranks" if call.name == collectives.ALL_REDUCE else "object")
        for draw in range(collectives.DRAWS):
            yield collectives.reduced(call, text, self._maker, draw)

    def _all(self, text: str, call: Call, most: int) -> Iterator[List[torch.Tensor]]:
        if time.monotonic() > self._end_s:
            raise Refused("late")
        function, variants = function_called(call.name), variants_of(call.name)
        draws = LEAST_DRAWS if variants else min(most, draws_of(call))
        for draw in range(draws):
            made = Arguments(self._maker, (text, draw), SHIFTS[draw % len(SHIFTS)]).made(call)
            yield _outputs(function, *made, key_of(text, draw))
        for variant in variants if most > LEAST_DRAWS else ():
            args, kwargs = Arguments(self._maker, (text, "cancelling")).made(with_contents(call, CANCELLING))
            if all(map(can_be_overwritten, args)):
                variant(args)
                yield _outputs(function, args, kwargs, 0)


def _seen(outputs: Sequence[torch.Tensor], sight: Sight) -> str:
    sight.see(outputs)
    return "".join(sha256_of(output.detach().cpu().contiguous()) for output in outputs)


def _outputs(function: Any, args: List[Any], kwargs: Dict[str, Any], seed: int) -> List[torch.Tensor]:
    """Perform once, and return all that came out or was written to."""
    if torch.Tag.nondeterministic_seeded in function.tags:
        torch.manual_seed(seed >> 1)
    outputs = list(tensors_in(function(*args, **kwargs)))
    known = {id(output) for output in outputs}
    return outputs + [tensor for tensor in written_tensors(function, args, kwargs) if id(tensor) not in known]


def function_called(name: str) -> Any:
    """Return torch's own operation of that name.

    Raises:
        Refused: it is not torch's own, or not in this torch.
    """
    namespace, base, overload = name.split(".")
    if namespace != "aten":
        raise Refused("foreign")
    packet = getattr(torch.ops.aten, base, None)
    function = getattr(packet, overload, None) if isinstance(packet, torch._ops.OpOverloadPacket) else None
    if not isinstance(function, torch._ops.OpOverload):
        raise Refused("gone")
    if is_view(function) or any(argument.name == "filename" for argument in function._schema.arguments):
        raise Refused("foreign")  # no trace of ours holds such a one
    return function


def require_modest(call: Call) -> None:
    """Refuse inputs that are too large to be made here.

    Raises:
        Refused: they are.
    """
    if sum(_bytes_of(spec.dtype) * extent(spec) for spec in call.tensors()) > LARGEST_BYTES:
        raise Refused("too-large")


def draws_of(call: Call) -> int:
    """Return how many draws of inputs show enough elements."""
    specs = call.tensors()
    is_half = any(dtype_called(spec.dtype) in _HALVES for spec in specs)
    largest = max([1, *(spec.count() for spec in specs)])
    return max(LEAST_DRAWS, min(MOST_DRAWS, (DRAWN_ELEMENTS_HALF if is_half else DRAWN_ELEMENTS) // largest))


def _bytes_of(dtype: str) -> int:
    return torch.empty(0, dtype=dtype_called(dtype)).element_size()
