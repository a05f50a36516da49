"""What `reprocheck doctor` asks, and what an answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, NamedTuple, get_args

from reprocheck.model.data_classes import dataclass
from reprocheck.model.json_documents import Json

Status = Literal["ok", "not", "unknown"]
"""It works; it does not; it could not be asked."""

STATUSES: tuple[Status, ...] = get_args(Status)


class Question(NamedTuple):
    """One line of the report: its name in options and documents, and its name for people."""

    name: str
    title: str


PRECISIONS = ("fp16", "bf16", "tf32", "fp8")
"""Those that are questions of their own."""

GPU_QUESTIONS = (
    Question("driver", "driver"),
    Question("cuda-runtime", "CUDA runtime"),
    Question("gpu-seen", "torch sees GPU"),
    Question("gpu-kernels", "GPU kernels"),
    Question("cudnn", "cuDNN"),
    Question("nccl", "NCCL"),
    Question("fp16", "AMP fp16"),
    Question("bf16", "AMP bf16"),
    Question("tf32", "TF32"),
    Question("fp8", "fp8"),
)
OTHER_QUESTIONS = (
    Question("grad-scaler", "GradScaler"),
    Question("ddp", "DDP"),
    Question("jupyter-kernel", "Jupyter kernel"),
    Question("openmp", "OpenMP"),
    Question("disk", "disk"),
    Question("shared-memory", "shared memory"),
    Question("open-files", "open files"),
)
QUESTIONS = (Question("torch", "torch"), *GPU_QUESTIONS, *OTHER_QUESTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question: what was seen, and the one thing to do where it is not ok.

    `by_design` is True where the machine is sound and of a kind that has not what was asked for: a GPU without fp8.
    `measured` holds integers and short texts: bytes, counts, versions, and speed in permille of that of fp32.
    """

    question: str
    status: Status
    detail: str
    fix: str = ""
    by_design: bool = False
    measured: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """All answers, in the order of the questions."""

    answers: tuple[Answer, ...]

    def fails_for(self, precisions: tuple[str, ...]) -> bool:
        """Say whether something does not work; what a kind of GPU lacks counts for who trains in that precision."""
        failed = (answer for answer in self.answers if answer.status == "not")
        return any(not answer.by_design or answer.question in precisions for answer in failed)

    def count(self, status: Status) -> int:
        """Return how many answers have a status."""
        return sum(answer.status == status for answer in self.answers)
