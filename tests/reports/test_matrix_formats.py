"""The matrix in its formats: narrow enough, explained below, and hostile names are inert in each."""

from __future__ import annotations

import json
import re

import pytest

from reprocheck.model.judgements import Judgement, Reason, judgement_of
from reprocheck.model.matrices import DriverColumn, GpuRow, Matrix, PlatformTable
from reprocheck.reports import matrix_json, matrix_markdown, matrix_text
from reprocheck.reports.matrix_report import basis, cell, column_names, known_by, legend

TORCH = "`torch 2.6.0` for CUDA 12.4"
KERNELS = "kernels for sm_80, sm_90 and no PTX"
RUNS = Judgement("runs", ())
TOO_OLD = judgement_of((Reason("driver-too-old", "CUDA 12.4 takes driver 525.60.13 or newer"),))
MINOR = judgement_of((Reason("minor-version-compatibility", "the driver is older"),))
NO_KERNELS = judgement_of((Reason("no-kernels", f"{TORCH} holds {KERNELS}: none of these kernels runs there"),))
VOID = judgement_of((Reason("no-such-machine", "that driver does not know the GPU"),))
UNKNOWN = judgement_of((Reason("unknown-kernels", "for which GPUs `jaxlib` holds kernels is not known"),))
BOTH = judgement_of((*TOO_OLD.reasons, *NO_KERNELS.reasons))
GROUPED = (
    DriverColumn(first="384", last="520"),
    DriverColumn(first="525", last="545"),
    DriverColumn(first="550", last="616", open_end=True),
)
HOSTILE = "evil\x1b[31m|<b>\u202e @me\n::error::x"


def gpu(name: str, told: str, cells: tuple[Judgement, ...], drivers: tuple[str, str] = ("", "")) -> GpuRow:
    return GpuRow(name=name, compute_capability="8.0", told=told, drivers=drivers, cells=cells)


def table(
    rows: tuple[GpuRow, ...] = (), *, columns: tuple[DriverColumn, ...] = GROUPED, torch: str = TORCH
) -> PlatformTable:
    return PlatformTable(
        platforms=("linux-64", "linux-aarch64"),
        without_cuda="",
        cuda="12.4",
        driver="525.60.13",
        evidence=("unlabelled PyPI wheel `torch 2.6.0` gives CUDA 12.4",),
        torch=torch,
        kernels=KERNELS,
        cudnn="`nvidia-cudnn-cu12 9.1.0.70`",
        columns=columns,
        rows=rows,
    )


def without_cuda(said: str = "there is no CUDA on macOS") -> PlatformTable:
    return PlatformTable(
        platforms=("osx-arm64",),
        without_cuda=said,
        cuda="",
        driver="",
        evidence=(),
        torch="",
        kernels="",
        cudnn="",
        columns=(),
        rows=(),
    )


ROWS = (
    gpu("sm_70", "Volta: V100, Titan V, Quadro GV100", (BOTH, NO_KERNELS, NO_KERNELS), ("", "580")),
    gpu("sm_80", "Ampere: A30, A100", (TOO_OLD, MINOR, RUNS), ("450", "")),
    gpu("sm_121", "Blackwell: GB10, DGX Spark", (TOO_OLD, VOID, NO_KERNELS), ("575", "")),
)
MATRIX = Matrix(lock="conda-lock.yml", tables=(table(ROWS), without_cuda()))

TEXT = """\
conda-lock.yml: which drivers and GPUs can run it

linux-64, linux-aarch64
  CUDA 12.4, which takes driver 525.60.13 or newer
  unlabelled PyPI wheel `torch 2.6.0` gives CUDA 12.4
  `torch 2.6.0` for CUDA 12.4: kernels for sm_80, sm_90 and no PTX
  `nvidia-cudnn-cu12 9.1.0.70`

  GPU     known to                                      driver
                                                        to 520  525-545  550 on
  sm_70   to 580    Volta: V100, Titan V, Quadro GV100  no DK   no K     no K
  sm_80   450 on    Ampere: A30, A100                   no D    runs M   runs
  sm_121  575 on    Blackwell: GB10, DGX Spark          no D    -        no K

  D  CUDA 12.4 takes driver 525.60.13 or newer
  K  none of these kernels runs there
  M  the driver is older
  -  there is no such machine: these drivers do not know the GPU

osx-arm64
  there is no CUDA on macOS
"""


