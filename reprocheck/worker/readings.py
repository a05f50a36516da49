"""Read one value: what comes back is the value in plain JSON, or an object that says why there is none.

`{"status": "missing"}`: this build has no such thing; `{"status": "raises", "detail": …}`: it has, and asking
raises (mixing torch's old and new TF32 switches makes getters raise, for example). Never null, never a float.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import warnings
from typing import Any, Callable, Dict, Iterator, Tuple

DETAIL_LIMIT = 200

# A message of a library may name a password within an address, and the user's folders; a bare `a/b` is none.
_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"`,;)]+")
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[/\\~][^\s'\"`,;:)]+")


def unread(status: str, detail: str = "") -> Dict[str, str]:
    """Return what stands in the place of a value that could not be read."""
    return {"status": status, "detail": detail} if detail else {"status": status}


def reading(read: Callable[[], Any]) -> Any:
    """Return `read()` in plain JSON, or the status of the failure; warnings of old getters are of no use here."""
    try:
        with _silent():
            return plain(read())
    except Exception as error:  # a getter may raise anything, and one that raises must not hide the others
        return unread("raises", describe_error(error))


def reading_at(root: Any, path: str) -> Any:
    """Return the reading of a dotted path below `root`; a name with `()` at its end is called."""
    try:
        with _silent():
            for name in path.removesuffix("()").split("."):
                root = getattr(root, name)
    except AttributeError:
        return unread("missing", "not in this torch")
    except Exception as error:  # a property that raises is there, and says why
        if "Unknown attribute" in str(error):  # torch before 2.1 asserts where a later one has no such attribute
            return unread("missing", "not in this torch")
        return unread("raises", describe_error(error))
    return reading(root) if path.endswith("()") else reading(lambda: root)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Show no warnings; touch no filter unless one raises, for then Python shows again all that it showed once."""
    if any(entry[0] == "error" for entry in warnings.filters):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
        return
    shown, warnings.showwarning = warnings.showwarning, lambda *_args, **_kwargs: None
    try:
        yield
    finally:
        warnings.showwarning = shown


def load(name: str) -> Tuple[Any, Dict[str, str]]:
    """Return a module and nothing, or None and the status of why it cannot be loaded."""
    try:
        return importlib.import_module(name), {}
    except Exception as error:  # a broken build raises OSError, ImportError, RuntimeError, whatever its loader likes
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            return None, unread("missing", "{} is not installed".format(name))
        return None, unread("error", describe_error(error))


def plain(value: Any) -> Any:
    """Return `value` as JSON without null and floats: numbers as they are, dtypes and enumerations by name."""
    if value is None:
        return "unset"
    if isinstance(value, (bool, int, str)) and type(value) in (bool, int, str):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return str(getattr(value, "name", value)).replace("torch.", "", 1)


def describe_error(error: BaseException) -> str:
    """Return kind and first line of an error, short and without paths and addresses."""
    first = (str(error).strip().splitlines() or [""])[0]
    told = _PATH.sub("<path>", _ADDRESS.sub("<address>", first))
    return "{}: {}".format(type(error).__name__, told)[:DETAIL_LIMIT].rstrip(": ")
