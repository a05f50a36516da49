"""`reprocheck fleet` as a process, over real torchrun and gloo, with oddities that are planted from outside.

Plants stand in `tests/planted_ranks/sitecustomize.py`; reprocheck knows nothing of them.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLANTS = ROOT / "tests" / "planted_ranks"
RUN = (sys.executable, "-m", "torch.distributed.run")


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


def planted(plant: str = "", **variables: str) -> dict[str, str]:
    paths = os.pathsep.join(filter(None, [str(PLANTS), str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": paths, "PLANT": plant, **variables}


def asked(reprocheck: Runner, plant: str, *options: str, ranks: int = 2) -> tuple[int, dict[str, Any]]:
    words = (*RUN, "--standalone", f"--nproc-per-node={ranks}", "train.py", "--lr", "1")
    done = reprocheck("fleet", "--output-format", "json", *options, "--", *words, env=planted(plant))
    assert (done.err, bool(done.out)) == ("", True)
    return done.code, json.loads(done.out)


def families_of(group: dict[str, Any]) -> set[str]:
    return {name.partition("/")[0] for name in group["operations"]}


@pytest.mark.slow
@pytest.mark.ddp
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")
@pytest.mark.skipif(sys.platform != "linux", reason="plants and processes as on Linux")
class TestRanks:
    """Real ranks; each test takes seconds, for every rank loads torch."""

    def test_four_healthy_ranks_are_alike_in_everything(self, reprocheck: Runner) -> None:
        code, document = asked(reprocheck, "", ranks=4)
        assert (code, document["outcome"], document["fault"]) == (0, "alike", "")
        assert [group["ranks"] for group in document["groups"]] == [[0, 1, 2, 3]]
        assert document["operations"] >= 240
        assert document["sums"] == {"backend": "gloo", "wrong": [], "fault": ""}
        assert [line["localRank"] for line in document["ranks"]] == [0, 1, 2, 3]
        assert all(line["threads"] == "1" for line in document["ranks"])
        assert "host" not in document["ranks"][0]

    def test_a_rank_with_a_flipped_bit_is_named_and_nothing_else_explains_it(self, reprocheck: Runner) -> None:
        code, document = asked(reprocheck, "bit:2", "--families", "matmul", "--families", "softmax", ranks=4)
        assert (code, document["outcome"]) == (1, "differ")
        reference, odd = document["groups"]
        assert (reference["ranks"], reference["reference"]) == ([0, 1, 3], True)
        assert (odd["ranks"], odd["traits"], families_of(odd)) == ([2], [], {"matmul"})
        assert document["unsteady"] == []

    def test_a_rank_under_another_instruction_set_is_named_with_the_cause(
        self, reprocheck: Runner, tmp_path: Path
    ) -> None:
        """The cap comes from the user's own wrapper, which `--no-python` puts before the Python of each rank."""
        wrapper = tmp_path / "bind.sh"
        wrapper.write_text('#!/bin/sh\nif [ "$RANK" = 1 ]; then export ATEN_CPU_CAPABILITY=default; fi\nexec "$@"\n')
        wrapper.chmod(0o755)
        words = (*RUN, "--standalone", "--nproc-per-node=3", "--no-python", "./bind.sh", sys.executable, "train.py")
        done = reprocheck("fleet", "--families", "softmax", *words, env=planted())
        assert done.code == 1
        told = done.out.splitlines()
        assert told[0].startswith("3 ranks on 1 node: ")
        assert [line for line in told if line.startswith(("alike", "odd"))] == ["alike: ranks 0, 2", "odd:   rank 1"]
        assert "         variable ATEN_CPU_CAPABILITY: default here, none there" in told
        assert told[-1] == "differ: 1 of 3 ranks computes other bits"

    def test_a_rank_that_does_not_repeat_itself_is_unsteady_and_no_group(self, reprocheck: Runner) -> None:
        code, document = asked(reprocheck, "flicker:1", "--families", "matmul", ranks=3)
        assert (code, document["outcome"]) == (1, "differ")
        assert [group["ranks"] for group in document["groups"]] == [[0, 1, 2]]
        assert [line["rank"] for line in document["unsteady"]] == [1]
        assert {line["repeats"] for line in document["unsteady"][0]["operations"]} == {14}

    def test_two_nodes_print_one_report_and_two_equal_groups_are_told_as_such(self, tmp_path: Path) -> None:
        port = random.randint(20_000, 30_000)
        nodes = ["--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}"]
        command = [sys.executable, "-m", "reprocheck", "fleet", "--show-hosts", "--families", "matmul", "--", *RUN]
        env = {**os.environ, **planted("bit:1"), "GLOO_SOCKET_IFNAME": "lo"}
        children = [
            subprocess.Popen(
                [*command, *nodes, f"--node-rank={node}", "--local-addr=127.0.0.1", "-m", "package.train"],
                cwd=tmp_path,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for node in range(2)
        ]
        pages = [child.communicate(timeout=240)[0].decode() for child in children]
        assert [child.returncode for child in children] == [1, 1]
        assert pages[0] == pages[1]
        told = pages[0].splitlines()
        assert told[0].startswith("2 ranks on 2 nodes: ")
        assert told[-1] == "differ: 2 groups of equal size, 1 rank each: none of them is the usual one"
        assert any(line.startswith(f"       rank 1: node 1 ({os.uname().nodename}), local rank 0; ") for line in told)

    def test_what_crashes_costs_a_rank_its_operations_and_the_others_nothing(self, reprocheck: Runner) -> None:
        code, document = asked(reprocheck, "segv:0", "--families", "softmax", "--families", "matmul")
        assert (code, document["outcome"], document["fault"], document["silent"]) == (3, "undecided", "", [])
        assert document["ranks"][0]["ended"] == "ended with signal 11 in the operations of `matmul`"
        assert "ended" not in document["ranks"][1]
        assert document["sums"]["fault"] == ""

    def test_what_hangs_is_given_up_and_named(self, reprocheck: Runner) -> None:
        code, document = asked(reprocheck, "hang:1", "--families", "matmul", "--timeout", "60")
        assert (code, document["outcome"]) == (3, "undecided")
        assert document["ranks"][1]["ended"] == "hangs in the operations of `matmul`"
        assert "ended" not in document["ranks"][0]

    def test_a_rank_that_is_killed_ends_the_job_and_is_named(self, reprocheck: Runner) -> None:
        code, document = asked(reprocheck, "kill-rank:1", "--families", "matmul")
        assert (code, document["outcome"]) == (3, "undecided")
        assert document["fault"] == "rank 1 ended first, with signal 9"
        assert document["ranks"][1]["ended"] == "had not said all"

    def test_no_network_but_loopback_is_needed(self, reprocheck: Runner, tmp_path: Path) -> None:
        inside = tmp_path / "python"
        lines = f'#!/bin/sh\nexec unshare -rn sh -c \'ip link set lo up && exec "$@"\' - {sys.executable} "$@"\n'
        inside.write_text(lines)
        inside.chmod(0o755)
        if not shutil.which("unshare") or os.system(f"{inside} -c pass") != 0:
            pytest.skip("no network namespace may be made here")
        words = (str(inside), *RUN[1:], "--standalone", "--nproc-per-node=2", "train.py")
        done = reprocheck("fleet", "--families", "matmul", "--", *words, env=planted())
        assert (done.code, done.out.splitlines()[-1]) == (0, "alike: 2 ranks compute the same bits")

    def test_an_unknown_family_is_a_usage_error_that_lists_them(self, reprocheck: Runner) -> None:
        words = (*RUN, "--standalone", "--nproc-per-node=1", "train.py")
        done = reprocheck("fleet", "--families", "weather", "--", *words, env=planted())
        assert (done.code, done.err.splitlines()[0]) == (2, "error: no family of operations is called `weather`")
        assert "matmul" in done.err

    def test_ctrl_c_leaves_no_process_and_no_folder(self, tmp_path: Path) -> None:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        command = [sys.executable, "-m", "reprocheck", "fleet", "--", *RUN, "--standalone", "--nproc-per-node=2"]
        env = {**os.environ, **planted("hang:1"), "TMPDIR": str(temporary)}
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not list(temporary.glob("*/answers/rank-1.jsonl")) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(2)  # ranks load torch, or already compute
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err.strip()) == (130, b"interrupted: nothing was changed")
        assert os.listdir(temporary) == []
        assert gone_within(10.0, str(temporary))