def test_the_text_fits_a_terminal_of_80_columns() -> None:
    assert matrix_text.render(MATRIX) == TEXT
    assert max(map(len, TEXT.splitlines())) <= 80


def test_where_it_is_narrow_products_go_first() -> None:
    narrow = matrix_text.render(MATRIX, width=64)
    assert "  sm_70   to 580    Volta: V100        no DK   no K     no K" in narrow.splitlines()
    assert max(map(len, narrow.splitlines())) <= 64
    narrowest = matrix_text.render(MATRIX, width=48).splitlines()
    assert "  sm_70   to 580    no DK   no K     no K" in narrowest


def test_a_single_long_product_is_cut_at_the_room() -> None:
    rows = (gpu("sm_80", "Ampere-with-a-name-that-never-ends-at-all", (RUNS, RUNS, RUNS)),)
    text = matrix_text.render(Matrix(lock="l", tables=(table(rows),)), width=62)
    assert "  sm_80            Ampere-with-a-na" in text


def test_long_evidence_is_wrapped_and_indented() -> None:
    lines = matrix_text.render(MATRIX, width=48).splitlines()
    assert lines[3:7] == [
        "  CUDA 12.4, which takes driver 525.60.13 or",
        "    newer",
        "  unlabelled PyPI wheel `torch 2.6.0` gives CUDA",
        "    12.4",
    ]


def test_color_paints_cells_only() -> None:
    colored = matrix_text.render(MATRIX, color=True)
    assert "\x1b[33mruns M \x1b[0m" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored).replace(" \n", "\n").split() == TEXT.split()
    assert "\x1b" not in matrix_text.render(Matrix(lock="l", tables=(without_cuda(),)), color=True)


def test_a_table_in_which_everything_runs_needs_no_legend() -> None:
    rows = (gpu("sm_80", "", (RUNS, RUNS, RUNS)),)
    text = matrix_text.render(Matrix(lock="l", tables=(table(rows),)))
    assert text.endswith("  sm_80            runs    runs     runs\n")
    markdown = matrix_markdown.render(Matrix(lock="l", tables=(table(rows),)))
    assert markdown.endswith("| `sm_80` |  |  | runs | runs | runs |\n")


@pytest.mark.parametrize(
    ("judgement", "shown"),
    [(RUNS, "runs"), (MINOR, "runs M"), (TOO_OLD, "no D"), (BOTH, "no DK"), (UNKNOWN, "? U"), (VOID, "-")],
)
def test_a_cell_is_a_word_and_its_letters(judgement: Judgement, shown: str) -> None:
    assert cell(judgement) == shown


def test_columns_are_ranges_or_the_named_drivers() -> None:
    assert column_names(table()) == ["to 520", "525-545", "550 on"]
    alone = (DriverColumn(first="384", last="616", open_end=True),)
    assert column_names(table(columns=alone)) == ["all"]
    single = (DriverColumn(first="384", last="384"), DriverColumn(first="387", last="387"), GROUPED[2])
    assert column_names(table(columns=single)) == ["to 384", "387", "550 on"]
    named = (DriverColumn(first="535.129.03", last="535.129.03"), DriverColumn(first="570", last="570"))
    assert column_names(table(columns=named)) == ["535.129.03", "570"]


@pytest.mark.parametrize(
    ("drivers", "shown"),
    [(("", ""), ""), (("450", ""), "450 on"), (("", "580"), "to 580"), (("455", "470"), "455-470")],
)
def test_the_drivers_that_know_a_gpu(drivers: tuple[str, str], shown: str) -> None:
    assert known_by(gpu("sm_80", "", (), drivers)) == shown


def test_what_is_not_known_is_said_or_left_out() -> None:
    empty = PlatformTable(
        platforms=("linux-64",),
        without_cuda="",
        cuda="",
        driver="",
        evidence=(),
        torch="`torch 99.0`",
        kernels="",
        cudnn="",
        columns=GROUPED,
        rows=(gpu("sm_80", "", (UNKNOWN, UNKNOWN, UNKNOWN)),),
    )
    assert basis(empty) == ["CUDA of a release that is not known", "`torch 99.0`: kernels not known"]
    assert legend(empty) == [("U", "for which GPUs `jaxlib` holds kernels is not known")]
    assert basis(table(torch=""))[-1] == "`nvidia-cudnn-cu12 9.1.0.70`"


