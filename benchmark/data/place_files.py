"""Moving files into a data set's folder, where nothing is overwritten."""

import filecmp
import os
import shutil
from pathlib import Path, PurePosixPath

from benchmark.errors import DataError


def path_inside(text: str) -> PurePosixPath:
    """A path or pattern of a card.

    Raises:
        DataError: It leaves the folder that it is relative to.
    """
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{text!r}: leaves the data set's folder; fix the card")
    return path


def folder_of_one(file: Path, folder: Path) -> None:
    """Make a folder that holds one file: a hard link to it where the file system can."""
    part = folder.with_name(f"{folder.name}.copy")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        os.link(file, part / file.name)
    except OSError:
        shutil.copyfile(file, part / file.name)
    part.rename(folder)


def move_content(source: Path, target: Path) -> None:
    """Move a folder's content into another; a file that is there already must be the same.

    Raises:
        DataError: A file of that name with another content is there.
    """
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        existing = target / entry.name
        if not os.path.lexists(existing):
            entry.rename(existing)
        elif all(path.is_dir() and not path.is_symlink() for path in (entry, existing)):
            move_content(entry, existing)
            entry.rmdir()
        elif _is_same(entry, existing):
            entry.unlink()
        else:
            raise DataError(
                f"{existing}: exists and differs from what the download brings; move it away "
                "or choose an empty folder with --to, then type the same command again"
            )


def _is_same(first: Path, second: Path) -> bool:
    """Whether two files have the same content, or two symbolic links the same target."""
    if first.is_symlink() or second.is_symlink():
        both = first.is_symlink() and second.is_symlink()
        return both and first.readlink() == second.readlink()
    return first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False)
