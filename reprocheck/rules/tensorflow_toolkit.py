"""TensorFlow's wheels against the CUDA toolkit that conda is told to install for them.

TensorFlow loads the toolkit by the names of its libraries: up to CUDA 10 they carry the minor release, from 11 on one
minor release does for the other. Where they are not found it says so in its log and computes on the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.tensorflow_cuda import GPU_WHEELS, tensorflow_cuda
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Severity
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.cuda_claims import agree
from reprocheck.rules.cuda_matrix import Objection
from reprocheck.rules.declarations import platforms_of, written
from reprocheck.rules.declared_cuda import pinned_numbers

_TOOLKIT = "cudatoolkit"
_LAST_TOOLKIT = 11
_LAST_WITH_MINOR_IN_NAMES = 10
_BRING_TENSORFLOW = ("tensorflow", "keras")
_PIP_RUNTIME = "nvidia-cuda-runtime"  # with these wheels the toolkit may be there for something else
# What else may need the toolkit, so that it is there for that, and TensorFlow is left to the CPU on purpose.
_OTHER_USERS = ("pytorch", "torchvision", "cupy", "numba", "mxnet", "jaxlib", "paddlepaddle-gpu", "onnxruntime-gpu")


def toolkit_objections(environment: EnvironmentFile, platform: str) -> Iterator[Objection]:
    """Yield a `cudatoolkit` that the pinned TensorFlow of pip was not built for; none where conda has TensorFlow."""
    if not any(line.name in GPU_WHEELS for line in environment.pip) or not environment.conda_named(_TOOLKIT):
        return
    if any(spec.name.startswith(_BRING_TENSORFLOW) for spec in environment.conda):
        return
    if any((line.name or "").startswith(_PIP_RUNTIME) for line in environment.pip):
        return
    toolkits = [spec for spec in environment.conda_named(_TOOLKIT) if platform in platforms_of(spec, environment)]
    wheels = [(line, _cuda_of(line)) for line in environment.pip if platform in platforms_of(line, environment)]
    for spec in toolkits:
        have = pinned_numbers(spec.version)[:2]
        for line, built in wheels:
            if have and built and not _loads(built, have):
                yield _objection(environment, spec, line, built)
                break


def _cuda_of(line: PipRequirement) -> Numbers | None:
    pin = pin_of(line.specifier) if line.name in GPU_WHEELS and not line.extras else None
    return tensorflow_cuda(line.name or "", numbers(pin.version)) if pin else None


def _loads(built: Numbers, have: Numbers) -> bool:
    """Say whether a wheel built for one CUDA finds its libraries in another."""
    return agree(built, have) if built[0] <= _LAST_WITH_MINOR_IN_NAMES else built[0] == have[0]


def _objection(environment: EnvironmentFile, spec: CondaSpec, line: PipRequirement, built: Numbers) -> Objection:
    # Which releases of plain `tensorflow` hold the GPU build is not in the table, so they are no error.
    certain = line.name == "tensorflow-gpu" and pinned_numbers(spec.version)[0] != built[0]
    severity = Severity.ERROR if certain else Severity.WARNING
    return Objection(
        entry=spec,
        others=(line,),
        severity=Severity.INFO if any(map(environment.conda_named, _OTHER_USERS)) else severity,
        message=f"`{written(line)}` is built for CUDA {dotted(built)}, not for that of `{written(spec)}`:"
        " it computes on the CPU",
        why=f"TensorFlow's tested build configurations name CUDA {dotted(built)} for this release",
        fix=f"{_instead(line, built)}, or take tensorflow from conda as well",
    )


def _instead(line: PipRequirement, built: Numbers) -> str:
    """Say what brings the CUDA of a wheel: the toolkit ends with 11, where the extra begins."""
    if built[0] > _LAST_TOOLKIT:
        return f"write `tensorflow[and-cuda]{line.specifier}`, which brings its CUDA, and drop `{_TOOLKIT}`"
    return f"write `{_TOOLKIT}={dotted((*built, 0)[:2])}`"
