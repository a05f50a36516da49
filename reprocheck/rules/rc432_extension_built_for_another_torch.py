"""A binary extension was built for another torch, CUDA or Python.

What it checks.
    What the tags and pins of flash-attn, torch-scatter and its family, xformers, vllm, bitsandbytes, onnxruntime-gpu
    and the CUDA plugin of jax say, against the torch, the CUDA and the Python of the lock, or of the pins in the
    environment.yml; the pages that `--find-links` names; and the Python tag of every wheel that is given by its URL.

Why it matters.
    An extension links the C++ of one release of torch. Beside another one its import ends in an undefined symbol; for
    another CUDA major its libraries are missing, and some then compute on the CPU without a word.

Bad.
    conda-lock.yml, shortened:
      - pip linux-64 torch 2.4.0+cu121
      - pip linux-64 torch-scatter 2.1.2+pt21cu118

Good.
    conda-lock.yml, shortened:
      - pip linux-64 torch 2.4.0+cu121
      - pip linux-64 torch-scatter 2.1.2+pt24cu121

How to fix.
    Take the build whose tag names the release of torch, the CUDA and the Python of this environment.

When it stays silent.
    Another patch release of the same torch; a source distribution, which is compiled here; no tag and no pin that says
    anything; torch is not pinned; dgl, whose tags are not known well enough.

Sources.
    Dao-AILab/flash-attention#975 and #1644; wheel pages of PyTorch Geometric; METADATA of xformers and vllm;
    bitsandbytes-foundation/bitsandbytes#1559; microsoft/onnxruntime#21684; read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.extensions import (
    EXTENSIONS,
    built_for,
    cuda_class_of,
    cuda_libraries,
    packages_of_pages,
    page_for,
    pinning_packages,
    torch_pin_of,
    twin_of,
)
from reprocheck.facts.torch_companions import plain_release
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.declarations import Declaration, first_place, manager_of, platforms_of, written
from reprocheck.rules.declared_cuda import declared_claims
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.extension_fit import Beside, Misfit, misfits, wrong_python, wrong_tags
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import is_another_build, is_cpu_build, locked_claims, locked_torch, reference
from reprocheck.rules.relock_command import anew
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.torch_pins import Pinned, pinned, pinned_python, pinned_torches
from reprocheck.rules.wording import in_lock, the_lock

RULE = Rule(
    code="RC432",
    name="extension-built-for-another-torch",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_MINOR = 2  # as many numbers as a minor release has


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each extension of the lock; without a lock, of the environment file."""
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)
    elif isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts, facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    found: dict[tuple[str, str, tuple[Misfit, ...]], list[LockedPackage]] = {}
    for platform in platforms_in(facts):
        for package, objections in (*_wheels(lock, platform), *_extensions(lock, platform)):
            found.setdefault((package.name, package.version, objections), []).append(package)
    for (_, _, objections), packages in found.items():
        yield _locked_finding(facts, lock, packages, objections)


def _wheels(lock: Lock, platform: str) -> Iterator[tuple[LockedPackage, tuple[Misfit, ...]]]:
    """Yield the wheels that the locked Python cannot install."""
    python = next((numbers(one.version) for one in lock.named(platform, "python")), ())
    for package in lock.on(platform, "pip"):
        tag = wrong_python(package.url, python) or wrong_tags(package.tags, python)
        if tag:
            said = f"the wheel is for {tag}, and Python is {dotted(python[:_MINOR])}"
            yield package, (Misfit(RULE.severity, said),)


def _extensions(lock: Lock, platform: str) -> Iterator[tuple[LockedPackage, tuple[Misfit, ...]]]:
    """Yield the extensions that were built for something else."""
    for package in lock.named(platform, *EXTENSIONS):
        torch = locked_torch(lock, platform)
        objections = tuple(_objections(lock, package, _beside(lock, torch) if torch else None))
        if objections:
            yield package, objections


def _beside(lock: Lock, torch: LockedPackage) -> Beside | None:
    release = plain_release(torch.version)
    if release is None:
        return None
    claims = locked_claims(lock, torch.platform)
    cuda = claims[0].cuda if claims else () if is_cpu_build(torch) else None
    return Beside(torch=numbers(release), cuda=cuda, has_wheel=torch.manager == "pip" and not is_another_build(torch))


