"""Getting a public data set: its licence accepted, its files fetched, verified and unpacked.

Whatever stops it, the same call goes on: a file is fetched on from where it broke off, an archive
is unpacked beside the data under a hidden name and then moved in, and what is in is remembered.
"""

import filecmp
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout
from pydantic import ValidationError

from benchmark.cards.card import Model, fingerprint
from benchmark.cards.dataset import DatasetCard, Download
from benchmark.data.archives import check_members, extract
from benchmark.data.download import Remote, fetch
from benchmark.errors import DataError
from benchmark.files import write_text
from benchmark.workspace import Workspace

STATE = "segtransfer.json"
STAGING = ".segtransfer"

Told = Callable[[str, int, int], None]


class Acceptance(Model):
    """That the user accepted a licence: its text, the card's version, and when (UTC)."""

    dataset: str
    version: int
    licence: str
    accepted: str


class Placed(Model):
    """What one download has put into the root, as the card described it then."""

    bytes: int | None
    md5: str | None
    sha256: str | None
    into: str
    nested: str | None


class State(Model):
    """What is in a root, by the name of the file it came in."""

    dataset: str
    placed: dict[str, Placed]


def acceptance(card: DatasetCard, workspace: Workspace) -> Acceptance | None:
    """What was accepted for this data set, if the card's licence is still the same text."""
    try:
        known = Acceptance.model_validate_json(_licence_file(card, workspace).read_bytes())
    except (OSError, ValidationError):
        return None
    return known if known.licence == card.licence else None


def accept(card: DatasetCard, workspace: Workspace) -> None:
    """Remember that the user accepted the licence of a data set."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known = Acceptance(dataset=card.id, version=card.version, licence=card.licence, accepted=now)
    write_text(_licence_file(card, workspace), known.model_dump_json(indent=1) + "\n")


def obtain(
    card: DatasetCard,
    workspace: Workspace,
    root: Path,
    progress: Told = lambda stage, done, total: None,
) -> None:
    """Bring every download of a card into a folder, or go on with what was begun.

    Args:
        card: Has downloads, and its licence was accepted.
        workspace: Archives are kept in it until `remove_downloads`.
        root: Folder of the data; may hold other files, which are never overwritten.
        progress: Told what is done now, and the bytes of its file done and in all (0 if unknown).

    Raises:
        DataError: A transfer or an archive fails, the disk is full, the folder holds another
            data set or another version, or another process is at it.
    """
    twice = [name for name, n in Counter(d.file for d in card.download).items() if n > 1]
    if twice:
        raise DataError(f"{card.id}: two downloads are named {twice[0]!r}; mend the card")
    downloads = _downloads(card, workspace)
    try:
        root.mkdir(parents=True, exist_ok=True)
        downloads.mkdir(parents=True, exist_ok=True)
        with FileLock(downloads.with_name(f"{card.id}.lock"), timeout=0):
            placed = _read_state(card, root)
            todo = [d for d in card.download if not _is_placed(d, placed, root)]
            _check_room(card, todo, downloads, root)
            for download in todo:
                ready = _make_ready(download, downloads, root, progress)
                _move_in(ready, root / _inside(download.into))
                placed[download.file] = _placed(download, downloads)
                state = State(dataset=card.id, placed=placed)
                write_text(root / STATE, state.model_dump_json(indent=1) + "\n")
            shutil.rmtree(root / STAGING, ignore_errors=True)
    except Timeout:
        raise DataError(
            f"{card.id}: another process is getting it; wait until it is done"
        ) from None
    except OSError as error:
        raise DataError(
            f"{error.filename or root}: {error.strerror or error}; check the folder and the disk, "
            "then type the same command again"
        ) from None


def remove_downloads(card: DatasetCard, workspace: Workspace) -> None:
    """Delete the archives of a data set that is unpacked and registered."""
    shutil.rmtree(_downloads(card, workspace), ignore_errors=True)


def _make_ready(download: Download, downloads: Path, root: Path, progress: Told) -> Path:
    """The hidden folder, inside the root, of all that a download brings.

    It has its last name only once everything is in it, and loses its content when it is moved.
    """
    key = fingerprint(download)[7:15]
    ready = root / STAGING / f"{download.file}-{key}"
    if ready.exists():
        return ready
    tree = ready.with_name(f"{ready.name}.part")
    if not tree.exists():
        remote = Remote(download.url, download.file, download.bytes, download.md5, download.sha256)
        archive = fetch(remote, downloads, lambda *now: progress(f"fetching {remote.name}", *now))
        if download.unpack:
            extract(archive, tree, lambda *now: progress(f"unpacking {remote.name}", *now))
        else:
            _copy(archive, tree)
    if download.nested:
        _unpack_nested(tree, download.nested, progress)
    try:
        check_members(downloads / download.file, tree, download.expects)
    except DataError:
        shutil.rmtree(tree)
        raise
    tree.rename(ready)
    return ready


def _unpack_nested(tree: Path, pattern: str, progress: Told) -> None:
    for archive in sorted(tree.glob(str(_inside(pattern)))):
        name = hashlib.sha256(str(archive.relative_to(tree)).encode()).hexdigest()[:16]
        inner = tree.with_name(f"{tree.name}.{name}")
        if not inner.exists():
            extract(archive, inner, lambda *now, a=archive: progress(f"unpacking {a.name}", *now))
        _move_in(inner, archive.parent)
        inner.rmdir()
        archive.unlink()


def _copy(file: Path, tree: Path) -> None:
    """A folder that holds this one file: a second name of it where the file system can."""
    part = tree.with_name(f"{tree.name}.copy")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        os.link(file, part / file.name)
    except OSError:
        shutil.copyfile(file, part / file.name)
    part.rename(tree)


def _move_in(source: Path, target: Path) -> None:
    """Move a folder's content into another; what is there already must be the same file."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        if not os.path.lexists(place):
            entry.rename(place)
        elif all(path.is_dir() and not path.is_symlink() for path in (entry, place)):
            _move_in(entry, place)
            entry.rmdir()
        elif _same(entry, place):
            entry.unlink()
        else:
            raise DataError(
                f"{place}: is there already, and is not what the download brings; move it away "
                "or choose an empty folder with --to, then type the same command again"
            )


