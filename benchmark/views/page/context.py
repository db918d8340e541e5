"""The content of a page, and the links of its numbers."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from benchmark.cards.registry import Registry
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.bulk.record_columns import RecordColumns
from benchmark.leaderboard.metric_ranks import ENTRY
from benchmark.leaderboard.sequences import SequenceReport, read_sequences
from benchmark.records.record_pack import PACK
from benchmark.views.page.cells import as_list, escaped
from benchmark.views.page.drawings import Curve

DOCS = "docs/index.html"  # seen from the folder of a site
NO_CARDS = Registry(datasets={}, sources={}, targets={}, boards={}, folders={})


@dataclass(frozen=True)
class Context:
    """One board and everything that its page shows of it.

    Attributes:
        board: Its tables.
        clean: The tables without contaminated cells.
        records: One row per record, as `page_records` makes them; may be empty.
        folder: Where its pictures lie.
        files_in: Folder whose `records/` the page links to.
        out: The file that is written.
        registry: Cards of sources, targets and data sets; missing ones are left out.
        site: Whether the page is one of a site, beside its index.
    """

    board: Leaderboard
    clean: Leaderboard
    records: pd.DataFrame
    folder: Path
    files_in: Path
    out: Path
    registry: Registry = NO_CARDS
    site: bool = False

    @property
    def docs(self) -> bool:
        """Whether documentation lies beside the pages of a site."""
        return self.site and (self.out.parent / DOCS).is_file()

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The board's rows, with the rank each has without the contaminated ones."""
        rows = self.board.rows
        if not (len(rows) and self.board.contaminated and len(self.clean.rows)):
            return rows
        return _with_clean(rows, self.clean.rows, ["target", *ENTRY], "rank")

    @cached_property
    def overall(self) -> pd.DataFrame:
        """The overall rows, with domain, task and reasons for being unranked of each entry."""
        overall = self.board.over_targets
        if not len(overall):
            return overall
        if self.board.contaminated and len(self.clean.overall):
            overall = _with_clean(overall, self.clean.overall, ENTRY, "mean_rank")
        facts = self.rows.groupby(ENTRY, sort=False).agg(
            {"domain": "first", "task": "first", "unranked": _all_reasons}
        )
        return overall.merge(facts.reset_index(), on=ENTRY, how="left")

    @cached_property
    def sequences(self) -> SequenceReport | None:
        """The board's finished sequences, if there are any."""
        return read_sequences(self.folder, self.board.board)

    @cached_property
    def sized(self) -> bool:
        """Whether there is more than one number of training subjects."""
        return len(self.rows) > 0 and self.rows["train_subjects"].nunique() > 1

    @cached_property
    def several_strategies(self) -> bool:
        """Whether there is more than one strategy."""
        return len(self.rows) > 0 and self.rows["strategy"].nunique() > 1

    @property
    def laned(self) -> bool:
        """Whether the board has more than one lane."""
        return len(self.board.lanes) > 1

    def by_lane(self, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The rows of each lane by the lane's name; "" if the board has no other."""
        lanes = rows.groupby("lane", sort=False)
        return {str(lane) if self.laned else "": part for lane, part in lanes}

    @cached_property
    def targets(self) -> dict[str, str]:
        """Anchor of each target with rows."""
        return self._anchors("target")

    @cached_property
    def sources(self) -> dict[str, str]:
        """Anchor of each source with rows."""
        return self._anchors("source")

    @cached_property
    def files(self) -> str:
        """Address of the folder of records, seen from the page; "" if they are packed.

        It is "" too if no path leads there.
        """
        if (self.files_in / PACK).is_file():
            return ""
        try:
            path = os.path.relpath(self.files_in / "records", self.out.parent)
        except ValueError:  # another drive
            return ""
        return quote(path.replace(os.sep, "/"), safe="/.")

    def may_be_shown(self, target: str) -> bool:
        """Whether images of a target's data set may be passed on with the page."""
        card = self.registry.targets.get(target)
        data = self.registry.datasets.get(card.dataset) if card else None
        return data is not None and data.access in ("open", "synthetic")

    def file_link(self, path: str, name: str) -> str:
        """An escaped name that links to the file of a record, if a path leads there.

        The address is percent-encoded, so it is safe as a quoted attribute.
        """
        return f'<a href="{self.files}/{quote(path)}">{name}</a>' if self.files else name

    @cached_property
    def links(self) -> dict[str, str]:
        """Per record the end of a link to its row on the page, with its score as the text."""
        if not len(self.records):
            return {}
        scores = zip(as_list(self.records["path"]), as_list(self.records["score"]), strict=True)
        return {path: f'#r{row}">{score:.3f}</a>' for row, (path, score) in enumerate(scores)}

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """Validation curve of each record."""
        if not len(self.records):
            return {}
        return dict(zip(as_list(self.records["path"]), self.records["curve"], strict=True))

    def record_links(self, rows: pd.DataFrame, page: str = "") -> list[str]:
        """Cells with one score per seed, each linked to its record; `page` is this page's address.

        Without `records`, the links lead to the files.
        """
        links, start = self.links, f'<a href="{page}'
        return [
            " ".join([start + links[path] if path in links else self._file_link(path)
                      for path in paths])
            for paths in rows["records"]
        ]  # fmt: skip

    def _file_link(self, path: str) -> str:
        (name,) = escaped([path.rsplit("/", 1)[-1].removesuffix(".json")])
        return self.file_link(path, name)

    def _anchors(self, column: str) -> dict[str, str]:
        names = self.rows[column].unique() if len(self.rows) else ()
        return {str(name): f"{column}-{number}" for number, name in enumerate(names)}


def page_records(records: RecordColumns) -> pd.DataFrame:
    """One row per record, in the order of the records.

    Returns:
        All their columns; `score` is the mean of the main metric over subjects, `curve` a list of
        step and validation Dice with the chosen learning rate.
    """
    if not len(records):
        return pd.DataFrame()
    sums = np.add.reduceat(records.scores, np.cumsum(records.lengths) - records.lengths)
    return pd.DataFrame({
        **{name: column.tolist() for name, column in records.texts.items()},
        **records.numbers,
        "score": sums / records.lengths,
        "curve": list(records.texts["curve"].array(json.loads)),
    })  # fmt: skip


def _all_reasons(reasons: "pd.Series[str]") -> str:
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def _with_clean(
    full: pd.DataFrame, clean: pd.DataFrame, keys: list[str], rank: str
) -> pd.DataFrame:
    """The full table with the clean one's ranks under names of their own."""
    names = {rank: f"clean_{rank}"} | {n: f"clean_{n}" for n in ("rank_low", "rank_high", "group")}
    part = clean[[*keys, *names]].rename(columns=names)
    return full.merge(part, on=keys, how="left")
