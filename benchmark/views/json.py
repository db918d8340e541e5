"""The leaderboard for other programs: JSON, by the schema of `board_file.py`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.cards.card import fingerprint
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.match import MatchView
from benchmark.leaderboard.sequences import SequenceReport
from benchmark.statistics.bootstrap import Estimate
from benchmark.statistics.mixed_model import Effect
from benchmark.views.json_schema import (
    BoardFile,
    MatchRow,
    OverallRow,
    Row,
    SequenceRow,
    StageRow,
    Value,
)
from benchmark.views.sequences import stage_scores

SAME = ("target", "source", "strategy", "domain", "task", "encoder", "contamination",
        "main_metric", "why_unranked", "gain_note", "timing", "energy_method", "trust")  # fmt: skip
COUNTED = ("train_subjects", "train_subjects_used", "failures", "scored", "subjects")
COSTS = ("total_parameters", "trainable_parameters", "training_gflop", "fine_tuning_seconds",
         "peak_memory_mib", "energy_joules", "gpu_utilisation_percent")  # fmt: skip


def board_file(
    board: Leaderboard,
    views: Sequence[MatchView] = (),
    sequences: SequenceReport | None = None,
) -> BoardFile:
    """Everything that the tables show, as data."""
    card = board.board
    whole = BoardFile(
        board=card.id,
        board_version=card.version,
        title=card.title,
        protocol=fingerprint(card.protocol),
        clean=board.clean,
        synthetic=board.synthetic or (sequences is not None and sequences.synthetic),
        rows=tuple(_row(row) for row in board.rows.to_dict("records")),
        overall=tuple(_overall_row(row) for row in board.overall.to_dict("records")),
        domain_versus_task=tuple(map(_match_row, views)),
        sequences=tuple(_sequence_rows(sequences)) if sequences else (),
        stability={str(size): _float(tau) for size, tau in board.stability.items()},
        missing=board.missing,
        notes=board.notes,
    )
    content = whole.model_dump(mode="json", exclude={"fingerprint"})
    return whole.model_copy(update={"fingerprint": fingerprint(content)})


def to_json(
    board: Leaderboard,
    views: Sequence[MatchView] = (),
    sequences: SequenceReport | None = None,
) -> str:
    """The whole leaderboard as JSON; what is unknown is null, never NaN."""
    return board_file(board, views, sequences).model_dump_json(indent=1) + "\n"


def _row(row: dict[Any, Any]) -> Row:
    facts: dict[str, Any] = {name: str(row[name]) for name in SAME}
    facts |= {name: int(row[name]) for name in COUNTED}
    covers = row["interval_covers"]
    return Row(
        **facts,
        marks=_marks(row),
        score=_value(row, "score", ""),
        interval_covers=None if pd.isna(covers) else str(covers),
        rank=_value(row, "rank"),
        group=_int(row["group"]),
        pretraining_items=_int(row["pretraining_items"]),
        gain=_value(row, "gain"),
        standardised_gain=_value(row, "standardised"),
        means=_numbers({name[5:]: row[name] for name in row if str(name).startswith("mean_")}),
        seeds=tuple(int(seed) for seed in str(row["seeds"]).split(",")),
        seed_sd=_float(row["seed_sd"]),
        subject_sd=_float(row["subject_sd"]),
        costs=_numbers({name: row[name] for name in COSTS}),
        records=tuple(row["records"]),
    )


def _overall_row(row: dict[Any, Any]) -> OverallRow:
    return OverallRow(
        train_subjects=int(row["train_subjects"]),
        source=str(row["source"]),
        strategy=str(row["strategy"]),
        marks=_marks(row),
        trust=row["trust"],
        mean_rank=_value(row, "mean_rank", "rank"),
        group=_int(row["group"]),
        standardised_gain=_value(row, "standardised"),
        lacks=str(row["lacks"]),
    )


def _marks(row: dict[Any, Any]) -> tuple[str, ...]:
    return tuple(mark for mark in str(row["marks"]).split(", ") if mark)


def _match_row(view: MatchView) -> MatchRow:
    found = view.effects

    def value(effect: Effect) -> Value:
        return Value(value=effect.value, low=effect.low, high=effect.high)

    return MatchRow(
        strategy=view.strategy,
        train_subjects=view.train_subjects,
        encoder=view.encoder,
        data=view.data,
        unit=view.unit,
        sources=found.sources,
        targets=found.targets,
        effects={name: value(effect) for name, effect in found.effects.items()},
        missing=found.missing,
        notes=view.notes,
    )


def _sequence_rows(report: SequenceReport) -> Iterator[SequenceRow]:
    for row in report.rows:
        one = report.trained[row.entry].get(row.sequence)
        stages = stage_scores(one, report.metric) if one else ()
        yield SequenceRow(
            source=row.entry[0],
            strategy=row.entry[1],
            sequence=row.sequence,
            seeds=row.seeds,
            marks=tuple(report.marks[row.entry]),
            metric=report.metric.name,
            measures=_estimates(row.measures),
            stages=tuple(
                StageRow(
                    trained_on=stage,
                    scores=_estimates(dict(zip(report.board.devices, found, strict=True))),
                )
                for stage, found in stages
            ),
        )


def _estimates(found: Mapping[str, Estimate | None]) -> dict[str, Value]:
    return {
        name: Value(value=one.value, low=one.low, high=one.high)
        for name, one in found.items()
        if one is not None
    }


def _value(row: dict[Any, Any], name: str, prefix: str | None = None) -> Value | None:
    """A number and its bounds; those are called `<prefix>_low` and `<prefix>_high`."""
    start = name if prefix is None else prefix
    start = f"{start}_" if start else ""
    value = _float(row[name])
    if value is None:
        return None
    return Value(value=value, low=_float(row[f"{start}low"]), high=_float(row[f"{start}high"]))


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    found = {name: _float(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def _float(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _int(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)
