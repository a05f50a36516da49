"""Which packages count as in conflict: those of findings about a few packages of the platform."""

from __future__ import annotations

from reprocheck.graph.links import Links, Node
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, Severity
from reprocheck.model.locks import LockedPackage
from reprocheck.workflows.locked_conflicts import Conflicts


def finding(code: str, *names: str, platform: str | None = "linux-64", platforms: tuple[str, ...] = ()) -> Finding:
    return Finding(
        code=code,
        name="x",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="x",
        location=Location(path="environment.yml", line=1, column=1),
        packages=tuple(PackageRef(manager="pip", name=name, platform=platform) for name in names),
        platforms=platforms,
    )


def links(*names: str) -> Links:
    packages = {
        Node("pip", name): LockedPackage(
            name=name,
            version="1",
            manager="pip",
            platform="linux-64",
            dependencies=(),
            url="",
            md5=None,
            sha256=None,
            category="main",
            optional=False,
            build=None,
            channel=None,
            line=1,
        )
        for name in names
    }
    return Links(platform="linux-64", packages=packages, needs=dict.fromkeys(packages, ()), roots=())


def codes(*findings: Finding) -> dict[str, tuple[str, ...]]:
    told = Conflicts(findings=findings).codes(links("numpy", "torch", *(f"p{number}" for number in range(20))))
    return {node.name: found for node, found in told.items()}


def test_a_package_has_the_codes_of_all_findings_about_it() -> None:
    assert codes(finding("RC302", "torch"), finding("RC412", "Torch", "numpy"), finding("RC302", "torch")) == {
        "torch": ("RC302", "RC412"),
        "numpy": ("RC412",),
    }


def test_what_is_declared_counts_on_every_platform_that_the_finding_names() -> None:
    assert codes(finding("RC301", "torch", platform=None)) == {"torch": ("RC301",)}
    assert codes(finding("RC301", "torch", platform=None, platforms=("osx-64",))) == {}


def test_other_platforms_and_unlocked_packages_are_left_out() -> None:
    assert codes(finding("RC302", "torch", platform="osx-64"), finding("RC302", "absent")) == {}


def test_a_finding_about_very_many_packages_is_about_the_lock() -> None:
    assert len(codes(finding("RC205", *(f"p{number}" for number in range(12))))) == 12
    assert codes(finding("RC205", *(f"p{number}" for number in range(13)))) == {}
