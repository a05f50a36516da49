"""Files as SARIF names them: percent-encoded, relative to the folder in which reprocheck ran.

Source: SARIF 2.1.0 §3.4.3 and §3.10; RFC 3986 §2.1 and §4.2 (a colon in the first part would be a scheme).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from reprocheck.model.json_documents import Json

ROOT = "%SRCROOT%"
_DRIVE = re.compile(r"^[A-Za-z]:/")


def physical(path: str) -> dict[str, Json]:
    """Return the `artifactLocation` of a path as findings write it."""
    encoded = quote(path, errors="surrogatepass")
    if path.startswith("/"):
        return {"uri": f"file://{encoded}"}
    if _DRIVE.match(path):
        return {"uri": f"file:///{encoded}"}
    return {"uri": encoded, "uriBaseId": ROOT}
