"""pyproject.toml as a source of a lock, in conda-lock's reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError, ReprocheckError
from reprocheck.facts.conda_names import load_conda_names
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.platform_selectors import KNOWN_SELECTORS
from reprocheck.readers.pyproject_toml import parse_pyproject, read_pyproject

PEP_621 = """\
[build-system]
build-backend = "hatchling.build"
[project]
requires-python = ">=3.10"
dependencies = [
    "torch >=2,<3",
    "numpy",
    "xattr >=1 ; sys_platform == 'darwin'",
    "Typing_Extensions>=4 ; python_version < '3.11'",
    "nothing ; sys_platform == 'amiga'",
    "uvicorn[standard] ==0.30.*",
]
[project.optional-dependencies]
test = ["pytest ~=8.0"]
plots = ["matplotlib!=3.9"]
"""
POETRY = """\
[build-system]
build-backend = "poetry.core.masonry.api"
[tool.poetry.dependencies]
python = "^3.10"
torch = "2.1.0"
toml = {version = ">=0.10", markers = "sys_platform == 'linux'"}
exllama = {version = "0.1.0", source = "pypi"}
mysql = {version = "^2", optional = true}
pymage = {url = "https://host.invalid/pymage.tar.gz#sha256=aa"}
[tool.poetry.extras]
db = ["mysql"]
[tool.poetry.dev-dependencies]
black = "*"
[tool.poetry.group.docs.dependencies]
sphinx = "~7.1"
"""
FLIT = """\
[build-system]
build-backend = "flit_core.buildapi"
[tool.flit.metadata]
requires = ["requests >=2"]
requires-python = ">=3.9"
[tool.flit.metadata.requires-extra]
dev = ["tox"]
"""
PDM = """\
[project]
dependencies = ["requests"]
[tool.pdm.dev-dependencies]
lint = ["ruff >=0.5"]
"""
CONDA_LOCK = """\
[tool.conda-lock]
channels = ["conda-forge", "https://user:pw@host.invalid/channel", "nodefaults"]
platforms = ["linux-64", "osx-arm64"]
pip-repositories = ["https://user:pw@index.invalid/simple"]
allow-pypi-requests = false
[tool.conda-lock.dependencies]
pip = ">=23.3"
libblas = "* *openblas"
"""


class Unchanged:
    """A name map without a row."""

    def conda_name(self, project: str) -> str:
        return project.lower().replace("_", "-")


def read(text: str) -> EnvironmentFile:
    return parse_pyproject(text.encode(), "pyproject.toml", load_conda_names())


def fault(text: str) -> ReprocheckError:
    with pytest.raises(ReprocheckError) as caught:
        read(text)
    return caught.value


def conda(environment: EnvironmentFile) -> list[tuple[str, str | None, str]]:
    return [(spec.text, spec.selector, spec.category) for spec in environment.conda]


def pip(environment: EnvironmentFile) -> list[tuple[str, str]]:
    return [(requirement.text, requirement.category) for requirement in environment.pip]


def test_a_standard_project_is_taken_from_conda_under_conda_s_names() -> None:
    found = read(PEP_621)
    assert conda(found) == [
        ("python >=3.10", None, "main"),
        ("pytorch <3,>=2", None, "main"),
        ("numpy", None, "main"),
        ("xattr >=1", "osx", "main"),
        ("typing-extensions >=4", None, "main"),
        ("uvicorn ==0.30.*", None, "main"),
        ("pytest ~=8.0", None, "dev"),
        ("matplotlib !=3.9", None, "plots"),
    ]
    assert [spec.location.line for spec in found.conda] == [4, 6, 7, 8, 9, 11, 14, 15]
    assert found.pip == ()
    assert found.sources == ("pyproject.toml",)


def test_a_poetry_project_is_taken_from_conda_unless_it_says_otherwise() -> None:
    found = read(POETRY)
    assert conda(found) == [
        ("python >=3.10.0,<4.0.0", None, "main"),
        ("pytorch 2.1.0", None, "main"),
        ("toml >=0.10", "linux", "main"),
        ("mysql >=2.0.0,<3.0.0", None, "db"),
        ("black", None, "dev"),
        ("sphinx >=7.1.0,<7.2.0", None, "docs"),
    ]
    assert pip(found) == [
        ("exllama==0.1.0", "main"),
        ("pymage @ https://host.invalid/pymage.tar.gz#sha256=aa", "main"),
    ]
    assert str(found.pip_location) == "pyproject.toml:7:1"


def test_flit_and_pdm_are_read_too() -> None:
    assert conda(read(FLIT)) == [
        ("python >=3.9", None, "main"),
        ("requests >=2", None, "main"),
        ("tox", None, "dev"),
    ]
    assert conda(read(PDM)) == [("requests", None, "main"), ("ruff >=0.5", None, "dev")]


def test_the_table_of_conda_lock_says_where_from_and_what_besides() -> None:
    found = read(CONDA_LOCK)
    assert [channel.name for channel in found.channels] == [
        "conda-forge",
        "https://host.invalid/channel",
        "nodefaults",
    ]
    assert found.channels[1].address == "https://user:pw@host.invalid/channel"
    assert [platform.name for platform in found.platforms] == ["linux-64", "osx-arm64"]
    assert found.pip_repositories[0].name == "https://index.invalid/simple"
    assert not found.allow_pypi_requests
    assert [(spec.name, spec.version, spec.build) for spec in found.conda] == [
        ("pip", ">=23.3", None),
        ("libblas", "*", "*openblas"),
    ]
    assert "pw" not in repr(found)


def test_entries_of_conda_lock_may_be_tables() -> None:
    found = read(
        "[tool.conda-lock.dependencies]\n"
        'a = {version = ">=1", channel = "bioconda"}\n'
        'b = {channel = "https://user:pw@host.invalid/c"}\n'
        'c = {version = "^2", source = "pypi"}\n'
        'd = {source = "pypi"}\n'
    )
    assert [(spec.name, spec.version, spec.channel) for spec in found.conda] == [
        ("a", ">=1", "bioconda"),
        ("b", None, "https://host.invalid/c"),
    ]
    assert pip(found) == [("c>=2.0.0,<3.0.0", "main")]


@pytest.mark.parametrize("name", ["torch", "pytorch"])
def test_a_dependency_is_forced_to_pip_by_either_of_its_names(name: str) -> None:
    own = f'[tool.conda-lock.dependencies]\n{name} = {{source = "pypi"}}\n'
    found = read('[project]\ndependencies = ["torch[opt] >=2 ; sys_platform == \'linux\'", "numpy"]\n' + own)
    assert pip(found) == [("torch[opt]>=2 ; sys_platform == 'linux'", "main")]
    assert (found.pip[0].extras, found.pip[0].marker) == (("opt",), "sys_platform == 'linux'")
    assert conda(found) == [("numpy", None, "main")]


def test_everything_but_python_may_default_to_pip() -> None:
    setting = '[tool.conda-lock]\ndefault-non-conda-source = "pip"\n'
    found = read(POETRY + setting)
    assert [spec.name for spec in found.conda] == ["python"]
    assert [requirement.name for requirement in found.pip][:2] == ["torch", "toml"]
    assert [spec.name for spec in read(PEP_621 + setting).conda] == ["python"]


def test_everything_but_conda_lock_s_own_table_may_be_skipped() -> None:
    found = read(PEP_621 + "[tool.conda-lock]\nskip-non-conda-lock = true\ndependencies = {pip = '*'}\n")
    assert conda(found) == [("pip *", None, "main")]


def test_dynamic_dependencies_are_not_read() -> None:
    assert conda(read('[project]\ndynamic = ["dependencies"]\n[project.optional-dependencies]\nx = ["a"]\n')) == []


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ('{git = "https://host.invalid/a.git"}', "a @ git+https://host.invalid/a.git"),
        ('{git = "https://host.invalid/a.git", rev = "0a1b"}', "a @ git+https://host.invalid/a.git@0a1b"),
        (
            '{git = "git+ssh://git@host.invalid/a.git", tag = "v1", subdirectory = "py"}',
            "a @ git+ssh://git@host.invalid/a.git@v1#subdirectory=py",
        ),
        ('{path = "../a", develop = true}', "a @ ../a"),
        ('{path = "wheels/a.whl"}', "a @ ./wheels/a.whl"),
        ('{file = "/wheels/a.whl"}', "a @ /wheels/a.whl"),
        ('{url = "https://host.invalid/a.whl", extras = ["y", "x"]}', "a[x,y] @ https://host.invalid/a.whl"),
        ('{version = "1", source = "pypi", platform = "darwin"}', "a==1 ; sys_platform == 'darwin'"),
    ],
)
def test_what_poetry_takes_from_elsewhere_is_for_pip(entry: str, line: str) -> None:
    found = read(f"[tool.poetry.dependencies]\na = {entry}\n")
    assert [requirement.address for requirement in found.pip] == [line]
    assert found.pip[0].name == "a"


def test_an_address_in_a_standard_project_is_for_pip() -> None:
    found = read("[project]\ndependencies = [\"a[x] @ https://u:p@host.invalid/a.whl ; os_name == 'nt'\"]\n")
    assert found.conda == ()
    assert found.pip[0].address == "a[x] @ https://u:p@host.invalid/a.whl ; os_name == 'nt'"
    assert found.pip[0].marker == "os_name == 'nt'"
    assert "u:p" not in repr(found)


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("[project]\nname = \n", "not valid TOML: invalid value", "2:8"),
        ("[project]\nname = [", "not valid TOML: invalid value", "2:1"),
        ("project = 1\n", "`project` is no table", "1:1"),
        ("[tool.ruff]\nline-length = 120\n", "the project file declares no dependencies", "1:1"),
        ("[tool]\nconda-lock = 1\n", "`tool.conda-lock` is no table", "2:1"),
        ("[tool.conda-lock]\nchannels = 'a'\n", "`tool.conda-lock.channels` is no list of strings", "2:1"),
        ("[project]\ndependencies = [1]\n", "`project.dependencies` is no list of strings", "2:1"),
        ("[project]\ndependencies = ['numpy 1.2']\n", "dependency `numpy 1.2` cannot be read", "2:17"),
        ("[project]\ndependencies = ['./a']\n", "dependency `./a` cannot be read", "2:17"),
        (
            "[project]\ndependencies = ['a ; linux']\n",
            "`linux` is no environment marker",
            "2:17",
        ),
        ("[tool.poetry.dependencies]\na = {}\n", "dependency `a` has neither a version nor an address", "2:1"),
        ("[tool.poetry.dependencies]\na = []\n", "dependency `a` is neither a string nor a table", "2:1"),
        ("[tool.poetry.dependencies]\na = '^x'\n", "constraint `^x` holds no version", "2:1"),
        ("[tool.conda-lock.dependencies]\na = 1\n", "dependency `a` is neither a string nor a table", "2:1"),
        ("[tool.conda-lock.dependencies]\n'>=1' = '*'\n", "dependency `>=1 *` has no name", "2:1"),
        (
            "[tool.conda-lock.dependencies]\na = {source = 'pypi', version = '1||2'}\n",
            "constraint `1||2` holds an `||`",
            "2:1",
        ),
        (
            "[tool.conda-lock]\ndefault-non-conda-source = 'gems'\n",
            "`default-non-conda-source` is `gems`",
            "2:1",
        ),
    ],
)
def test_a_broken_project_is_one_clear_error(text: str, what: str, where: str) -> None:
    error = fault(text)
    assert (type(error), error.what, error.where) == (InputError, what, f"pyproject.toml:{where}")


@pytest.mark.parametrize("text", ["[project]\ndependencies = []\n", "[tool.conda-lock]\nchannels = ['a']\n"])
def test_a_project_that_lists_nothing_of_its_own_may_stand_beside_other_files(text: str) -> None:
    assert read(text).conda == ()


def test_independent_faults_are_gathered() -> None:
    error = fault("[project]\ndependencies = ['a b', 'c d']\n[tool.conda-lock]\nchannels = 1\n")
    assert isinstance(error, GatheredErrors)
    assert len(error.errors) == 3


def test_a_file_is_read_under_the_name_asked_for_and_a_missing_one_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    with pytest.raises(InputError) as caught:
        read_pyproject(path, Unchanged())
    assert caught.value.why == "no such file or directory"
    path.write_text(PEP_621)
    assert read_pyproject(path, Unchanged(), "shown.toml").path == "shown.toml"
    assert read_pyproject(path, Unchanged()).path == path.as_posix()


Entry = tuple[str, str, frozenset[str], str]


def ours_on(platform: str, environment: EnvironmentFile) -> set[Entry]:
    """Return (manager, name, version clauses, category), without what conda-lock does not read."""
    specs = {
        ("conda", spec.name, _clauses(spec.version), spec.category)
        for spec in environment.conda
        if spec.selector is None or platform in KNOWN_SELECTORS[spec.selector]
    }
    return specs | {
        ("pip", one.name or "", _clauses(one.specifier if one.kind == "requirement" else None), one.category)
        for one in environment.pip
    }


def _clauses(version: str | None) -> frozenset[str]:
    return frozenset((version or "").replace("==", "").strip("*").split(","))


@pytest.mark.parametrize(
    "text",
    [PEP_621.replace("requires-python", "# "), POETRY, FLIT.replace("requires-python", "# "), PDM],
    ids=["pep-621", "poetry", "flit", "pdm"],
)
@pytest.mark.parametrize("tail", ["", CONDA_LOCK], ids=["plain", "conda-lock"])
@pytest.mark.filterwarnings("ignore")
def test_conda_lock_reads_the_same(text: str, tail: str, tmp_path: Path) -> None:
    from conda_lock.src_parser.pyproject_toml import parse_pyproject_toml

    build = "" if "build-backend" in text else '[build-system]\nbuild-backend = "hatchling.build"\n'
    path = tmp_path / "pyproject.toml"
    path.write_text(text + build + tail)
    (tmp_path / "names.json").write_text("{}")
    platforms = ["linux-64", "osx-arm64", "win-64"]
    theirs = parse_pyproject_toml(path, platforms=platforms, mapping_url=(tmp_path / "names.json").as_posix())
    mine = read_pyproject(path, Unchanged())
    for platform in platforms:
        read = {
            (each.manager, each.name, _clauses(getattr(each, "version", None)), each.category)
            for each in theirs.dependencies[platform]
        }
        assert ours_on(platform, mine) == read
