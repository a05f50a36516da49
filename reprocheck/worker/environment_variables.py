"""The environment variables that change numbers, and none other.

An allow-list of names; of those, nothing whose name speaks of a secret. A value that is long, or shaped like a
path, URL, address, device identity or secret, is withheld here, inside the audited process, and leaves only
twelve hex digits of its SHA-256: enough to see that two runs agree.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import Dict, Mapping

ALLOWED_PREFIXES = (
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "NUMEXPR_", "VECLIB_"),
    *("ATEN_", "ONEDNN_", "DNNL_", "ACL_", "DEFAULT_FPMATH_"),
    *("CUDA_", "CUBLAS_", "CUBLASLT_", "CUDNN_", "NVIDIA_TF32_", "NVTE_", "TRITON_"),
    *("HIP_", "HSA_", "ROCBLAS_", "HIPBLASLT_", "MIOPEN_"),
    *("NCCL_", "RCCL_", "GLOO_", "UCC_"),
    *("TORCH", "PYTORCH_", "ACCELERATE_", "FLASH_ATTENTION_"),
)
ALLOWED_NAMES = frozenset(
    {
        *("PYTHONHASHSEED", "PYTHONOPTIMIZE", "PL_GLOBAL_SEED", "PL_SEED_WORKERS"),
        *("LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"),  # paths, always withheld, yet good to know
    }
)
# The identity of one job, new in every run, and of one host; and where caches lie, which torch sets by itself.
DENIED_PREFIXES = ("TORCHELASTIC_", "NCCL_HOSTID", "NCCL_COMM_ID", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")

LENGTH_LIMIT = 200

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:\w*TOKENS?|\w*API_?KEY|KEYS?|\w*SECRETS?|PASS(?:WORD|WD|PHRASE)?|PWD|CREDENTIALS?|AUTH|COOKIE|SIGNATURE)(?:_|$)"
)
_REVEALING_SHAPES = (
    re.compile(r"[/\\~@]"),  # paths, URLs, addresses of people
    re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-"),  # UUIDs of devices and jobs
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),  # IPv4 addresses
    re.compile(r"(?:[0-9a-fA-F]{1,4}:){5}|::[0-9a-fA-F]"),  # hardware and IPv6 addresses; `:4096:2:16:8` is none
    re.compile(r"\b[A-Za-z][\w\-]*\.(?:[\w\-]+\.)*[A-Za-z]{2,}\b"),  # host names
    re.compile(r"\b(?:hf|gh[opsu]|sk|pk|glpat|xox[abp]|AKIA|eyJ)[_\-]?[A-Za-z0-9]{12,}"),  # known kinds of tokens
    re.compile(r"(?=[A-Za-z0-9+=]*[0-9])(?=[A-Za-z0-9+=]*[A-Za-z])[A-Za-z0-9+=]{20,}"),  # random characters
)


def allowed_variables(environment: Mapping[str, str]) -> Dict[str, str]:
    """Return the allowed variables by name, sorted; values that could reveal something are withheld."""
    return {
        name: value if is_harmless(value) else withheld(value)
        for name, value in sorted(environment.items())
        if is_allowed(name)
    }


def is_allowed(name: str) -> bool:
    """Say whether a variable of this name may change numbers and is no secret."""
    if name.startswith(DENIED_PREFIXES) or _SECRET_NAME.search(name.upper()):
        return False
    return name in ALLOWED_NAMES or name.startswith(ALLOWED_PREFIXES)


def is_harmless(value: str) -> bool:
    """Say whether a value is short, printable and shaped like nothing that reveals a place, person or secret."""
    if len(value) > LENGTH_LIMIT or not value.isprintable():
        return False
    return not any(shape.search(value) for shape in _REVEALING_SHAPES)


def withheld(value: str) -> str:
    """Return what is shown of a withheld value."""
    digest = hashlib.sha256(os.fsencode(value)).hexdigest()
    return "<withheld sha256:{}>".format(digest[:12])
