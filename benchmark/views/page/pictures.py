"""Prediction overlays that lie in a board's folder, as data of the page itself."""

import base64
from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n"


def find_pictures(folder: Path) -> dict[str, Path]:
    """Files `pictures/<path of the record without .json>.png`, by the path of the record."""
    root = folder / "pictures"
    return {
        path.relative_to(root).with_suffix(".json").as_posix(): path
        for path in sorted(root.rglob("*.png"))
    }


def inline_picture(path: Path) -> str | None:
    """The picture as a data URL; None for a file that is no PNG."""
    content = path.read_bytes()
    if not content.startswith(PNG):
        return None
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")
