"""What the child that asks libcuda printed: typed values, words for each error, and the status of what is missing."""

from __future__ import annotations

import pytest

from reprocheck.machine.cuda_answer import CudaDriver, parse_cuda
from reprocheck.model.fingerprints import unread

UNTOLD = {"status": "missing", "detail": "not told"}


def test_a_child_that_found_no_libcuda_is_missing() -> None:
    missing = unread("missing", "there is no libcuda")
    assert parse_cuda('{"status": "missing", "detail": "there is no libcuda"}\n', None) == CudaDriver(failure=missing)


@pytest.mark.parametrize("text", ["", "hello\n", "[]\n", "{\n", "[" * 100_000])
def test_a_child_that_speaks_no_json_is_an_error(text: str) -> None:
    error = unread("error", "the CUDA child spoke no JSON object")
    assert parse_cuda(text, None) == CudaDriver(failure=error)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (34, "stub", "a stub of libcuda from the CUDA toolkit was loaded in the place of the driver's"),
        (100, "no-device", "CUDA sees no GPU"),
        (802, "not-ready", "the GPUs are not ready: the fabric manager of an NVSwitch machine does not run"),
        (803, "mismatch", "libcuda and the kernel module are of different releases"),
        (804, "compat", "the libcuda of cuda-compat does not run on this GPU"),
        (999, "unknown", "the driver gives no reason; after a sleep, or when `nvidia-uvm` is not loaded"),
        (304, "unknown", "see the CUDA Driver API, `CUresult`"),
    ],
)
def test_each_error_has_words(code: int, kind: str, words: str) -> None:
    driver = parse_cuda(f'{{"cuda": 12020}}\n{{"init": {code}}}\n', None)
    assert driver.refusal == (kind, f"CUDA error {code}: {words}")
    assert driver.outcome == {"status": "error", "detail": f"CUDA error {code}: {words}"}
    assert driver.cuda == "12.2"


def test_no_device_is_a_count_of_none_and_an_unread_list_is_no_count() -> None:
    assert parse_cuda('{"init": 100}', None).count == 0
    assert parse_cuda('{"init": 0}', None).count is None
    assert parse_cuda('{"init": 0, "devices": []}', None).count == 0


@pytest.mark.parametrize("init", ['"0"', "true", "-1", "1e3", "99999999999", "null", "[]"])
def test_a_code_that_is_none_is_no_good_start(init: str) -> None:
    driver = parse_cuda(f'{{"init": {init}}}', None)
    assert driver.init is None
    assert driver.outcome == {"status": "error", "detail": "the CUDA child did not say how `cuInit` ended"}


@pytest.mark.parametrize("cuda", ["0", "12", "1e4", '"12.4"', "123456", "true"])
def test_a_version_that_is_none_is_an_error(cuda: str) -> None:
    driver = parse_cuda(f'{{"cuda": {cuda}, "init": 0}}', None)
    assert driver.cuda == {"status": "error", "detail": "the CUDA version is none"}


@pytest.mark.parametrize("library", ['"libcuda.so.1.1"', '"../libcuda.so.550.54.15"', "7", "null"])
def test_a_file_name_that_tells_no_release_is_none(library: str) -> None:
    assert parse_cuda(f'{{"library": {library}, "init": 0}}', None).library is None


def test_the_end_of_the_child_is_told_where_it_was_no_good_one() -> None:
    late = unread("timeout", "no answer within 8 s")
    driver = parse_cuda('{"cuda": 12040, "library": "libcuda.so.550.54.15", "compat": false}\n', late)
    assert driver == CudaDriver(cuda="12.4", library="550.54.15", failure=late)
    assert driver.devices == UNTOLD
