"""Fetching one file over HTTP: resumed after an interruption, named only once it is verified."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmark.errors import DataError
from benchmark.workers import Progress, no_progress

if TYPE_CHECKING:  # requests takes a quarter of a second: imported only where a file is fetched
    import requests

RETRIES = 5
PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
BUSY = (408, 429)
TIMEOUT_S = (15.0, 60.0)
CHUNK = 1 << 20


@dataclass(frozen=True)
class RemoteFile:
    """One file to fetch.

    Attributes:
        url: Its http or https address.
        name: File name to give it, without a folder.
        bytes: Its size, if known.
        md5: In hexadecimal, if known.
        sha256: In hexadecimal, if known.
    """

    url: str
    name: str
    bytes: int | None = None
    md5: str | None = None
    sha256: str | None = None

    def difference(self, path: Path) -> str | None:
        """How a file on disk differs from what is expected; None if it does not."""
        size = path.stat().st_size
        if self.bytes not in (None, size):
            return f"size is {size} bytes, expected {self.bytes}"
        for algorithm, expected in (("md5", self.md5), ("sha256", self.sha256)):
            if expected:
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, algorithm).hexdigest()
                if digest != expected.lower():
                    return f"{algorithm} is {digest}, expected {expected}"
        return None


def fetch(remote: RemoteFile, folder: Path, progress: Progress = no_progress) -> Path:
    """Fetch a file into a folder unless it is there already; resumes an interrupted transfer.

    After a broken connection, a server error or a busy server (HTTP 408, 429) the transfer is
    tried again: after 2, 4, ... s, or the longer pause that the server asks for, 60 s at most.

    Args:
        remote: What to fetch, and what it must be.
        folder: Where to put it; made if it does not exist.
        progress: Gets the bytes done and in total (0 if unknown), about every MiB.

    Returns:
        The path of the verified file.

    Raises:
        DataError: The server refuses or cannot be reached, the disk is full, or the file is not
            the one expected (then nothing of it is left).
    """
    if urlsplit(remote.url).scheme not in ("http", "https"):
        raise DataError(f"{remote.url}: only http and https addresses are fetched; fix the card")
    if Path(remote.name).name != remote.name or remote.name in ("", ".."):
        raise DataError(f"{remote.name!r}: a file name without a folder is needed; fix the card")
    target = folder / remote.name
    transfer = _Transfer(remote, target, progress)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.is_file() and remote.difference(target) is None:
            return target
        transfer.run()
        if difference := remote.difference(transfer.part):
            raise transfer.another_file(difference)
        os.replace(transfer.part, target)
        transfer.note.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{transfer.part}: cannot be written ({error.strerror or error}); make room or choose "
            "another folder, then type the same command again"
        ) from None
    return target


class _Transfer:
    """The transfer of one file into a part, and a note of what the part is of.

    The note holds the address and the validator (an ETag or a date) that the server gave, so that
    a part is only continued with the file that it began with.
    """

    def __init__(self, remote: RemoteFile, target: Path, progress: Progress) -> None:
        self.remote, self.progress = remote, progress
        self.part = target.with_name(f"{target.name}.part")
        self.note = target.with_name(f"{target.name}.part.json")

    def run(self) -> None:
        """Transfer the file, with retries."""
        import requests
        from urllib3.exceptions import HTTPError

        cause, pause = "", 0.0
        for attempt in range(1, RETRIES + 2):
            time.sleep(pause)
            try:
                return self._attempt()
            except (requests.RequestException, HTTPError) as error:
                is_status = isinstance(error, requests.HTTPError)
                cause = str(error) if is_status else type(error).__name__
                response = getattr(error, "response", None)
                asked = 0.0 if response is None else _retry_after(response.headers)
                pause = min(max(PAUSE_S * attempt, asked), LONGEST_PAUSE_S)
        done = self.part.stat().st_size if self.part.is_file() else 0
        raise DataError(
            f"{self.remote.url}: the transfer failed {RETRIES + 1} times ({cause}), {done} of "
            f"{self.remote.bytes or 'unknown'} bytes are there; type the same command again to "
            "resume"
        )

    def another_file(self, difference: str) -> DataError:
        """Remove the part; the error for a file that is not the expected one."""
        self._drop()
        return DataError(
            f"{self.remote.url}: {difference}; the file has changed at its host, or the transfer "
            "was damaged; type the same command again, and report it if that does not help"
        )

    def _attempt(self) -> None:
        import requests

        remote, (done, validator) = self.remote, self._resumable()
        if done and done == remote.bytes:
            return
        headers = {"Accept-Encoding": "identity"}
        if done:
            headers |= {"Range": f"bytes={done}-"} | ({"If-Range": validator} if validator else {})
        with requests.get(remote.url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
            status = response.status_code
            self._check_status(response, done, validator)
            if status == 200:
                done = 0
                self.part.write_bytes(b"")
                note = {"url": remote.url, "is": _validator(response.headers)}
                self.note.write_text(json.dumps(note))
            length = response.headers.get("Content-Length", "")
            total = done + int(length) if length.isdecimal() else remote.bytes or 0
            if remote.bytes not in (None, total):
                raise self.another_file(f"size is {total} bytes, expected {remote.bytes}")
            needed, free = total - done, shutil.disk_usage(self.part.parent).free
            if needed > free:
                raise DataError(
                    f"{self.part.parent}: {needed / 1e9:.2f} GB are needed for {remote.name}, "
                    f"{free / 1e9:.2f} GB are free; make room, then type the same command again"
                )
            with self.part.open("ab") as file:
                for chunk in response.raw.stream(CHUNK, decode_content=False):
                    file.write(chunk)
                    done += len(chunk)
                    self.progress(f"fetching {remote.name}", done, total)
                    if remote.bytes is not None and done > remote.bytes:
                        break
        if done < (remote.bytes or 0):
            raise requests.ConnectionError("the connection was closed early")

    def _check_status(
        self, response: "requests.Response", done: int, validator: str | None
    ) -> None:
        """Raise what is to be tried again, or a DataError; 200, or 206 that fits, passes."""
        import requests

        status, headers = response.status_code, response.headers
        fits = headers.get("Content-Range", "").startswith(f"bytes {done}-")
        same = _validator(headers) in (None, validator)
        if done and (status == 416 or (status == 206 and not (fits and same))):
            self._drop()
            raise requests.HTTPError(f"HTTP status {status}, the part does not fit")
        if 400 <= status < 500 and status not in BUSY:
            account = "; access needs an account" if status in (401, 403) else ""
            raise DataError(
                f"{self.remote.url}: HTTP status {status}{account}; check the address, or fetch "
                f"the file by hand as {self.part.with_suffix('')} and type the same command again"
            )
        if status != 200 and not (done and status == 206):
            raise requests.HTTPError(f"HTTP status {status}", response=response)

    def _resumable(self) -> tuple[int, str | None]:
        """Bytes of the part that can be continued, and the validator of its file."""
        try:
            note = json.loads(self.note.read_text())
            size = self.part.stat().st_size
        except (FileNotFoundError, ValueError):
            return 0, None
        too_large = self.remote.bytes is not None and size > self.remote.bytes
        return (0, None) if note["url"] != self.remote.url or too_large else (size, note["is"])

    def _drop(self) -> None:
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _validator(headers: Mapping[str, str]) -> str | None:
    """A strong ETag, else the date of the last change: what If-Range may carry."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait (Retry-After: a number or a date); 0 if none."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    with suppress(InvalidHeader, ValueError, OverflowError):
        return Retry().parse_retry_after(headers.get("Retry-After", ""))
    return 0.0
