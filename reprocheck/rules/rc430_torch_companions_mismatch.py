"""torchvision, torchaudio, torchtext or Python do not fit this torch.

What it checks.
    torchvision, torchaudio and torchtext against torch, in the lock and in the pins of the environment.yml: the
    releases that are made for each other, the CUDA of their `+cuNNN` labels, torchtext beside a torch after 2.3; and
    whether wheels of the pinned torch exist for the pinned Python.

Why it matters.
    These packages are compiled against one release of torch. Beside another one the import ends in
    "operator torchvision::nms does not exist" or an undefined symbol, or pip puts a second torch over the first.

Bad.
    dependencies:
      - python=3.11
      - pip:
          - torch==2.4.1
          - torchvision==0.18.0

Good.
    dependencies:
      - python=3.11
      - pip
      - pip:
          - torch==2.4.1
          - torchvision==0.19.1

How to fix.
    Take the set that was released together, from one index. Drop torchtext, which ended at 0.18.0, or stay at
    torch 2.3.

When it stays silent.
    A release is newer than the table, or no final one; torchvision from 0.29.2 and torchaudio 2.11.0, which are tied
    to no torch; conda packages of a lock, whose `depends` the solver met (RC205); conda packages of neighbouring minor
    releases, since conda-forge builds those for each other; a range in the environment.yml.

Sources.
    METADATA of the wheels and `depends` of the pytorch channel; pytorch/vision#8985, pytorch/text#2272,
    pytorch/audio#4226 (only another CUDA major stops the import), read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted, numbers
from reprocheck.facts.torch_companions import (
    COMPANIONS,
    LAST_TORCH_WITH_TEXT,
    minors,
    padded,
    pairs_of,
    plain_release,
    pythons_of,
)
from reprocheck.facts.torch_wheels import pypi_cuda
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Edit, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.cuda_carriers import CONDA_LIBTORCHES
from reprocheck.rules.cuda_claims import label_in
from reprocheck.rules.declarations import first_place, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import is_another_build, reference
from reprocheck.rules.mends import raw_text, replacement
from reprocheck.rules.relock_command import anew
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.torch_pins import CONDA_TORCHES, Pinned, meet, pinned_named, pinned_python, pinned_torches
from reprocheck.rules.wording import in_lock

RULE = Rule(
    code="RC430",
    name="torch-companions-mismatch",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_ENDED = "torchtext ended at 0.18.0, which is built for torch 2.3"
_NEIGHBOURS = 1  # minor releases between which conda-forge builds torchvision for an older torch


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what does not fit in the lock; without a lock, in the pins of the environment file."""
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)
    elif isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts.environment)


def _declared(environment: EnvironmentFile) -> Iterator[Finding]:
    torches = pinned_torches(environment)
    for companion in pinned_named(environment, conda=COMPANIONS, pip=COMPANIONS):
        own_first = sorted(torches, key=lambda one: one.manager != companion.manager)
        torch = next((one for one in own_first if meet(one.entry, companion.entry, environment)), None)
        if torch:
            yield from _pair(environment, torch, companion)
    python = pinned_python(environment)
    for torch in torches:
        if python and isinstance(torch.entry, PipRequirement) and meet(torch.entry, python.entry, environment):
            yield from _no_wheel(torch, python)
    yield from _open_text(environment, torches)


def _pair(environment: EnvironmentFile, torch: Pinned, companion: Pinned) -> Iterator[Finding]:
    """Yield a finding where no release that one pin leaves goes with one that the other leaves."""
    name = companion.entry.name or ""
    tied = [pair for pair in pairs_of(name) if companion.admits(pair[1])]
    last_text = name == "torchtext" and companion.manager == "pip" and _after_text(torch.pin.version)
    fits = any(torch.admits(pair[0]) for pair in tied)
    label = _label(torch)
    if last_text or (tied and not fits and _is_known(torch)):
        severity = RULE.severity if companion.manager == "pip" else _of_conda(torch, [pair[0] for pair in tied])
        why = _ENDED if last_text else f"{name} {dotted(tied[0][1])} is made for torch {dotted(tied[0][0])}"
        if severity:
            yield _declared_finding(environment, (torch, companion), severity, why, _instead(torch, companion))
    elif label and _label(companion) not in (None, label):
        why = "the labels `+cuNNN` and `+cpu` name the CUDA that a wheel was built with"
        yield _declared_finding(environment, (torch, companion), RULE.severity, why, f"{companion.pin.version}+{label}")


def _is_known(torch: Pinned) -> bool:
    minor = numbers(torch.pin.version)[:2]
    return any(known[: len(minor)] == minor for known in minors())


def _after_text(torch: str) -> bool:
    return LAST_TORCH_WITH_TEXT < numbers(torch)[:2] <= minors()[-1]


