"""A submission's cells run again by somebody else, compared record by record.

On the same processor with the same software and number of threads the records are equal, timings
aside. Elsewhere rounding differs, and training carries that to other weights, as another seed
would: there the mean of the main metric is compared.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError

from benchmark.errors import SubmissionError
from benchmark.files import printable, sha256_of, write_text
from benchmark.records.record import Environment, Facts, RunRecord
from benchmark.scoring.metrics import METRICS
from benchmark.submission.read_pack import Pack

TOLERANCE = 0.02  # of the mean of a ratio
TOLERANCE_SHARE = 0.1  # of the mean of a metric with a unit
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
        """Whether the result was found again."""
        return self.identical or (not self.same_machine and abs(self.difference) <= self.tolerance)

    @property
    def verdict(self) -> str:
        """In words."""
        if self.identical:
            return "identical"
        return "within tolerance" if self.confirmed else "DIFFERS"


class Rerun(Facts):
    """Which cells of a submission were run again, on what, and what came of it."""

    schema_version: Literal[1] = 1
    board: str
    source: str
    environment: Environment
    processor: str
    cells: tuple[CellRerun, ...]

    @property
    def by(self) -> str:
        """Who ran it: the software and the hardware."""
        machine = self.processor if self.environment.device == "cpu" else self.environment.device
        return f"segtransfer {self.environment.segtransfer}, {machine}"


def compare_cell(pack: Pack, name: str, again: RunRecord, processor: str) -> CellRerun:
    """Compare a submitted record with one made again.

    Args:
        pack: Holds the submitted one.
        name: Its path.
        again: Of the same cell under the same conditions.
        processor: On which it was made.

    Raises:
        SubmissionError: The conditions are not the same.
    """
    old = pack.records[name]
    if old.key != again.key:
        raise SubmissionError(f"{name}: was made under other conditions than the re-run")
    same = old.environment == again.environment and pack.hashes[name].processor == processor
    same &= again.environment.device == "cpu"
    means = [np.mean([row.scores[old.main_metric] for row in r.cases]) for r in (old, again)]
    unit = METRICS[old.main_metric].unit
    tolerance = TOLERANCE_SHARE * abs(float(means[0])) if unit else TOLERANCE
    return CellRerun(
        record=name,
        sha256=_sha256(pack, name),
        identical=_content(old) == _content(again),
        same_machine=same,
        difference=round(float(means[1] - means[0]), 6),
        tolerance=0.0 if same else round(tolerance, 6),
    )


def choose(names: Sequence[str], count: int | None, seed: int) -> list[str]:
    """So many of the names, drawn by a seed; all of them where no count is given."""
    if count is None or count >= len(names):
        return list(names)
    drawn = np.random.default_rng(seed).choice(len(names), count, replace=False)
    return [names[place] for place in sorted(drawn)]


def write_rerun(folder: Path, rerun: Rerun) -> Path:
    """Write `rerun.json` into the folder of the re-run's records."""
    path = folder / FILE
    write_text(path, rerun.model_dump_json(indent=1) + "\n")
    return path


def confirmed(pack: Pack, folder: Path) -> tuple[Rerun, list[str]]:
    """The re-run that lies in a folder, and the records of a pack that it confirms.

    Raises:
        SubmissionError: There is none, it is of another pack, or it contradicts a record.
    """
    path = folder / FILE
    try:
        rerun = Rerun.model_validate_json(path.read_bytes(), strict=True)
    except (OSError, ValidationError):
        raise SubmissionError(
            f"{printable(path)}: no re-run; make one with `segtransfer run {pack.manifest.board} "
            "--rerun-of PACK`"
        ) from None
    for cell in rerun.cells:
        if cell.record not in pack.records or cell.sha256 != _sha256(pack, cell.record):
            raise SubmissionError(
                f"{printable(path)}: {printable(cell.record)} is not of this pack"
            )
        if not cell.confirmed:
            raise SubmissionError(
                f"{cell.record}: the re-run found another result ({cell.difference:+.4f}, "
                f"tolerance {cell.tolerance:.4f}); ask the submitter, or merge without --rerun"
            )
    return rerun, [cell.record for cell in rerun.cells]


def _content(record: RunRecord) -> dict[str, object]:
    data = record.without_timings()
    data.pop("environment")
    return data


def _sha256(pack: Pack, name: str) -> str:
    return sha256_of(pack.folder / "records" / name)
