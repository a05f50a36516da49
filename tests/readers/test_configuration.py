"""Configuration: nearest file upwards, environment over file, unknown keys refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError, UsageError
from reprocheck.facts import gpu_precision
from reprocheck.model.settings import Settings
from reprocheck.readers.configuration import PRECISIONS, read_settings


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_found_gives_the_defaults(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[project]\nname='x'\n")
    assert read_settings(tmp_path, {}) == Settings()


def test_the_nearest_file_upwards_wins(tmp_path: Path) -> None:
    write(tmp_path / "reprocheck.toml", "cuda = '11.8'\n")
    write(tmp_path / "a" / "pyproject.toml", "[tool.reprocheck]\ncuda = '12.4'\nplatforms = ['linux-64']\n")
    assert read_settings(tmp_path / "a" / "b", {}) == Settings(cuda="12.4", platforms=("linux-64",))


def test_paths_are_meant_from_the_folder_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "reprocheck.toml", "files = ['environment.yml', 'sub/b.yml']\nlockfile = 'conda-lock.yml'\n")
    (tmp_path / "sub").mkdir()
    here, below = read_settings(tmp_path, {}), read_settings(tmp_path / "sub", {})
    assert (here.files, here.lockfile) == (("environment.yml", "sub/b.yml"), "conda-lock.yml")
    assert (below.files, below.lockfile) == (("../environment.yml", "b.yml"), "../conda-lock.yml")


def test_every_path_of_the_file_is_meant_from_its_folder(tmp_path: Path) -> None:
    text = "name-map = 'names.yml'\nbaseline = 'known.json'\n[per-file-ignores]\n'**/a.yml' = ['RC1']\n'b/' = []\n"
    write(tmp_path / "reprocheck.toml", text)
    (tmp_path / "sub").mkdir()
    below = read_settings(tmp_path / "sub", {})
    assert (below.name_map, below.baseline) == ("../names.yml", "../known.json")
    assert below.per_file_ignores == (("../**/a.yml", ("RC1",)), ("../b/**", ()))


def test_variables_hold_lists_and_pairs(tmp_path: Path) -> None:
    variables = {
        "REPROCHECK_PRECISION": "bf16, tf32",
        "REPROCHECK_BASELINE": "b.json",
        "REPROCHECK_PER_FILE_IGNORES": "a.yml:RC101,RC102",
    }
    found = read_settings(tmp_path, variables)
    assert (found.precision, found.baseline) == (("bf16", "tf32"), "b.json")
    assert found.per_file_ignores == (("a.yml", ("RC101", "RC102")),)


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({"REPROCHECK_PER_FILE_IGNORES": "RC101"}, "REPROCHECK_PER_FILE_IGNORES"),
        ({"REPROCHECK_PRECISION": "bf61"}, "environment, precision"),
    ],
)
def test_a_bad_variable_is_a_usage_error(tmp_path: Path, variables: dict[str, str], where: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings(tmp_path, variables)
    assert caught.value.where == where


def test_the_precisions_are_those_of_the_tables() -> None:
    assert sorted(PRECISIONS) == sorted(gpu_precision.PRECISIONS)


def test_own_file_wins_over_pyproject(tmp_path: Path) -> None:
    write(tmp_path / "reprocheck.toml", "cuda = 'none'\n")
    write(tmp_path / "pyproject.toml", "[tool.reprocheck]\ncuda = '12.4'\n")
    assert read_settings(tmp_path, {}).cuda == "none"


def test_a_broken_tool_table_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "tool = 1\n")
    assert read_settings(tmp_path, {}) == Settings()


def test_a_setting_in_the_place_of_the_table_is_a_usage_error(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[tool]\nreprocheck = 3\n")
    with pytest.raises(UsageError) as caught:
        read_settings(tmp_path, {})
    assert caught.value.lines() == [
        "error: `reprocheck` is no table",
        f"  where: {path}, tool",
        "  why:   the settings are the keys of a table",
        "  how:   begin it with `[tool.reprocheck]`",
    ]


def test_variables_override_the_file(tmp_path: Path) -> None:
    write(tmp_path / "reprocheck.toml", "cuda = '11.8'\nignore = ['RC103']\n")
    found = read_settings(tmp_path, {"REPROCHECK_CUDA": "12.4", "REPROCHECK_IGNORE": "RC101, RC102", "CUDA": "9"})
    assert (found.cuda, found.ignore) == ("12.4", ("RC101", "RC102"))


@pytest.mark.parametrize(
    ("text", "what", "how"),
    [
        ("platfroms = []", "unknown configuration key `platfroms`", "did you mean `platforms`?"),
        ("zzz = 1", "unknown configuration key `zzz`", "remove it"),
        ("platforms = 'linux-64'", "`platforms` is no list of strings", "write a list"),
        ("platforms = [1]", "`platforms` is no list of strings", "write a list"),
        ("cuda = 12.4", "`cuda` is no string", 'write `cuda = "12.4"`'),
        ("min-severity = 'fatal'", "invalid severity `fatal`", "choose one of them"),
        ("min-severity = 'eror'", "invalid severity `eror`", "did you mean `error`?"),
        ("precision = ['bf16', 'fp61']", "invalid precision `fp61`", "did you mean `fp16`?"),
        ("precision = ['half']", "invalid precision `half`", "choose one of them"),
        ("precision = 'bf16'", "`precision` is no list of strings", "write a list"),
        ("baseline = ['b.json']", "`baseline` is no string", "write `baseline = \"['b.json']\"`"),
        ("basline = 'b.json'", "unknown configuration key `basline`", "did you mean `baseline`?"),
        ("per-file-ignore = {}", "unknown configuration key `per-file-ignore`", "did you mean `per-file-ignores`?"),
        (
            "per-file-ignores = ['a:RC1']",
            "`per-file-ignores` is no table",
            "begin it with `[tool.reprocheck.per-file-ignores]`, in reprocheck.toml `[per-file-ignores]`",
        ),
        (
            "[per-file-ignores]\n'a.yml' = 'RC1'",
            "`a.yml` of `per-file-ignores` is no list of codes",
            "write a list of codes",
        ),
        ("[per-file-ignores]\n'' = ['RC1']", "`` of `per-file-ignores` is no list of codes", "write a list of codes"),
    ],
)
def test_a_bad_entry_is_a_usage_error(tmp_path: Path, text: str, what: str, how: str) -> None:
    path = write(tmp_path / "reprocheck.toml", text)
    with pytest.raises(UsageError) as caught:
        read_settings(tmp_path, {})
    assert (caught.value.what, caught.value.how) == (what, how)
    assert caught.value.where.startswith(f"{path}, ")


def test_several_bad_entries_are_told_together(tmp_path: Path) -> None:
    write(tmp_path / "reprocheck.toml", "a = 1\nb = 2\n")
    with pytest.raises(GatheredErrors):
        read_settings(tmp_path, {})


@pytest.mark.parametrize("data", [b"cuda = ", b"\xff"])
def test_a_file_that_is_no_toml_is_an_input_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "reprocheck.toml").write_bytes(data)
    with pytest.raises(InputError, match="configuration is not valid TOML"):
        read_settings(tmp_path, {})
