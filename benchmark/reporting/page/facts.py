"""What a page shows of each record, a row a record."""

import hashlib
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import pandas as pd

from benchmark.records.record import CoverageReport, RunRecord
from benchmark.records.store import Store
from benchmark.reporting.cells import MARKS


def page_records(store: Store) -> pd.DataFrame:
    """The facts of all records of a board, and the SHA-256 of each file.

    Raises:
        RecordError: A record is damaged or is not this board's.
    """
    return pd.DataFrame(
        [record_facts(record) | {"sha256": _sha256(path)} for path, record in store.records()]
    )


def record_facts(record: RunRecord) -> dict[str, object]:
    """One record: which cell, its score, how it came about; `curve` is of the chosen rate."""
    cell, chosen, cost, said = record.cell, record.selection, record.cost, record.environment
    curve = [(step, dice) for rate, step, dice in chosen.curve if rate == chosen.learning_rate]
    return {
        "path": cell.path,
        "target": cell.target,
        "train_subjects": cell.train_subjects,
        "source": cell.source,
        "strategy": cell.strategy,
        "seed": cell.seed,
        "score": main_score(record),
        "failures": sum(case.reference_empty != case.prediction_empty for case in record.cases),
        "scored": len(record.cases),
        "domain": record.source.domain,
        "task": record.source.task,
        "encoder": record.source.encoder,
        "source_title": record.source.title,
        "marks": ", ".join(text for name, text in MARKS.items() if getattr(record.marks, name)),
        "unranked": "; ".join(record.marks.unranked),
        "weights": record.fingerprints.weights,
        "coverage": coverage_in_words(record.coverage),
        "learning_rate": chosen.learning_rate,
        "step": chosen.step,
        "validation_dice": chosen.validation_dice,
        "curve": tuple(curve),
        "fine_tuning_seconds": cost.fine_tuning_seconds,
        "energy_method": cost.energy_method,
        "started": record.started,
        "software": f"segtransfer {said.segtransfer}, torch {said.torch}, python {said.python}",
    }


def main_score(record: RunRecord) -> float:
    """Mean of the main metric: labels within a case, cases within a subject, then subjects."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case in record.cases:
        found[case.subject][case.case].append(case.scores[record.main_metric])
    subjects = [fmean(map(fmean, cases.values())) for cases in found.values()]
    return fmean(subjects) if subjects else float("nan")


def coverage_in_words(report: CoverageReport | None) -> str:
    """How much of the network came from the checkpoint, and what did not."""
    if report is None:
        return "no weights: everything starts from random values"
    parts = [f"{report.matched} tensors loaded ({report.parameter_share:.2%} of the parameters)"]
    for what, names in (
        ("missing in the checkpoint", report.missing),
        ("of another shape", report.mismatched),
        ("left unused", report.unused),
    ):
        if names:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            parts.append(f"{len(names)} {what}: {shown}")
    return "; ".join(parts)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
