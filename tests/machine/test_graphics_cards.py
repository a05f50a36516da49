"""Whose cards are on the bus."""

from __future__ import annotations

from pathlib import Path

from reprocheck.machine.graphics_cards import card_vendors


def add(root: Path, slot: str, kind: str, vendor: str) -> None:
    folder = root / "sys/bus/pci/devices" / slot
    folder.mkdir(parents=True)
    (folder / "class").write_text(f"{kind}\n")
    (folder / "vendor").write_text(f"{vendor}\n")


def test_cards_and_accelerators_are_told_by_vendor(tmp_path: Path) -> None:
    add(tmp_path, "0000:00:02.0", "0x030000", "0x8086")
    add(tmp_path, "0000:03:00.0", "0x120000", "0x1002")
    add(tmp_path, "0000:04:00.0", "0x030200", "0x10de")
    add(tmp_path, "0000:05:00.0", "0x030200", "0x10de")
    assert card_vendors(tmp_path) == ("AMD", "Intel", "NVIDIA")


def test_other_devices_of_these_vendors_and_cards_of_others_are_none(tmp_path: Path) -> None:
    add(tmp_path, "0000:00:1f.3", "0x040300", "0x8086")
    add(tmp_path, "0000:01:00.0", "0x030000", "0x1a03")  # the console of a server
    (tmp_path / "sys/bus/pci/devices/0000:02:00.0").mkdir()
    assert card_vendors(tmp_path) == ()


def test_a_machine_without_such_a_bus_tells_none(tmp_path: Path) -> None:
    assert card_vendors(tmp_path) == ()
