from __future__ import annotations

import pytest

from reprocheck.model.command_words import is_local_torchrun, python_call, script_name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("python train.py --lr 1", "train.py"),
        ("/env/bin/python3.11 -u -W ignore src/train.py --token secret", "train.py"),
        ("python -X dev -B train.py", "train.py"),
        ("python --check-hash-based-pycs always train.py", "train.py"),
        ("python -m package.train --lr 1", "package.train"),
        ("python -um package.train", "package.train"),
        ("python -mpackage.train", "package.train"),
        ("python -c print()", "python -c"),
        ("python", "a command"),
        ("python -m", "a command"),
        ("python - x", "python -"),
        ("env A=1 python train.py", "train.py"),
        ("nice -n 5 python train.py", "train.py"),
        ("A=1 python train.py", "train.py"),
        ("torchrun --nproc_per_node=2 train.py", "train.py"),
        ("torchrun --nproc-per-node 2 --standalone train.py --lr 1", "train.py"),
        ("torchrun -m package.train", "package.train"),
        ("torchrun --nproc-per-node=2 --module package.train", "package.train"),
        ("torchrun -m", "a command"),
        ("torchrun", "a command"),
        ("python -m torch.distributed.run --nproc-per-node 2 a/train.py", "train.py"),
        ("/usr/bin/accelerate launch train.py", "accelerate"),
        ("./run.sh train.py", "run.sh"),
    ],
)
def test_only_the_base_name_of_the_script_is_told(words: str, name: str) -> None:
    assert script_name(words.split()) == name


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("python -I train.py", "-I"),
        ("python -uE train.py", "-E"),
        ("python -Sm package", "-S"),
        ("python -X Importtime train.py", ""),
        ("python -W Ignore train.py", ""),
        ("python --check-hash-based-pycs Always train.py", ""),
        ("python train.py -I", ""),
        ("python -m package -E", ""),
        ("python -c pass -S", ""),
    ],
)
def test_an_option_that_makes_python_deaf_is_found_before_the_script_only(words: str, option: str) -> None:
    call = python_call(words.split())
    assert call is not None
    assert call.deaf == option


@pytest.mark.parametrize("words", ["bash run.sh", "uv run python train.py", "env A=1", "conda run python train.py"])
def test_a_python_behind_a_program_that_may_choose_another_is_not_known(words: str) -> None:
    assert python_call(words.split()) is None


@pytest.mark.parametrize(
    ("words", "is_local"),
    [
        ("torchrun --nproc-per-node 2 train.py", True),
        ("torchrun --nnodes 2 train.py", False),
        ("torchrun --unheard-of train.py", None),
        ("python train.py", None),
    ],
)
def test_a_torchrun_command_is_local_or_not_or_none(words: str, is_local: bool | None) -> None:
    assert is_local_torchrun(words.split(), {}) is is_local
