"""Records as one tidy table: a row per cell, test case and label."""

from collections.abc import Iterable

import pandas as pd

from benchmark.records.record import RunRecord

ROW = ["target", "source", "strategy", "train_subjects"]


MARKS = {
    "synthetic": "synthetic",
    "subset": "subset",
    "partial_weights": "partial weights",
    "contamination": "contaminated",
}


def score_frame(records: Iterable[RunRecord]) -> pd.DataFrame:
    """One row per case and label, with the cell, the marks and a column per metric."""
    rows = []
    for record in records:
        cell, marks = record.cell, record.marks
        shared = {
            **{name: getattr(cell, name) for name in ROW},
            "seed": cell.seed,
            "main_metric": record.main_metric,
            "domain": record.source.domain,
            "task": record.source.task,
            "encoder": record.source.encoder,
            "trainable_parameters": record.cost.trainable_parameters,
            "marks": ", ".join(text for name, text in MARKS.items() if getattr(marks, name)),
            "unranked": "; ".join(marks.unranked),
        }
        for case in record.cases:
            facts = {
                "case": case.case,
                "subject": case.subject,
                "label": case.label,
                "reference_empty": case.reference_empty,
                "failure": case.reference_empty != case.prediction_empty,
            }
            rows.append({**shared, **facts, **case.scores})
    return pd.DataFrame(rows)