def _of_conda(torch: Pinned, tied: list[tuple[int, ...]]) -> Severity | None:
    """A conda pair that nobody builds has no solution, which conda tells by itself, at length; beside pip's it has."""
    order = minors()
    mine = [order.index(minor) for minor in order if torch.admits((*minor, 0)) or torch.admits((*minor, 1))]
    theirs = [order.index(release[:2]) for release in tied]
    gap = min((abs(one - other) for one in mine for other in theirs), default=0)
    if gap <= _NEIGHBOURS:
        return None
    return RULE.severity if torch.manager == "pip" else Severity.WARNING


def _label(found: Pinned) -> str | None:
    """Return `cu118` or `cpu`, None without a label and for one that says nothing of CUDA."""
    written_label = found.entry.specifier.partition("+")[2] if isinstance(found.entry, PipRequirement) else ""
    return written_label if written_label == "cpu" or label_in(f"+{written_label}") else None


def _declared_finding(
    environment: EnvironmentFile, pair: tuple[Pinned, Pinned], severity: Severity, why: str, instead: str | None
) -> Finding:
    torch, companion = pair
    name = companion.entry.name or ""
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence if severity is RULE.severity else Confidence.MEDIUM,
        message=f"`{written(companion.entry)}` ({companion.manager}) does not go with"
        f" `{written(torch.entry)}` ({torch.manager})",
        location=companion.entry.location,
        related=(RelatedLocation(location=torch.entry.location, message="the torch of this file"),),
        packages=(
            PackageRef(manager=companion.manager, name=name, version=companion.pin.version),
            PackageRef(manager=torch.manager, name=torch.entry.name or "", version=torch.pin.version),
        ),
        evidence=(why,),
        fix=f"take `{name}` {instead}, or the torch that {name} {companion.pin.version} is made for"
        if instead
        else f"remove `{name}`, or take a torch that it is made for",
        edits=_edits(environment, companion, instead),
    )


def _instead(torch: Pinned, companion: Pinned) -> str | None:
    """Return the newest release of a companion that goes with the pinned torch, with the label of that torch."""
    fitting = [pair[1] for pair in pairs_of(companion.entry.name or "") if torch.admits(pair[0])]
    label = _label(torch) if _label(companion) else None
    return f"{dotted(fitting[-1])}{f'+{label}' if label else ''}" if fitting else None


def _edits(environment: EnvironmentFile, companion: Pinned, instead: str | None) -> tuple[Edit, ...]:
    """Put the fitting release into the line; another release is another environment, so never a safe mend."""
    entry, label = companion.entry, _label(companion)
    # A URL names a file of its own.
    if instead is None or (isinstance(entry, PipRequirement) and entry.kind != "requirement"):
        return ()
    old = f"{companion.pin.version}{f'+{label}' if label else ''}"
    return replacement(environment, entry, raw_text(entry).replace(old, instead, 1), safe=False)


def _no_wheel(torch: Pinned, python: Pinned) -> Iterator[Finding]:
    """Yield a finding where the index holds no wheel of the pinned torch for the pinned Python."""
    wanted = numbers(torch.pin.version)
    range_ = pythons_of(wanted) if torch.pin.exact else None
    minor = numbers(python.pin.version)[:2]
    if range_ is None or range_[0] <= minor <= range_[1]:
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"there is no wheel of `{written(torch.entry)}` for Python {dotted(minor)}",
        location=torch.entry.location,
        related=(RelatedLocation(location=python.entry.location, message="the Python of this file"),),
        packages=(
            PackageRef(manager="pip", name="torch", version=torch.pin.version),
            PackageRef(manager="conda", name="python", version=python.pin.version),
        ),
        evidence=(f"wheels of torch {torch.pin.version} are for Python {dotted(range_[0])} to {dotted(range_[1])}",),
        fix=f"ask for `python={dotted(min(max(minor, range_[0]), range_[1]))}`, or for another torch",
    )


def _open_text(environment: EnvironmentFile, torches: tuple[Pinned, ...]) -> Iterator[Finding]:
    """Yield a finding where nothing keeps pip from taking the newest torch beside the last torchtext."""
    text = next((item for item in environment.pip if item.name == "torchtext" and item.kind == "requirement"), None)
    torch = next((item for item in environment.pip if item.name == "torch" and item.kind == "requirement"), None)
    held = torches or any(environment.conda_named(name) for name in CONDA_TORCHES)
    if text is None or torch is None or held or text.specifier.startswith("==") or not _is_open(torch.specifier):
        return
    if any(pinned_named(environment, conda=(), pip=("torchvision", "torchaudio"))):
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        message=f"`{written(torch)}` lets pip take a torch that `{written(text)}` does not go with",
        location=text.location,
        related=(RelatedLocation(location=torch.location, message="nothing holds torch at 2.3"),),
        packages=(PackageRef(manager="pip", name="torchtext"), PackageRef(manager="pip", name="torch")),
        evidence=(_ENDED,),
        fix="remove `torchtext`, or pin `torch==2.3.1` and `torchtext==0.18.0`",
    )


