"""A pixi.lock of every known version becomes the lock of one environment, or one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.pixi_lock import parse_pixi_lock, read_pixi_lock

FORGE = "https://conda.anaconda.org/conda-forge"
SHA = "3f4365e11b28e244c95ba8579942b0802761ba7bb31c026f50d1a9ea9c728149"
V6 = f"""\
version: 6
environments:
  default:
    channels:
    - url: {FORGE}/
    - url: https://prefix.invalid/own/
    indexes:
    - https://index.invalid/simple
    packages:
      linux-64:
      - conda: {FORGE}/linux-64/python-3.12.2-hab00c5b_0_cpython.conda
      - conda: {FORGE}/noarch/tzdata-2024a-h0c530f3_0.conda
      - pypi: https://files.invalid/requests-2.32.3-py3-none-any.whl
        extras:
        - socks
      - pypi: ./
      osx-arm64:
      - conda: {FORGE}/noarch/tzdata-2024a-h0c530f3_0.conda
  cuda:
    channels: []
    packages:
      linux-64: []
packages:
- conda: {FORGE}/linux-64/python-3.12.2-hab00c5b_0_cpython.conda
  sha256: {SHA.upper()}
  md5: A502D7AAD449A1206EFB366D6A12C52D
  depends:
  - libzlib >=1.2.13,<2.0.0a0
  - python_abi 3.12.* *_cp312
  - tzdata
  license: Python-2.0
- conda: {FORGE}/noarch/tzdata-2024a-h0c530f3_0.conda
  sha256: {SHA}
- pypi: https://files.invalid/requests-2.32.3-py3-none-any.whl
  name: requests
  version: 2.32.3
  sha256: {SHA}
  requires_dist:
  - idna>=2.5,<4
  - colorama ; sys_platform == 'win32'
  - pysocks>=1.5.6 ; extra == 'socks'
  - chardet>=3 ; extra == 'use-chardet-on-py3'
  requires_python: '>=3.8'
- pypi: ./
  name: own-project
  editable: true
"""
V5 = f"""\
version: 5
environments:
  default:
    channels:
    - url: {FORGE}/
    packages:
      linux-64:
      - conda: {FORGE}/linux-64/xz-5.2.6-h166bdaf_0.tar.bz2
      - pypi: .
packages:
- kind: conda
  name: xz
  version: 5.2.6
  build: h166bdaf_0
  subdir: linux-64
  url: {FORGE}/linux-64/xz-5.2.6-h166bdaf_0.tar.bz2
  depends:
  - libgcc-ng >=12
- kind: pypi
  name: own
  version: 0.1.0
  path: .
"""
V7 = f"""\
version: 7
platforms:
- name: gpu
  subdir: linux-64
  virtual-packages:
  - __glibc=2.28
  - __cuda=12.4
- name: win-64
  virtual-packages:
  - __win=10.0
- not a mapping
environments:
  default:
    channels:
    - {FORGE}
    - priority: 1
    packages:
      gpu:
      - conda_source: tool[12ab34cd] @ git+https://host.invalid/tool.git#abc
      win-64:
      - conda: .
        build: h2_0
packages:
- conda_source: tool[12ab34cd] @ git+https://host.invalid/tool.git#abc
  depends:
  - python
- conda: .
  name: maths
  version: 0.1.0
  build: h1_0
  subdir: osx-64
- conda: .
  name: maths
  version: 0.1.0
  build: h2_0
  subdir: win-64
