"""The pip part against a real package index, beside conda's pytorch: no second CUDA stack, and pip takes the hashes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.locking.pip_part.pip_jobs import PipIndexes, PipJob, PipRequest, PipSolved
from reprocheck.locking.pip_part.pip_resolver import resolve_pip
from reprocheck.locking.platforms import virtual_packages
from reprocheck.readers.conda_lock_yml import read_lock
from tests.locking.local_index import requirements

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(
        os.environ.get("REPROCHECK_TEST_NETWORK") != "1", reason="asks a package index: set REPROCHECK_TEST_NETWORK=1"
    ),
]
WANTED = requirements("transformers", "accelerate", "datasets")


@pytest.fixture
def answers(tmp_path: Path, shared: Path, reprocheck: Callable[..., object]) -> dict[str, PipSolved]:
    channel = (shared / "channels" / "conda-forge").as_uri()
    dependencies = "dependencies: [python 3.11.*, pytorch, numpy]"
    (tmp_path / "environment.yml").write_text(f"name: x\nchannels: [{channel}]\n{dependencies}\n")
    done = reprocheck("lock", "-p", "linux-64", "-p", "osx-arm64", "--cuda", "12.4")
    assert (tmp_path / "conda-lock.yml").exists(), done
    lock = read_lock(tmp_path / "conda-lock.yml")
    jobs = tuple(
        PipJob(
            platform=platform,
            virtual_packages=virtual_packages(platform, "12.4"),
            requirements=WANTED,
            constraints=(),
            conda=lock.on(platform, "conda"),
        )
        for platform in ("linux-64", "osx-arm64")
    )
    request = PipRequest(jobs=jobs, indexes=PipIndexes(), folder=tmp_path, timeout_s=300)
    found = resolve_pip(request, lambda _: None)
    assert all(isinstance(answer, PipSolved) for answer in found), found
    return {answer.job.platform: answer for answer in found if isinstance(answer, PipSolved)}


def test_there_is_no_second_cuda_stack_and_pip_installs_what_is_locked(
    answers: dict[str, PipSolved], tmp_path: Path
) -> None:
    for answer in answers.values():
        names = {package.name for package in answer.packages}
        assert {"transformers", "accelerate", "datasets"} <= names
        assert not {name for name in names if name.startswith("nvidia-") or name in ("triton", "torch", "numpy")}
        assert all(package.sha256 and package.url.startswith("https://") for package in answer.packages)
        torch = dict(next(package for package in answer.packages if package.name == "accelerate").dependencies)["torch"]
        assert torch.startswith(">=")
    if sys.version_info[:2] == (3, 11) and sys.platform == "linux":
        install(answers["linux-64"], tmp_path)


def install(answer: PipSolved, folder: Path) -> None:
    lines = [f"{package.name} @ {package.url} --hash=sha256:{package.sha256}" for package in answer.packages]
    (folder / "requirements.txt").write_text("\n".join(lines))
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    pip = [str(folder / "venv" / "bin" / "pip"), "install", "--no-deps", "--require-hashes"]
    done = subprocess.run([*pip, "-r", str(folder / "requirements.txt")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