def _objections(lock: Lock, package: LockedPackage, beside: Beside | None) -> Iterator[Misfit]:
    """Yield what does not fit about a locked extension."""
    twin = next(iter(lock.named(package.platform, twin_of(package.name) or "")), None)
    if twin and numbers(twin.version)[:3] != numbers(package.version)[:3]:
        yield Misfit(Severity.WARNING, f"it goes with {twin.name} of the same release, and that is {twin.version}")
    if beside is None:
        return
    told = package.build or "" if package.manager == "conda" else f"{package.version} {_unquoted(package.url)}"
    built = built_for(package.name, told)
    if built:
        yield from misfits(built, beside)
    recorded = dict(package.dependencies).get("torch", "") if package.name in pinning_packages() else ""
    pin = recorded[2:].strip() if recorded.startswith("==") else torch_pin_of(package.name, package.version)
    yield from _against_pin(pin, beside.torch)
    yield from _against_libraries(package.name, package.version, beside.cuda)


def _unquoted(url: str) -> str:
    return url.replace("%2B", "+").replace("%2b", "+")


def _against_pin(pin: str | None, torch: Numbers) -> Iterator[Misfit]:
    """Yield a misfit where a release asks for another torch; another patch release may still work."""
    wanted = numbers(pin or "")
    if wanted and wanted[: len(torch)] != torch[: len(wanted)]:
        severity = RULE.severity if wanted[:_MINOR] != torch[:_MINOR] else Severity.WARNING
        yield Misfit(severity, f"it asks for torch {pin}, not {dotted(torch)}")


def _against_libraries(name: str, version: str, cuda: Numbers | None) -> Iterator[Misfit]:
    held, major = cuda_libraries(name, version), cuda_class_of(name, version)
    if held and cuda and cuda not in held:
        listed = ", ".join(map(dotted, held))
        yield Misfit(Severity.WARNING, f"it holds libraries for CUDA {listed}, and torch is for {dotted(cuda)}")
    if major and cuda and cuda[0] != major:
        yield Misfit(Severity.WARNING, f"it is built for CUDA {major}, and torch for {dotted(cuda)}")


def _locked_finding(
    facts: Facts, lock: Lock, packages: Sequence[LockedPackage], objections: Sequence[Misfit]
) -> Finding:
    first = packages[0]
    path = path_to(facts, lock, first)
    platforms = tuple(dict.fromkeys(package.platform for package in packages))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=_worst(objections),
        confidence=RULE.confidence,
        message=f"`{first.name} {first.version}` does not fit on {', '.join(platforms)}: {objections[0].said}",
        location=first_place(facts, ((first.manager, first.name),)) or lock.location_of(first),
        related=(RelatedLocation(location=lock.location_of(first), message=in_lock(lock)),),
        packages=tuple(dict.fromkeys(map(reference, packages))),
        platforms=platforms,
        evidence=tuple(one.said for one in objections),
        fix=f"take the `{first.name}` that is made for the torch, the CUDA and the Python of {_this(lock)},"
        f" and {anew(facts)}",
        paths=(path,) if len(path) > 1 else (),
    )


def _this(lock: Lock) -> str:
    return the_lock(lock).replace("the ", "this ")


def _worst(objections: Sequence[Misfit]) -> Severity:
    return min((one.severity for one in objections), key=lambda severity: severity.rank)


