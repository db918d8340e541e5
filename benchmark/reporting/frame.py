"""Records as one table: a row a cell, with its scores by subject."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.records.record import RunRecord

ENTRY = ["source", "strategy"]
ROW = ["target", "train_subjects", *ENTRY]
MARKS = {
    "synthetic": "synthetic",
    "subset": "subset",
    "partial_weights": "partial weights",
    "contamination": "contaminated",
}


def cell_frame(records: Iterable[RunRecord]) -> pd.DataFrame:
    """One row per record; `subjects` and `scores` hold arrays (subjects,) of the main metric."""
    return pd.DataFrame([cell_row(record) for record in records])


def cell_row(record: RunRecord) -> dict[str, object]:
    """What a table needs of a record.

    Labels are averaged within a case, cases within a subject. `mean_<metric>` is over subjects;
    `empty_prediction` is what finding nothing at all would score: 1 where nothing is to be
    found, else 0 (None for metrics that are not in [0, 1]).
    """
    cell, marks, cost, prints = record.cell, record.marks, record.cost, record.fingerprints
    subjects, means = by_subject(record)
    main = means[record.main_metric]
    return {
        **{name: getattr(cell, name) for name in ROW},
        "seed": cell.seed,
        "path": cell.path,
        "main_metric": record.main_metric,
        "subjects": subjects,
        "scores": main,
        **{f"mean_{name}": float(values.mean()) for name, values in means.items() if name},
        "empty_prediction": float(means[""].mean())
        if record.main_metric in ("dice", "iou")
        else None,
        "failures": sum(case.reference_empty != case.prediction_empty for case in record.cases),
        "scored": len(record.cases),
        "domain": record.source.domain,
        "task": record.source.task,
        "encoder": record.source.encoder,
        "marks": ", ".join(text for name, text in MARKS.items() if getattr(marks, name)),
        "contamination": "; ".join(marks.contamination),
        "unranked": "; ".join(marks.unranked),
        **{name: getattr(prints, name) for name in ("data", "splits", "target")}
        | {"target": cell.target, "target_card": prints.target},
        "total_parameters": cost.total_parameters,
        "trainable_parameters": cost.trainable_parameters,
        "training_gflop": cost.training_gflop,
        "fine_tuning_seconds": cost.fine_tuning_seconds,
        "peak_memory_mib": cost.peak_memory_mib,
        "energy_joules": cost.energy_joules,
        "timing": f"{record.environment.device}, {record.environment.threads} threads",
    }


def by_subject(record: RunRecord) -> tuple[tuple[str, ...], dict[str, npt.NDArray[np.float64]]]:
    """Subjects in order, and per metric their scores; under "" what an empty mask would score."""
    metrics = [*record.cases[0].scores, ""] if record.cases else [""]
    cases = {case.case: case.subject for case in record.cases}
    place = {name: number for number, name in enumerate(cases)}
    subjects = sorted(set(cases.values()))
    owner = np.array([subjects.index(subject) for subject in cases.values()])
    rows = np.array([place[case.case] for case in record.cases])
    values = np.array(
        [[*case.scores.values(), float(case.reference_empty)] for case in record.cases]
    )
    labels = np.bincount(rows)
    count = np.bincount(owner)
    found = {}
    for number, name in enumerate(metrics):
        of_case = np.bincount(rows, values[:, number]) / labels
        found[name] = np.bincount(owner, of_case) / count
    return tuple(subjects), found