"""


def one(text: str, environment: str = "default") -> Lock:
    return parse_pixi_lock(text.encode(), "pixi.lock", environment)


def named(lock: Lock, name: str) -> LockedPackage:
    return next(package for package in lock.packages if package.name == name)


def message(text: str, environment: str = "default") -> list[str]:
    with pytest.raises((InputError, GatheredErrors)) as caught:
        one(text, environment)
    return caught.value.lines()


def test_every_field_of_a_conda_package_is_read_from_its_entry_and_its_url() -> None:
    assert one(V6).packages[0] == LockedPackage(
        name="python",
        version="3.12.2",
        manager="conda",
        platform="linux-64",
        dependencies=(("libzlib", ">=1.2.13,<2.0.0a0"), ("python_abi", "3.12.* *_cp312"), ("tzdata", "")),
        url=f"{FORGE}/linux-64/python-3.12.2-hab00c5b_0_cpython.conda",
        md5="a502d7aad449a1206efb366d6a12c52d",
        sha256=SHA,
        category="main",
        optional=False,
        build="hab00c5b_0_cpython",
        channel="conda-forge",
        line=24,
    )


def test_a_project_needs_what_holds_on_its_platform_with_the_extras_that_were_asked_for() -> None:
    requests = named(one(V6), "requests")
    assert requests.dependencies == (("idna", "<4,>=2.5"), ("pysocks", ">=1.5.6"))
    assert (requests.manager, requests.build, requests.channel, requests.line) == ("pip", None, None, 34)


def test_an_editable_project_may_have_no_version_and_no_hash() -> None:
    own = named(one(V6), "own-project")
    assert (own.version, own.url, own.sha256, own.manager) == ("", "./", None, "pip")


def test_the_head_is_read_and_channels_carry_their_usual_names() -> None:
    lock = one(V6)
    assert lock.platforms == ("linux-64", "osx-arm64")
    assert lock.channels == ("conda-forge", "https://prefix.invalid/own")
    assert (lock.sources, lock.content_hash, lock.custom_metadata) == ((), (), ())


def test_versions_four_and_five_spell_their_fields_out() -> None:
    for version in ("4", "5"):
        lock = one(V5.replace("version: 5\n", f"version: {version}\n", 1))
        assert [(p.name, p.version, p.build, p.url, p.line) for p in lock.packages] == [
            ("xz", "5.2.6", "h166bdaf_0", f"{FORGE}/linux-64/xz-5.2.6-h166bdaf_0.tar.bz2", 11),
            ("own", "0.1.0", None, ".", 19),
        ]


def test_version_seven_tells_its_machines_and_the_cuda_that_it_was_solved_for() -> None:
    lock = one(V7)
    assert lock.platforms == ("linux-64", "win-64")
    assert lock.channels == ("conda-forge",)
    assert lock.custom_metadata == (
        ("pixi.virtual-packages.linux-64", "__glibc=2.28 __cuda=12.4"),
        ("pixi.virtual-packages.win-64", "__win=10.0"),
        ("reprocheck.cuda", "12.4"),
    )


def test_several_platform_names_for_one_subdir_stay_apart() -> None:
    text = V7.replace("- name: win-64\n", "- name: win-64\n  subdir: linux-64\n").replace("__win=10.0", "__cuda=11.8")
    lock = one(text.replace("subdir: win-64", "subdir: noarch"))
    assert lock.platforms == ("gpu", "win-64")
    assert lock.custom("reprocheck.cuda") is None


def test_a_source_package_is_told_apart_by_its_build_and_named_without_a_version() -> None:
    lock = one(V7)
    assert [(p.name, p.version, p.build, p.url, p.channel) for p in lock.packages] == [
        ("tool", "", None, "git+https://host.invalid/tool.git#abc", None),
        ("maths", "0.1.0", "h2_0", ".", None),
    ]


def test_without_anything_to_tell_source_packages_apart_the_platform_does() -> None:
    lock = one(V7.replace("        build: h2_0\n", "", 1))
    assert named(lock, "maths").build == "h2_0"
    elsewhere = one(V7.replace("        build: h2_0\n", "        build: h1_0\n", 1))
    assert named(elsewhere, "maths").build == "h1_0"


def test_irregular_layout_reads_the_same() -> None:
    assert one(V6.replace("version: 6\n", "version: 6  # by hand\n")) == one(V6)


@pytest.mark.parametrize("text", ["", "# nothing\n", "just text\n", "- a list\n"])
def test_a_file_without_a_mapping_is_empty(text: str) -> None:
    assert message(text) == [
        "error: pixi.lock is empty",
        "  where: pixi.lock:1",
        "  why:   it should hold `version`, `environments` and `packages`",
        "  how:   write it anew with `pixi lock`",
    ]


def test_an_unknown_version_is_named_with_the_ways_out() -> None:
    assert message(V6.replace("version: 6\n", "version: 8\n", 1)) == [
        "error: pixi.lock format version `8` is unknown",
        "  where: pixi.lock:1, version",
        "  why:   this release reads versions `4`, `5`, `6`, `7`",
        "  how:   write it anew with a current `pixi lock`, or upgrade reprocheck",
    ]


def test_a_file_of_another_kind_is_no_pixi_lock() -> None:
    assert message("name: x\ndependencies:\n- python\n") == [
        "error: file is no pixi.lock: `version` is missing",
        "  where: pixi.lock:1",
        "  why:   a pixi.lock holds the keys `version`, `environments` and `packages`",
        "  how:   name the right file, or write it anew with `pixi lock`",
    ]


def test_another_environment_can_be_asked_for() -> None:
    assert one(V6, "cuda").packages == ()


def test_an_environment_that_is_not_there_gets_the_others_named() -> None:
    assert message(V6, "gpu") == [
        "error: the lock has no environment `gpu`",
        "  where: pixi.lock:2, environments",
        "  why:   it holds `cuda`, `default`",
        "  how:   name one of them with `--environment`",
    ]


def test_an_empty_default_beside_others_must_not_pass_for_a_lock_without_findings() -> None:
    text = "version: 6\nenvironments:\n  default:\n    packages: {}\n  gpu:\n    packages: {}\npackages: []\n"
    assert message(text)[0] == "error: environment `default` of the lock is empty"
    assert one("version: 6\nenvironments:\n  default:\n    packages: {}\npackages: []\n").packages == ()
    nothing = "version: 6\nenvironments: {}\npackages: []\n"
    assert message(nothing)[2] == "  why:   it holds none"


def test_broken_entries_and_references_are_gathered_with_their_lines() -> None:
    text = V6.replace(f"      - conda: {FORGE}/noarch/tzdata", "      - conda: https://gone.invalid/noarch/tzdata", 1)
    text = text.replace("        extras:\n        - socks\n", "      - loose\n")
    text = text.replace("- pypi: ./\n  name: own-project\n", "- pypi: ./\n")
    assert message(f"{text}- loose\n- name: placeless\n") == [
        "error: package entry is broken",
        "  where: pixi.lock:22, packages[4]",
        "  why:   an entry should be a mapping that says where the package comes from",
        "  how:   write it anew with `pixi lock`",
        "error: package entry is broken",
        "  where: pixi.lock:46, packages[5]",
        "  why:   an entry should be a mapping that says where the package comes from",
        "  how:   write it anew with `pixi lock`",
        "error: reference is broken",
        "  where: pixi.lock:12, linux-64",
        "  why:   it leads to no entry of `packages`",
        "  how:   write it anew with `pixi lock`",
        "error: reference is broken",
        "  where: pixi.lock: linux-64",
        "  why:   a reference should be a mapping",
        "  how:   write it anew with `pixi lock`",
        "error: package entry is broken",
        "  where: pixi.lock:43",
        "  why:   `name` is missing, and `pypi` does not tell it",
        "  how:   write it anew with `pixi lock`",
    ]


def test_a_reference_without_a_place_is_broken() -> None:
    text = V6.replace("      - pypi: ./\n", "      - name: own-project\n", 1)
    assert message(text)[:3] == [
        "error: reference is broken",
        "  where: pixi.lock:16, linux-64",
        "  why:   it leads to no entry of `packages`",
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_pixi_lock(tmp_path / "pixi.lock")
    assert caught.value.what == "cannot read the lock file"


def test_real_locks_hold_what_rattler_reads_in_every_environment(shared: Path) -> None:
    import rattler

    compared = 0
    for path in sorted((shared / "corpus" / "pixi-lock").rglob("pixi.lock")):
        theirs = rattler.LockFile.from_path(path)
        for name, environment in theirs.environments():
            if not environment.platforms():
                continue
            ours = read_pixi_lock(path, name)
            assert sorted(ours.platforms) == sorted(str(platform) for platform in environment.platforms())
            for platform in environment.platforms():
                read = {conda_fields(package) for package in environment.packages(platform) if is_conda(package)}
                assert {own_fields(package) for package in ours.on(str(platform), "conda")} == read
                assert len(ours.on(str(platform))) == len(environment.packages(platform))
                compared += len(environment.packages(platform))
    assert compared > 10_000


def is_conda(package: object) -> bool:
    return "Conda" in type(package).__name__


def conda_fields(package: object) -> tuple[object, ...]:
    record = package.package_record  # type: ignore[attr-defined]
    digests = (record.md5 and record.md5.hex(), record.sha256 and record.sha256.hex())
    return (package.name, str(record.version), str(record.build), *digests, tuple(record.depends))  # type: ignore[attr-defined]


def own_fields(package: LockedPackage) -> tuple[object, ...]:
    depends = tuple(f"{name} {constraint}".rstrip() for name, constraint in package.dependencies)
    return (package.name, package.version, package.build, package.md5, package.sha256, depends)
