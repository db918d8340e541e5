"""Copies and results that no honest run has are refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.packs import SEED0, SEED1, Machine, derive_again, edit_record, findings, make_pack

from benchmark.records.cell import CellId, Fingerprints, cell_key
from benchmark.submission.verify import verify_submission


def test_copies_of_other_entries_are_found(machine_copy: Machine, pack: Path) -> None:
    accepted = machine_copy.accepted
    theirs = json.loads((accepted.folder / "records" / SEED0.replace("own_encoder", "scratch"))
                        .read_text())  # fmt: skip
    edit_record(pack, SEED0, {"cases": theirs["cases"]})
    derive_again(pack)
    assert "has the scores of" in findings(machine_copy, pack)["copies"]
    path = Path("predictions") / SEED0.replace("own_encoder", "scratch")
    shutil.copyfile(pack / "predictions" / SEED0, accepted.folder / path)
    for row in theirs["cases"]:
        row["scores"]["dice"] = 0.5
    edit_record(
        accepted.folder, SEED0.replace("own_encoder", "scratch"), {"cases": theirs["cases"]}
    )
    assert "has the predictions of" in findings(machine_copy, pack)["copies"]


def test_the_weights_of_another_source_are_pointed_at(
    machine_copy: Machine, tmp_path: Path
) -> None:
    theirs = SEED0.replace("own_encoder", "scratch")
    weights = json.loads((machine_copy.root / "run/records" / SEED0).read_text())["fingerprints"]
    data = json.loads((machine_copy.accepted.folder / "records" / theirs).read_text())
    data["fingerprints"]["weights"] = weights["weights"]
    data["key"] = cell_key(CellId(**data["cell"]), Fingerprints(**data["fingerprints"]))
    (machine_copy.accepted.folder / "records" / theirs).write_text(json.dumps(data))
    (machine_copy.accepted.folder / "records" / theirs.replace("seed0", "seed1")).unlink()
    path = make_pack(machine_copy, tmp_path / "p")
    with verify_submission(path, machine_copy.workspace, machine_copy.accepted) as verdict:
        (found,) = (one for one in verdict.checklist.checks if one.name == "copies")
        assert (
            found.state == "to look at" and "weights are those of 'scratch'" in found.first_finding
        )


def scored(values: list[float]) -> Callable[[dict[str, object]], dict[str, object]]:
    def change(row: dict[str, object]) -> dict[str, object]:
        return row | {"scores": dict(zip(row["scores"], values, strict=True))}  # type: ignore[call-overload]

    return change


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], "segmented perfectly"),
        ([0.9, 0.8, 0.9, 2.0, 1.0, 1.0, 1.0], "every case has the same scores"),
    ],
)
def test_results_too_good_to_be_true(
    machine: Machine, pack: Path, values: list[float], message: str
) -> None:
    rows = json.loads((pack / "records" / SEED0).read_text())["cases"]
    edit_record(pack, SEED0, {"cases": list(map(scored(values), rows))})
    derive_again(pack)
    assert message in findings(machine, pack)["plausible"]


def test_seeds_that_are_the_same_run(machine: Machine, pack: Path) -> None:
    rows = json.loads((pack / "records" / SEED0).read_text())["cases"]
    edit_record(pack, SEED1, {"cases": rows})
    derive_again(pack)
    assert "another seed" in findings(machine, pack)["plausible"]


def test_missing_everything_is_no_copy(machine: Machine, pack: Path) -> None:
    for name in (SEED0, SEED1):
        rows = json.loads((pack / "records" / name).read_text())["cases"]
        empty = [
            scored([0.0, 0.0, 0.5, 90.0, 90.0, -90.0, 90.0])(row) | {"prediction_empty": True}
            for row in rows
        ]
        edit_record(pack, name, {"cases": empty})
    derive_again(pack)
    assert findings(machine, pack) == {}
