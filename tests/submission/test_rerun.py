"""A re-run confirms or contradicts a submission."""

from pathlib import Path

import pytest
from support.packs import SEED0, Machine, derive_again, edit_record, make_pack

from benchmark.errors import SubmissionError
from benchmark.records.record import RunRecord
from benchmark.records.store import read_record
from benchmark.records.trust import trust_levels
from benchmark.submission.merge import merge_submission
from benchmark.submission.rerun import Rerun, choose, compare_cell, write_rerun
from benchmark.submission.verify import verify_submission


def rerun_of(found: Machine, path: Path, again: RunRecord, processor: str = "p") -> Rerun:
    with verify_submission(path, found.workspace, found.accepted) as verdict:
        assert verdict.submission
        cell = compare_cell(verdict.submission, SEED0, again, processor)
    made = Rerun(board="tiny_v2", source="own_encoder", environment=again.environment,
                 processor=processor, cells=(cell,))  # fmt: skip
    write_rerun(path.parent, made)
    return made


def changed(record: RunRecord, difference: float) -> RunRecord:
    """The record with a Dice that is so much higher in every case, made elsewhere, later."""
    rows = [
        row.model_copy(update={"scores": row.scores | {"dice": row.scores["dice"] + difference}})
        for row in record.cases
    ]
    where = record.environment.model_copy(update={"torch": "9"})
    return record.model_copy(
        update={"cases": tuple(rows), "started": "later", "environment": where}
    )


@pytest.mark.parametrize(
    ("difference", "message"), [(0.0, "identical"), (0.01, "within tolerance"), (-0.03, "DIFFERS")]
)
def test_a_rerun_earns_trust_or_refuses(
    machine_copy: Machine, tmp_path: Path, difference: float, message: str
) -> None:
    path = make_pack(machine_copy, tmp_path / "p.zip")
    record = read_record(machine_copy.root / "run/records" / SEED0)
    (cell,) = rerun_of(machine_copy, path, changed(record, difference)).cells
    assert cell.verdict == message and cell.difference == pytest.approx(difference, abs=1e-6)
    store = machine_copy.accepted
    with verify_submission(path, machine_copy.workspace, store) as verdict:
        if message == "DIFFERS":
            with pytest.raises(SubmissionError, match="another result"):
                merge_submission(verdict, tmp_path / "cards", tmp_path)
            return
        merge_submission(verdict, tmp_path / "cards", tmp_path)
    assert trust_levels(store.folder) == {SEED0: "re-run"}


def test_on_the_same_machine_nothing_may_differ(machine_copy: Machine, tmp_path: Path) -> None:
    path = make_pack(machine_copy, tmp_path / "p.zip")
    record = read_record(machine_copy.root / "run/records" / SEED0)
    made_here = {"environment": record.environment}
    near = changed(record, 1e-5).model_copy(update=made_here)
    (cell,) = rerun_of(machine_copy, path, near, "a processor").cells
    assert cell.verdict == "DIFFERS" and cell.tolerance == 0
    (cell,) = rerun_of(machine_copy, path, near, "another processor").cells
    assert cell.verdict == "within tolerance"
    same = changed(record, 0).model_copy(update=made_here)
    (cell,) = rerun_of(machine_copy, path, same, "a processor").cells
    assert cell.verdict == "identical"


def test_a_rerun_of_another_pack_gives_no_trust(machine_copy: Machine, tmp_path: Path) -> None:
    path = make_pack(machine_copy, tmp_path / "p")
    rerun_of(machine_copy, path, read_record(machine_copy.root / "run/records" / SEED0))
    edit_record(path, SEED0, {"started": "2026-02-02T00:00:00+00:00"})
    derive_again(path)
    with verify_submission(path, machine_copy.workspace, machine_copy.accepted) as verdict:
        assert not verdict.refused
        with pytest.raises(SubmissionError, match="not of this pack"):
            merge_submission(verdict, tmp_path / "cards", tmp_path)


def test_the_draw_of_cells_is_fixed_by_its_seed() -> None:
    names = [str(number) for number in range(20)]
    assert choose(names, 5, 0) == choose(names, 5, 0) != choose(names, 5, 1)
    assert choose(names, None, 0) == choose(names, 99, 0) == names
    assert len(set(choose(names, 5, 3))) == 5
