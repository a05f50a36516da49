"""Environments, locks and the two tiny channels that the locking tests share."""

from __future__ import annotations

import functools
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import LockedPackage
from reprocheck.readers.environment_yml import parse_environment

if TYPE_CHECKING:
    from tests.locking.channel_server import ChannelServer

with warnings.catch_warnings():
    # conda-lock's import warns about its own parts and about Python; nothing of ours is meant.
    warnings.simplefilter("ignore")
    import conda_lock  # noqa: F401

CHANNELS = Path(__file__).resolve().parents[2] / "fixtures" / "channels"


@pytest.fixture(scope="session", autouse=True)
def _let_rattler_come_to_rest() -> Iterator[None]:
    """py-rattler 0.28 may crash when the interpreter ends right after a solve; a short rest prevents it."""
    yield
    time.sleep(0.3)


@pytest.fixture
def channels() -> Path:
    """Return the folder of the channels `high` and `low`."""
    return CHANNELS


@pytest.fixture
def environment() -> Callable[..., EnvironmentFile]:
    """Make an environment of dependency lines, with more top-level YAML if asked."""

    def make(*dependencies: str, head: str = "channels: [conda-forge]") -> EnvironmentFile:
        listed = "".join(f"- {line}\n" for line in dependencies)
        return parse_environment(f"{head}\ndependencies:\n{listed}".encode(), "environment.yml")

    return make


@pytest.fixture
def package() -> Callable[..., LockedPackage]:
    """Make a locked conda package out of what matters to a test."""

    def make(name: str, version: str = "1.0", platform: str = "linux-64", **more: object) -> LockedPackage:
        build = more.pop("build", "0")
        fields: dict[str, object] = {
            "manager": "conda",
            "dependencies": (),
            "url": f"https://conda.anaconda.org/conda-forge/{platform}/{name}-{version}-{build}.conda",
            "md5": "0" * 32,
            "sha256": "f" * 64,
            "category": "main",
            "optional": False,
            "build": build,
            "channel": "conda-forge",
            "line": 0,
            **more,
        }
        return LockedPackage(name=name, version=version, platform=platform, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def write_channel() -> Callable[..., Path]:
    """Return `write_channel` of channel_server.py."""
    made: Callable[..., Path] = _channel_server().write_channel
    return made


@pytest.fixture
def serving() -> Callable[[Path], AbstractContextManager[ChannelServer]]:
    """Return `serving` of channel_server.py."""
    made: Callable[[Path], AbstractContextManager[ChannelServer]] = _channel_server().serving
    return made


@functools.cache
def _channel_server() -> ModuleType:
    """Load the module beside this one: tests are no package, so nothing can be imported by name."""
    name = "reprocheck_tests_channel_server"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("channel_server.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
