"""Move first weights by one unit in the last place: what another platform's rounding does, without another platform.

Runs that begin so part from the reference as honest reruns on other machines do (measured: the spread after a
perturbed start covers changes of threads, instruction sets and libraries). Up or down is a hash of the name, the
element and the number of the member, so that every rank, machine and torch moves alike. Legend: N elements.
"""

from __future__ import annotations

from typing import Any, Mapping

from .hashing import hashed_integers, key_of

ONE_IN_OF_HALVES = 16  # a unit of a 16-bit format is coarse: honest roundings part in few elements, so move few


def perturb(torch: Any, names_to_parameters: Mapping[str, Any], member: int) -> None:
    """Move the values of the parameters in place, as member `member` (from 1) of the ensemble.

    Every element of a float32 or float64 parameter moves, one in 16 of a 16-bit one. Zeros, infinities and NaN
    stay: the unit of a zero is a subnormal, which no training sees.
    """
    with torch.no_grad():
        for name, parameter in names_to_parameters.items():
            if parameter.is_floating_point() and parameter.numel() and parameter.element_size() in (2, 4, 8):
                parameter.copy_(_moved(torch, name, parameter.detach(), member))


def flip_one_bit(torch: Any, names_to_parameters: Mapping[str, Any], bit: int) -> None:
    """Flip bit `bit`, counted from the lowest, of one weight in place: a planted fault, the same one everywhere.

    The weight is the first of the middle one of the float32 matrices.
    """
    matrices = [p for p in names_to_parameters.values() if p.dim() > 1 and p.dtype == torch.float32]
    with torch.no_grad():
        bits = matrices[len(matrices) // 2].detach().view(torch.int32).view(-1)
        bits[0] ^= 1 << bit


def _moved(torch: Any, name: str, values: Any, member: int) -> Any:
    integers = {2: torch.int16, 4: torch.int32, 8: torch.int64}[values.element_size()]
    plain = values.contiguous()
    words_N = hashed_integers(key_of("perturbation", member, name), plain.numel())
    steps_N = ((words_N >> 40) & 1) * 2 - 1
    if values.element_size() == 2:
        steps_N = steps_N * (((words_N >> 44) % ONE_IN_OF_HALVES) == 0)
    bits = plain.view(integers)
    moved = (bits + steps_N.view(bits.shape).to(dtype=integers, device=bits.device)).view(plain.dtype)
    return torch.where((plain != 0) & torch.isfinite(plain) & torch.isfinite(moved), moved, plain)
