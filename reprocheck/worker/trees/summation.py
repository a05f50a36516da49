"""A sum as a black box, and the masked questions that tell which summands meet where in it.

Summand i is +M, summand j is -M, all others are one unit u that M swallows: what comes out is the number of units that
were added after i and j had met. A call sums many rows, each with a question of its own, so that one call of one
shape, hence of one kernel, answers all of them. Legend: R rows of a call, N summands, C columns, Q questions.
"""

from __future__ import annotations

import contextlib
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch

from ..inputs import DTYPES, SIGNIFICAND_BITS
from .recovery import Pair, UnrecoveredError

MOST_NUMBERS = 1 << 21  # of the questions that are built at a time


class Summation(NamedTuple):
    """An operation that sums N numbers a row, or with `columns` the products of a row with each column.

    `compute(left_RN, right_NC)` returns the sums (R, C); without columns `right_NC` is None and C is 1. Only the
    summands at multiples of `step` are looked at, all others are zero.
    """

    operation: str
    dtype: str
    size: int
    rows: int
    columns: int
    compute: Callable[[torch.Tensor, Optional[torch.Tensor]], torch.Tensor]
    step: int = 1

    @property
    def places(self) -> List[int]:
        """The summands that are looked at."""
        return list(range(0, self.size, self.step))


class Units(NamedTuple):
    """A unit, the mask that swallows `capacity` of them together, and is swallowed by nothing."""

    unit: float
    mask: float
    capacity: int


# The mask is near the top of the range, for an accumulator may be wider than the type: a sum of fp32 in fp64 needs
# more than 2^53 * N units. In fp16 only subnormal units leave room enough; where they are flushed, few at a time do.
# All partial sums of units are whole numbers that the type itself holds.
UNITS: Dict[torch.dtype, Tuple[Units, ...]] = {
    torch.float64: (Units(1.0, 2.0**1000, 1 << 52),),
    torch.float32: (Units(1.0, 2.0**120, 1 << 23),),
    torch.bfloat16: (Units(1.0, 2.0**100, 256),),
    torch.float16: (Units(2.0**-24, 2.0**15, 2048), Units(2.0**-14, 2.0**15, 16)),
}


