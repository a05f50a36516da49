"""Facts for the rules: from the short notation of their pages, and from the folders of `fixtures/rules`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.locking.judging.closure import unmet_dependencies
from reprocheck.locking.judging.freshness import judge_freshness
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Audit
from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.machines import NodeStack, TargetMachine
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.full import render
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import taken_over
from reprocheck.rules.registry import RULES
from reprocheck.workflows.audit import MachineRequest, find_machine
from reprocheck.workflows.gathering import Subject, gather, sources_of
from reprocheck.workflows.installed_lock import unmet_in
from tests.rules.short_prefix import short_prefix
from tests.rules.short_switches import short_switches

NOT_ASKED = Unseen(reason="not asked for")
_PACKAGE = re.compile(
    r"^- (?P<manager>conda|pip) (?P<platform>\S+) (?P<name>\S+) (?P<version>[^\s,]+)(?: (?P<build>[^\s,]+))?"
    r"(?:, needs (?P<needs>.+?))?(?:, from (?P<url>\S+))?(?:, hashed by (?P<hash>md5))?$"
)
_SEEN = re.compile(
    r"(glibc|driver part|LD_LIBRARY_PATH|precision|node|cuda max|compat libcuda|refusal|"
    r"switches|switch|unread|probe|canary|relation|gpu|told) (.+)"
)
_OF_THE_MACHINE = {"glibc", "driver part", "LD_LIBRARY_PATH", "cuda max", "compat libcuda", "refusal"}
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
        sha256=None if found["hash"] else "0" * 64,
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
        seen: str = "",
        prefix: str | None = None,
    ) -> Facts:
        file = parse_environment(environment.encode(), "environment.yml") if environment is not None else NOT_ASKED
        locked = short_lock(lock) if lock is not None else Unseen(reason="not asked for", absent=lock_absent)
        target, precision, nodes = described(machine.replace("--expect-gpu", ""), seen)
        installed, inspection = (NOT_ASKED, NOT_ASKED) if prefix is None else short_prefix(prefix)
        facts = Facts(
            environment=file,
            lock=locked,
            lock_path="conda-lock.yml",
            freshness=_freshness(file, locked),
            machine=target,
            precision=precision,
            nodes=nodes,
            names=load_name_map(),
            unmet=() if isinstance(locked, Unseen) else unmet_dependencies(locked),
            platforms=platforms,
            prefix=installed,
            inspection=inspection,
            switches=short_switches(seen) or NOT_ASKED,
            expects_gpu="--expect-gpu" in machine,
        )
        return with_unmet(facts)

    return make


def with_unmet(facts: Facts) -> Facts:
    """Return the facts with what the packages of an installed environment lack, as `audit` gathers it."""
    if isinstance(facts.prefix, Unseen):
        return facts
    return replace(facts, installed_unmet=unmet_in(facts.prefix, taken_over(facts), facts.names))


def _freshness(environment: EnvironmentFile | Unseen, lock: Lock | Unseen) -> Freshness | Unseen:
    if isinstance(environment, Unseen) or isinstance(lock, Unseen):
        return NOT_ASKED
    return judge_freshness(environment, lock)


def described(
    options: str, seen: str
) -> tuple[TargetMachine | Unseen, tuple[str, ...] | Unseen, tuple[NodeStack, ...] | Unseen]:
    """Return the machine, the precision of the training and the other nodes from `--driver`/`--gpu` words and lines.

    The lines of `seen` begin with what they tell: `glibc 2.17`, `driver part kernel module 535.54.03`, `LD_LIBRARY_PATH
    libcudart.so.12`, `precision bf16`, `node b.json nccl=2.21.5 cuda=12.4`, `cuda max 12.4`, `compat libcuda
    550.54.15`, `refusal mismatch CUDA error 803: …`. What tells of switches is read by `short_switches`.
    """
    target = _machine(options)
    told: dict[str, list[str]] = {}
    for line in seen.splitlines():
        kind, rest = _SEEN.fullmatch(line.strip()).groups()  # type: ignore[union-attr]  # a typo may stop the test
        told.setdefault(kind, []).append(rest)
    if _OF_THE_MACHINE & set(told):
        base = TargetMachine(driver_version=None, gpus=(), source="this machine")
        target = replace(
            base if isinstance(target, Unseen) else target,
            glibc=told.get("glibc", [None])[0],
            driver_parts=tuple((part, version) for part, _, version in map(_last_word, told.get("driver part", []))),
            shadowing=tuple(("LD_LIBRARY_PATH", name) for name in told.get("LD_LIBRARY_PATH", [])),
            cuda_max=told.get("cuda max", [None])[0],
            compat_libcuda=told.get("compat libcuda", [None])[0],
            refusals=tuple(
                (kind, words) for kind, _, words in (text.partition(" ") for text in told.get("refusal", []))
            ),
        )
    nodes = tuple(_node(text) for text in told.get("node", []))
    return target, tuple(told.get("precision", [])) or NOT_ASKED, nodes or NOT_ASKED


def _last_word(text: str) -> tuple[str, str, str]:
    return text.rpartition(" ")


def _node(text: str) -> NodeStack:
    source, *pairs = text.split()
    return NodeStack(
        source=source, components=tuple((name, value) for name, _, value in (p.partition("=") for p in pairs))
    )


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
            NOT_ASKED,
            (),
        )
        words, _, seen = (options.read_text() if options.exists() else "").partition("\n")
        target, precision, nodes = described(words.replace("--expect-gpu", ""), seen)
        expects_gpu = "--expect-gpu" in words
        facts = replace(facts, machine=target, precision=precision, nodes=nodes, expects_gpu=expects_gpu)
        facts = replace(facts, switches=short_switches(seen) or NOT_ASKED)
        if (folder / "prefix.txt").exists():
            prefix, inspection = short_prefix((folder / "prefix.txt").read_text())
            facts = with_unmet(replace(facts, prefix=prefix, inspection=inspection))
        found = run_rules(facts, RULES, Selection(select=(code,)))
        return found, render(AuditReport(audit=found, tool_version="0", sources=sources_of(facts)))

    return audit
