"""Whether a conda pytorch comes from the `pytorch` channel, whose builds ask for less than they need.

Source: repodata of the pytorch channel; conda "Strict channel priority": the first channel that has a name serves it.
"""

from __future__ import annotations

import re

from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.locks import LockedPackage
from reprocheck.rules.channels import CONDA_FORGE, DEFAULTS, PYTORCH, own_channel, rank_of

_BUILD = r"py\d\.?\d+_(?:cuda\d+\.[\d.]+_cudnn[\d.]+|cpu)_\d+"


def is_locked_from_channel(package: LockedPackage) -> bool:
    """Say whether a locked pytorch is a build of the pytorch channel, by its URL or its build string."""
    return package.channel == PYTORCH or bool(package.build and re.fullmatch(_BUILD, package.build))


def is_declared_from_channel(environment: EnvironmentFile, spec: CondaSpec) -> bool:
    """Say whether the pytorch channel will serve a spec: it is named, or it comes before all others that could."""
    if spec.channel is not None:
        return (own_channel(spec) or "").partition("/")[0] == PYTORCH
    if spec.build and re.fullmatch(_BUILD, spec.build):
        return True
    rank = rank_of(environment, PYTORCH)
    others = [other for name in (CONDA_FORGE, DEFAULTS) if (other := rank_of(environment, name)) is not None]
    return rank is not None and all(rank < other for other in others)