def _same(first: Path, second: Path) -> bool:
    if first.is_symlink() or second.is_symlink():
        both = first.is_symlink() and second.is_symlink()
        return both and first.readlink() == second.readlink()
    return first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False)


def _inside(text: str) -> PurePosixPath:
    """A path or pattern of a card that stays inside its folder."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{text!r}: leaves the data set's folder; mend the card")
    return path


def _read_state(card: DatasetCard, root: Path) -> dict[str, Placed]:
    path = root / STATE
    try:
        state = State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError:
        raise DataError(f"{path}: damaged; remove {root} and type the same command again") from None
    if state.dataset != card.id:
        raise DataError(f"{root}: holds {state.dataset}; choose another folder with --to")
    return state.placed


def _placed(download: Download, downloads: Path) -> Placed:
    facts = download.model_dump(include={"md5", "sha256", "into", "nested"})
    size = download.bytes or _size(downloads / download.file) or None
    return Placed(bytes=size, **facts)


def _is_placed(download: Download, known: Mapping[str, Placed], root: Path) -> bool:
    """Whether a download is in the root already.

    Raises:
        DataError: What is there is not what the card says now.
    """
    placed = known.get(download.file)
    if placed is None:
        return False
    for fact, then in placed:
        now = getattr(download, fact)
        if None not in (then, now) and then != now:
            raise DataError(
                f"{root}: {download.file} was got when the card said {fact} {then!r}, it now says "
                f"{now!r}; remove that folder, or choose another with --to, to get it anew"
            )
    return True


def _check_room(card: DatasetCard, todo: list[Download], downloads: Path, root: Path) -> None:
    """Refuse what cannot fit, as far as the card knows sizes; unpacked is at least as large."""
    known = [(d, d.bytes) for d in todo if d.bytes is not None]
    here = (sum(_size(downloads / name) for name in (d.file, f"{d.file}.part")) for d, _ in known)
    same_disk = downloads.stat().st_dev == root.stat().st_dev
    to_fetch = sum(max(0, size - there) for (_, size), there in zip(known, here, strict=True))
    to_put = sum(size for d, size in known if d.unpack or not same_disk)
    needs = [(root, to_fetch + to_put)] if same_disk else [(downloads, to_fetch), (root, to_put)]
    for folder, needed in needs:
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise DataError(
                f"{folder}: {needed / 1e9:.2f} GB or more are needed to get {card.id}, "
                f"{free / 1e9:.2f} GB are free; make room, or choose another disk with --to or "
                "--home, then type the same command again"
            )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _downloads(card: DatasetCard, workspace: Workspace) -> Path:
    return workspace.downloads / card.id


def _licence_file(card: DatasetCard, workspace: Workspace) -> Path:
    return workspace.licence_file(card.id)
