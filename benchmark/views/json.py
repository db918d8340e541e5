"""The leaderboard for other programs: JSON, by the schema of `json_schema.py`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from benchmark.cards.card import fingerprint
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.columns import MEAN, RANK_BY, ResultColumn, leaderboard_columns
from benchmark.leaderboard.index import LaneSize
from benchmark.leaderboard.match import MatchView
from benchmark.leaderboard.sequences import SequenceReport
from benchmark.leaderboard.subgroups import Subgroup
from benchmark.statistics.intervals import Estimate
from benchmark.statistics.mixed_model import Effect
from benchmark.statistics.rules import STATISTICS
from benchmark.views import json_schema as schema
from benchmark.views.sequences import stage_scores

RowDict: TypeAlias = dict[Any, Any]  # a row of a frame


def to_json(
    board: Leaderboard,
    views: Sequence[MatchView] = (),
    sequences: SequenceReport | None = None,
    groups: Iterable[Subgroup] = (),
) -> str:
    """Everything that the tables show, as JSON; what is unknown is null, never NaN."""
    card = board.board
    columns = leaderboard_columns(map(str, board.rows.columns))
    file = schema.BoardFile(
        board=card.id,
        board_version=card.version,
        title=card.title,
        protocol=fingerprint(card.protocol),
        statistics=STATISTICS,
        clean=board.clean,
        synthetic=board.synthetic or (sequences is not None and sequences.synthetic),
        rows=tuple(_result_row(row, columns) for row in board.rows.to_dict("records")),
        overall=tuple(_overall_row(row) for row in board.overall.to_dict("records")),
        domain_versus_task=tuple(map(_match_row, views)),
        sequences=tuple(_sequence_rows(sequences)) if sequences else (),
        stability={_size_key(size): _float(tau) for size, tau in board.stability.items()},
        metric_agreement=board.agreement,
        groups=tuple(schema.GroupRow.model_validate(row, from_attributes=True) for row in groups),
        unlearned=board.unlearned,
        missing=board.missing,
        notes=board.notes,
    )
    content = file.model_dump(mode="json", exclude={"fingerprint"})
    file = file.model_copy(update={"fingerprint": fingerprint(content)})
    return file.model_dump_json(indent=1) + "\n"


def _size_key(size: LaneSize) -> str:
    lane = "" if size.lane == "unet" else f"{size.lane}/"
    return f"{lane}{size.train_subjects}"


def _result_row(row: RowDict, columns: Sequence[tuple[str, ResultColumn]]) -> schema.ResultRow:
    fields: dict[str, Any] = {name: {} for name in schema.BY_NAME}
    for name, column in columns:
        field = column.json_name or name
        if column.json in schema.BY_NAME:
            if (value := _float(row[name])) is not None:
                fields[column.json][name.removeprefix(MEAN).removeprefix(RANK_BY)] = value
        elif column.json == "interval":
            fields[field] = _value(row, name, *(column.bounds or ()))
        elif column.json == "list":
            fields[field] = _list(row[name])
        elif column.json == "plain":
            fields[field] = None if pd.isna(row[name]) else row[name]
    fields["seeds"] = tuple(map(int, fields["seeds"]))
    return schema.ResultRow(**fields)


def _overall_row(row: RowDict) -> schema.OverallRow:
    return schema.OverallRow(
        lane=row["lane"],
        train_subjects=int(row["train_subjects"]),
        source=str(row["source"]),
        strategy=str(row["strategy"]),
        marks=_list(row["marks"]),
        trust=row["trust"],
        mean_rank=_value(row, "mean_rank", "rank_low", "rank_high"),
        group=None if pd.isna(row["group"]) else int(row["group"]),
        p_rank_1=_float(row["p_rank_1"]),
        standardised_gain=_value(row, "standardised", "standardised_low", "standardised_high"),
        lacks=str(row["lacks"]),
        ranks={
            name.removeprefix(RANK_BY): rank
            for name in row
            if name.startswith(RANK_BY) and (rank := _float(row[name])) is not None
        },
    )


def _match_row(view: MatchView) -> schema.MatchRow:
    effects = view.effects
    return schema.MatchRow(
        lane=view.lane,
        strategy=view.strategy,
        train_subjects=view.train_subjects,
        encoder=view.encoder,
        data=view.data,
        unit=view.unit,
        sources=effects.sources,
        targets=effects.targets,
        effects=_values(effects.effects),
        missing=effects.missing,
        notes=view.notes,
    )


def _sequence_rows(report: SequenceReport) -> Iterator[schema.SequenceRow]:
    for row in report.rows:
        trained = report.trained[row.entry].get(row.sequence)
        stages = stage_scores(trained, report.metric) if trained else ()
        yield schema.SequenceRow(
            source=row.entry[0],
            strategy=row.entry[1],
            sequence=row.sequence,
            seeds=row.seeds,
            marks=tuple(report.marks[row.entry]),
            metric=report.metric.name,
            measures=_values(row.measures),
            stages=tuple(
                schema.StageRow(trained_on=devices, scores=_values(scores))
                for devices, scores in stages
            ),
        )


def _values(estimates: Mapping[str, Estimate | Effect | None]) -> dict[str, schema.Value]:
    return {
        name: schema.Value(value=estimate.value, low=estimate.low, high=estimate.high)
        for name, estimate in estimates.items()
        if estimate is not None
    }


def _value(row: RowDict, name: str, low: str, high: str) -> schema.Value | None:
    """A number and its bounds."""
    value = _float(row[name])
    if value is None:
        return None
    return schema.Value(value=value, low=_float(row[low]), high=_float(row[high]))


def _list(value: str | Sequence[str]) -> tuple[str, ...]:
    """Texts, from text in which they are separated by commas or from a list of them."""
    parts = value.replace(", ", ",").split(",") if isinstance(value, str) else value
    return tuple(part for part in parts if part)


def _float(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