def _declared(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    python = pinned_python(environment)
    torches = [torch for torch in pinned_torches(environment) if len(numbers(torch.pin.version)) >= _MINOR]
    entries: tuple[Declaration, ...] = (*environment.pip, *environment.conda)
    for entry in entries:
        objections = list(_against_python(entry, python))
        torch = _torch_of(facts, environment, torches, entry) if entry.name in EXTENSIONS else None
        if torch:
            objections += _against_torch(environment, entry, torch)
        if objections:
            yield _declared_finding(entry, objections, torch[0].entry.location if torch else None)
    yield from _pages(facts, environment, torches)


def _against_python(entry: Declaration, python: Pinned | None) -> Iterator[Misfit]:
    if python and isinstance(entry, PipRequirement) and entry.kind in ("url", "path"):
        mine = numbers(python.pin.version)[:_MINOR]
        tag = wrong_python(_unquoted(entry.text), mine)
        if tag:
            yield Misfit(RULE.severity, f"the wheel is for {tag}, and Python is {dotted(mine)}")


def _torch_of(
    facts: Facts, environment: EnvironmentFile, torches: Sequence[Pinned], entry: Declaration
) -> tuple[Pinned, str] | None:
    """Return the torch that stands beside an entry, and the first platform on which both stand."""
    mine = platforms_of(entry, environment)
    for torch in torches:
        shared = mine & platforms_of(torch.entry, environment)
        platform = next((name for name in platforms_in(facts) if name in shared), None)
        if platform:
            return torch, platform
    return None


def _against_torch(environment: EnvironmentFile, entry: Declaration, torch: tuple[Pinned, str]) -> Iterator[Misfit]:
    name, beside = entry.name or "", _declared_beside(environment, *torch)
    told = entry.build or "" if isinstance(entry, CondaSpec) else _unquoted(entry.text)
    built = built_for(name, told)
    if built:
        yield from misfits(built, beside)
    found = pinned(entry)
    version = _version_of(entry)
    if version and isinstance(entry, PipRequirement):
        yield from _against_pin(torch_pin_of(name, version), beside.torch)
    if found and isinstance(entry, PipRequirement) and not _own_index(environment):
        yield from _against_libraries(name, found.pin.version, beside.cuda)


def _version_of(entry: Declaration) -> str | None:
    """Return an exactly pinned version, with what stands behind its numbers: `0.0.26.post1`."""
    specifier = entry.specifier if isinstance(entry, PipRequirement) else ""
    return specifier[2:].strip() if specifier.startswith("==") and "," not in specifier else None


def _own_index(environment: EnvironmentFile) -> bool:
    """Builds of onnxruntime-gpu for another CUDA lie under the same version on an index of their own."""
    return any(item.kind == "option" and "onnxruntime" in item.text for item in environment.pip)


def _declared_beside(environment: EnvironmentFile, torch: Pinned, platform: str) -> Beside:
    claims = declared_claims(environment, platform)
    is_cpu = isinstance(torch.entry, PipRequirement) and "+cpu" in torch.entry.specifier
    cuda = () if is_cpu or _is_cpuonly(environment) else claims[0].cuda if claims else None
    return Beside(numbers(torch.pin.version), cuda, has_wheel=torch.manager == "pip")


def _is_cpuonly(environment: EnvironmentFile) -> bool:
    return bool(environment.conda_named("cpuonly"))


def _pages(facts: Facts, environment: EnvironmentFile, torches: Sequence[Pinned]) -> Iterator[Finding]:
    """Yield a finding where no page of wheels that is named is for the pinned torch."""
    options = [item for item in environment.pip if item.kind == "option" and "/torch-" in item.text]
    pages = [(item, built) for item in options if (built := page_for(_unquoted(item.text)))]
    served = [item for item in environment.pip if item.name in packages_of_pages() and "+" not in item.specifier]
    torch = _torch_of(facts, environment, torches, served[0]) if pages and served else None
    if torch is None:
        return
    beside = _declared_beside(environment, *torch)
    told = [(item, misfits(built, beside)) for item, built in pages]
    if all(found for _, found in told):
        item, objections = told[0]
        said = [Misfit(one.severity, _of_page(one.said)) for one in objections]
        yield _declared_finding(item, said, torch[0].entry.location, served[0])


def _of_page(said: str) -> str:
    return said.replace("it is built", "the wheels of this page are built")


def _declared_finding(
    entry: Declaration, objections: Sequence[Misfit], torch: Location | None, served: Declaration | None = None
) -> Finding:
    manager = manager_of(entry)
    name = (served or entry).name or ""
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=_worst(objections),
        confidence=RULE.confidence,
        message=f"`{written(entry)}` ({manager}) does not fit: {objections[0].said}",
        location=entry.location,
        related=(RelatedLocation(location=torch, message="the torch of this file"),) if torch else (),
        packages=(PackageRef(manager=manager, name=name),),
        evidence=tuple(one.said for one in objections),
        fix="name the page of wheels for this torch and CUDA"
        if served
        else f"take the `{name}` that is made for the torch, the CUDA and the Python of this file",
    )
