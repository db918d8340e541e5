"""The sections of a page: what stands around the tables of each target and source."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.cards.card import Card, fingerprint
from benchmark.leaderboard.sequences import SequenceReport
from benchmark.leaderboard.target_table import FAILED
from benchmark.records.record import MARK_NAMES
from benchmark.records.trust import LEVELS
from benchmark.statistics.rules import STATISTICS
from benchmark.views.footnotes import FEW
from benchmark.views.page.charts.board import target_charts
from benchmark.views.page.charts.svg import Chart
from benchmark.views.page.context import Context
from benchmark.views.page.pictures import Picture, Pictures
from benchmark.views.page.table import PageTable
from benchmark.views.page.tables import source_table, target_tables

LEFT_OUT = "pictures left out to keep the page small"
FactList = list[tuple[str, str]]


@dataclass(frozen=True)
class Section:
    """One target or one source: its facts, table and pictures.

    Attributes:
        anchor: Target of links to it.
        name: Its id.
        title: From its card, or "".
        notes: Short sentences about the table.
        marks: Marks that at least one entry has, with the number of entries.
        facts: From cards and records.
        tables: Its entries; those of a target by lane, see `Context.by_lane`.
        page: Address of its page over all boards, or "".
        charts: Figures of a target.
        pictures: Overlays of predictions.
    """

    anchor: str
    name: str
    title: str
    notes: tuple[str, ...]
    marks: Mapping[str, str]
    facts: FactList
    tables: Mapping[str, PageTable]
    page: str
    charts: Sequence[Chart] = ()
    pictures: tuple[Picture, ...] = ()


def target_sections(context: Context) -> Iterator[Section]:
    """One section per target, in the board's order."""
    for name, rows in _parts(context.rows, "target"):
        card = context.registry.targets.get(name)
        data = context.registry.datasets.get(card.dataset) if card else None
        title = card.title if card else ""
        notes = [f"{' or '.join(map(str, rows['subjects'].unique()))} test subjects"]
        if rows["subjects"].min() < FEW:
            notes.append(f"n < {FEW}: only large differences are found")
        if blank := rows["empty_prediction"].iloc[0]:
            notes.append(f"an empty prediction would score {blank:.3f}")
        for lane in context.board.lanes:
            if not pd.isna(gain := rows["detectable_gain"][rows["lane"] == lane].median()):
                where = f"{words}: " if (words := context.board.lane_words(lane)) else ""
                notes.append(f"{where}gains of {gain:.3f} would be found in 80 % of boards")
        covers = [str(text) for text in rows["interval_covers"].dropna().unique() if text]
        if covers:
            notes.append(f"95 % intervals of the scores cover {' or '.join(covers)}")
        if name not in context.board.board.targets:
            notes.append("not a target of this board, so not part of the overall ranking")
        facts = [*_card_facts(card), *((f"data set: {k}", v) for k, v in _card_facts(data))]
        yield Section(
            context.targets[name], name, title, tuple(notes), mark_counts(rows), facts,
            target_tables(context, name, rows), _page(context, "targets", card),
            target_charts(context.board, name),
        )  # fmt: skip


def source_sections(context: Context) -> Iterator[Section]:
    """One section per source, in the order of the tables."""
    by_source = dict(_parts(context.records, "source"))
    pictures = Pictures(context)
    for name, rows in _parts(context.rows, "source"):
        card = context.registry.sources.get(name.partition("@")[0])
        records = by_source.get(name, pd.DataFrame())
        title = card.title if card else str(records["source_title"].iloc[0] if len(records) else "")
        before, shown = pictures.left_out, tuple(pictures.of(rows))
        facts = [*_record_facts(rows, records), *_card_facts(card, {"domain", "task", "encoder"})]
        if more := pictures.left_out - before:
            facts.append((LEFT_OUT, f"{more}, which lie in pictures/ beside the records"))
        yield Section(
            context.sources[name], name, title, (), mark_counts(rows), facts,
            {"": source_table(context, rows, f"{name}: every target")},
            _page(context, "sources", card),
            pictures=shown,
        )  # fmt: skip


