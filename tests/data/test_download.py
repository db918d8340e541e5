"""Fetching over a real local server that breaks off, changes its file, or refuses."""

import errno
import hashlib
import io
import os
import random
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmark.data import download
from benchmark.data.download import RemoteFile, fetch
from benchmark.errors import DataError

CONTENT = random.Random(1).randbytes(3_000_000)
OTHER = random.Random(2).randbytes(3_000_000)


@dataclass
class Host:
    """What the server serves, how it misbehaves, and what it was asked."""

    content: bytes = CONTENT
    status: int = 0
    refusals: int = 1000
    retry_after: str | None = None
    cut: int = 0
    cuts: int = 0
    ranges: bool = True
    length: bool = True
    tag: bool = True
    after_cut: bytes | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0
    url: str = ""

    def remote(self) -> RemoteFile:
        hashes = [hashlib.new(name, CONTENT).hexdigest() for name in ("md5", "sha256")]
        return RemoteFile(self.url, "set.zip", len(CONTENT), *hashes)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(download, "PAUSE_S", 0)
    monkeypatch.setenv("NO_PROXY", "*")
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            host.asked.append(dict(self.headers))
            tag = '"' + hashlib.md5(host.content).hexdigest() + '"'
            asked = self.headers.get("Range") if host.ranges else None
            if self.headers.get("If-Range", tag) != tag:
                asked = None
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
            body, status = host.content[start:], 206 if asked else 200
            refuses = host.status and host.refusals > 0
            host.refusals -= 1
            if refuses or start >= len(host.content):
                body, status = b"no", host.status if refuses else 416
            self.send_response(status)
            if refuses and host.retry_after:
                self.send_header("Retry-After", host.retry_after)
            if host.tag:
                self.send_header("ETag", tag)
            if host.length:
                self.send_header("Content-Length", str(len(body)))
            if status == 206:
                last = len(host.content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
            self.end_headers()
            if host.cuts:
                host.cuts -= 1
                body, host.content = body[: host.cut], host.after_cut or host.content
            with suppress(ConnectionError):
                self.wfile.write(body)
            host.sent += len(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}/set.zip"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield host
    server.shutdown()
    server.server_close()
    thread.join()


def refused(remote: RemoteFile, folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        fetch(remote, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_is_fetched_once(host: Host, tmp_path: Path) -> None:
    events: list[tuple[str, int, int]] = []
    path = fetch(host.remote(), tmp_path / "new/folder", lambda *event: events.append(event))
    assert path.read_bytes() == CONTENT and names(path.parent) == ["set.zip"]
    assert events[-1] == ("fetching set.zip", len(CONTENT), len(CONTENT))
    assert 3 <= len(events) <= 4
    assert fetch(host.remote(), path.parent) == path and len(host.asked) == 1
    path.write_bytes(OTHER)
    assert fetch(host.remote(), path.parent).read_bytes() == CONTENT and len(host.asked) == 2


@pytest.mark.parametrize("tag", [True, False])
@pytest.mark.parametrize("length", [True, False])
def test_a_broken_transfer_is_resumed(host: Host, tmp_path: Path, tag: bool, length: bool) -> None:
    host.cut, host.cuts, host.tag, host.length = 700_000, 2, tag, length
    assert fetch(host.remote(), tmp_path).read_bytes() == CONTENT
    assert [asked.get("Range") for asked in host.asked] == [
        None,
        "bytes=700000-",
        "bytes=1400000-",
    ]
    assert ("If-Range" in host.asked[1]) is tag
    assert host.sent == len(CONTENT) and names(tmp_path) == ["set.zip"]


def test_a_second_call_resumes(host: Host, tmp_path: Path) -> None:
    host.cut, host.cuts = 100_000, 6
    message = refused(host.remote(), tmp_path)
    assert "600000 of 3000000 bytes" in message and "same command again" in message
    assert names(tmp_path) == ["set.zip.part", "set.zip.part.json"]
    assert fetch(host.remote(), tmp_path).read_bytes() == CONTENT
    assert len(host.asked) == 7 and host.sent == len(CONTENT)
    assert names(tmp_path) == ["set.zip"]


def test_a_host_without_ranges_starts_anew(host: Host, tmp_path: Path) -> None:
    host.cut, host.cuts, host.ranges = 700_000, 1, False
    assert fetch(host.remote(), tmp_path).read_bytes() == CONTENT
    assert "Range" in host.asked[1] and host.sent == len(CONTENT) + 700_000


def test_a_file_changed_at_its_host_starts_anew(host: Host, tmp_path: Path) -> None:
    host.content, host.after_cut, host.cut, host.cuts = OTHER, CONTENT, 700_000, 1
    assert fetch(host.remote(), tmp_path).read_bytes() == CONTENT
    assert "If-Range" in host.asked[1] and host.sent == len(CONTENT) + 700_000


def test_a_part_that_the_host_cannot_continue_starts_anew(host: Host, tmp_path: Path) -> None:
    host.cut, host.cuts = 600_000, 6
    host.content = OTHER + OTHER
    remote = RemoteFile(host.url, "set.zip")
    refused(remote, tmp_path)
    host.content, host.tag = CONTENT, False
    (tmp_path / "set.zip.part.json").write_text(f'{{"url": "{host.url}", "is": null}}')
    assert fetch(remote, tmp_path).read_bytes() == CONTENT
    assert "Range" in host.asked[6] and "Range" not in host.asked[7]


def test_a_part_of_another_address_is_not_continued(host: Host, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(OTHER[:1000])
    (tmp_path / "set.zip.part.json").write_text('{"url": "http://elsewhere", "is": null}')
    assert fetch(host.remote(), tmp_path).read_bytes() == CONTENT
    assert "Range" not in host.asked[0]


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_wrong_hash_removes_the_file(host: Host, tmp_path: Path, kind: str) -> None:
    host.content = OTHER
    remote = host.remote()
    remote = replace(remote, md5=remote.md5 if kind == "md5" else None)
    message = refused(remote, tmp_path)
    assert hashlib.new(kind, CONTENT).hexdigest() in message
    assert hashlib.new(kind, OTHER).hexdigest() in message
    assert host.url in message and names(tmp_path) == []


@pytest.mark.parametrize("length", [True, False])
def test_a_wrong_size_removes_the_file(host: Host, tmp_path: Path, length: bool) -> None:
    host.content, host.length = CONTENT + CONTENT, length
    message = refused(host.remote(), tmp_path)
    assert "expected 3000000" in message and host.url in message and names(tmp_path) == []
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    "status, asked", [(401, 1), (403, 1), (404, 1), (408, 6), (429, 6), (500, 6)]
)
def test_a_refusal(host: Host, tmp_path: Path, status: int, asked: int) -> None:
    host.status = status
    message = refused(host.remote(), tmp_path)
    assert str(status) in message and host.url in message
    assert ("needs an account" in message) is (status in (401, 403))
    assert len(host.asked) == asked and names(tmp_path) == []


@pytest.mark.parametrize("status", [408, 429, 503])
@pytest.mark.parametrize(
    "asked, pause",
    [
        ("7", 7),
        ("3600", 60),
        (None, 2),
        ("soon", 2),
        (format_datetime(datetime.now(UTC) - timedelta(1)), 2),
        (format_datetime(datetime.now(UTC) + timedelta(1)), 60),
    ],
    ids=["seconds", "too long", "none", "no number", "past date", "future date"],
)
def test_a_busy_host_is_asked_again_when_it_says(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    status: int, asked: str | None, pause: float,
) -> None:  # fmt: skip
    slept: list[float] = []
    monkeypatch.setattr(download, "PAUSE_S", 2.0)
    monkeypatch.setattr(time, "sleep", slept.append)
    host.status, host.refusals, host.retry_after = status, 1, asked
    assert fetch(host.remote(), tmp_path).read_bytes() == CONTENT
    assert len(host.asked) == 2 and slept == [0, pause]


def test_no_host(host: Host, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/set.zip"
        assert "ConnectionError" in refused(replace(host.remote(), url=url), tmp_path)


def test_no_room(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    message = refused(replace(host.remote(), bytes=None), tmp_path)
    assert "0.00 GB are needed" in message and "0.00 GB are free" in message


def test_a_disk_full_on_the_way(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    usual = Path.open

    def full(path: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
        return Full(path, mode) if mode == "ab" else usual(path, mode, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        assert "No space left" in refused(host.remote(), tmp_path)
    assert not (tmp_path / "set.zip").exists()
    assert fetch(host.remote(), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["ftp://a/b.zip", "file:///etc/passwd", "b.zip"])
def test_other_schemes_are_refused(tmp_path: Path, url: str) -> None:
    assert "only http and https" in refused(RemoteFile(url, "b.zip"), tmp_path / "folder")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["../b.zip", "/b.zip", "", "..", "."])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    assert "without a folder" in refused(RemoteFile("http://127.0.0.1:9/b.zip", name), tmp_path)
