"""Laws of what the driver's tools print: whatever it is, nothing raises, and each value is of its type or a status."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.machine.cuda_answer import parse_cuda
from reprocheck.machine.driver_values import told
from reprocheck.machine.nvidia_smi import QUERY_FIELDS, complaints, parse_banner, parse_query, refused_field
from reprocheck.machine.nvml_answer import parse_nvml
from reprocheck.model.fingerprints import unread_status
from reprocheck.model.json_documents import LARGEST_SAFE_INTEGER, Json, dump_line

BANNER = "| NVIDIA-SMI 610.57.04   KMD Version: 610.57.04     CUDA UMD Version: 13.3     |\n"

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["9.0", "470.57.02", "enabled", "missing", "error", "libcuda.so.550.54.15", 12040, 803, 100, 0])
)
keys = st.sampled_from(
    [
        *("status", "detail", "driver", "cuda", "devices", "name", "memoryBytes", "computeCapability", "mig", "slices"),
        *("init", "library", "compat"),
    ]
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=25
)
lines = st.lists(documents.map(json.dumps) | st.text(max_size=60), max_size=5).map("\n".join)
cells = st.sampled_from(
    ["", "[N/A]", "N/A", "ERR!", "[Insufficient Permissions]", "NVIDIA A100", "81920", "9.0", "²", "٣"]
)
rows = st.lists((cells | st.text(max_size=20)), max_size=7).map(", ".join)
outputs = st.lists(rows | st.text(max_size=80), max_size=6).map("\n".join) | st.binary(max_size=200).map(
    lambda data: data.decode("utf-8", "replace")
)


def is_version(value: Json) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]{2,4}(\.[0-9]{1,4}){1,3}", value) is not None


def is_cuda(value: Json) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,2}", value) is not None


def assert_devices(devices: Json) -> None:
    if unread_status(devices):
        return
    assert isinstance(devices, Sequence)
    for device in devices:
        assert isinstance(device, Mapping)
        name, memory, capability = device["name"], device["memoryBytes"], device["computeCapability"]
        assert unread_status(name) or (isinstance(name, str) and 0 < len(name) <= 100 and name.isprintable())
        assert unread_status(memory) or (type(memory) is int and 0 < memory <= LARGEST_SAFE_INTEGER)
        assert unread_status(capability) or re.fullmatch(r"[0-9]{1,2}\.[0-9]", str(capability))
        assert unread_status(device["mig"]) or device["mig"] in ("enabled", "disabled")


@given(text=lines)
def test_any_answer_of_nvml_is_typed(text: str) -> None:
    answer = parse_nvml(text)
    dump_line(answer)  # raises for a float and for an integer that JSON cannot hold
    if not unread_status(answer):
        assert unread_status(answer["version"]) or is_version(answer["version"])
        assert unread_status(answer["cudaUserMax"]) or is_cuda(answer["cudaUserMax"])
        assert_devices(answer["devices"])


@given(text=lines)
def test_any_answer_of_libcuda_is_typed(text: str) -> None:
    driver = parse_cuda(text, None)
    dump_line({"cuda": driver.cuda, "devices": driver.devices, "outcome": driver.outcome})
    assert unread_status(driver.cuda) or is_cuda(driver.cuda)
    assert_devices(driver.devices)
    assert driver.init is None or 0 <= driver.init < 10_000
    assert driver.count is None or driver.count >= 0


@given(text=outputs, fields=st.sampled_from([QUERY_FIELDS, QUERY_FIELDS[:3], QUERY_FIELDS[:2]]))
def test_any_output_of_nvidia_smi_is_typed(text: str, fields: tuple[str, ...]) -> None:
    devices = parse_query(text, fields)
    head = parse_banner(text)
    dump_line({**head, "devices": list(devices)})
    assert_devices(list(devices))
    assert unread_status(head["version"]) or is_version(head["version"])
    assert unread_status(head["cudaUserMax"]) or is_cuda(head["cudaUserMax"])
    assert len(devices) + len(complaints(text, fields).splitlines()) <= len(text.splitlines()) + 1
    assert refused_field(text) is None or '"' in text


@given(end=st.integers(0, len(BANNER)))
def test_a_banner_that_is_cut_off_anywhere_tells_the_whole_number_or_none(end: int) -> None:
    head = parse_banner(BANNER[:end])
    assert unread_status(head["version"]) or head["version"] == "610.57.04"
    assert unread_status(head["cudaUserMax"]) or head["cudaUserMax"] == "13.3"


@given(text=st.text())
def test_what_is_told_of_a_message_is_one_short_line(text: str) -> None:
    assert len(told(text)) <= 200
    assert len(told(text).splitlines()) <= 1
