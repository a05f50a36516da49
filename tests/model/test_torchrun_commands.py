"""What a torchrun command asks for, and what is no such command."""

from __future__ import annotations

import pytest

from reprocheck.errors import UsageError
from reprocheck.model.torchrun_commands import TorchrunCommand, kept_environment, parse_torchrun


def parsed(text: str, **environ: str) -> TorchrunCommand:
    return parse_torchrun(text.split(), environ)


def refused(text: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        parsed(text)
    return caught.value.lines()


@pytest.mark.parametrize(
    "text",
    [
        "torchrun --standalone --nproc-per-node 4 train.py --lr 1 --nnodes 7",
        "torchrun --standalone --nproc_per_node=4 train.py",
        "torchrun --standalone --nproc-per 4 train.py",
        "torchrun --standalone --nproc_per_node 4 -m package.train --flag",
        "torchrun --standalone --nproc-per-node=4 -r 3 -t1 --tee=2 --log_dir logs --max-restarts=3 -- train.py",
        "torchrun --standalone --nproc-per-node=4 --run-path /abs/train.py",
        "torchrun --standalone --nproc-per-node=4 --module package.train",
        "torchrun --standalone --nproc-per-node=2 --nproc-per-node=4",
    ],
)
def test_options_stay_and_the_script_and_its_output_go(text: str) -> None:
    expected = TorchrunCommand(launcher=("torchrun",), options=("--standalone", "--nproc-per-node=4"))
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "launcher"),
    [
        ("/env/bin/torchrun train.py", ("/env/bin/torchrun",)),
        ("python -m torch.distributed.run train.py", ("python", "-m", "torch.distributed.run")),
        (
            "/env/bin/python3.11 -u -X dev -m torch.distributed.launch --use-env train.py",
            ("/env/bin/python3.11", "-u", "-X", "dev", "-m", "torch.distributed.launch"),
        ),
    ],
)
def test_torchrun_has_several_names(text: str, launcher: tuple[str, ...]) -> None:
    assert parsed(text) == TorchrunCommand(launcher=launcher)


def test_everything_about_several_nodes_stays() -> None:
    text = (
        "--nnodes=2 --node-rank=1 --rdzv-backend=c10d --rdzv-endpoint=host:29400 --rdzv-id=job --rdzv-conf=timeout=9 "
        "--master-addr=host --master-port=29500 --local-addr=10.0.0.1 --role=trainer --virtual-local-rank"
    )
    command = parsed(f"torchrun {text} train.py")
    assert command.options == tuple(text.split())
    assert not command.is_local
    assert (command.has("local-addr"), command.has("standalone")) == (True, False)


@pytest.mark.parametrize(
    ("text", "nodes", "is_local"),
    [("", "1", True), ("--nnodes 1:1", "2", True), ("--nnodes 1:4", "1", False), ("", "2", False)],
)
def test_a_job_is_local_where_option_or_variable_allow_one_node_only(text: str, nodes: str, is_local: bool) -> None:
    assert parsed(f"torchrun {text} train.py", PET_NNODES=nodes).is_local is is_local


def test_what_binds_a_rank_before_its_python_is_kept() -> None:
    command = parsed("torchrun --no-python numactl --localalloc python3 -u train.py --lr 1")
    assert (command.options, command.wrapper, command.unseen) == ((), ("numactl", "--localalloc", "python3"), "")
    assert parsed("torchrun ./bind.sh python train.py", PET_NO_PYTHON="1").wrapper == ("./bind.sh", "python")


def test_a_program_without_a_python_is_not_run_and_named() -> None:
    command = parsed("torchrun --no-python ./train.sh --lr 1")
    assert (command.wrapper, command.unseen) == ((), "./train.sh")
    assert parsed("torchrun --no-python") == TorchrunCommand(launcher=("torchrun",))


def test_variables_of_what_is_dropped_go_and_the_others_stay() -> None:
    kept = {"PET_NNODES": "2", "PATH": "/bin"}
    assert kept_environment({**kept, "PET_LOG_DIR": "x", "PET_MODULE": "1", "PET_MAX_RESTARTS": "3"}) == kept


UNDERSTOOD = (
    "  why:   understood are `torchrun OPTIONS SCRIPT …` and `python -m torch.distributed.run OPTIONS SCRIPT …`"
)


@pytest.mark.parametrize(
    ("text", "what", "how"),
    [
        ("", "no command was given", "write `reprocheck fleet -- torchrun …`"),
        (
            "accelerate launch train.py",
            "`accelerate` is no torchrun command",
            "give the torchrun command that it stands for",
        ),
        (
            "srun -N 2 torchrun train.py",
            "`srun` is no torchrun command",
            "put it in front: `srun reprocheck fleet -- torchrun …`",
        ),
        (
            "OMP_NUM_THREADS=4 torchrun train.py",
            "`OMP_NUM_THREADS=4` is no torchrun command",
            "put variables in front: `NAME=VALUE reprocheck fleet -- torchrun …`",
        ),
        (
            "python train.py",
            "`python` is no torchrun command",
            "name the module: `python -m torch.distributed.run …`",
        ),
        (
            "python3 -m pytest",
            "`python3` is no torchrun command",
            "name the module: `python -m torch.distributed.run …`",
        ),
        ("python -u", "`python` is no torchrun command", "name the module: `python -m torch.distributed.run …`"),
        (
            "./train.sh",
            "`./train.sh` is no torchrun command",
            "give your own torchrun command; its script and arguments are not run",
        ),
    ],
)
def test_another_command_is_refused_with_what_is_understood(text: str, what: str, how: str) -> None:
    assert refused(text) == [
        f"error: {what}",
        "  where: the command after `--`",
        UNDERSTOOD,
        f"  how:   {how}",
    ]


@pytest.mark.parametrize("word", ["--speed", "--n", "-x", "-mx"])
def test_an_option_that_is_not_known_is_refused_for_it_may_take_the_next_word(word: str) -> None:
    assert refused(f"torchrun {word} 3 train.py") == [
        f"error: `{word}` is no option of torchrun that is known here",
        "  where: the command after `--`",
        "  why:   known are `--nnodes`, `--nproc-per-node`, `--node-rank`, `--rdzv-backend`, `--rdzv-endpoint`, "
        "`--rdzv-id` and the others of torchrun 2.0 to 2.13",
        "  how:   leave it out, or name the option in full",
    ]


def test_an_option_without_its_value_is_refused() -> None:
    assert refused("torchrun --nnodes")[0] == "error: `--nnodes` lacks its value"


def test_help_starts_no_ranks() -> None:
    assert refused("torchrun -h")[0] == "error: `--help` starts no ranks"
