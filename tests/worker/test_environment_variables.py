from __future__ import annotations

import hashlib

import pytest

from reprocheck.worker.environment_variables import allowed_variables, is_allowed, is_harmless


def digest(value: str) -> str:
    return f"<withheld sha256:{hashlib.sha256(value.encode()).hexdigest()[:12]}>"


def test_only_variables_that_change_numbers_are_told_sorted() -> None:
    variables = {"PATH": "/bin", "OMP_NUM_THREADS": "4", "HOME": "/root", "MKL_CBWR": "AVX2,STRICT", "USER": "alice"}
    assert list(allowed_variables(variables).items()) == [("MKL_CBWR", "AVX2,STRICT"), ("OMP_NUM_THREADS", "4")]


@pytest.mark.parametrize(
    "name",
    [
        *("NCCL_API_KEY", "TORCH_TOKEN", "TORCH_HUB_AUTH", "CUDA_SECRET_NAME", "MKL_PASSWORD", "TORCHX_ACCESSTOKEN"),
        *("torch_api_token", "PYTORCH_APIKEY", "NCCL_HOSTID", "NCCL_COMM_ID", "TORCHELASTIC_RUN_ID"),
        *("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY", "PYTHONPATH", "MY_OMP_NUM_THREADS"),
    ],
)
def test_secrets_and_strangers_are_not_even_named(name: str) -> None:
    assert allowed_variables({name: "4"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "PYTHONHASHSEED"),
        *("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCHINDUCTOR_DETERMINISTIC", "NCCL_ALGO", "KMP_BLOCKTIME"),
        *("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "TORCH_KEYBOARD", "CUDA_AUTHORING"),
    ],
)
def test_what_changes_numbers_is_allowed(name: str) -> None:
    assert is_allowed(name)


@pytest.mark.parametrize(
    "value",
    [
        *("4", "TRUE", "AVX512,STRICT", ":4096:8", ":4096:2:16:8", "{0:4}:2", "8.0;9.0+PTX", "^NVLS", "10.3.0", ""),
        *("expandable_segments:True,garbage_collection_threshold:0.6", "roundup_power2_divisions:[256:1,512:2]"),
        *("granularity=fine,compact,1,0", "mlx5_0,mlx5_1", "allreduce:ring;reduce:^tree", "0,1,2,3"),
    ],
)
def test_settings_are_told_as_they_are(value: str) -> None:
    assert is_harmless(value)
    assert allowed_variables({"NCCL_ALGO": value}) == {"NCCL_ALGO": value}


@pytest.mark.parametrize(
    "value",
    [
        *(
            "/home/alice/x",
            "~/cache",
            r"C:\Users\alice",
            "https://host/x",
            "alice@example",
            "node7.cluster.example:29500",
        ),
        *("10.1.2.3", "fe80::1", "02:42:ac:11:00:02", "GPU-8f2e9d60-1c5b-4f3e-9a77-000000000000"),
        *("hf_abcdefghijklmnop", "ghp_abcdefghijklmnop1234", "AKIAABCDEFGHIJKLMNOP", "a1b2c3d4e5f6a7b8c9d0e1f2"),
        *("x" * 201, "a\nb", "a\x1b[31m", "\udcff"),
    ],
)
def test_a_value_that_may_reveal_something_is_withheld(value: str) -> None:
    told = allowed_variables({"TORCH_HOME": value})["TORCH_HOME"]
    assert not is_harmless(value)
    assert told.startswith("<withheld sha256:")
    assert len(told) == len("<withheld sha256:") + 13


def test_equal_values_are_withheld_alike() -> None:
    assert allowed_variables({"TORCH_HOME": "/home/alice/x"}) == {"TORCH_HOME": digest("/home/alice/x")}
