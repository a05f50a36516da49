"""What `cuda_driver_child.py` prints. Pure: text in, the loaded libcuda and what it says of itself out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reprocheck.machine.driver_values import cuda_release, parsed_object, read_value, status_of
from reprocheck.machine.nvml_answer import devices_in
from reprocheck.model.fingerprints import unread, unread_status
from reprocheck.model.json_documents import Json, entries

_NO_DEVICE = 100
# What `cuInit` may return, in words. Source: NVIDIA CUDA Driver API, CUresult; NVIDIA "CUDA Compatibility".
ERRORS: Mapping[int, tuple[str, str]] = {
    34: ("stub", "a stub of libcuda from the CUDA toolkit was loaded in the place of the driver's"),
    _NO_DEVICE: ("no-device", "CUDA sees no GPU"),
    802: ("not-ready", "the GPUs are not ready: the fabric manager of an NVSwitch machine does not run"),
    803: ("mismatch", "libcuda and the kernel module are of different releases"),
    804: ("compat", "the libcuda of cuda-compat does not run on this GPU"),
    999: ("unknown", "the driver gives no reason; after a sleep, or when `nvidia-uvm` is not loaded"),
}
_LIBRARY = re.compile(r"libcuda\.so\.(?P<version>\d{3}\.\d{1,4}(?:\.\d{1,4})?)")
_NOT_ASKED = unread("missing", "not told")


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaDriver:
    """The libcuda that this machine loads. Each part that is no text of its kind is the status of why.

    `init` is what `cuInit` returned: 0, an error code, or None where it did not return. `library` is the release of
    the file that was loaded, None where its name does not tell it; `is_compat` says that cuda-compat brought it.
    `failure` is why there is no answer at all, or no whole one.
    """

    cuda: Json = field(default_factory=lambda: _NOT_ASKED)
    devices: Json = field(default_factory=lambda: _NOT_ASKED)
    init: int | None = None
    library: str | None = None
    is_compat: bool = False
    failure: Mapping[str, Json] | None = None

    @property
    def refusal(self) -> tuple[str, str] | None:
        """Return what kind of error `cuInit` returned, and its words; None where it returned none."""
        if not self.init:
            return None
        kind, words = ERRORS.get(self.init, ("unknown", "see the CUDA Driver API, `CUresult`"))
        return kind, f"CUDA error {self.init}: {words}"

    @property
    def count(self) -> int | None:
        """Return how many devices CUDA sees, None where it did not tell."""
        if self.init == _NO_DEVICE:
            return 0
        return None if unread_status(self.devices) else len(entries(self.devices))

    @property
    def outcome(self) -> Json:
        """Return whether this source answered: True, or the status of why not."""
        refusal = self.refusal
        return unread("error", refusal[1]) if refusal else self.failure or True


def parse_cuda(text: str, failure: Mapping[str, Json] | None) -> CudaDriver:
    """Return what the child told before it ended; `failure` is the status of an end that was no good one."""
    parts = [part for part in map(parsed_object, text.splitlines()) if part is not None]
    answer = {key: value for part in parts for key, value in part.items()}
    refused = status_of(answer)
    if refused or not answer:
        return CudaDriver(failure=refused or failure or unread("error", "the CUDA child spoke no JSON object"))
    library, init = answer.get("library"), answer.get("init")
    found = _LIBRARY.fullmatch(library) if isinstance(library, str) else None
    code = init if isinstance(init, int) and not isinstance(init, bool) and 0 <= init < 10_000 else None
    return CudaDriver(
        cuda=read_value(answer, "cuda", cuda_release),
        devices=read_value(answer, "devices", devices_in),
        init=code,
        library=found["version"] if found else None,
        is_compat=answer.get("compat") is True,
        failure=failure or (unread("error", "the CUDA child did not say how `cuInit` ended") if code is None else None),
    )
