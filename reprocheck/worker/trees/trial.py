"""The proof of a tree: replayed on random inputs it gives the bits of the device, for every input.

Half of the inputs cancel: the exact sum is zero, and what comes out is the rounding noise itself. Every input is one
call; of a call with many rows and columns some of both are compared. Legend: R rows, N summands, C columns, L lanes.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import torch

from ..hashing import hashed_integers, key_of
from ..inputs import wide
from .products import Products
from .recovery import UnrecoveredError
from .replay import Arithmetic, evaluate
from .summation import Questions
from .tree import Tree
from .wide_adders import EXACT, EXTRA_PLACES

INPUTS = 20
LANES_A_SIDE = 4
STRIDE = 7  # from input to input, through the rows and columns of a call
# Products of fp16 must not overflow in sums of fp16.
SPREADS = {torch.float16: 3}
SPREAD = 4
_INTEGERS = {8: torch.int64, 4: torch.int32, 2: torch.int16}


class Trial(NamedTuple):
    """Random inputs, left and right (N, L), and the device's bits (L); lanes of one input stand together."""

    left: torch.Tensor
    right: Optional[torch.Tensor]
    bits: torch.Tensor
    lanes: int


def proven(questions: Questions, tree: Tree, products: Products) -> Arithmetic:
    """Return the arithmetic under which the tree gives the device's bits for all inputs.

    Raises:
        UnrecoveredError: under none of those known it does.
    """
    trial = tried(questions)
    best = 0
    for arithmetic in _candidates(questions.dtype, tree, products):
        equal = equal_inputs(trial, tree, arithmetic, questions.dtype)
        if equal == INPUTS:
            return arithmetic
        best = max(best, equal)
    raise UnrecoveredError("the replay gives the bits of {} of {} inputs".format(best, INPUTS))


def _candidates(dtype: torch.dtype, tree: Tree, products: Products) -> List[Arithmetic]:
    """Return what the arithmetic may be, the likely first."""
    accumulators = [dtype, torch.float64] if dtype == torch.float32 else [torch.float32, dtype, torch.float64]
    if dtype == torch.float64:
        accumulators = [dtype]
    is_wide = any(len(children) > 2 for children in tree.nodes)
    if is_wide:
        accumulators = [torch.float32]
    extras = EXTRA_PLACES if is_wide else (EXACT,)
    return [Arithmetic(accumulator, products, extra) for accumulator in accumulators for extra in extras]


def equal_inputs(trial: Trial, tree: Tree, arithmetic: Arithmetic, dtype: torch.dtype) -> int:
    """Return for how many inputs the replay gives the device's bits in every lane."""
    replayed_L = evaluate(tree, arithmetic, trial.left, trial.right).to(dtype)
    return int((_bits(replayed_L) == trial.bits).view(-1, trial.lanes).all(1).sum())


def tried(questions: Questions) -> Trial:
    """Run the operation on all inputs."""
    lanes = min(len(questions.rows), LANES_A_SIDE) + min(len(questions.columns), LANES_A_SIDE)
    count = len(questions.places)
    values = wide(key_of("replay"), (INPUTS, lanes, count), questions.dtype, SPREADS.get(questions.dtype, SPREAD))
    # The second half of a cancelling input takes the first back, in another order.
    half = count // 2
    order_N = torch.cat([torch.arange(count - half), torch.argsort(hashed_integers(key_of("replay order"), half))])
    values[1::2] = values[1::2, :, order_N]
    cases = [_case(questions, number, values[number]) for number in range(INPUTS)]
    return Trial(
        torch.cat([left for left, _, _ in cases], 1),
        torch.cat([right for _, right, _ in cases], 1) if questions.summation.columns else None,
        torch.cat([bits for _, _, bits in cases]),
        len(cases[0][2]),
    )


def _case(questions: Questions, number: int, values: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return one input, left and right, and the device's bits; other rows and columns of the call are zero."""
    summation, places = questions.summation, questions.places
    rows, columns = _some(questions.rows, number), _some(questions.columns, number)
    left_RN, right_CN = values[: len(rows)], values[len(rows) :]
    if number % 2:
        left_RN[:, (len(places) + 1) // 2 :] *= -1
    call_RN = torch.zeros(summation.rows, summation.size, dtype=questions.dtype)
    call_RN[rows.view(-1, 1), places] = left_RN
    call_NC = torch.zeros(summation.size, max(1, summation.columns), dtype=questions.dtype)
    call_NC[places.view(-1, 1), columns] = right_CN.t()
    out_RC = questions.sums(call_RN, call_NC.to(questions.device) if summation.columns else None)
    bits_L = _bits(out_RC[rows.view(-1, 1), columns].reshape(-1))
    return left_RN.t().repeat_interleave(len(columns), 1), right_CN.t().repeat(1, len(rows)), bits_L


def _some(trusted: List[int], number: int) -> torch.Tensor:
    """Return a few of what is trusted, ascending and spread evenly: of the first two inputs both ends of each part."""
    lanes = min(len(trusted), LANES_A_SIDE)
    move = (0, -1, *(STRIDE * step for step in range(1, INPUTS)))[number]
    begins = [lane * len(trusted) // lanes for lane in range(lanes + 1)]
    chosen = [begins[lane] + move % (begins[lane + 1] - begins[lane]) for lane in range(lanes)]
    return torch.tensor([trusted[place] for place in chosen])


def _bits(values: torch.Tensor) -> torch.Tensor:
    return values.contiguous().view(_INTEGERS[values.element_size()])
