"""Run the probes of a rank in a child of its own, so that a crash or a hang costs the rank its probes and not its life.

A rank that dies makes torchrun end all others, and nobody would hear which operation it was. On Linux the child is a
fork of a process that has loaded torch and has not used it: no thread and no CUDA context is there to be lost.
"""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import sys
import time
from typing import Any, Callable, Dict

from ..parent import end_with_parent
from ..readings import describe_error

Take = Callable[[Dict[str, Any]], None]
GRACE_S = 2.0


def watched_probes(task: Dict[str, Any], end_s: float, take: Take) -> str:
    """Hand every line that the child says to `take`, and return how it ended: nothing where it is well, else words.

    `task` is the job `probe` with `numbers`, `environment`, `hosts`, `patience_s`; `end_s` is on the clock `time.time`.
    The guard of this process is lifted, and the caller sets it again.
    """
    context: Any = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")
    said, voice = context.Pipe(duplex=False)
    child = context.Process(target=_speak, args=(task, end_s, voice), daemon=True)
    faulthandler.cancel_dump_traceback_later()  # a fork would inherit its lock, but not the thread that frees it
    child.start()
    voice.close()
    try:
        return _listen(child, said, take, lambda: min(task["patience_s"], end_s - time.time()))
    finally:
        child.kill()
        child.join(GRACE_S)
        said.close()


def guard(end_s: float) -> None:
    """End this process when its time is over, whatever it does: its launcher may be gone."""
    faulthandler.dump_traceback_later(max(end_s - time.time(), 0.0) + GRACE_S, exit=True)


def _listen(child: Any, said: Any, take: Take, patience_s: Callable[[], float]) -> str:
    family = ""
    while True:
        if not said.poll(max(patience_s(), 0.0)):
            return ("hangs" if patience_s() > 0 else "ran out of time") + _in(family)
        try:
            line = json.loads(said.recv_bytes())
        except (EOFError, OSError):  # the end, or the middle of a line: the child has died
            return _ending(child) + _in(family)
        if "ended" in line:
            return str(line["ended"])
        if "state" in line:
            family = line["family"]
        else:
            take(line)


def _ending(child: Any) -> str:
    child.join(GRACE_S)
    code = child.exitcode
    if code is None:
        return "says nothing more"
    return "ended with signal {}".format(-code) if code < 0 else "ended with exit code {}".format(code)


def _in(family: str) -> str:
    return " in the operations of `{}`".format(family) if family else " before the first operation"


def _speak(task: Dict[str, Any], end_s: float, voice: Any) -> None:
    """Say the place and a line for every probe, then how it went; nothing else goes through the pipe."""
    end_with_parent()
    guard(end_s)

    def say(line: Dict[str, Any]) -> None:
        voice.send_bytes(json.dumps(line).encode("utf-8"))

    try:
        say({"ended": _measure(task, say)})
    except Exception as error:  # a driver may raise anything, and the other ranks wait for an answer
        say({"ended": describe_error(error)})


def _measure(task: Dict[str, Any], say: Take) -> str:
    import torch

    from ..probing import probe
    from .place import chosen_device, place_of_rank

    device, shortage = chosen_device(torch, task["device"], task["numbers"])
    say({"place": place_of_rank(torch, device, task["environment"], task["hosts"])})
    if not shortage:
        probe({**task, "device": device}, say)
    return shortage
