"""`.condarc` is found where conda looks, merged as conda merges it, and read no further than a lock needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.readers.condarc import read_condarc

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def run(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return run


def read(tmp_path: Path, **more: str) -> CondaSettings:
    return read_condarc({"HOME": str(tmp_path / "home"), **more}, [tmp_path / "etc"])


def test_without_a_file_everything_is_as_conda_has_it(tmp_path: Path) -> None:
    assert read(tmp_path) == CondaSettings()
    assert read_condarc({}, []) == CondaSettings()


def test_each_place_beats_the_ones_before(tmp_path: Path, write: Write) -> None:
    places = [
        "etc/.condarc",
        "etc/condarc",
        "etc/condarc.d/a.yml",
        "etc/condarc.d/b.yaml",
        "root/.condarc",
        "xdg/conda/condarc",
        "home/.config/conda/.condarc",
        "home/.conda/condarc.d/x.yml",
        "home/.condarc",
        "home/.mambarc",
        "prefix/.condarc",
        "named.yml",
    ]
    variables = {
        "CONDA_EXE": str(tmp_path / "root" / "bin" / "conda"),
        "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
        "CONDA_PREFIX": str(tmp_path / "prefix"),
        "CONDARC": str(tmp_path / "named.yml"),
    }
    for number, place in enumerate(places):
        write(place, f"channel_alias: https://host{number}.invalid\n")
        assert read(tmp_path, **variables).channel_alias == f"https://host{number}.invalid", place
    assert read(tmp_path, **variables, CONDA_CHANNEL_ALIAS="https://v.invalid/").channel_alias == "https://v.invalid"


def test_the_installation_may_be_named_outright(tmp_path: Path, write: Write) -> None:
    write("root/condarc", "channel_alias: https://r.invalid/conda/\n")
    assert read(tmp_path, CONDA_ROOT=str(tmp_path / "root")).channel_alias == "https://r.invalid/conda"


def test_other_files_of_a_folder_are_not_read(tmp_path: Path, write: Write) -> None:
    write("etc/condarc.d/notes.txt", "channel_alias: https://no.invalid\n")
    assert read(tmp_path) == CondaSettings()


def test_mappings_merge_by_key_and_lists_put_the_stronger_file_first(tmp_path: Path, write: Write) -> None:
    write(
        "etc/.condarc",
        "custom_channels:\n  one: https://a.invalid\n  two: https://a.invalid\n"
        "custom_multichannels:\n  ours: [one, two]\n"
        "default_channels: [https://a.invalid/main, https://a.invalid/r]\n",
    )
    write(
        "home/.condarc",
        "custom_channels:\n  two: https://b.invalid\n"
        "custom_multichannels:\n  theirs:\n  - three\n"
        "default_channels:\n- https://b.invalid/main\n- https://a.invalid/r\n"
        "mirrored_channels:\n  conda-forge: [https://m.invalid/cf, https://n.invalid/cf]\n  empty: []\n",
    )
    assert read(tmp_path) == CondaSettings(
        custom_channels=(("one", "https://a.invalid"), ("two", "https://b.invalid")),
        multichannels=(("ours", ("one", "two")), ("theirs", ("three",))),
        default_channels=("https://b.invalid/main", "https://a.invalid/r", "https://a.invalid/main"),
        mirrors=(("conda-forge", "https://m.invalid/cf"),),
    )


def test_what_a_lock_does_not_need_is_not_looked_at(tmp_path: Path, write: Write) -> None:
    write(
        "home/.condarc",
        "channels: [a, b]\nsolver: libmamba\nenvs_dirs:\n- /e\nchannel_settings:\n- channel: x\n  auth: y\n"
        "custom_channels:\n  odd: [1]\n  none:\ncustom_multichannels: 3\nproxy_servers: []\ndefault_channels: main\n"
        "channel_alias: [x]\n",
    )
    assert read(tmp_path) == CondaSettings(default_channels=("main",))


def test_an_empty_file_says_nothing(tmp_path: Path, write: Write) -> None:
    write("home/.condarc", "# nothing here\n")
    assert read(tmp_path) == CondaSettings()


def test_proxies_are_taken_for_the_two_schemes(tmp_path: Path, write: Write) -> None:
    write("home/.condarc", "proxy_servers:\n  https: http://u:$PW@p.invalid:8\n  http: http://p.invalid:8\n")
    assert read(tmp_path).proxies == (("http", "http://p.invalid:8"), ("https", "http://u:$PW@p.invalid:8"))
    write("home/.condarc", "proxy_servers:\n  'https://host.invalid': http://u:hush@p.invalid\n")
    found = read(tmp_path)
    assert found.proxies == ()
    assert found.notes == ("`proxy_servers` of .condarc: only `http` and `https` are honoured, not 1 more",)


@pytest.mark.parametrize(
    ("value", "verify", "noted"),
    [("false", False, False), ("no", False, False), ("True", True, False), ("truststore", True, False)],
)
def test_whether_certificates_are_checked(value: str, verify: bool, noted: bool, tmp_path: Path, write: Write) -> None:
    write("home/.condarc", f"ssl_verify: {value}\n")
    assert (read(tmp_path).verify_tls, bool(read(tmp_path).notes)) == (verify, noted)


def test_a_file_of_certificates_is_noted(tmp_path: Path, write: Write) -> None:
    write("home/.condarc", "ssl_verify: /etc/ours.pem\n")
    assert read(tmp_path).notes == (
        "`ssl_verify` of .condarc names certificates: set `SSL_CERT_FILE` to that file to have them honoured",
    )


def test_settings_show_no_address_that_may_hold_a_secret(tmp_path: Path, write: Write) -> None:
    write(
        "home/.condarc", "channel_alias: https://me:hush@h.invalid\nproxy_servers: {http: 'http://u:hush@p.invalid'}\n"
    )
    assert "hush" not in repr(read(tmp_path))


def test_a_list_is_no_configuration(tmp_path: Path, write: Write) -> None:
    path = write("home/.condarc", "- a\n")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.lines() == [
        "error: conda's configuration is no mapping",
        f"  where: {path}:1:1",
        "  why:   a `.condarc` holds keys such as `channel_alias: https://host/channels`",
        "  how:   correct the file",
    ]


def test_a_file_that_goes_while_it_is_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "home" / ".condarc"
    place.parent.mkdir()
    place.write_text("{}", encoding="utf-8")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.lines() == [
        "error: cannot read conda's configuration",
        f"  where: {place}",
        "  why:   permission denied",
        "  how:   make it readable, or move it away",
    ]
