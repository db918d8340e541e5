"""Where the content folders datasets/, tasks/ and leaderboards/ are.

Order matters: in a wheel install the parent of the package is site-packages, and
`site-packages/datasets` is somebody else's code. So the parent counts only if it holds our
pyproject.toml. Nothing is ever created or written here.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import platformdirs

from benchmark.errors import CardError

KINDS = ("datasets", "tasks", "leaderboards")


def shipped_content(package: Path | None = None) -> Path:
    """Folder that holds the content shipped with this installation.

    Args:
        package: Folder of the package; this one's when not given.

    Raises:
        CardError: Neither the wheel's copy nor a checkout of the project is there.
    """
    package = package or Path(__file__).resolve().parents[1]
    inside = package / "_content"
    if inside.is_dir():
        return inside
    settings = package.parent / "pyproject.toml"
    if settings.is_file() and 'name = "segtransfer"' in settings.read_text(encoding="utf-8"):
        return package.parent
    raise CardError(f"{package}: no content folders beside the package; reinstall segtransfer")


def content_roots(extra: Path | Sequence[Path] | None = None) -> tuple[Path, ...]:
    """The shipped content, then the private folders of the user.

    Raises:
        CardError: A private folder holds none of the content folders.
    """
    folders = [extra] if isinstance(extra, Path) else extra or ()
    for folder in folders:
        if not any((folder / kind).is_dir() for kind in KINDS):
            raise CardError(f"--content {folder}: expected a folder with {', '.join(KINDS)} in it")
    return (shipped_content(), *dict.fromkeys(folder.resolve() for folder in folders))


def default_home() -> Path:
    """Where local data and weights are kept: SEGTRANSFER_HOME, or the user's cache folder.

    Raises:
        CardError: The user has no home folder, as in some containers.
    """
    if chosen := os.environ.get("SEGTRANSFER_HOME"):
        return Path(chosen)
    with suppress(RuntimeError):  # raised by new releases of platformdirs
        home = platformdirs.user_cache_path("segtransfer")
        if home.is_absolute():
            return home
    raise CardError(
        "this user has no home folder; name a folder for local data with --home or SEGTRANSFER_HOME"
    )
