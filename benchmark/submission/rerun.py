"""A submission's cells run again by somebody else, compared record by record.

On the same processor with the same software and number of threads the records are equal, timings
aside. Elsewhere rounding differs, so training ends at other weights, as with another seed: there
the mean of the main metric is compared.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from benchmark.errors import RecordError, SubmissionError
from benchmark.files import printable, write_text
from benchmark.records.cell import Facts
from benchmark.records.record import Environment, RunRecord
from benchmark.records.record_files import read_strictly
from benchmark.scoring.metrics import METRICS
from benchmark.submission.limits import RERUN_RELATIVE_TOLERANCE, RERUN_TOLERANCE
from benchmark.submission.read_pack import Submission

FILE = "rerun.json"


class CellRerun(Facts):
    """One cell run again. `difference` is of the mean of the main metric, new minus old.

    `sha256` is of the submitted record; on the `same_machine` the tolerance is 0.
    """

    record: str
    sha256: str
    identical: bool
    same_machine: bool
    difference: float
    tolerance: float

    @property
    def confirmed(self) -> bool:
        """Whether the result was reproduced."""
        return self.identical or (not self.same_machine and abs(self.difference) <= self.tolerance)

    @property
    def verdict(self) -> str:
        """The result in words."""
        if self.identical:
            return "identical"
        return "within tolerance" if self.confirmed else "DIFFERS"


class Rerun(Facts):
    """Which cells of a submission were run again, on which machine, with which result."""

    schema_version: Literal[1] = 1
    board: str
    source: str
    environment: Environment
    processor: str
    cells: tuple[CellRerun, ...]

    @property
    def by(self) -> str:
        """Software and hardware of the re-run."""
        machine = self.processor if self.environment.device == "cpu" else self.environment.device
        return f"segtransfer {self.environment.segtransfer}, {machine}"


def compare_cell(submission: Submission, name: str, record: RunRecord, processor: str) -> CellRerun:
    """Compare a submitted record with one of a re-run.

    Args:
        submission: Holds the submitted record.
        name: Its path.
        record: Of the re-run: the same cell under the same conditions.
        processor: Model of the CPU of the re-run.

    Raises:
        SubmissionError: The conditions are not the same.
    """
    submitted = submission.records[name]
    if submitted.key != record.key:
        raise SubmissionError(f"{name}: was made under other conditions than the re-run")
    same_machine = (
        submitted.environment == record.environment
        and submission.hashes[name].processor == processor
        and record.environment.device == "cpu"
    )
    results = [run.without_timings() | {"environment": None} for run in (submitted, record)]
    difference, tolerance = mean_difference(submitted, record)
    return CellRerun(
        record=name,
        sha256=submission.record_sha256(name),
        identical=results[0] == results[1],
        same_machine=same_machine,
        difference=difference,
        tolerance=0.0 if same_machine else tolerance,
    )


def mean_difference(old: RunRecord, new: RunRecord) -> tuple[float, float]:
    """Difference of the mean main metric of two runs of a cell, and its tolerance elsewhere."""
    metric = old.main_metric
    before, after = (
        float(np.mean([row.scores[metric] for row in run.cases])) for run in (old, new)
    )
    relative = RERUN_RELATIVE_TOLERANCE * abs(before)
    tolerance = relative if METRICS[metric].unit else RERUN_TOLERANCE
    return round(after - before, 6), round(tolerance, 6)


def choose(names: Sequence[str], count: int | None, seed: int) -> list[str]:
    """Draw `count` of the names by a seed; all of them if no count is given."""
    if count is None or count >= len(names):
        return list(names)
    drawn = np.random.default_rng(seed).choice(len(names), count, replace=False)
    return [names[index] for index in sorted(drawn)]


def write_rerun(folder: Path, rerun: Rerun) -> Path:
    """Write `rerun.json` into the folder of the re-run's records."""
    path = folder / FILE
    write_text(path, rerun.model_dump_json(indent=1) + "\n")
    return path


def confirmed(submission: Submission, folder: Path) -> Rerun:
    """The re-run in a folder, all of whose cells confirm records of a submission.

    Raises:
        SubmissionError: There is none, it is of another pack, or it contradicts a record.
    """
    path = folder / FILE
    command = f"segtransfer run {submission.board.id} --rerun-of PACK"
    try:
        rerun = read_strictly(path, Rerun, f"make one with `{command}`")
    except RecordError as error:
        raise SubmissionError(f"no re-run: {error}") from None
    for cell in rerun.cells:
        name = cell.record
        if name not in submission.records or cell.sha256 != submission.record_sha256(name):
            raise SubmissionError(f"{printable(path)}: {printable(name)} is not of this pack")
        if not cell.confirmed:
            raise SubmissionError(
                f"{name}: the re-run found another result ({cell.difference:+.4f}, "
                f"tolerance {cell.tolerance:.4f}); ask the submitter, or merge without --rerun"
            )
    return rerun
