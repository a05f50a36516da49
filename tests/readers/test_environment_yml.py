"""environment.yml into the model, with places, comments and gathered faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError, ReprocheckError
from reprocheck.readers.environment_yml import parse_environment, read_environment

WHOLE = b"""\
name: paper
channels: [conda-forge, "https://user:pw@host.example/t/secret-token/private"]
platforms:
  - linux-64
dependencies:
  - python=3.11   # the interpreter
  - conda-forge::pytorch >=2.5  # [linux]
  - "numpy"
  # a comment that stands alone
  - pip:
    - torch==2.4.1
    - --index-url https://user:pw@host.example/simple
prefix: /home/someone/env
variables:
  TOKEN: '# no comment'
"""


def fault(data: bytes) -> ReprocheckError:
    with pytest.raises(ReprocheckError) as caught:
        parse_environment(data, "e.yml")
    return caught.value


def test_every_entry_is_read_with_its_place() -> None:
    environment = parse_environment(WHOLE, "e.yml")
    assert environment.name == "paper"
    assert [(spec.name, spec.version, spec.location.line, spec.location.column) for spec in environment.conda] == [
        ("python", "=3.11", 6, 5),
        ("pytorch", ">=2.5", 7, 5),
        ("numpy", None, 8, 5),
    ]
    assert [(line.kind, line.name, line.location.line) for line in environment.pip] == [
        ("requirement", "torch", 11),
        ("option", None, 12),
    ]
    assert environment.pip_location is not None
    assert environment.pip_location.line == 10
    assert environment.prefix is not None
    assert environment.prefix.line == 13
    assert [platform.name for platform in environment.platforms] == ["linux-64"]
    assert str(environment.start) == "e.yml:1:1"
    assert environment.conda_named("numpy")[0].text == "numpy"


def test_credentials_are_taken_out_of_what_can_be_shown() -> None:
    environment = parse_environment(WHOLE, "e.yml")
    assert environment.channels[1].name == "https://host.example/t/<token>/private"
    assert "pw" in environment.channels[1].address
    assert "pw" not in repr(environment)
    assert environment.pip[1].text == "--index-url https://host.example/simple"


def test_a_bracketed_comment_is_the_selector_of_its_line() -> None:
    assert [spec.selector for spec in parse_environment(WHOLE, "e.yml").conda] == [None, "linux", None]


def test_comments_are_found_outside_of_scalars_only() -> None:
    found = parse_environment(WHOLE, "e.yml").comments
    assert [(comment.text, comment.location.line, comment.alone) for comment in found] == [
        ("# the interpreter", 6, False),
        ("# [linux]", 7, False),
        ("# a comment that stands alone", 9, True),
    ]


def test_a_hash_inside_a_scalar_is_no_comment() -> None:
    environment = parse_environment(
        b"dependencies:\n  - pip:\n    - git+https://h/a#egg=a\nname: |\n  # text\n", "e.yml"
    )
    assert environment.comments == ()


@pytest.mark.parametrize("text", [b"dependencies:\n", b"dependencies: []\n", b"dependencies:\n  - pip:\n"])
def test_an_environment_may_be_empty(text: bytes) -> None:
    assert parse_environment(text, "e.yml").conda == ()


def test_a_single_channel_may_stand_without_a_list() -> None:
    assert [channel.name for channel in parse_environment(b"channels: defaults\ndependencies: []", "e").channels] == [
        "defaults"
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "environment file is empty"),
        (b"# nothing\n", "environment file is empty"),
        (b"~\n", "environment file is empty"),
        (b"- numpy\n", "environment file holds no mapping"),
        (b"name: a\n", "environment file has no `dependencies`"),
        (b"dependencies: numpy\n", "`dependencies` is no list"),
        (b"dependencies:\n  - - numpy\n", "a list inside `dependencies`"),
        (b"dependencies:\n  - npm:\n    - x\n", "unknown installer `npm`"),
        (b"dependencies:\n  - pip: torch\n", "`pip:` is no list"),
        (b"dependencies:\n  - ''\n", "empty dependency"),
        (b"dependencies:\n  - '>=1'\n", "dependency `>=1` has no name"),
        (b"channels: {a: b}\ndependencies: []\n", "`channels` is no list"),
        (b"pip-repositories: {a: b}\ndependencies: []\n", "`pip-repositories` is no list"),
        (b"dependencies:\n  - pip:\n    - --no-binary :all:\n", "an entry of `pip:` is no line of text"),
    ],
)
def test_a_broken_environment_is_one_clear_error(data: bytes, what: str) -> None:
    error = fault(data)
    assert (type(error), error.what) == (InputError, what)
    assert error.where.startswith("e.yml:")


def test_independent_faults_are_gathered() -> None:
    error = fault(b"dependencies:\n  - ''\n  - npm: [x]\n")
    assert isinstance(error, GatheredErrors)
    assert [one.where for one in error.errors] == ["e.yml:2:5", "e.yml:3:5"]


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_environment(tmp_path / "environment.yml")
    assert caught.value.why == "no such file or directory"


def test_a_file_is_shown_under_the_name_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "environment.yml"
    path.write_bytes(WHOLE)
    assert read_environment(path, "shown.yml").path == "shown.yml"
    assert read_environment(path).path == path.as_posix()


SOURCES = b"""\
category: dev
pip-repositories:
  - https://user:pw@index.invalid/simple
allow-pypi-requests: false
dependencies:
  - ruff  # [linux]
  - pip:  # [unix]
    - "Uvicorn[Standard,dev] >=0.30"
    - torch==2.4.1 --hash=sha256:00  # [linux]
variables:
  SECRET: value
  OTHER: value
"""


def test_the_keys_of_conda_lock_are_read() -> None:
    environment = parse_environment(SOURCES, "e.yml")
    assert environment.category == "dev"
    assert [(spec.name, spec.category) for spec in environment.conda] == [("ruff", "dev")]
    assert [(line.name, line.category) for line in environment.pip] == [("uvicorn", "dev"), ("torch", "dev")]
    assert [repository.name for repository in environment.pip_repositories] == ["https://index.invalid/simple"]
    assert environment.pip_repositories[0].address == "https://user:pw@index.invalid/simple"
    assert not environment.allow_pypi_requests
    assert environment.sources == ("e.yml",)


def test_of_variables_the_names_are_read_and_never_the_values() -> None:
    environment = parse_environment(SOURCES, "e.yml")
    assert environment.variables == ("SECRET", "OTHER")
    assert parse_environment(b"dependencies: []\nvariables: none\n", "e.yml").variables == ()


def test_a_pip_line_has_the_selector_of_its_section_unless_it_has_its_own() -> None:
    assert [line.selector for line in parse_environment(SOURCES, "e.yml").pip] == ["unix", "linux"]


def test_a_pip_line_has_its_extras_and_keeps_its_own_text_for_fetching() -> None:
    uvicorn, torch = parse_environment(SOURCES, "e.yml").pip
    assert uvicorn.extras == ("dev", "standard")
    assert (torch.specifier, torch.address) == ("==2.4.1", "torch==2.4.1 --hash=sha256:00")


@pytest.mark.parametrize("text", [b"category:\n", b"category: ~\n", b"category: ''\n", b"category: main\n", b""])
def test_without_a_category_it_is_main(text: bytes) -> None:
    environment = parse_environment(text + b"dependencies: [numpy]\n", "e.yml")
    assert (environment.category, environment.conda[0].category) == ("main", "main")
    assert environment.allow_pypi_requests
