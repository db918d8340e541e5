"""A submission against the accepted records and the grid of the board."""

import shutil
from pathlib import Path

from support.packs import SEED0, SEED1, Machine, derive_again, edit_record, findings

from benchmark.submission.checklist import SubmissionCheck
from benchmark.submission.verify import verify_submission


def test_accepted_rows_are_not_replaced(machine_copy: Machine, pack: Path) -> None:
    for name in (SEED0, SEED1):
        path = machine_copy.accepted.folder / "records" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pack / "records" / name, path)
    assert findings(machine_copy, pack) == {}
    (machine_copy.accepted.folder / "records" / SEED1).unlink()
    with verify_submission(pack, machine_copy.workspace, machine_copy.accepted) as verdict:
        warnings = [
            check.first_finding for check in verdict.checklist.checks if check.state == "to look at"
        ]
    assert warnings == ["adds 1 record to a source that is on the board (1 more)"]
    edit_record(pack, SEED0, {"started": "2026-03-03T00:00:00+00:00"})
    derive_again(pack)
    assert "already with other content" in findings(machine_copy, pack)["rows of others"]


def test_gaps_have_to_be_listed(machine: Machine, pack: Path) -> None:
    for kind in ("records", "predictions"):
        (pack / kind / SEED0).unlink()
    derive_again(pack)
    with verify_submission(pack, machine.workspace, machine.accepted) as verdict:
        assert "not the list of cells" in grid(verdict.checklist.checks)
    derive_again(pack, missing=(SEED0,))
    with verify_submission(pack, machine.workspace, machine.accepted) as verdict:
        assert not verdict.refused and "missing, as listed: 1 cell: " in grid(
            verdict.checklist.checks
        )
        assert verdict.standing.placements[0].rank == "-"


def grid(checks: list[SubmissionCheck]) -> str:
    return next(check.first_finding for check in checks if check.name == "grid")