def test_the_markdown_is_a_table_with_its_letters_below() -> None:
    assert matrix_markdown.render(MATRIX) == (
        "## `conda-lock.yml`: which drivers and GPUs can run it\n"
        "\n"
        "### linux-64, linux-aarch64\n"
        "\n"
        "* CUDA 12.4, which takes driver 525.60.13 or newer\n"
        "* unlabelled PyPI wheel `torch 2.6.0` gives CUDA 12.4\n"
        "* `torch 2.6.0` for CUDA 12.4: kernels for sm\\_80, sm\\_90 and no PTX\n"
        "* `nvidia-cudnn-cu12 9.1.0.70`\n"
        "\n"
        "| GPU | what it is | known to | driver to 520 | driver 525-545 | driver 550 on |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| `sm_70` | Volta: V100, Titan V, Quadro GV100 | to 580 | no DK | no K | no K |\n"
        "| `sm_80` | Ampere: A30, A100 | 450 on | no D | runs M | runs |\n"
        "| `sm_121` | Blackwell: GB10, DGX Spark | 575 on | no D | - | no K |\n"
        "\n"
        "* **D**: CUDA 12.4 takes driver 525.60.13 or newer\n"
        "* **K**: none of these kernels runs there\n"
        "* **M**: the driver is older\n"
        "* **-**: there is no such machine: these drivers do not know the GPU\n"
        "\n"
        "### osx-arm64\n"
        "\n"
        "There is no CUDA on macOS.\n"
    )


def test_the_document_holds_every_reason_with_its_rule() -> None:
    document = json.loads(matrix_json.render(MATRIX))
    assert document["schema"] == "reprocheck/matrix/1"
    first, last = document["tables"]
    assert first["drivers"][2] == {"first": "550", "last": "616", "open_end": True}
    assert first["gpus"][1] == {
        "name": "sm_80",
        "compute_capability": "8.0",
        "told": "Ampere: A30, A100",
        "drivers": {"first": "450", "last": None},
        "cells": [
            {
                "verdict": "no",
                "reasons": [
                    {
                        "kind": "driver-too-old",
                        "rule": "RC401",
                        "said": "CUDA 12.4 takes driver 525.60.13 or newer",
                    }
                ],
            },
            {
                "verdict": "limited",
                "reasons": [{"kind": "minor-version-compatibility", "rule": "RC402", "said": "the driver is older"}],
            },
            {"verdict": "runs", "reasons": []},
        ],
    }
    assert first["gpus"][2]["cells"][1]["reasons"][0]["rule"] is None
    assert (last["platforms"], last["without_cuda"], last["cuda"]) == (["osx-arm64"], "there is no CUDA on macOS", None)


def test_hostile_names_are_inert_in_every_format() -> None:
    reason = judgement_of((Reason("unknown-kernels", HOSTILE),))
    rows = (gpu(HOSTILE, HOSTILE, (reason, reason, reason), (HOSTILE, HOSTILE)),)
    evil = PlatformTable(
        platforms=(HOSTILE,),
        without_cuda="",
        cuda="12.4",
        driver="",
        evidence=(HOSTILE,),
        torch=HOSTILE,
        kernels="",
        cudnn=HOSTILE,
        columns=(DriverColumn(first=HOSTILE, last=HOSTILE),),
        rows=(gpu(HOSTILE, HOSTILE, (reason,), (HOSTILE, HOSTILE)),),
    )
    matrix = Matrix(lock=HOSTILE, tables=(evil, table(rows), without_cuda(HOSTILE)))
    text, markdown = matrix_text.render(matrix), matrix_markdown.render(matrix)
    for shown in (text, markdown, matrix_json.render(matrix)):
        assert "\x1b" not in shown
        assert "\n::error::" not in shown
    assert "\u202e" not in text + markdown
    outside = re.sub(r"(`+).*?\1", "", markdown)
    assert "@" not in outside
    assert "<b>" not in outside
    cells = {line.count(" | ") for line in markdown.splitlines() if line.startswith("| ") and "evil" in line}
    assert cells == {3, 5}  # a pipe in a name makes no column
