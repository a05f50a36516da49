"""The matrix of a lock: which columns, rows and tables it has, and what it refuses to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import UsageError
from reprocheck.model.judgements import KINDS
from reprocheck.model.matrices import DriverColumn, GpuRow, Matrix, PlatformTable
from reprocheck.readers.locks import read_any_lock
from reprocheck.workflows.matrix import MatrixRequest, make_matrix

HEAD = (
    "version: 1\nmetadata:\n  content_hash: {}\n  channels: []\n  platforms: [{platforms}]\n  sources: []\npackage:\n"
)
CONDA = """\
- name: {name}
  version: '{version}'
  manager: conda
  platform: {platform}
  dependencies: {{}}
  url: https://conda.anaconda.org/conda-forge/{platform}/{name}-{version}-{build}.conda
  hash: {{md5: {zeros}}}
  category: main
  optional: false
"""
PIP = """\
- name: {name}
  version: {version}
  manager: pip
  platform: {platform}
  dependencies: {{}}
  url: https://packages.invalid/{name}-{version}-py3-none-any.whl
  hash: {{sha256: '{zeros}{zeros}'}}
  category: main
  optional: false
"""
FORGE = "pytorch 2.8.0 cuda129_mkl_py312_h464b887_301"


def written(folder: Path, *packages: str) -> Path:
    """Write a lock of packages such as `linux-64 pytorch 2.8.0 cuda129_…` (conda) or `linux-64 torch 2.6.0` (pip)."""
    entries, platforms = [], []
    for package in packages:
        platform, name, version, *build = package.split()
        platforms.append(platform)
        form = CONDA if build else PIP
        entries.append(form.format(platform=platform, name=name, version=version, build="".join(build), zeros="0" * 32))
    path = folder / "conda-lock.yml"
    path.write_text(HEAD.replace("{platforms}", ", ".join(dict.fromkeys(platforms))) + "".join(entries))
    return path


def matrix_of(lock: Path, *, gpus: tuple[str, ...] = (), drivers: tuple[str, ...] = ()) -> Matrix:
    return make_matrix(MatrixRequest(lock=lock, environment="default", gpus=gpus, drivers=drivers))


def only(matrix: Matrix) -> PlatformTable:
    assert len(matrix.tables) == 1
    return matrix.tables[0]


def letters(row: GpuRow) -> list[str]:
    return [
        " ".join([judged.verdict, *(KINDS[reason.kind].letter for reason in judged.reasons)]) for judged in row.cells
    ]


def test_driver_branches_with_the_same_answers_are_one_column(tmp_path: Path) -> None:
    table = only(matrix_of(written(tmp_path, f"linux-64 {FORGE}")))
    assert table.columns == (
        DriverColumn(first="384", last="520"),
        DriverColumn(first="525", last="570"),
        DriverColumn(first="575", last="616", open_end=True),
    )
    rows = {row.name: letters(row) for row in table.rows}
    assert rows["sm_90"] == ["no D", "limited M", "runs"]
    assert rows["sm_121"] == ["no D", "no X", "runs"]  # no driver of the column in the middle knows it


def test_a_table_says_what_it_was_judged_by(tmp_path: Path) -> None:
    table = only(matrix_of(written(tmp_path, f"linux-64 {FORGE}", "linux-64 cudnn 9.10.2.21 h0_0")))
    assert (table.platforms, table.cuda, table.driver) == (("linux-64",), "12.9", "525.60.13")
    assert table.torch == "`pytorch 2.8.0` (conda-forge) for CUDA 12.9"
    assert table.kernels.endswith("sm_90, sm_100, sm_120 and PTX for 12.0")
    assert table.cudnn == "`cudnn 9.10.2.21`"
    assert table.evidence == ("build string `cuda129_mkl_py312_h464b887_301` of `pytorch 2.8.0` gives CUDA 12.9",)


def test_rows_say_what_a_gpu_is_and_which_drivers_know_it(tmp_path: Path) -> None:
    rows = {row.name: row for row in only(matrix_of(written(tmp_path, f"linux-64 {FORGE}"))).rows}
    assert (rows["sm_70"].told, rows["sm_70"].drivers) == ("Volta: V100, Titan V, Quadro GV100", ("", "580"))
    assert (rows["sm_80"].told, rows["sm_80"].drivers) == ("Ampere: A30, A100", ("450", ""))
    assert rows["sm_120"].told == "Blackwell: RTX 5090, RTX PRO 6000 Blackwell, RTX PRO 5000 Blackwell"


def test_kepler_is_told_of_beside_its_cuda_and_jetson_on_its_platform(tmp_path: Path) -> None:
    old = only(matrix_of(written(tmp_path, "linux-64 torch 2.4.1+cu118")))
    assert [row.name for row in old.rows][:3] == ["sm_35", "sm_37", "sm_50"]
    new = only(matrix_of(written(tmp_path, f"linux-64 {FORGE}")))
    assert new.rows[0].name == "sm_50"
    assert "sm_87" not in {row.name for row in new.rows}
    arm = only(matrix_of(written(tmp_path, "linux-aarch64 torch 2.9.0+cu128")))
    assert "sm_87" in {row.name for row in arm.rows}
    assert "sm_60" not in {row.name for row in arm.rows}


def test_named_drivers_and_gpus_are_columns_and_rows_as_they_were_named(tmp_path: Path) -> None:
    lock = written(tmp_path, "linux-64 torch 2.6.0")
    table = only(matrix_of(lock, gpus=("RTX5090", "V100", "V100"), drivers=("535.129.03", "570", "570")))
    assert [(column.first, column.last) for column in table.columns] == [("535.129.03",) * 2, ("570",) * 2]
    assert [(row.name, row.told, letters(row)) for row in table.rows] == [
        ("RTX5090", "sm_120, Blackwell", ["no K", "no K"]),
        ("V100", "sm_70, Volta", ["limited M", "runs"]),
    ]


def test_platforms_with_one_table_are_told_together(tmp_path: Path) -> None:
    names = ("linux-64", "osx-64", "osx-arm64", "win-64")
    lock = written(tmp_path, *(f"{name} numpy 2.2.4 py312_0" for name in names))
    told = [(table.platforms, table.without_cuda) for table in matrix_of(lock).tables]
    assert told == [
        (("linux-64", "win-64"), "CPU only: nothing that is locked brings CUDA"),
        (("osx-64", "osx-arm64"), "there is no CUDA on macOS"),
    ]


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101", "`pytorch 2.6.0`"),
        ("linux-64 torch 2.6.0+cpu", "`torch 2.6.0+cpu`"),
        ("win-64 torch 2.6.0", "`torch 2.6.0`"),
    ],
)
def test_a_cpu_build_is_called_one(package: str, said: str, tmp_path: Path) -> None:
    table = only(matrix_of(written(tmp_path, package)))
    assert table.without_cuda == f"CPU only: {said} is a build without CUDA"
    assert table.rows == ()


def test_a_cpu_build_beside_other_cuda_is_not_what_the_table_is_of(tmp_path: Path) -> None:
    lock = written(tmp_path, "linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101", "linux-64 cuda-cudart 12.6.77 h0_0")
    assert only(matrix_of(lock)).evidence == (
        "runtime `cuda-cudart 12.6.77` gives CUDA 12.6",
        "`pytorch 2.6.0` is a build without CUDA: the table is of what else is locked",
    )


def test_no_machine_has_a_jetson_gpu_and_an_x86_processor(tmp_path: Path) -> None:
    [row] = only(matrix_of(written(tmp_path, f"linux-64 {FORGE}"), gpus=("Jetson AGX Orin",), drivers=("580",))).rows
    assert letters(row) == ["no X"]
    assert row.cells[0].is_void


def test_the_cudnn_is_the_one_that_torch_loads(tmp_path: Path) -> None:
    own = "linux-64 pytorch 2.5.1 py3.12_cuda12.4_cudnn9.1.0_0"
    idle = ("linux-64 cudnn 9.13.1.26 h0_0", "linux-64 nvidia-cudnn-cu12 9.1.0.70")
    lock = written(tmp_path, own, *idle)
    lock.write_text(lock.read_text().replace("conda-forge/linux-64/pytorch-", "pytorch/linux-64/pytorch-"))
    assert only(matrix_of(lock)).cudnn == ""
    assert only(matrix_of(written(tmp_path, f"linux-64 {FORGE}", *idle))).cudnn == "`cudnn 9.13.1.26`"
    assert only(matrix_of(written(tmp_path, "linux-64 torch 2.6.0", *idle))).cudnn == "`nvidia-cudnn-cu12 9.1.0.70`"


@pytest.mark.parametrize(
    "package", ["linux-64 torch 99.0", "linux-64 torch 2.15.0", "linux-64 jaxlib 0.7.2 cuda129py312h0a0b0c0d_1"]
)
def test_what_nobody_knows_never_runs(package: str, tmp_path: Path) -> None:
    table = only(matrix_of(written(tmp_path, package)))
    verdicts = {judged.verdict for row in table.rows for judged in row.cells}
    assert "unknown" in verdicts
    assert verdicts <= {"unknown", "no"}


def test_a_cuda_that_is_not_known_has_no_driver_floor(tmp_path: Path) -> None:
    table = only(matrix_of(written(tmp_path, "linux-64 torch 99.0")))
    assert (table.cuda, table.driver, table.kernels) == ("", "", "")


def test_a_platform_that_is_not_locked_is_refused(tmp_path: Path) -> None:
    lock = written(tmp_path, f"linux-64 {FORGE}")
    with pytest.raises(UsageError) as caught:
        make_matrix(MatrixRequest(lock=lock, environment="default", platforms=("win-64",)))
    assert caught.value.what == "the lock holds nothing for `win-64`"


def test_a_driver_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        matrix_of(written(tmp_path, f"linux-64 {FORGE}"), drivers=("new",))
    assert caught.value.what == "invalid driver version `new`"


def test_real_locks_have_a_table_for_every_platform(shared: Path) -> None:
    locks = sorted((shared / "corpus" / "conda-lock").rglob("conda-lock.yml"))
    for path in locks[:: len(locks) // 6]:
        told = [name for table in matrix_of(path).tables for name in table.platforms]
        assert sorted(told) == sorted(read_any_lock(path).platforms)