class Questions:
    """Asks a summation on a device, with so many threads; counts the questions."""

    def __init__(self, summation: Summation, device: torch.device, threads: int) -> None:
        self.summation = summation
        self._threads = threads
        self.device = device
        self.dtype = DTYPES[summation.dtype]
        self.places = torch.tensor(summation.places, dtype=torch.int64)
        self.asked = 0
        self.rows, self.columns = list(range(summation.rows)), list(range(max(1, summation.columns)))
        self._ones_NC = self.full(1.0)
        self.units = self._fitting_units()
        self._trust()

    def meeting_sizes(self, pairs: List[Pair]) -> List[int]:
        """Return for each pair of indices of places how many summands the sum has in which they meet.

        Raises:
            UnrecoveredError: what comes out is no count of units.
        """
        count = len(self.places)
        survivors = [0] * len(pairs)
        for begin in range(0, count, self.units.capacity):
            end = min(count, begin + self.units.capacity)
            for number, units in enumerate(self._survivors(pairs, begin, end)):
                survivors[number] += units
        return [count - units for units in survivors]

    def answers(self, left_QN: torch.Tensor, right_NC: Optional[torch.Tensor]) -> torch.Tensor:
        """Return one sum a question (Q), on the CPU; questions fill the trusted rows of as many calls as it takes."""
        count = len(left_QN)
        calls = -(-count // len(self.rows))
        rows = [call * self.summation.rows + row for call in range(calls) for row in self.rows]
        rows_Q = torch.tensor(rows[:count], dtype=torch.int64)
        asked = torch.zeros(calls * self.summation.rows, dtype=torch.int64)  # other rows repeat the first question
        asked[rows_Q] = torch.arange(count)
        self.asked += count
        return self.sums(left_QN[asked], right_NC)[rows_Q, self.columns[0]]

    def sums(self, left_RN: torch.Tensor, right_NC: Optional[torch.Tensor]) -> torch.Tensor:
        """Return the sums (R, C) of whole calls, on the CPU; R is a multiple of the rows of a call."""
        with threads_of(self._threads):
            return self._sums(left_RN.to(self.device), right_NC)

    def _sums(self, left_RN: torch.Tensor, right_NC: Optional[torch.Tensor]) -> torch.Tensor:
        call_RN = torch.empty(self.summation.rows, self.summation.size, dtype=self.dtype, device=self.device)
        sums = []
        for begin in range(0, len(left_RN), self.summation.rows):
            call_RN.copy_(left_RN[begin : begin + self.summation.rows])  # one place, hence one alignment, for all
            # A sum of one number a row may be a view of its input.
            sums.append(self.summation.compute(call_RN, right_NC).reshape(self.summation.rows, -1).clone())
        return torch.cat(sums).cpu()

    def full(self, value: float) -> Optional[torch.Tensor]:
        """Return a right side (N, C) of one value on the device, None where the summation has no products."""
        size, columns = self.summation.size, self.summation.columns
        return torch.full((size, columns), value, dtype=self.dtype, device=self.device) if columns else None

    def _survivors(self, pairs: Sequence[Pair], begin: int, end: int) -> List[int]:
        """Ask with the units from `begin` to `end` only."""
        most = max(1, MOST_NUMBERS // (self.summation.size * self.summation.rows)) * len(self.rows)
        counts: List[int] = []
        for at in range(0, len(pairs), most):
            out_Q = self.answers(self._masked(pairs[at : at + most], begin, end), self._ones_NC)
            counts += self._counts(out_Q, end - begin)
        return counts

    def _masked(self, pairs: Sequence[Pair], begin: int, end: int) -> torch.Tensor:
        index_Q2 = self.places[torch.tensor(pairs, dtype=torch.int64)]
        left_QN = torch.zeros(len(pairs), self.summation.size, dtype=self.dtype)
        left_QN[:, self.places[begin:end]] = self.units.unit
        masks_Q2 = torch.tensor([[self.units.mask, -self.units.mask]], dtype=self.dtype).expand(len(pairs), 2)
        return left_QN.scatter_(1, index_Q2, masks_Q2)

    def _counts(self, out_Q: torch.Tensor, most: int) -> List[int]:
        counts_Q = out_Q.to(torch.float64) / self.units.unit
        if not bool(((counts_Q == counts_Q.round()) & (counts_Q >= 0) & (counts_Q <= most)).all()):
            raise UnrecoveredError("a masked sum is no count of units: the masks do not swallow them, or do not cancel")
        return [int(count) for count in counts_Q.tolist()]

    def _fitting_units(self) -> Units:
        """Return the first units of which the operation counts all, without a mask."""
        for units in UNITS[self.dtype]:
            left_RN = torch.zeros(self.summation.rows, self.summation.size, dtype=self.dtype)
            left_RN[:, self.places[: units.capacity]] = units.unit
            out_RC = self.sums(left_RN, self._ones_NC).to(torch.float64)
            if bool((out_RC == min(len(self.places), units.capacity) * units.unit).all()):
                return units
        raise UnrecoveredError("a sum of units is not their number")

    def _trust(self) -> None:
        """Keep the rows and columns that answer like the first: those at the end may be another kernel's."""
        for left_RN, right_NC in self._same_questions():
            out_RC = self.sums(left_RN, right_NC)
            self.asked += 1
            is_same = out_RC == out_RC[0, 0]
            self.rows = [row for row in self.rows if bool(is_same[row, 0])]
            self.columns = [column for column in self.columns if bool(is_same[0, column])]

    def _same_questions(self) -> Iterator[Tuple[torch.Tensor, Optional[torch.Tensor]]]:
        """Yield calls that ask one thing in every row: about the order, and about products, rounded or fused."""
        last, rows = len(self.places) - 1, self.summation.rows
        pairs = {(0, last), (0, 1), (0, last // 2), (last // 2, last), (0, 3 * last // 4)}
        for pair in sorted(pair for pair in pairs if pair[0] < pair[1] <= last):
            yield self._masked([pair] * rows, 0, self.units.capacity), self._ones_NC
        if self.summation.columns and last:
            h = half_precision(self.dtype)
            for negative, other in ((0, last), (last, 0)):
                yield self.two_products([(negative, other)] * rows), self.full(1.0 + h)

    def two_products(self, leaves: List[Pair]) -> torch.Tensor:
        """Return a row for each pair of leaves with -1 at the first and 1 + h at the other, and zeros."""
        left_QN = torch.zeros(len(leaves), self.summation.size, dtype=self.dtype)
        index_Q2 = self.places[torch.tensor(leaves, dtype=torch.int64).view(-1, 2)]
        values_2 = torch.tensor([[-1.0, 1.0 + half_precision(self.dtype)]], dtype=self.dtype)
        return left_QN.scatter_(1, index_Q2, values_2.expand(len(leaves), 2))


@contextlib.contextmanager
def threads_of(count: int) -> Iterator[None]:
    """Let torch use so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def half_precision(dtype: torch.dtype) -> float:
    """Return h, a power of two, such that 1 + h is held by the type, and (1 + h)^2 is not."""
    return float(2.0 ** -((SIGNIFICAND_BITS[dtype] + 1) // 2))
