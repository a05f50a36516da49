"""Who brings in whom comes from uv's comments, on one line or on several."""

from __future__ import annotations

from reprocheck.locking.pip_part.pip_edges import ChosenProject, read_chosen, read_dependencies
from reprocheck.locking.pip_part.uv_log import Demand

ANNOTATED = """\
alpha==1.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11
    # via -r requirements.in
beta_x[extra]==2.0+cu1 ; os_name == 'posix' \\
    --hash=sha256:22
    # via
    #   -c constraints.in
    #   alpha
    #   gamma
gamma @ git+https://host.invalid/gamma.git@0123
    # via alpha
"""


def test_chosen_projects_have_versions_and_parents_that_are_packages() -> None:
    assert read_chosen(ANNOTATED) == (
        ChosenProject(name="alpha", version="1.0", parents=()),
        ChosenProject(name="beta-x", version="2.0+cu1", parents=("alpha", "gamma")),
        ChosenProject(name="gamma", version=None, parents=("alpha",)),
    )


def test_comments_before_the_first_package_count_as_little_as_a_header() -> None:
    text = "# made by uv\n    # via alpha\nlow==1.0\n"
    assert read_chosen(text) == (ChosenProject(name="low", version="1.0", parents=()),)


def test_constraints_are_those_of_the_chosen_version_of_the_parent_joined() -> None:
    demands = [demand("alpha", "beta-x", ">=1"), demand("alpha", "beta-x", "<3"), demand(None, "gamma", ">=7")]
    demands += [demand("alpha", "beta-x", "*"), demand("other", "beta-x", "<1"), demand("alpha", "gamma", ">=9", "0.9")]
    versions = {"alpha": "1.0", "beta-x": "2.0+cu1", "gamma": "3.0"}
    assert read_dependencies(read_chosen(ANNOTATED), versions, demands) == {
        "alpha": (("beta-x", ">=1,<3"), ("gamma", "*")),
        "gamma": (("beta-x", "*"),),
    }


def demand(who: str | None, project: str, text: str, version: str = "1.0") -> Demand:
    return Demand(wanted_by=who, version=version, project=project, extras=(), range=text)
