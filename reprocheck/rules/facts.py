"""What the rules see: gathered by the workflows, never by a rule."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reprocheck.facts.name_map import NameMap
from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.freshness import Freshness, UnmetDependency
from reprocheck.model.locks import Lock

if TYPE_CHECKING:
    # For annotations only: `check` looks at no machine, and each dataclass takes half a millisecond to make.
    from reprocheck.model.machines import Gpu, NodeStack, TargetMachine
    from reprocheck.model.numeric_fingerprints import NumericFingerprint
    from reprocheck.model.numeric_switches import SwitchesInForce
    from reprocheck.model.prefixes import Inspection, Prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A part that could not be looked at, and why, in words that fit after "skipped: ".

    `absent` is True where the thing itself does not exist, as opposed to being unreadable or not asked for. `asked` is
    False where nobody asked to look at it, which `--strict` takes for no fault.
    """

    reason: str
    absent: bool = False
    asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One environment and all that belongs to it.

    `lock_path` is where the lock is, or should be. `unmet` is what the packages of the lock need of each other and do
    not get. `platforms` limits the audit; empty means all of the lock. `precision` are the data types that the training
    computes in; `expects_gpu` is True where the user said that a GPU is meant; `nodes` are other machines of the same
    job. `prefix` is the installed environment, `inspection` what lies there of its files,
    `installed_unmet` what its packages need of each other and do not find. `switches` are those in force in the Python
    of a machine. `memo` keeps what several rules derive from these facts, by who derives it.
    """

    environment: EnvironmentFile | Unseen
    lock: Lock | Unseen
    lock_path: str
    freshness: Freshness | Unseen
    machine: TargetMachine | Unseen
    names: NameMap
    unmet: tuple[UnmetDependency, ...] = ()
    platforms: tuple[str, ...] = ()
    precision: tuple[str, ...] | Unseen = Unseen(reason="nobody said in which precision the training computes")
    expects_gpu: bool = False
    nodes: tuple[NodeStack, ...] | Unseen = Unseen(reason="no other node of the job was named")
    prefix: Prefix | Unseen = Unseen(reason="no installed environment was named", asked=False)
    inspection: Inspection | Unseen = Unseen(reason="no installed environment was named", asked=False)
    installed_unmet: tuple[UnmetDependency, ...] = ()
    switches: SwitchesInForce | Unseen = Unseen(reason="no Python was asked which switches are in force", asked=False)
    memo: dict[tuple[str, str], object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def driver(self) -> str | Unseen:
        """Return the driver version of the machine."""
        if isinstance(self.machine, Unseen):
            return self.machine
        told = f"no driver version is known of {self.machine.source}; name one with `--driver`"
        return self.machine.driver_version or self._neither(self.machine) or Unseen(reason=told)

    @property
    def gpus(self) -> tuple[Gpu, ...] | Unseen:
        """Return the GPUs of the machine whose compute capability is known."""
        if isinstance(self.machine, Unseen):
            return self.machine
        known = tuple(gpu for gpu in self.machine.gpus if gpu.compute_capability)
        told = f"no GPU is known of {self.machine.source}; name one with `--gpu`"
        return known or self._neither(self.machine) or Unseen(reason=told)

    @staticmethod
    def _neither(machine: TargetMachine) -> Unseen | None:
        """Return the one reason why neither driver nor GPU was seen, None where one of them was."""
        if machine.driver_version or any(gpu.compute_capability for gpu in machine.gpus):
            return None
        return Unseen(reason=f"neither driver nor GPU is known of {machine.source}; name them with `--driver`, `--gpu`")

    @property
    def driver_parts(self) -> tuple[tuple[str, str], ...] | Unseen:
        """Return the parts of the driver with their versions: two or more, or fewer where it says they disagree."""
        if isinstance(self.machine, Unseen):
            return self.machine
        told = f"fewer than two parts of the driver are known of {self.machine.source}"
        disagree = any(kind == "mismatch" for kind, _ in self.machine.refusals)
        # Most machines have no second part, and an option names none: no fault of the user's.
        is_enough = len(self.machine.driver_parts) > 1 or disagree
        return self.machine.driver_parts if is_enough else Unseen(reason=told, asked=False)

    @property
    def probes(self) -> NumericFingerprint | Unseen:
        """Return what the Python computes, bit by bit, where its fingerprint was taken with probes."""
        if isinstance(self.switches, Unseen):
            return self.switches
        told = f"{self.switches.source} tells no probes; `reprocheck fingerprint --probes` takes them"
        return self.switches.measured or Unseen(reason=told, asked=False)

    @property
    def glibc(self) -> str | Unseen:
        """Return the version of the machine's C library, where it is glibc."""
        if isinstance(self.machine, Unseen):
            return self.machine
        told = f"no glibc is known of {self.machine.source}"
        return self.machine.glibc or Unseen(reason=told, asked=False)
