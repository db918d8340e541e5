"""Overlays of predictions, which lie beside the records of a board, within a page."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.views.page.context import Context

PNG = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 4_000_000  # of the pictures of a page


@dataclass(frozen=True)
class Picture:
    """An overlay as a data URL, with its caption."""

    url: str
    caption: str


class Pictures:
    """The pictures of a board until the page has as many bytes of them as a phone loads.

    Attributes:
        left_out: Number of pictures that were left out.
    """

    def __init__(self, context: Context) -> None:
        """Look for `pictures/<path of a record without .json>.png` in the board's folder."""
        root = context.folder / "pictures"
        self.left_out = 0
        self._context = context
        self._bytes = 0
        self._files: dict[str, Path] = {
            path.relative_to(root).with_suffix(".json").as_posix(): path
            for path in sorted(root.rglob("*.png"))
        }

    def of(self, rows: pd.DataFrame) -> Iterator[Picture]:
        """The overlays of each entry's first seed, of data sets that may be passed on."""
        columns = ("target", "lane", "strategy", "train_subjects", "records")
        for target, lane, strategy, size, paths in zip(*map(rows.get, columns), strict=True):
            first = next((path for path in paths if path in self._files), None)
            if first is None or not self._context.may_be_shown(target):
                continue
            content = self._files[first].read_bytes()
            if not content.startswith(PNG):
                continue
            if self._bytes + len(content) > MOST_BYTES:
                self.left_out += 1
                continue
            self._bytes += len(content)
            seed = first.rsplit("/", 1)[-1].removesuffix(".json")
            lane_words = self._context.board.lane_words(lane)
            words = (target, lane_words, strategy, f"n {size or 'all'}", seed)
            cell = ", ".join(filter(None, words))
            url = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
            yield Picture(url, f"Best, median and worst case of {cell}")
