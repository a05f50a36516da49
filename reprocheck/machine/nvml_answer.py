"""What `nvml_child.py` prints. Pure: text in, driver and devices out."""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.machine.driver_values import (
    MOST_DEVICES,
    compute_capability,
    cuda_release,
    driver_version,
    memory_bytes,
    mig_mode,
    model_name,
    parsed_object,
    read_value,
    slice_profile,
    status_of,
)
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

_READERS = {
    "name": model_name,
    "memoryBytes": memory_bytes,
    "computeCapability": compute_capability,
    "mig": mig_mode,
}


def parse_nvml(text: str) -> Mapping[str, Json]:
    """Return version, cudaUserMax and devices, or the status of the failure."""
    answer = parsed_object(text)
    if answer is None:
        return unread("error", "the NVML child spoke no JSON object")
    return status_of(answer) or {
        "version": read_value(answer, "driver", driver_version),
        "cudaUserMax": read_value(answer, "cuda", cuda_release),
        "devices": read_value(answer, "devices", devices_in),
    }


def devices_in(value: object) -> Json:
    """Return one mapping a GPU with the keys of an accelerator."""
    if not isinstance(value, list) or len(value) > MOST_DEVICES or not all(isinstance(item, dict) for item in value):
        return unread("error", "the devices are no list")
    return [_device(item) for item in value]


def _device(found: Mapping[str, object]) -> Mapping[str, Json]:
    device = {key: read_value(found, key, reader) for key, reader in _READERS.items()}
    return {**device, "slices": read_value(found, "slices", _slices)} if "slices" in found else device


def _slices(value: object) -> Json:
    if not isinstance(value, list) or len(value) > MOST_DEVICES:
        return unread("error", "the slices are no list")
    profiles = [slice_profile(item) for item in value]
    wrong = next((profile for profile in profiles if not isinstance(profile, str)), None)
    return wrong or sorted(map(str, profiles))
