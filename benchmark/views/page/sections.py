"""What a page says of each target and each source around their tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.cards.card import Card, fingerprint
from benchmark.leaderboard.sequences import SequenceReport
from benchmark.records.record import MARK_NAMES
from benchmark.records.trust import LEVELS
from benchmark.views.page.context import Context
from benchmark.views.page.pictures import inline_picture
from benchmark.views.page.table import PageTable
from benchmark.views.page.tables import source_table, target_table

Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class Picture:
    """An overlay as a data URL, and what it shows."""

    url: str
    caption: str


@dataclass(frozen=True)
class Section:
    """One target or one source: its place, facts, table, pictures.

    Attributes:
        anchor: Where links to it lead.
        name: Its id.
        title: What its card calls it, or "".
        notes: What must be known before reading, in short sentences.
        marks: Marks that at least one entry has, with how many.
        facts: From cards and records.
        table: Its entries.
        pictures: Overlays of predictions.
    """

    anchor: str
    name: str
    title: str
    notes: tuple[str, ...]
    marks: Mapping[str, str]
    facts: Facts
    table: PageTable
    pictures: tuple[Picture, ...] = ()


def target_sections(context: Context) -> Iterator[Section]:
    """One section a target, in the board's order."""
    for name, rows in _parts(context.rows, "target"):
        card = context.registry.targets.get(name) if context.registry else None
        data = context.registry.datasets.get(card.dataset) if context.registry and card else None
        title = card.title if card else ""
        notes = [_count(rows["subjects"].unique(), "test subjects")]
        if blank := rows["empty_prediction"].iloc[0]:
            notes.append(f"an empty prediction would score {blank:.3f}")
        covers = [what for what in rows["interval_covers"].dropna().unique() if what]
        if covers:
            notes.append(f"95 % intervals of the scores cover {' or '.join(map(str, covers))}")
        if name not in context.board.board.targets:
            notes.append("not a target of this board, so not part of the overall ranking")
        facts = [*_card_facts(card), *((f"data set: {k}", v) for k, v in _card_facts(data))]
        yield Section(
            context.targets[name], name, title, tuple(notes), mark_counts(rows), facts,
            target_table(context, rows, f"{name}: all entries"),
        )  # fmt: skip


def source_sections(context: Context, pictures: Mapping[str, Path]) -> Iterator[Section]:
    """One section a source, in the order of the tables."""
    known = dict(_parts(context.records, "source"))
    for name, rows in _parts(context.rows, "source"):
        card = context.registry.sources.get(name) if context.registry else None
        records = known.get(name, pd.DataFrame())
        title = card.title if card else str(records["source_title"].iloc[0] if len(records) else "")
        facts = [*_record_facts(rows, records), *_card_facts(card, {"domain", "task", "encoder"})]
        yield Section(
            context.sources[name], name, title, (), mark_counts(rows), facts,
            source_table(context, rows, f"{name}: every target"),
            tuple(_pictures(context, rows, pictures)),
        )  # fmt: skip


def mark_counts(rows: pd.DataFrame) -> dict[str, str]:
    """Each mark that some entry has, with how many have it."""
    if not len(rows):
        return {}
    held = {name: rows["marks"].str.contains(name, regex=False) for name in MARK_NAMES.values()}
    held |= {level: rows["trust"] == level for level in LEVELS[1:]}
    held["UNRANKED"] = rows["unranked"] != ""
    return _counted({name: int(some.sum()) for name, some in held.items()}, len(rows))


def sequence_marks(report: SequenceReport | None) -> dict[str, str]:
    """The same of the entries of a board's sequences."""
    told = Counter(mark for marks in report.marks.values() for mark in marks) if report else {}
    return _counted(told, len(report.marks) if report else 0)


def _counted(held: Mapping[str, int], total: int) -> dict[str, str]:
    return {
        name.upper(): "all entries" if count == total else f"{count} of {total} entries"
        for name, count in held.items()
        if count
    }


def protocol_facts(context: Context) -> Facts:
    """What is held fixed on this board."""
    board = context.board.board
    strategies = {name: how.model_dump(mode="json") for name, how in board.strategies.items()}
    fixed = board.protocol.model_dump(mode="json").items()
    return [
        ("fingerprint", fingerprint(board.protocol)),
        *((name, _text(value)) for name, value in fixed),
        *((f"strategy {name}", _text(value)) for name, value in strategies.items()),
        ("seeds", _text(board.seeds)),
        ("baseline of the gains", board.baseline),
    ]


def _parts(rows: pd.DataFrame, column: str) -> list[tuple[str, pd.DataFrame]]:
    if not len(rows):
        return []
    return [(str(name), part) for name, part in rows.groupby(column, sort=False)]


def _record_facts(rows: pd.DataFrame, records: pd.DataFrame) -> Facts:
    """What the records say of a source."""
    facts = [
        ("domain", _joined(rows["domain"])),
        ("pretraining task", _joined(rows["task"])),
        ("encoder", _joined(rows["encoder"])),
        ("contamination", _joined(rows["contamination"]) or "none found"),
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


def _card_facts(card: Card | None, told: frozenset[str] | set[str] = frozenset()) -> Facts:
    """Everything that a card says besides id, title and what was told before."""
    if card is None:
        return []
    said = card.model_dump(mode="json", exclude={"id", "title", *told}, exclude_defaults=True)
    return [(name.replace("_", " "), _text(value)) for name, value in said.items()]


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


def _count(numbers: Iterable[int], what: str) -> str:
    return f"{' or '.join(str(number) for number in numbers)} {what}"


def _pictures(
    context: Context, rows: pd.DataFrame, pictures: Mapping[str, Path]
) -> Iterator[Picture]:
    """The overlays of each entry's first seed, of data that anybody may have."""
    for target, strategy, size, paths in zip(
        rows["target"], rows["strategy"], rows["train_subjects"], rows["records"], strict=True
    ):
        if not context.may_be_shown(target):
            continue
        found = next((path for path in paths if path in pictures), None)
        url = inline_picture(pictures[found]) if found else None
        if found and url:
            seed = found.rsplit("/", 1)[-1].removesuffix(".json")
            where = f"{target}, {strategy}, n {size or 'all'}, {seed}"
            yield Picture(url, f"Best, median and worst case of {where}")
