"""Boards for the tests of pages: several targets, strategies and sizes, and every mark."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from support.factories import board, make_record

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.leaderboard.bulk.record_columns import columns_of_records
from benchmark.records.cell import cell_key
from benchmark.records.record import RunRecord
from benchmark.records.validate import Conditions
from benchmark.views.page.context import page_records
from benchmark.views.page.write import write_page

TARGETS = ("phantom_fetal_head_64", "phantom_stroke_lesion_64")
SOURCES = {
    "scratch": ("none", "none", 0.0),
    "imagenet": ("natural", "classification", 0.06),
    "brain": ("brain_mri", "segmentation", 0.1),
    "leak": ("ultrasound", "self_supervised", 0.14),
}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&{{7*7}}"
SIZES = (5, 0)
SEEDS = (0, 1)


@dataclass(frozen=True)
class Made:
    """A board with its records."""

    card: BoardCard
    records: list[RunRecord]

    @cached_property
    def full(self) -> Leaderboard:
        return build_leaderboard(self.card, self.records)

    @cached_property
    def clean(self) -> Leaderboard:
        return build_leaderboard(self.card, self.records, clean=True)

    def facts(self) -> pd.DataFrame:
        cells = columns_of_records(self.records, Conditions.of(self.card))
        return page_records(cells)

    def write(self, folder: Path, out: Path | None = None) -> str:
        """Write the page into a board's folder and return its text."""
        out = out or folder / "page.html"
        write_page(out, self.full, self.clean, self.facts(), folder)
        return out.read_text(encoding="utf-8")


def changed(record: RunRecord, **parts: dict[str, Any]) -> RunRecord:
    """The record with some fields of its parts changed (`marks={"subset": True}`)."""
    new = {name: getattr(record, name).model_copy(update=some) for name, some in parts.items()}
    record = record.model_copy(update=new)
    return record.model_copy(update={"key": cell_key(record.cell, record.fingerprints)})


def made(title: str = "A board of every kind", subjects: int = 12) -> Made:
    """Two targets, four sources, two strategies, two sizes; one source is contaminated."""
    rng = np.random.default_rng(0)
    card = board()
    strategies = {"full": card.strategies["full"], "decoder": card.strategies["full"]}
    card = card.model_copy(
        update={"train_subjects": SIZES, "strategies": strategies, "title": title,
                "sources": tuple(SOURCES)}
    )  # fmt: skip
    records = []
    for target in TARGETS:
        hardness = rng.normal(0.6, 0.1, subjects)
        for source, (domain, task, gain) in SOURCES.items():
            for strategy in strategies:
                for size in SIZES:
                    for seed in SEEDS:
                        scores = np.clip(
                            hardness + gain + (0.05 if size == 0 else 0)
                            + rng.normal(0, 0.03, subjects), 0, 1,
                        )  # fmt: skip
                        dice = {f"s{k}": float(value) for k, value in enumerate(scores)}
                        reasons = ("saw it",) if (source, target) == ("leak", TARGETS[0]) else ()
                        records.append(
                            changed(
                                make_record(source, target, seed, dice),
                                cell={"strategy": strategy, "train_subjects": size},
                                source={"domain": domain, "task": task},
                                marks={"contamination": reasons, "subset": source == "brain",
                                       "partial_weights": source == "imagenet"},
                                selection={"curve": ((1e-3, 30, 0.4), (1e-3, 60, 0.5 + gain))},
                            )
                        )  # fmt: skip
    return Made(card, records)


def evil_board() -> Made:
    """Markup in every text that a card or a record can bring."""
    some = made(subjects=3)
    name = EVIL.replace("/", "|")
    targets = tuple(name + target for target in TARGETS)
    records = [
        changed(
            record,
            cell={"source": name if record.cell.source == "brain" else record.cell.source,
                  "strategy": name + record.cell.strategy, "target": name + record.cell.target},
            source={"title": EVIL, "encoder": EVIL},
            marks={"unranked": (EVIL,) if record.cell.source == "leak" else ()},
            environment={"device": EVIL, "torch": EVIL},
            cost={"energy_method": EVIL},
            fingerprints={"weights": EVIL},
        )
        for record in some.records
    ]  # fmt: skip
    card = some.card.model_copy(
        update={"title": EVIL, "description": EVIL, "id": EVIL, "targets": targets,
                "strategies": {name + k: v for k, v in some.card.strategies.items()}}
    )  # fmt: skip
    return Made(card, records)
