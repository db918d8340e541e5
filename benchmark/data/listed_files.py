"""Files of a data set that are fetched one by one, as `files.csv` beside its card lists them."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

from benchmark.data.download import RemoteFile, fetch
from benchmark.data.place_files import path_inside
from benchmark.errors import DataError
from benchmark.reading import read_csv
from benchmark.workers import Progress, no_progress

LIST = "files.csv"
COLUMNS = ("file", "bytes", "sha256")


class ListedFile(NamedTuple):
    """A file by its path below the address of the data set, and below its folder here."""

    path: PurePosixPath
    bytes: int
    sha256: str


def read_file_list(path: Path) -> tuple[ListedFile, ...]:
    """Read the list of a data set: each file below its address, with size and SHA-256.

    Raises:
        DataError: The list is missing or malformed, or a file leaves the data set's folder.
    """
    listed = []
    for row in read_csv(path, COLUMNS, exactly=True, error=DataError):
        if not row["bytes"].isdecimal():
            raise DataError(f"{path}: {row['bytes']!r} is no number of bytes; fix the list")
        listed.append(ListedFile(path_inside(row["file"]), int(row["bytes"]), row["sha256"]))
    return tuple(listed)


def fetch_listed(
    url: str, files: Sequence[ListedFile], root: Path, progress: Progress = no_progress
) -> None:
    """Fetch each file into its place below a folder, unless it is there already.

    Args:
        url: Address that the paths are relative to.
        files: What to fetch.
        root: Folder of the data; nothing in it is overwritten.
        progress: Gets the bytes done and in total.

    Raises:
        DataError: A transfer fails, or another file of a name is there.
    """
    done, total = 0, sum(file.bytes for file in files)
    for file in files:
        address = f"{url.rstrip('/')}/{quote(str(file.path))}"
        remote = RemoteFile(address, file.path.name, file.bytes, sha256=file.sha256)
        target = root / file.path
        if target.is_file() and remote.difference(target):
            raise DataError(
                f"{target}: exists and differs from {address}; move it away or choose an empty "
                "folder with --to, then type the same command again"
            )
        fetch(remote, target.parent)
        done += file.bytes
        progress("downloading", done, total)
