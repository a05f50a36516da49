"""Channels made by a test, and served over HTTP by a server that can misbehave in every way that a network does."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

ALWAYS = 1_000_000
Fault = Callable[[BaseHTTPRequestHandler], bool]


def write_channel(folder: Path, **subdirs: list[str]) -> Path:
    """Write a channel of records such as `tidy 1.0 numpy <2, python @1700000000000`; `linux_64` is `linux-64`.

    Without a time behind `@` a record has none. `noarch` and `linux-64` are always there.
    """
    for subdir, lines in {"noarch": [], "linux_64": [], **subdirs}.items():
        place = folder / subdir.replace("_", "-", 1)
        place.mkdir(parents=True, exist_ok=True)
        records = dict(_record(line, place.name) for line in lines)
        document = {"info": {"subdir": place.name}, "packages": {}, "packages.conda": records, "repodata_version": 1}
        (place / "repodata.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def _record(line: str, subdir: str) -> tuple[str, dict[str, object]]:
    head, _, time_text = line.partition("@")
    name, version, *rest = head.strip().split(" ", 2)
    depends = [part.strip() for part in rest[0].split(",")] if rest else []
    file = f"{name}-{version}-0.conda"
    record: dict[str, object] = {
        "name": name,
        "version": version,
        "build": "0",
        "build_number": 0,
        "depends": depends,
        "subdir": subdir,
        "md5": hashlib.md5(file.encode()).hexdigest(),
        "sha256": hashlib.sha256(file.encode()).hexdigest(),
        "size": 1,
    }
    return file, {**record, "timestamp": int(time_text)} if time_text else record


@dataclass(frozen=True)
class Visit:
    """One request: its path, or the whole URL where a client takes the server for a proxy."""

    method: str
    target: str
    user_agent: str
    authorization: str


@dataclass
class ChannelServer:
    """What is served and what was asked. The first fault that fits answers a request."""

    folder: Path
    address: str = ""
    faults: list[Fault] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)

    def asked(self, ending: str, method: str = "GET") -> int:
        """Return how often a path with this ending was asked for."""
        return sum(urlsplit(one.target).path.endswith(ending) and one.method == method for one in self.visits)

    def status(self, code: int, ending: str = "", times: int = ALWAYS) -> None:
        """Answer with a status, the first `times` times."""
        self._add(ending, times, lambda handler: _send(handler, code))

    def drop(self, ending: str = "", times: int = ALWAYS) -> None:
        """Reset the connection instead of an answer, the first `times` times."""

        def reset(handler: BaseHTTPRequestHandler) -> None:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()

        self._add(ending, times, reset)

    def give(self, body: bytes, ending: str, announced: int | None = None, times: int = ALWAYS) -> None:
        """Answer with other data than the file's, or with fewer bytes than were announced."""
        self._add(ending, times, lambda handler: _send(handler, 200, body, announced))

    def delay(self, seconds: float, ending: str = "") -> None:
        """Let the client wait before the right answer."""

        def wait(handler: BaseHTTPRequestHandler) -> bool:
            if _path(handler).endswith(ending):
                time.sleep(seconds)
            return False

        self.faults.append(wait)

    def _add(self, ending: str, times: int, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        left = [times]

        def fault(handler: BaseHTTPRequestHandler) -> bool:
            if left[0] <= 0 or not _path(handler).endswith(ending):
                return False
            left[0] -= 1
            answer(handler)
            return True

        self.faults.append(fault)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        channel = self.server.channel
        agent, authorization = self.headers.get("User-Agent", ""), self.headers.get("Authorization", "")
        channel.visits.append(Visit(self.command, self.path, agent, authorization))
        if any(fault(self) for fault in tuple(channel.faults)):
            return
        path = channel.folder / _path(self).lstrip("/")
        _send(self, 200, path.read_bytes()) if path.is_file() else _send(self, 404)

    do_HEAD = do_GET  # noqa: N815  (the library calls it by this name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Say nothing: `visits` is the log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # five clients at once are no reason to let one wait for a second
    channel: ChannelServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def serving(folder: Path) -> Iterator[ChannelServer]:
    """Serve `folder` on a free port until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.channel = ChannelServer(folder=folder, address=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.channel
    finally:
        server.shutdown()
        server.server_close()


def _path(handler: BaseHTTPRequestHandler) -> str:
    return urlsplit(handler.path).path


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", announced: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if announced is None else announced))
    handler.send_header("Connection", "close")
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(body)
