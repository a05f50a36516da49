"""Facts for the rules: from the short notation of their pages, and from the folders of `fixtures/rules`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.locking.judging.closure import unmet_dependencies
from reprocheck.locking.judging.freshness import judge_freshness
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Audit
from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.machines import TargetMachine
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.full import render
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.registry import RULES
from reprocheck.workflows.audit import MachineRequest, find_machine
from reprocheck.workflows.gathering import Subject, gather, sources_of

NOT_ASKED = Unseen(reason="not asked for")
_PACKAGE = re.compile(
    r"^- (?P<manager>conda|pip) (?P<platform>\S+) (?P<name>\S+) (?P<version>[^\s,]+)(?: (?P<build>[^\s,]+))?"
    r"(?:, needs (?P<needs>.+?))?(?:, from (?P<url>\S+))?$"
)
_CUSTOM = re.compile(r"^- (?P<key>[a-z]+\.[a-z]+): (?P<value>\S+)$")

MakeFacts = Callable[..., Facts]


def short_lock(text: str) -> Lock:
    """Read lines such as `- conda linux-64 pytorch 2.6.0 cpu_0, needs numpy >=1.23` as a lock."""
    lines = text.splitlines()
    packages = [_package(number, line) for number, line in enumerate(lines, start=1) if _PACKAGE.match(line)]
    custom = [found.group("key", "value") for line in lines if (found := _CUSTOM.match(line))]
    assert len(packages) + len(custom) == len(lines), text
    return Lock(
        path="conda-lock.yml",
        platforms=tuple(dict.fromkeys(package.platform for package in packages)),
        channels=(),
        content_hash=(),
        sources=("environment.yml",),
        custom_metadata=tuple((str(key), str(value)) for key, value in custom),
        packages=tuple(packages),
    )


def _package(line: int, text: str) -> LockedPackage:
    found = _PACKAGE.match(text)
    assert found
    needs = [tuple((*need.split(" ", 1), "")[:2]) for need in (found["needs"] or "").split(", ") if need]
    stem = f"{found['name']}-{found['version']}"
    return LockedPackage(
        name=found["name"],
        version=found["version"],
        manager="conda" if found["manager"] == "conda" else "pip",
        platform=found["platform"],
        dependencies=tuple((name, constraint) for name, constraint in needs),
        url=found["url"] or f"https://packages.invalid/{found['platform']}/{stem}-{found['build'] or 0}.conda",
        md5="0" * 32,
        sha256="0" * 64,
        category="main",
        optional=False,
        build=found["build"],
        channel=None,
        line=line,
    )


@pytest.fixture
def make_facts() -> MakeFacts:
    """Return facts from an environment text, a short lock and `--driver`/`--gpu` options, each of them optional."""

    def make(
        environment: str | None = None,
        lock: str | None = None,
        *,
        machine: str = "",
        lock_absent: bool = False,
        platforms: tuple[str, ...] = (),
    ) -> Facts:
        file = parse_environment(environment.encode(), "environment.yml") if environment is not None else NOT_ASKED
        locked = short_lock(lock) if lock is not None else Unseen(reason="not asked for", absent=lock_absent)
        return Facts(
            environment=file,
            lock=locked,
            lock_path="conda-lock.yml",
            freshness=_freshness(file, locked),
            machine=_machine(machine),
            names=load_name_map(),
            unmet=() if isinstance(locked, Unseen) else unmet_dependencies(locked),
            platforms=platforms,
        )

    return make


def _freshness(environment: EnvironmentFile | Unseen, lock: Lock | Unseen) -> Freshness | Unseen:
    if isinstance(environment, Unseen) or isinstance(lock, Unseen):
        return NOT_ASKED
    return judge_freshness(environment, lock)


def _machine(options: str) -> TargetMachine | Unseen:
    words = shlex.split(options)
    pairs = list(zip(words[::2], words[1::2], strict=True))
    if not pairs:
        return NOT_ASKED
    driver = next((value for option, value in pairs if option == "--driver"), None)
    return find_machine(MachineRequest(driver=driver, gpus=tuple(v for o, v in pairs if o == "--gpu")))


@pytest.fixture
def audit_case(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], tuple[Audit, str]]:
    """Return the audit of one case of `fixtures/rules` by one rule, and its report as `reprocheck audit` prints it."""

    def audit(case: Path, code: str) -> tuple[Audit, str]:
        folder = case if case.is_dir() else case.parent
        monkeypatch.chdir(folder)
        environment = Path("environment.yml" if case.is_dir() else case.name)
        options = folder / "options.txt"
        facts = gather(
            Subject(
                environment=environment if environment.exists() else None,
                lock=Path("conda-lock.yml"),
                lock_is_named=True,
            ),
            _machine(options.read_text() if options.exists() else ""),
            (),
        )
        found = run_rules(facts, RULES, Selection(select=(code,)))
        return found, render(AuditReport(audit=found, tool_version="0", sources=sources_of(facts)))

    return audit