def gone_within(patience_s: float, mark: str) -> bool:
    """Say whether no process has `mark` among its words, now or soon: the kernel ends what lost its parent."""
    end_s = time.monotonic() + patience_s
    while time.monotonic() < end_s:
        if not [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in said_by(path)]:
            return True
        time.sleep(0.1)
    return False


def said_by(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has just ended


def test_a_torch_that_is_missing_leaves_it_undecided(reprocheck: Runner, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")\n")
    paths = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = reprocheck("fleet", "--", *RUN, "--nproc-per-node=2", "train.py", env={"PYTHONPATH": paths})
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        "error: no rank said anything",
        f"  where: {sys.executable}",
        "  why:   torchrun ended with exit code 1: ModuleNotFoundError: No module named 'torch'",
        "  how:   see that the job itself starts, on every node; `-v` shows what torchrun said",
        "  more:  run again with `-v`",
    ]


def test_another_command_is_a_usage_error(reprocheck: Runner) -> None:
    done = reprocheck("fleet", "--", "srun", "-N", "2", "torchrun", "train.py")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: `srun` is no torchrun command")
    assert reprocheck("fleet").code == 2
    assert reprocheck("fleet", "--timeout", "1", "--", "torchrun").code == 2


def test_a_torchrun_that_is_not_there_is_told_before_anything_starts(reprocheck: Runner) -> None:
    done = reprocheck("fleet", "nowhere/torchrun", "--nproc-per-node=2", "train.py")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: `nowhere/torchrun` is not a program")


def test_a_report_that_cannot_be_written_is_told_before_anything_starts(reprocheck: Runner) -> None:
    done = reprocheck("fleet", "-o", "nowhere/report.txt", "--", *RUN, "train.py")
    assert done.code in (2, 3)
    assert "nowhere/report.txt" in done.err
