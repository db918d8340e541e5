"""Unpacking archives of unknown origin: completely and inside their folder, or not at all."""

import lzma
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from errno import ENOSPC
from gzip import BadGzipFile
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from benchmark.errors import DataError
from benchmark.workers import Progress, no_progress

MAX_MEMBERS = 2_000_000
SMALL_BYTES = 100_000_000
ZIP = (b"PK\3\4", b"PK\5\6", b"PK\7\10")
DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, BadGzipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, ValueError),
    NotImplementedError,  # zipfile's, for a compression or an encryption that it does not know
)


def extract(
    archive: Path,
    folder: Path,
    progress: Progress = no_progress,
    max_ratio: float = 200.0,
    expected: Sequence[str] = (),
) -> None:
    """Unpack a zip or tar archive (plain or compressed) into a new folder.

    Args:
        archive: The file; its format is detected from its content, not its name.
        folder: Must not exist; made only when everything was unpacked.
        progress: Gets, after each member, the bytes of the archive done and in total.
        max_ratio: The most bytes unpacked per byte of the archive; up to 100 MB are never refused.
        expected: Glob patterns; each must match something unpacked.

    Raises:
        DataError: The folder exists, the archive is damaged or unsafe, a member is missing, or
            the disk is full; nothing is left behind.
    """
    if folder.exists():
        raise DataError(f"{folder}: exists already; remove it and type the same command again")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            archive.open("rb") as raw,
            tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary,
        ):
            tree = Path(temporary) / "tree"
            tree.mkdir()
            stage = f"unpacking {archive.name}"
            unpack = _unpack_zip if raw.read(4) in ZIP else _unpack_tar
            raw.seek(0)
            budget = _Budget(archive.stat().st_size, tree, max_ratio)
            try:
                unpack(raw, budget, lambda done: progress(stage, done, budget.size))
            except DAMAGE as error:
                raise DataError(
                    f"{archive}: damaged, unsafe, or not a zip or tar archive "
                    f"({str(error).partition(chr(10))[0]}); remove it and fetch it again"
                ) from None
            check_members(archive, tree, expected)
            tree.rename(folder)
    except OSError as error:
        raise DataError(
            f"{archive}: cannot be unpacked into {folder} ({error.strerror or error}); "
            "check the path and the disk, then type the same command again"
        ) from None


def check_members(archive: Path, tree: Path, expected: Sequence[str]) -> None:
    """Check that something unpacked from an archive matches each of these glob patterns.

    Raises:
        DataError: Naming the first pattern that nothing matches.
    """
    for pattern in expected:
        if next(tree.glob(pattern), None) is None:
            raise DataError(
                f"{archive}: missing member, nothing in it matches {pattern!r}; "
                "this is another archive or another version; compare it with the card"
            )


class _Budget:
    """Limits on what is unpacked, and the path of each member."""

    def __init__(self, size: int, tree: Path, max_ratio: float) -> None:
        self.size, self.tree, self.max_ratio = size, tree, max_ratio
        self.free = shutil.disk_usage(tree).free
        self.members = self.bytes = 0

    def spend(self, size: int) -> None:
        """Count a member of `size` bytes; ValueError or OSError once there is too much."""
        self.members += 1
        self.bytes += size
        if self.members > MAX_MEMBERS:
            raise ValueError(f"more than {MAX_MEMBERS} members")
        if self.bytes > max(SMALL_BYTES, self.max_ratio * self.size):
            raise ValueError(f"a bomb, it unpacks to more than {self.max_ratio:g} times its size")
        if self.bytes > self.free:
            needed, free = self.bytes / 1e9, self.free / 1e9
            raise OSError(ENOSPC, f"{needed:.2f} GB or more are needed, {free:.2f} GB are free")

    def member_path(self, name: str) -> PurePosixPath | None:
        """The path of a member inside the tree; None for files that macOS adds."""
        path = PureWindowsPath(name)
        if path.anchor or ".." in path.parts:
            raise ValueError(f"{name!r} would be written outside the folder")
        junk = (p in ("__MACOSX", ".DS_Store") or p.startswith("._") for p in path.parts)
        return None if any(junk) else PurePosixPath(*path.parts)


def _unpack_zip(raw: BinaryIO, budget: _Budget, progress: Callable[[int], None]) -> None:
    with zipfile.ZipFile(raw) as archive:
        members = archive.infolist()
        for info in members:
            budget.spend(info.file_size)
        done = 0
        for info in members:
            done += info.compress_size
            relative = budget.member_path(info.filename)
            if info.flag_bits & 1:
                raise ValueError(f"{info.filename!r} is encrypted")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ValueError(f"{info.filename!r} is a link or a device")
            if relative is None:
                continue
            path = budget.tree / relative
            if info.filename.endswith(("/", "\\")):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, path.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
                if file.tell() != info.file_size:
                    raise zipfile.BadZipFile(f"{info.filename!r} is not as long as declared")
            progress(done)


def _unpack_tar(raw: BinaryIO, budget: _Budget, progress: Callable[[int], None]) -> None:
    links: set[PurePosixPath] = set()
    with tarfile.open(fileobj=raw, mode="r:*") as archive:
        for member in archive:
            budget.spend(member.size)
            relative = budget.member_path(member.name)
            target = budget.member_path(member.linkname) if member.islnk() else relative
            if member.isdev():
                raise ValueError(f"{member.name!r} is a device")
            if relative is None:
                continue
            if target is None or (member.islnk() and not (budget.tree / target).is_file()):
                raise ValueError(f"{member.name!r} is a link to nothing")
            if not links.isdisjoint((relative, *relative.parents, target, *target.parents)):
                raise ValueError(f"{member.name!r} goes through a link")
            if member.issym():
                links.add(relative)
            archive.extract(member, budget.tree, filter="data")
            progress(raw.tell())
        _check_end(archive)
    for link in links:
        if not (budget.tree / link).resolve(strict=True).is_relative_to(budget.tree.resolve()):
            raise ValueError(f"{str(link)!r} is a link that leaves the folder")


def _check_end(archive: tarfile.TarFile) -> None:
    """A tar ends with a block of zeros; `tarfile` alone accepts a damaged header as the end."""
    stream = archive.fileobj
    assert stream is not None
    stream.seek(archive.offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("the end is missing")
    while stream.read(1 << 20):
        pass
