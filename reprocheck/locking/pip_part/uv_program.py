"""Find uv and run it in an environment that holds what reaching an index needs, and nothing that changes the answer.

uv's own settings files of the user and of the system count (mirrors, credentials, certificates); settings in the
folder of the project do not, because a run happens in a folder of its own. Of the `UV_…` variables only those pass
that say how to reach a place; `pip_indexes` reads those that say which.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from threading import Event

from reprocheck.errors import UndecidedError
from reprocheck.machine.child_process import ChildOutcome, run_child

_PASSED = re.compile(
    r"^(?:PATH|PATHEXT|HOME|USER|USERPROFILE|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA|PROGRAMDATA|SYSTEMROOT|SYSTEMDRIVE"
    r"|COMSPEC|WINDIR|TMPDIR|TMP|TEMP|XDG_\w+|LD_LIBRARY_PATH"
    r"|(?:HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_FILE|SSL_CERT_DIR|SSL_CLIENT_CERT|NETRC|SSH_\w+|GIT_SSL_\w+|GIT_SSH\w*"
    r"|UV_INDEX_\w+_(?:USERNAME|PASSWORD)|UV_KEYRING_PROVIDER|UV_CREDENTIALS_DIR|UV_INSECURE_HOST|UV_NATIVE_TLS"
    r"|UV_SYSTEM_CERTS|UV_HTTP_\w+|UV_REQUEST_TIMEOUT|UV_CONCURRENT_\w+|UV_CACHE_DIR|UV_CONFIG_FILE)$",
    re.IGNORECASE,
)
_LOG_LIMIT_BYTES = 64 * 2**20  # uv tells every version that it tries; a long search fills some MB


def find_uv() -> str:
    """Return the path of uv: the one installed beside reprocheck, else the one on the path.

    Raises:
        UndecidedError: there is none.
    """
    try:
        # Imported late: a lock without a pip part has no use for it.
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise UndecidedError(
            "uv is missing",
            why="it resolves the `pip:` part",
            how="install it with `pip install uv`, or leave the pip part out of the lock",
        )
    return found


def uv_version(program: str) -> str:
    """Return what uv says its version is, `unknown` when it does not say."""
    words = run_child([program, "--version"], deadline_s=10.0, env=uv_environment(os.environ)).stdout.split()
    return words[1] if len(words) > 1 else "unknown"


def uv_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a run of uv sees."""
    return {name: value for name, value in environ.items() if _PASSED.match(name)}


def run_uv(
    command: Sequence[str], environment: Mapping[str, str], deadline_s: float, stop: Event | None = None
) -> ChildOutcome:
    """Run uv and return its outcome; it ends early when `stop` is set.

    Raises:
        UndecidedError: it could not be started, or did not end in time.
    """
    outcome = ChildOutcome(status="timeout")
    if deadline_s > 0 and not (stop and stop.is_set()):
        limit = _LOG_LIMIT_BYTES
        outcome = run_child(command, deadline_s=deadline_s, env=environment, output_limit_bytes=limit, stop=stop)
    if outcome.status in ("timeout", "unkillable"):
        raise UndecidedError(
            "no pip solution in time",
            why="the time was over while uv was at work",
            how="raise `--timeout`, or pin more packages",
        )
    if outcome.status != "ok" and not outcome.status.startswith("exit-"):
        why = outcome.detail or outcome.status
        raise UndecidedError("uv could not be run", where=command[0], why=why, how="install it anew")
    return outcome
