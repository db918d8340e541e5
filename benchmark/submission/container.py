"""The files of a pack that others made: nothing outside its folder, nothing too large."""

import os
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.data.archives import extract
from benchmark.errors import SubmissionError
from benchmark.files import printable
from benchmark.submission import limits
from benchmark.submission.manifest import ALLOWED


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder of a pack; a zip is unpacked into a temporary one.

    Raises:
        SubmissionError: It is neither, is too large, or has a name twice.
        DataError: The zip is damaged, or writes outside its folder, or is a bomb.
    """
    if path.is_dir() and not path.is_symlink():
        yield path
        return
    if path.is_symlink() or not path.is_file() or not _is_zip(path):
        raise SubmissionError(
            f"{printable(path)}: neither a folder nor a zip; "
            "make a pack with `segtransfer submit pack`"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:  # last: unknown version
        raise SubmissionError(
            f"{printable(path)}: damaged ({printable(error)}); pack it again"
        ) from None
    _check_size(len(members), sum(member.file_size for member in members))
    names = Counter(member.filename.replace("\\", "/").casefold() for member in members)
    for name, count in names.most_common(1):
        if count > 1:
            raise SubmissionError(f"{printable(name)}: is in the zip {count} times; pack it again")
    with tempfile.TemporaryDirectory(prefix="segtransfer.") as temporary:
        folder = Path(temporary) / "pack"
        extract(path, folder)
        yield folder


def list_files(folder: Path) -> dict[str, int]:
    """Every file of a pack with its size in bytes.

    Raises:
        SubmissionError: A link, something that is not a file, a name that no pack has, or too
            large.
    """
    files: dict[str, int] = {}
    for name, status in _walk(folder, ""):
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionError(f"{printable(name)}: is a link or not a file")
        if not ALLOWED.fullmatch(name):
            raise SubmissionError(
                f"{printable(name)}: no pack has such a file; "
                "a pack has a manifest, a card, records, prediction hashes and label maps"
            )
        limit = limits.MAX_MAPS_BYTES if name.endswith(".npz") else limits.MAX_TEXT_BYTES
        if status.st_size > limit:
            raise SubmissionError(
                f"{printable(name)}: {status.st_size / 1e6:.0f} MB; "
                f"at most {limit / 1e6:.0f} MB are read"
            )
        files[name] = status.st_size
        _check_size(len(files), 0)
    _check_size(len(files), sum(files.values()))
    return files


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\3\4" and zipfile.is_zipfile(file)


def _check_size(files: int, size: int) -> None:
    if files > limits.MAX_FILES or size > limits.MAX_BYTES:
        raise SubmissionError(
            f"{files} files of {size / 1e6:.0f} MB; a pack has at most {limits.MAX_FILES} files "
            f"and {limits.MAX_BYTES / 1e6:.0f} MB; leave the predictions out"
        )


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        for item in sorted(os.scandir(folder), key=lambda item: item.name):
            if item.is_dir(follow_symlinks=False):
                yield from _walk(Path(item.path), f"{prefix}{item.name}/")
            else:
                yield prefix + item.name, item.stat(follow_symlinks=False)
    except OSError as error:
        raise SubmissionError(f"{printable(folder)}: cannot be read ({error.strerror})") from None