def _page(context: Context, folder: str, card: Card | None) -> str:
    """Address of the page of a card on the site that the page is part of."""
    return f"{folder}/{card.id}.html" if context.site and card else ""


def mark_counts(rows: pd.DataFrame) -> dict[str, str]:
    """Each mark that some entry has, with the number of entries that have it."""
    if not len(rows):
        return {}
    marks = {mark: rows["marks"].str.contains(mark, regex=False) for mark in MARK_NAMES.values()}
    marks |= {level: rows["trust"] == level for level in LEVELS[1:]}
    marks[FAILED] = rows["failed_cells"] > 0
    marks["UNRANKED"] = rows["unranked"] != ""
    return _counted({name: int(has.sum()) for name, has in marks.items()}, len(rows))


def sequence_marks(report: SequenceReport | None) -> dict[str, str]:
    """The same for the entries of a board's sequences."""
    if report is None:
        return {}
    counts = Counter(mark for marks in report.marks.values() for mark in marks)
    return _counted(counts, len(report.marks))


def _counted(counts: Mapping[str, int], total: int) -> dict[str, str]:
    return {
        name.upper(): "all entries" if count == total else f"{count} of {total} entries"
        for name, count in counts.items()
        if count
    }


def protocol_facts(context: Context) -> FactList:
    """The settings that all cells of the board share."""
    board = context.board.board
    strategies = {name: card.model_dump(mode="json") for name, card in board.strategies.items()}
    protocol = board.protocol.model_dump(mode="json").items()
    return [
        ("statistics", STATISTICS),
        ("fingerprint", fingerprint(board.protocol)),
        *(
            (f"fingerprint, lane {lane}", board.protocol_fingerprint(lane))
            for lane in (board.lanes if context.laned else ())
        ),
        *((name, _text(value)) for name, value in protocol),
        *((f"strategy {name}", _text(value)) for name, value in strategies.items()),
        ("seeds", _text(board.seeds)),
        ("baseline of the gains", board.baseline),
    ]


def _parts(rows: pd.DataFrame, column: str) -> list[tuple[str, pd.DataFrame]]:
    if not len(rows):
        return []
    return [(str(name), part) for name, part in rows.groupby(column, sort=False)]


def _record_facts(rows: pd.DataFrame, records: pd.DataFrame) -> FactList:
    """Facts about a source from its records."""
    facts = [
        ("domain", _joined(rows["domain"])),
        ("pretraining task", _joined(rows["task"])),
        ("encoder", _joined(rows["encoder"])),
        ("contamination", _joined(rows["contamination"]) or "none known"),
    ]
    if len(records):
        facts[3:3] = [
            ("weights", _joined(records["weights"])),
            ("coverage of the weights", _joined(records["coverage"])),
        ]
        facts += [
            ("energy measured by", _joined(records["energy_method"])),
            ("run with", _joined(records["software"])),
            ("run between", f"{records['started'].min()} and {records['started'].max()}"),
        ]
    return facts


def _card_facts(card: Card | None, exclude: Set[str] = frozenset()) -> FactList:
    """All fields of a card except id, title and those to exclude."""
    if card is None:
        return []
    fields = card.model_dump(mode="json", exclude={"id", "title", *exclude}, exclude_defaults=True)
    return [(name.replace("_", " "), _text(value)) for name, value in fields.items()]


def _text(value: object) -> str:
    """Plain data as a line to read."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _joined(values: "pd.Series[Any]") -> str:
    return "; ".join(str(value) for value in values.unique() if value)


def missing_by_entry(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Missing cells as entries (`target/source/strategy/n..`), each with its missing seeds."""
    seeds: dict[str, list[str]] = {}
    for path in paths:
        entry, _, name = path.rpartition("/")
        seeds.setdefault(entry, []).append(name.removesuffix(".json").removeprefix("seed"))
    return [(entry, ", ".join(missing)) for entry, missing in seeds.items()]
