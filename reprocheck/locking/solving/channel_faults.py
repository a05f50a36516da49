"""From what a client says of a channel that it could not read to an error that a person can act on.

The messages are py-rattler's and reqwest's (tried on py-rattler 0.28.0): a chain of causes, the last of which says
most. Channels are named by what is public of them, and what else looks like a credential goes too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reprocheck.errors import UndecidedError
from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.model.redaction import public_line

_STATUS = re.compile(r"HTTP status \w+ error \((?P<code>\d{3}) (?P<phrase>[^)]*)\)")
_BROKEN = re.compile(
    r"failed to parse|Unknown frame descriptor|corrupt|invalid (?:bzip2|gzip|zstd|magic)|bad magic|decompress"
    r"|Data integrity|checksum|while parsing|expected value|missing field",
    re.IGNORECASE,
)
_BROKEN_RECORD = "failed to extract repodata records"  # valid JSON, with something of another type in it
_CUT_SHORT = "end of file before message length reached"
_MISSING = "could not find subdir"
_CACHE = re.compile(r"failed to (?:create|write|persist|lock|open)[^`'\n]*[`'](?P<path>[^`'\n]+)[`']")
_NO_CACHE = "no usable repodata cache"
_DISK = re.compile(r"No space left on device|Disk quota exceeded|Read-only file system|Permission denied|File exists")


def channel_error(channel: CondaChannel, message: str, *, offline: bool) -> UndecidedError:
    """Return the error for a channel that could not be read; `message` is the client's own."""
    status = _STATUS.search(message)
    if _BROKEN_RECORD in message:
        return _broken(f"channel data of `{channel.name}`", channel.public_base, _cause(message, (channel,)))
    if offline or _NO_CACHE in message:
        return _out_of_reach(channel, _cause(message, (channel,)), "run once without `--offline`")
    if status:
        return _answered(channel, int(status["code"]), status["phrase"])
    if _DISK.search(message) and (found := _CACHE.search(message)):
        return _no_cache(found["path"], message)
    if _CUT_SHORT in message:
        return _out_of_reach(channel, "every download ended before its announced size", "try again later")
    if _BROKEN.search(message):
        return _broken(f"channel data of `{channel.name}`", channel.public_base, _cause(message, (channel,)))
    return _out_of_reach(channel, _cause(message, (channel,)), "check its name and the network, then try again")


def is_missing_folder(message: str) -> bool:
    """Say whether a channel answered, but has not the folder that was asked for."""
    return _MISSING in message


def no_noarch(channel: CondaChannel, folders: Sequence[str]) -> UndecidedError:
    """Return the error for a channel that has packages, but no `noarch` folder."""
    return UndecidedError(
        f"channel `{channel.name}` has no `noarch` folder",
        where=channel.public_base,
        why=f"conda wants `noarch/repodata.json` in every channel, also beside {', '.join(folders)}",
        how="ask its owner to add an empty one",
    )


def some_channel_error(channels: Sequence[CondaChannel], message: str, *, offline: bool) -> UndecidedError:
    """Return the error for a failure during the solve, of whichever channel the message names."""
    for channel in channels:
        if channel.base in message or channel.public_base in message:
            return channel_error(channel, message, offline=offline)
    if _BROKEN_RECORD in message or _BROKEN.search(message):
        return _broken(
            "channel data", ", ".join(channel.public_base for channel in channels), _cause(message, channels)
        )
    return UndecidedError(
        "a channel is out of reach",
        why=_cause(message, channels),
        how="run once without `--offline`" if offline else "check its name and the network, then try again",
    )


def public_text(text: str, channels: Sequence[CondaChannel]) -> str:
    """Return a solver's own words without credentials, every channel under its public address."""
    for channel in channels:
        text = text.replace(channel.base, channel.public_base)
    return "\n".join(map(public_line, text.split("\n")))


def _cause(message: str, channels: Sequence[CondaChannel]) -> str:
    return " ".join(public_text(message.strip().rsplit("Caused by: ", 1)[-1], channels).split())


def _out_of_reach(channel: CondaChannel, why: str, how: str) -> UndecidedError:
    return UndecidedError(f"channel `{channel.name}` is out of reach", where=channel.public_base, why=why, how=how)


def _answered(channel: CondaChannel, code: int, phrase: str) -> UndecidedError:
    why = f"the server answered `{code} {phrase}`"
    if code == 404:
        how = "correct its name"
        return UndecidedError(f"channel `{channel.name}` does not exist", where=channel.public_base, why=why, how=how)
    if code in (401, 403, 407):
        how = "give its address with credentials, as in `https://host/t/$TOKEN/channel`, or check them"
        return UndecidedError(f"channel `{channel.name}` refuses access", where=channel.public_base, why=why, how=how)
    return _out_of_reach(channel, f"{why} again and again", "try again later")


def _no_cache(path: str, message: str) -> UndecidedError:
    return UndecidedError(
        "channel data cannot be cached",
        where=path,
        why=message.strip().rsplit(": ", 1)[-1],
        how="make room there, or name another folder with `RATTLER_CACHE_DIR`",
    )


def _broken(data: str, where: str, why: str) -> UndecidedError:
    how = "try again later; if it stays, tell the channel's owner"
    return UndecidedError(f"{data} is broken", where=where, why=why, how=how)
