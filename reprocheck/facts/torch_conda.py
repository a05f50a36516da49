"""Which CUDA builds conda has of a torch release.

Source: repodata of the pytorch channel; the installation pages of PyTorch.
"""

from __future__ import annotations

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import firm_rows, rows_of, text


def channel_builds(torch: Numbers) -> tuple[tuple[Numbers, ...], bool]:
    """Return the CUDA builds on the `pytorch` channel of all releases that begin so, and whether that is all.

    Nothing where a release is older or newer than the table.
    """
    rows = [row for row in firm_rows("torch_conda", "pytorch_channel") if _begins(numbers(text(row, "torch")), torch)]
    found = {numbers(cuda) for row in rows for cuda in row["cuda"]}
    return tuple(sorted(found)), all(text(row, "confidence") == "high" for row in rows)


def pytorch_cuda_versions() -> tuple[Numbers, ...]:
    """Return the versions of the metapackage `pytorch-cuda`; the channel is closed, so there will be no other."""
    return tuple(numbers(text(row, "version")) for row in rows_of("torch_conda", "pytorch_cuda"))


def _begins(release: Numbers, wanted: Numbers) -> bool:
    return bool(wanted) and release[: len(wanted)] == wanted
