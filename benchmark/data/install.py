"""Installing a public data set: its files fetched, verified, unpacked and moved into its folder.

After an interruption the same call continues: a file is fetched from where it broke off, an
archive is unpacked into a hidden folder and then moved into place, and what is in place is
recorded.
"""

import hashlib
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.cards.card import fingerprint
from benchmark.cards.dataset import DatasetCard, Download
from benchmark.data.archives import check_members, extract
from benchmark.data.download import RemoteFile, fetch
from benchmark.data.install_state import read_state
from benchmark.data.listed_files import LIST, fetch_listed, read_file_list
from benchmark.data.place_files import folder_of_one, move_content, path_inside
from benchmark.errors import DataError, first_repeated
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace

STAGING = ".segtransfer"


def install(
    card: DatasetCard, workspace: Workspace, root: Path, progress: Progress = no_progress
) -> None:
    """Bring every download of a card into a folder, or continue after an interruption.

    Args:
        card: Has downloads, and its licence was accepted.
        workspace: Archives are kept in it until `remove_downloads`.
        root: Folder of the data; may hold other files, which are never overwritten.
        progress: Gets the step, and the bytes of its file done and in total (0 if unknown).

    Raises:
        DataError: A transfer or an archive fails, the disk is full, the folder holds another
            data set or another version, or another process installs it.
    """
    if repeated := first_repeated(download.file for download in card.download):
        raise DataError(f"{card.id}: two downloads are named {repeated!r}; fix the card")
    downloads = workspace.downloads / card.id
    try:
        root.mkdir(parents=True, exist_ok=True)
        downloads.mkdir(parents=True, exist_ok=True)
        with FileLock(downloads.with_name(f"{card.id}.lock"), timeout=0):
            state = read_state(card, root)
            missing = [d for d in card.download if not state.is_installed(d, root)]
            _check_room(card, missing, downloads, root)
            for download in missing:
                ready = _make_ready(download, downloads, root, progress)
                move_content(ready, root / path_inside(download.into))
                state.add(download, _size(downloads / download.file) or None, root)
            if card.files_url:
                listed = read_file_list(workspace.registry.folders[card.id] / LIST)
                fetch_listed(card.files_url, listed, root, progress)
            shutil.rmtree(root / STAGING, ignore_errors=True)
    except Timeout:
        raise DataError(
            f"{card.id}: another process is installing it; wait until it is done"
        ) from None
    except OSError as error:
        raise DataError(
            f"{error.filename or root}: {error.strerror or error}; check the folder and the disk, "
            "then type the same command again"
        ) from None


def remove_downloads(card: DatasetCard, workspace: Workspace) -> None:
    """Delete the archives of a data set that is unpacked and registered."""
    shutil.rmtree(workspace.downloads / card.id, ignore_errors=True)


def _make_ready(download: Download, downloads: Path, root: Path, progress: Progress) -> Path:
    """The hidden folder, inside the root, of all that a download brings.

    It has its final name only once it is complete, and loses its content when that is moved.
    """
    key = fingerprint(download)[7:15]
    ready = root / STAGING / f"{download.file}-{key}"
    if ready.exists():
        return ready
    tree = ready.with_name(f"{ready.name}.part")
    if not tree.exists():
        facts = (download.url, download.file, download.bytes, download.md5, download.sha256)
        archive = fetch(RemoteFile(*facts), downloads, progress)
        if download.unpack:
            extract(archive, tree, progress)
        else:
            folder_of_one(archive, tree)
    if download.nested:
        _unpack_nested(tree, download.nested, progress)
    try:
        check_members(downloads / download.file, tree, download.expects)
    except DataError:
        shutil.rmtree(tree)
        raise
    tree.rename(ready)
    return ready


def _unpack_nested(tree: Path, pattern: str, progress: Progress) -> None:
    """Replace the archives in an unpacked archive by what they hold."""
    for archive in sorted(tree.glob(str(path_inside(pattern)))):
        name = hashlib.sha256(str(archive.relative_to(tree)).encode()).hexdigest()[:16]
        inner = tree.with_name(f"{tree.name}.{name}")
        if not inner.exists():
            extract(archive, inner, progress)
        move_content(inner, archive.parent)
        inner.rmdir()
        archive.unlink()


def _check_room(card: DatasetCard, missing: list[Download], downloads: Path, root: Path) -> None:
    """Refuse what cannot fit, by the sizes that the card knows; unpacked is at least as large."""
    same_disk = downloads.stat().st_dev == root.stat().st_dev
    to_fetch = to_place = 0
    for download in missing:
        size = download.bytes or 0
        there = sum(_size(downloads / f"{download.file}{ending}") for ending in ("", ".part"))
        to_fetch += max(0, size - there)
        to_place += size if download.unpack or not same_disk else 0
    needs = (
        [(root, to_fetch + to_place)] if same_disk else [(downloads, to_fetch), (root, to_place)]
    )
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
