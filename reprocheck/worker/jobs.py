"""The jobs that the worker knows, by name. torch is imported inside a job, so that its absence can be told."""

from __future__ import annotations

from typing import Any, Callable, Dict

from .lines import Emit


def _describe(job: Dict[str, Any], emit: Emit) -> None:
    from .describe import describe

    describe(job, emit)


def _train(job: Dict[str, Any], emit: Emit) -> None:
    from .train import train

    train(job, emit)


def _replay(job: Dict[str, Any], emit: Emit) -> None:
    from .train import replay

    replay(job, emit)


def _doctor(job: Dict[str, Any], emit: Emit) -> None:
    from .doctor import doctor

    doctor(job, emit)


def _doctor_ddp(job: Dict[str, Any], emit: Emit) -> None:
    from .doctor_ddp import doctor_ddp

    doctor_ddp(job, emit)


def _measure(job: Dict[str, Any], emit: Emit) -> None:
    from .measuring import measure

    measure(job, emit)


def _probe(job: Dict[str, Any], emit: Emit) -> None:
    from .probing import probe

    probe(job, emit)


def _fleet(job: Dict[str, Any], emit: Emit) -> None:
    from .fleet import fleet

    fleet(job, emit)


def _trees(job: Dict[str, Any], emit: Emit) -> None:
    from .trees.job import trees

    trees(job, emit)


def _arithmetic(job: Dict[str, Any], emit: Emit) -> None:
    from .arithmetic.job import arithmetic

    arithmetic(job, emit)


JOBS: Dict[str, Callable[[Dict[str, Any], Emit], None]] = {
    "arithmetic": _arithmetic,
    "describe": _describe,
    "doctor": _doctor,
    "doctor-ddp": _doctor_ddp,
    "fleet": _fleet,
    "measure": _measure,
    "probe": _probe,
    "replay": _replay,
    "train": _train,
    "trees": _trees,
}
