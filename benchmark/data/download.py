"""Fetching one file over HTTP: resumed where it broke off, named only once it is verified."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from benchmark.errors import DataError

RETRIES = 5
PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
BUSY = (408, 429)
TIMEOUT_S = (15.0, 60.0)
CHUNK = 1 << 20

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Remote:
    """One file to fetch; `name` is the file name to give it, without a folder."""

    url: str
    name: str
    bytes: int | None = None
    md5: str | None = None
    sha256: str | None = None


def fetch(remote: Remote, folder: Path, progress: Progress = lambda done, total: None) -> Path:
    """Fetch a file into a folder, or find it there already; an interrupted transfer is resumed.

    A broken connection, a fault of the server and a busy one (HTTP 408, 429) are tried again,
    after the pause that it asks for or 2, 4, ... s, 60 s at most.

    Args:
        remote: What to fetch, and what it must be.
        folder: Where to put it; made if it is not there.
        progress: Told the bytes done and in all (0 if unknown), about every MiB.

    Returns:
        The path of the verified file.

    Raises:
        DataError: The server refuses or cannot be reached, the disk is full, or the file is not
            the one expected (then nothing of it is left).
    """
    if urlsplit(remote.url).scheme not in ("http", "https"):
        raise DataError(f"{remote.url}: only http and https addresses are fetched; mend the card")
    if Path(remote.name).name != remote.name or remote.name in ("", ".."):
        raise DataError(f"{remote.name!r}: a file name without a folder is needed; mend the card")
    target, part = folder / remote.name, folder / f"{remote.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.is_file() and _difference(target, remote) is None:
            return target
        _transfer(remote, part, progress)
        if difference := _difference(part, remote):
            raise _another_file(remote, part, difference)
        os.replace(part, target)
        _note(part).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{part}: cannot be written ({error.strerror or error}); make room or choose another "
            "folder, then type the same command again"
        ) from None
    return target


def _transfer(remote: Remote, part: Path, progress: Progress) -> None:
    import requests
    from urllib3.exceptions import HTTPError

    cause, pause = "", 0.0
    for attempt in range(1, RETRIES + 2):
        time.sleep(pause)
        try:
            return _attempt(remote, part, progress)
        except (requests.RequestException, HTTPError) as error:
            named = isinstance(error, requests.HTTPError)
            cause = str(error) if named else type(error).__name__
            answer = getattr(error, "response", None)
            asked = 0.0 if answer is None else _asked_pause(answer.headers)
            pause = min(max(PAUSE_S * attempt, asked), LONGEST_PAUSE_S)
    done = part.stat().st_size if part.is_file() else 0
    raise DataError(
        f"{remote.url}: the transfer failed {RETRIES + 1} times ({cause}), {done} of "
        f"{remote.bytes or 'unknown'} bytes are there; type the same command again to resume"
    )


def _attempt(remote: Remote, part: Path, progress: Progress) -> None:
    import requests

    done, validator = _kept(remote, part)
    if done and done == remote.bytes:
        return
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-"} | ({"If-Range": validator} if validator else {})
    with requests.get(remote.url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        status, answer = response.status_code, response.headers
        continues = answer.get("Content-Range", "").startswith(f"bytes {done}-")
        same = _validator(answer) in (None, validator)
        if done and (status == 416 or (status == 206 and not (continues and same))):
            _drop(part)
            raise requests.HTTPError(f"HTTP status {status}, the part does not fit")
        if 400 <= status < 500 and status not in BUSY:
            account = "; access needs an account" if status in (401, 403) else ""
            raise DataError(
                f"{remote.url}: HTTP status {status}{account}; check the address, or fetch the "
                f"file by hand as {part.with_suffix('')} and type the same command again"
            )
        if status != (206 if done else 200) and status != 200:
            raise requests.HTTPError(f"HTTP status {status}", response=response)
        if status == 200:
            done = 0
            part.write_bytes(b"")
            _note(part).write_text(json.dumps({"url": remote.url, "is": _validator(answer)}))
        length = answer.get("Content-Length", "")
        total = done + int(length) if length.isdecimal() else remote.bytes or 0
        if remote.bytes not in (None, total):
            raise _another_file(remote, part, f"size is {total} bytes, expected {remote.bytes}")
        needed, free = total - done, shutil.disk_usage(part.parent).free
        if needed > free:
            raise DataError(
                f"{part.parent}: {needed / 1e9:.2f} GB are needed for {remote.name}, "
                f"{free / 1e9:.2f} GB are free; make room, then type the same command again"
            )
        with part.open("ab") as file:
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                done += len(chunk)
                progress(done, total)
                if remote.bytes is not None and done > remote.bytes:
                    break
    if done < (remote.bytes or 0):
        raise requests.ConnectionError("the connection was closed early")


def _asked_pause(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait (Retry-After: a number or a date); 0 if none."""
    text = headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _kept(remote: Remote, part: Path) -> tuple[int, str | None]:
    try:
        note = json.loads(_note(part).read_text())
        size = part.stat().st_size
    except (FileNotFoundError, ValueError):
        return 0, None
    fits = note["url"] == remote.url and (remote.bytes is None or size <= remote.bytes)
    return (size, note["is"]) if fits else (0, None)


def _validator(headers: Mapping[str, str]) -> str | None:
    """A strong ETag, else the date of the last change: what If-Range may carry."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


def _difference(path: Path, remote: Remote) -> str | None:
    size = path.stat().st_size
    if remote.bytes not in (None, size):
        return f"size is {size} bytes, expected {remote.bytes}"
    for name, expected in (("md5", remote.md5), ("sha256", remote.sha256)):
        if expected:
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, name).hexdigest()
            if found != expected.lower():
                return f"{name} is {found}, expected {expected}"
    return None


def _another_file(remote: Remote, part: Path, difference: str) -> DataError:
    _drop(part)
    return DataError(
        f"{remote.url}: {difference}; the archive has changed at its host, or the transfer was "
        "damaged; type the same command again, and if it says so again report it"
    )


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)
