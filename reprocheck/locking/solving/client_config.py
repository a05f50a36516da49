"""What a client of py-rattler is told about the network, as the text of a configuration.

Both modules that touch py-rattler make their clients from it: proxies and certificates as conda's settings have them,
and for packages also where they are really fetched.

Source: rattler, crates/rattler_config (`config.toml`: `proxy-config`, `tls-no-verify`, `mirrors`,
`authentication-override-file`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reprocheck.model.conda_settings import CondaSettings

_NOWHERE = "http://127.0.0.1:9"  # the port of RFC 863, where nothing listens: a request fails at once


def client_config(
    settings: CondaSettings,
    mirrors: Mapping[str, str] | None = None,
    credentials: Path | None = None,
    *,
    offline: bool = False,
) -> str | None:
    """Return the text, None where a client needs to be told nothing.

    `mirrors` are addresses to fetch from, by the address that the package has; `credentials` is a file of rattler's
    that is read when the client is made. With `offline` no request leaves this machine.
    """
    proxies = dict.fromkeys(("http", "https"), _NOWHERE) if offline else dict(settings.proxies)
    if settings.verify_tls and not (proxies or mirrors or credentials):
        return None
    lines = [f"tls-no-verify = {str(not settings.verify_tls).lower()}"]
    if credentials is not None:
        lines.append(f"authentication-override-file = {_quoted(credentials.as_posix())}")
    lines.append("[proxy-config]")
    lines += [f"{scheme} = {_quoted(os.path.expandvars(url))}" for scheme, url in proxies.items()]
    lines.append("[mirrors]")
    lines += [f"{_quoted(plain)} = [{_quoted(real)}]" for plain, real in sorted((mirrors or {}).items())]
    return "\n".join((*lines, ""))


def _quoted(text: str) -> str:
    """Return a TOML string; a URL has no business with what would have to be escaped."""
    return '"' + "".join(sign for sign in text if sign not in '"\\' and sign.isprintable()) + '"'