def _is_open(specifier: str) -> bool:
    """Say whether a constraint has no upper bound: only `>=` and `!=`, or nothing."""
    return all(part.strip()[:2] in ("", ">=", "!=") or part.strip()[:1] == ">" for part in specifier.split(","))


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    found: dict[tuple[str, str, str, str], list[tuple[LockedPackage, LockedPackage]]] = {}
    why: dict[tuple[str, str, str, str], str] = {}
    for platform in platforms_in(facts):
        torches = lock.named(platform, "torch", *CONDA_LIBTORCHES)
        for companion in lock.named(platform, *COMPANIONS) if torches else ():
            reason = _objection(torches[0], companion) if companion.manager == "pip" else None
            if reason:
                key = (companion.name, companion.version, torches[0].name, torches[0].version)
                why.setdefault(key, reason)
                found.setdefault(key, []).append((companion, torches[0]))
    for key, pairs in found.items():
        yield _locked_finding(facts, lock, pairs, why[key])


def _objection(torch: LockedPackage, companion: LockedPackage) -> str | None:
    """Return why two locked packages do not go together, None where they do or nobody knows."""
    release = plain_release(torch.version)
    if release is None:
        return None
    if companion.name == "torchtext" and _after_text(release):
        return _ENDED
    recorded = dict(companion.dependencies).get("torch", "")
    public = plain_release(companion.version)
    tied = [pair[0] for pair in pairs_of(companion.name) if public and pair[1] == padded(numbers(public))]
    if recorded.startswith("==") and (wanted := plain_release(recorded[2:].strip())):
        tied = [padded(numbers(wanted))]
    if tied and padded(numbers(release)) not in tied and numbers(release)[:2] <= minors()[-1]:
        return f"{companion.name} {companion.version} is made for torch {dotted(tied[0])}"
    return _cuda_clash(torch, companion)


def _cuda_clash(torch: LockedPackage, companion: LockedPackage) -> str | None:
    """Return why the import would stop: the two wheels are for different CUDA majors, or one of them for none."""
    mine, theirs = _cuda_of(torch, torch), _cuda_of(companion, torch)
    if not mine or not theirs or mine.partition(".")[0] == theirs.partition(".")[0]:
        return None
    other = f"{companion.name} {companion.version} with {_named(theirs)}"
    return f"torch {torch.version} is built with {_named(mine)}, {other}"


def _cuda_of(package: LockedPackage, torch: LockedPackage) -> str:
    """Return the CUDA of a wheel, `none` for a CPU wheel, empty where it is not told."""
    if package.manager != "pip":
        return ""
    if package.cuda is not None:
        return dotted(numbers(package.cuda)) if package.cuda else "none"
    told = f"{package.version} {package.url}".replace("%2B", "+")
    label = label_in(told)
    if label:
        return dotted(label)
    if "+" in told:
        return "none" if "+cpu" in told else ""
    # torchaudio and torchtext of PyPI hold no CUDA that the import compares.
    release, compares = torch.version.partition("+")[0], package.name in ("torch", "torchvision")
    default = pypi_cuda(release, torch.platform) if compares and not is_another_build(torch) else None
    return dotted(default) if default else ""


def _named(cuda: str) -> str:
    return "no CUDA" if cuda == "none" else f"CUDA {cuda}"


def _locked_finding(facts: Facts, lock: Lock, pairs: list[tuple[LockedPackage, LockedPackage]], why: str) -> Finding:
    companion, torch = pairs[0]
    platforms = tuple(dict.fromkeys(one.platform for one, _ in pairs))
    path = path_to(facts, lock, companion)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{companion.name} {companion.version}` does not go with `{torch.name} {torch.version}`"
        f" on {', '.join(platforms)}",
        location=first_place(facts, (("pip", companion.name),)) or lock.location_of(companion),
        related=(
            RelatedLocation(location=lock.location_of(companion), message=in_lock(lock, companion.name)),
            RelatedLocation(location=lock.location_of(torch), message=in_lock(lock, "torch")),
        ),
        packages=tuple(dict.fromkeys(reference(package) for pair in pairs for package in pair)),
        platforms=platforms,
        evidence=(why,),
        fix=_locked_fix(facts, torch, companion),
        paths=(path,) if len(path) > 1 else (),
    )


def _locked_fix(facts: Facts, torch: LockedPackage, companion: LockedPackage) -> str:
    release, _, label = torch.version.partition("+")
    fitting = [pair[1] for pair in pairs_of(companion.name) if pair[0] == padded(numbers(release))]
    if not fitting or companion.name == "torchtext":
        return f"leave `{companion.name}` out, or take a torch that it is made for, and {anew(facts)}"
    wanted = f"{companion.name}=={dotted(fitting[-1])}{f'+{label}' if label else ''}"
    return f"ask for `{wanted}`, from the index of torch, and {anew(facts)}"
