"""Sums into places: many summands for each, in the order of the indices, or in whatever order threads arrive.

`index-put-accumulate-200k` is not deterministic on more than one thread unless torch is told so.
Legend: N rows that are added, P places, E width.
"""

from __future__ import annotations

import functools
from typing import List

import torch
from torch.nn import functional

from ..inputs import mirrored, summed_scale, wide
from .probe import Bench, Case, Probe, gradients, in_dtypes

FAMILY = "scatter"
MAIN = ("fp32", "bf16")
ROWS, PLACES, WIDTH = 1200, 40, 16
MANY, MANY_PLACES = 200_000, 1000
SPREAD = 10  # float32 cannot hold the sums of even the narrowest types
SCALE = summed_scale(ROWS // PLACES, SPREAD)


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "embedding-backward", ("fp64", *MAIN), _embedding_backward),
        *in_dtypes(FAMILY, "index-add", MAIN, _index_add),
        *in_dtypes(FAMILY, "scatter-add", ("fp32",), _scatter_add),
        *in_dtypes(FAMILY, "gather-backward", ("fp32",), _gather_backward),
        *in_dtypes(FAMILY, "index-put-accumulate", MAIN, _index_put),
        *in_dtypes(FAMILY, "index-put-accumulate-200k", ("fp32",), _many_index_puts),
    ]


def _rows(bench: Bench) -> torch.Tensor:
    """Return rows (N, E) that cancel in each place: the second half takes back the first."""
    half_NE = wide(bench.key("scatter"), (ROWS // 2, WIDTH), bench.dtype, SPREAD)
    return mirrored(half_NE, 0, -1, bench.key("scatter order")).to(bench.device)


def _places(bench: Bench) -> torch.Tensor:
    """Return the place of each row."""
    half_N = bench.indices("places", ROWS // 2, PLACES).cpu()
    return mirrored(half_N, 0, 1, bench.key("scatter order")).to(bench.device)


def _zeros(bench: Bench) -> torch.Tensor:
    return torch.zeros(PLACES, WIDTH, dtype=bench.dtype, device=bench.device)


def _embedding_backward(bench: Bench) -> Case:
    table_PE = bench.leaf("table", PLACES, WIDTH)
    output_NE = functional.embedding(_places(bench), table_PE)
    return Case(run=gradients(output_NE, [table_PE], _rows(bench)), scale=SCALE)


def _index_add(bench: Bench) -> Case:
    zeros_PE, places_N, rows_NE = _zeros(bench), _places(bench), _rows(bench)
    return Case(run=lambda: zeros_PE.index_add(0, places_N, rows_NE), scale=SCALE)


def _scatter_add(bench: Bench) -> Case:
    zeros_PE, rows_NE = _zeros(bench), _rows(bench)
    places_NE = _places(bench)[:, None].expand(-1, WIDTH).contiguous()
    return Case(run=lambda: zeros_PE.scatter_add(0, places_NE, rows_NE), scale=SCALE)


def _gather_backward(bench: Bench) -> Case:
    source_PE = bench.leaf("source", PLACES, WIDTH)
    places_NE = _places(bench)[:, None].expand(-1, WIDTH).contiguous()
    return Case(run=gradients(source_PE.gather(0, places_NE), [source_PE], _rows(bench)), scale=SCALE)


def _index_put(bench: Bench) -> Case:
    zeros_PE, places_N, rows_NE = _zeros(bench), _places(bench), _rows(bench)
    return Case(run=lambda: zeros_PE.index_put((places_N,), rows_NE, accumulate=True), scale=SCALE)


def _many_index_puts(bench: Bench) -> Case:
    zeros_P = torch.zeros(MANY_PLACES, dtype=bench.dtype, device=bench.device)
    places_N, numbers_N = bench.indices("many places", MANY, MANY_PLACES), bench.wide("many numbers", MANY)
    run = functools.partial(torch.index_put, zeros_P, (places_N,), numbers_N, accumulate=True)
    return Case(run=run, scale=summed_scale(MANY // MANY_PLACES, 4), races=True)
