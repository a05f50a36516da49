"""Whose graphics cards are on the PCI bus, whether or not a driver for them is there.

Source: Linux `Documentation/ABI/testing/sysfs-bus-pci`; PCI Code and ID Assignment, base classes 03h and 12h.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from reprocheck.machine.system_files import ROOT, read_text

_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}

_CLASSES = ("0x03", "0x12")  # display controllers, processing accelerators
_MOST_DEVICES = 10_000


def card_vendors(root: Path = ROOT) -> tuple[str, ...]:
    """Return the known vendors of the graphics cards that the kernel lists, sorted; () where it lists none."""
    try:
        devices = list(islice((root / "sys/bus/pci/devices").iterdir(), _MOST_DEVICES))
    except OSError:
        return ()
    cards = (device for device in devices if _line(device / "class").startswith(_CLASSES))
    return tuple(sorted({_VENDORS[vendor] for card in cards if (vendor := _line(card / "vendor")) in _VENDORS}))


def _line(path: Path) -> str:
    text = read_text(path)
    return text.strip() if isinstance(text, str) else ""
