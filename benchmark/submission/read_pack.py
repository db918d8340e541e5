"""Opening a pack that others made: nothing outside its folder, nothing too large, nothing run."""

import os
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.cards.card import read_card
from benchmark.cards.task import SourceCard
from benchmark.data.archives import extract
from benchmark.errors import SubmissionError
from benchmark.files import printable
from benchmark.records.predictions import PredictionHashes, read_hashes
from benchmark.records.record import RunRecord
from benchmark.submission.manifest import (
    ALLOWED,
    ID,
    MANIFEST,
    MAX_BYTES,
    MAX_FILES,
    MAX_MAPS_BYTES,
    MAX_TEXT_BYTES,
    Manifest,
    card_name,
    file_facts,
    read_manifest,
)


@dataclass(frozen=True)
class Pack:
    """An opened pack.

    Attributes:
        folder: Where it was unpacked.
        manifest: What it says it is.
        card: Of its source.
        records: By path below `records/`.
        hashes: Of the predictions, by the same paths.
    """

    folder: Path
    manifest: Manifest
    card: SourceCard
    records: Mapping[str, RunRecord]
    hashes: Mapping[str, PredictionHashes]

    def maps(self, name: str) -> Path:
        """Where the label maps of a record lie, if the pack has them."""
        return (self.folder / "predictions" / name).with_suffix(".npz")


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
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise SubmissionError(
            f"{printable(path)}: damaged ({printable(error)}); pack it again"
        ) from None
    check_size(len(members), sum(member.file_size for member in members))
    names = Counter(member.filename.replace("\\", "/").casefold() for member in members)
    name, count = names.most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise SubmissionError(f"{printable(name)}: is in the zip {count} times; pack it again")
    with tempfile.TemporaryDirectory(prefix="segtransfer.") as temporary:
        folder = Path(temporary) / "pack"
        extract(path, folder)
        yield folder


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\3\4" and zipfile.is_zipfile(file)


def check_size(files: int, size: int) -> None:
    """Refuse what is larger than a pack may be.

    Raises:
        SubmissionError: Saying by how much.
    """
    if files > MAX_FILES or size > MAX_BYTES:
        raise SubmissionError(
            f"{files} files of {size / 1e6:.0f} MB; a pack has at most {MAX_FILES} files and "
            f"{MAX_BYTES / 1e6:.0f} MB; leave the predictions out"
        )


def list_files(folder: Path) -> dict[str, int]:
    """Every file of a pack with its size in bytes.

    Raises:
        SubmissionError: A link, something that is no file, a name that no pack has, or too large.
    """
    found: dict[str, int] = {}
    for one, entry in _walk(folder, ""):
        if not stat.S_ISREG(entry.st_mode):
            raise SubmissionError(f"{printable(one)}: is a link or no file; a pack has plain files")
        if not ALLOWED.fullmatch(one):
            raise SubmissionError(
                f"{printable(one)}: no pack has such a file; "
                "a pack has a manifest, a card, records, prediction hashes and label maps"
            )
        most = MAX_MAPS_BYTES if one.endswith(".npz") else MAX_TEXT_BYTES
        if entry.st_size > most:
            raise SubmissionError(
                f"{printable(one)}: {entry.st_size / 1e6:.0f} MB; "
                f"at most {most / 1e6:.0f} MB are read"
            )
        found[one] = entry.st_size
        check_size(len(found), 0)
    check_size(len(found), sum(found.values()))
    return found


def _walk(folder: Path, name: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        for item in sorted(os.scandir(folder), key=lambda item: item.name):
            if item.is_dir(follow_symlinks=False):
                yield from _walk(Path(item.path), f"{name}{item.name}/")
            else:
                yield name + item.name, item.stat(follow_symlinks=False)
    except OSError as error:
        raise SubmissionError(f"{printable(folder)}: cannot be read ({error.strerror})") from None


def check_manifest(folder: Path, files: Mapping[str, int]) -> Manifest:
    """The manifest, once every file was found to be what it says.

    Raises:
        SubmissionError: A file is missing, not listed, or another one.
    """
    manifest = read_manifest(folder)
    listed, here = set(manifest.files), set(files) - {MANIFEST}
    for names, what in (
        (listed - here, "is listed but not there"),
        (here - listed, "is not listed"),
    ):
        if names:
            raise SubmissionError(f"{MANIFEST}: {printable(min(names))} {what}; pack it again")
    for name, facts in manifest.files.items():
        if file_facts(folder / name) != facts:
            raise SubmissionError(
                f"{name}: is not the file of the manifest (size or SHA-256 differ); it was edited "
                "or damaged, pack it again"
            )
    return manifest


def pack_card(folder: Path, manifest: Manifest, files: Mapping[str, int]) -> SourceCard:
    """The one card of a pack.

    Raises:
        SubmissionError: It is missing, or there are others.
        CardError: It is no card.
    """
    if not ID.fullmatch(manifest.source):
        raise SubmissionError(
            f"source {printable(manifest.source)!r}: no id (letters, digits, . _ -)"
        )
    cards = [name for name in files if name.startswith("tasks/")]
    if cards != [card_name(manifest.source)]:
        raise SubmissionError(
            f"cards of {printable(', '.join(cards)) or 'nothing'}; expected the one of "
            f"{manifest.source!r}"
        )
    return read_card(folder / cards[0], SourceCard)


def pack_hashes(folder: Path, records: Mapping[str, RunRecord]) -> dict[str, PredictionHashes]:
    """The prediction hashes of each record; they are of its key and its cases.

    Raises:
        SubmissionError: Some are missing, too many, or another run's.
        RecordError: A file is damaged.
    """
    found = {}
    here = {
        path.relative_to(folder / "predictions").as_posix()
        for path in (folder / "predictions").rglob("*.json")
    }
    if odd := here ^ set(records):
        raise SubmissionError(
            f"predictions/{printable(min(odd))}: without record, or record without it"
        )
    for path in (folder / "predictions").rglob("*.npz"):
        name = path.relative_to(folder / "predictions").with_suffix(".json").as_posix()
        if name not in records:
            raise SubmissionError(f"{printable(name)}: label maps without a record")
    for name, record in records.items():
        hashes = read_hashes(folder / "predictions" / name)
        if hashes.key != record.key or set(hashes.cases) != {row.case for row in record.cases}:
            raise SubmissionError(
                f"predictions/{name}: of another run or other cases than its record"
            )
        found[name] = hashes
    return found
