"""Which releases go together: torch and its companions, extensions by their tags, NumPy 2."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reprocheck.facts import extensions, numpy_abi
from reprocheck.facts.extensions import (
    Built,
    built_for,
    cuda_class_of,
    cuda_libraries,
    has_cxx11_abi,
    page_for,
    twin_of,
)
from reprocheck.facts.numpy_abi import numpy_floors, torch_with_numpy_2
from reprocheck.facts.tables import _FOLDER, rows_of
from reprocheck.facts.torch_companions import COMPANIONS, minors, pairs_of, plain_release, pythons_of, triton_of


def document(table: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((_FOLDER / f"{table}.yaml").read_text(encoding="utf-8"))
    return loaded


def test_the_lists_that_spare_reading_a_table_hold_its_packages() -> None:
    held = document("extensions")
    named = {name for row in held["tags"] for name in row["packages"]}
    others = {row["package"] for part in ("torch_pins", "libraries", "classes", "twins") for row in held[part]}
    assert set(extensions.EXTENSIONS) == named | others
    assert set(numpy_abi.COMPILED) == {row["package"] for row in rows_of("numpy_abi", "packages")}
    assert set(numpy_floors()) == set(numpy_abi.COMPILED)


def test_releases_stand_in_order_and_every_companion_is_tied_to_few() -> None:
    releases = [row["torch"] for row in document("torch_companions")["releases"]]
    assert releases == sorted(releases, key=lambda text: [int(part) for part in text.split(".")])
    assert list(minors()) == sorted(minors())
    for companion in COMPANIONS:
        assert len(pairs_of(companion)) > 15


@pytest.mark.parametrize(
    ("companion", "release", "torches"),
    [
        ("torchvision", (0, 19, 1), [(2, 4, 1)]),
        ("torchtext", (0, 18, 0), [(2, 3, 0), (2, 3, 1)]),
        ("torchvision", (0, 29, 2), []),
        ("torchaudio", (2, 11, 0), []),
    ],
)
def test_a_companion_names_its_torch(companion: str, release: tuple[int, ...], torches: list[tuple[int, ...]]) -> None:
    assert [torch for torch, other in pairs_of(companion) if other == release] == torches


def test_what_is_not_known_of_a_torch_is_none() -> None:
    assert pythons_of((2, 0)) == ((3, 8), (3, 11))
    assert pythons_of((1, 10, 0)) is None
    assert pythons_of((2, 99, 0)) is None
    assert (triton_of("2.5.1"), triton_of("1.13.0")) == ("==3.1.0", None)
    assert (plain_release("2.1.0+cu118"), plain_release("2.1.0.dev20230310")) == ("2.1.0", None)


@pytest.mark.parametrize(
    ("package", "told", "built"),
    [
        ("flash-attn", "flash_attn-2.5.9+cu122torch2.3cxx11abiFALSE-cp310", Built((2, 3), (12, 2), False)),
        ("flash-attn", "flash_attn-2.7.4+cu12torch2.4cxx11abiTRUE-cp310", Built((2, 4), (12,), True)),
        ("torch-scatter", "2.1.2+pt212cu130", Built((2, 12), (13, 0))),
        ("torch-sparse", "0.6.16+pt112cu92", Built((1, 12), (9, 2))),
        ("pyg-lib", "0.4.0+pt24cpu", Built((2, 4), ())),
        ("pytorch-scatter", "py39_torch_1.9.0_cu102", Built((1, 9), (10, 2))),
        ("torch-scatter", "2.1.2", None),
        ("numpy", "2.1.2+pt24cpu", None),
    ],
)
def test_a_tag_tells_what_an_extension_was_built_for(package: str, told: str, built: Built | None) -> None:
    assert built_for(package, told) == built


def test_a_page_of_wheels_tells_torch_and_perhaps_cuda() -> None:
    assert page_for("-f https://w.invalid/whl/torch-2.1.0+cu118.html") == Built((2, 1), (11, 8))
    assert page_for("-f https://w.invalid/whl/torch-2.1.0+cpu.html") == Built((2, 1), ())
    assert page_for("-f https://w.invalid/whl/torch-1.8.1.html") == Built((1, 8), None)
    assert page_for("-f https://w.invalid/whl/torch_stable.html") is None


def test_classes_libraries_and_twins_are_known_for_the_releases_that_were_looked_at() -> None:
    classes = [cuda_class_of("onnxruntime-gpu", version) for version in ("1.18.1", "1.19.2", "1.25.0", "1.31.1")]
    assert classes == [11, 12, None, 13]
    assert (12, 9) not in cuda_libraries("bitsandbytes", "0.50.2")
    assert cuda_libraries("bitsandbytes", "0.42.0") == ()
    assert (twin_of("jax-cuda12-plugin"), twin_of("jax")) == ("jaxlib", None)


def test_the_cxx_interface_changed_with_2_7_and_in_2_6_for_cuda_12_6_alone() -> None:
    assert [has_cxx11_abi(torch, (12, 6)) for torch in ((2, 5), (2, 6), (2, 7))] == [False, True, True]
    assert [has_cxx11_abi((2, 6, 0), cuda) for cuda in ((12, 4), None)] == [False, None]


def test_windows_needs_a_later_torch_beside_numpy_2() -> None:
    assert (torch_with_numpy_2("linux-64"), torch_with_numpy_2("win-64")) == ((2, 3, 0), (2, 4, 1))
