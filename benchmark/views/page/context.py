"""Everything a page is made from, and where each number leads."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from markupsafe import escape

from benchmark.cards.registry import Registry
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.sequences import SequenceReport, read_sequences
from benchmark.views.page.cells import listed
from benchmark.views.page.curves import Curve

ENTRY = ["train_subjects", "source", "strategy"]


@dataclass(frozen=True)
class Context:
    """One board and all that its page says of it.

    Attributes:
        board: Its tables.
        clean: The tables without contaminated cells.
        records: A row a record, as `page_records` makes them; may be empty.
        folder: Where its pictures lie.
        files_in: Folder whose `records/` the page links to.
        out: The file that is written.
        registry: Cards of sources, targets and data sets; what it lacks is left out.
    """

    board: Leaderboard
    clean: Leaderboard
    records: pd.DataFrame
    folder: Path
    files_in: Path
    out: Path
    registry: Registry | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The board's rows, with the rank each has without the contaminated ones."""
        rows = self.board.rows
        if not (len(rows) and self.board.contaminated and len(self.clean.rows)):
            return rows
        return _beside(rows, self.clean.rows, ["target", *ENTRY], "rank")

    @cached_property
    def overall(self) -> pd.DataFrame:
        """The overall rows, with domain, task and what is unranked of each entry."""
        overall = self.board.overall
        if not len(overall):
            return overall
        if self.board.contaminated and len(self.clean.overall):
            overall = _beside(overall, self.clean.overall, ENTRY, "mean_rank")
        facts = self.rows.groupby(ENTRY, sort=False).agg(
            {"domain": "first", "task": "first", "unranked": _all_reasons}
        )
        return overall.merge(facts.reset_index(), on=ENTRY, how="left")

    @cached_property
    def sequences(self) -> SequenceReport | None:
        """What finished sequences say, if there are any."""
        return read_sequences(self.folder, self.board.board)

    @cached_property
    def sized(self) -> bool:
        """Whether there is more than one number of training subjects."""
        return len(self.rows) > 0 and self.rows["train_subjects"].nunique() > 1

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
        """Address of the folder of records, seen from the page; "" where there is no way."""
        try:
            way = os.path.relpath(self.files_in / "records", self.out.parent)
        except ValueError:  # another drive
            return ""
        return quote(way.replace(os.sep, "/"), safe="/.")

    def may_be_shown(self, target: str) -> bool:
        """Whether images of a target's data set may be passed on with the page."""
        card = self.registry.targets.get(target) if self.registry else None
        data = self.registry.datasets.get(card.dataset) if self.registry and card else None
        return data is not None and data.access in ("open", "synthetic")

    def file(self, path: str) -> str:
        """Address of a record, safe as a quoted attribute."""
        return str(escape(f"{self.files}/{quote(path)}"))

    @cached_property
    def links(self) -> dict[str, str]:
        """Per record its score, leading to what the page says of the record."""
        if not len(self.records):
            return {}
        found = zip(listed(self.records["path"]), listed(self.records["score"]), strict=True)
        return {
            path: f'<a href="#r{number}">{score:.3f}</a>'
            for number, (path, score) in enumerate(found)
        }

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """Validation curve of each record."""
        if not len(self.records):
            return {}
        return dict(zip(listed(self.records["path"]), self.records["curve"], strict=True))

    def leads(self, rows: pd.DataFrame) -> list[str]:
        """Cells with a score a seed, each leading to its record."""
        links = self.links
        return [
            "<td>" + " ".join(links.get(path) or self._direct(path) for path in paths)
            for paths in rows["records"]
        ]

    def _direct(self, path: str) -> str:
        name = path.rsplit("/", 1)[-1].removesuffix(".json")
        return f'<a href="{self.file(path)}">{escape(name)}</a>'

    def _anchors(self, column: str) -> dict[str, str]:
        names = self.rows[column].unique() if len(self.rows) else ()
        return {str(name): f"{column}-{number}" for number, name in enumerate(names)}


def _all_reasons(reasons: "pd.Series[str]") -> str:
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def _beside(full: pd.DataFrame, clean: pd.DataFrame, keys: list[str], rank: str) -> pd.DataFrame:
    """The full table with the clean one's ranks under names of their own."""
    names = {rank: f"clean_{rank}"} | {n: f"clean_{n}" for n in ("rank_low", "rank_high", "group")}
    part = clean[[*keys, *names]].rename(columns=names)
    return full.merge(part, on=keys, how="left")
