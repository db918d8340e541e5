"""A record that claims other conditions than its own is refused."""

import json
from pathlib import Path

import pytest
from support.packs import SEED0, Machine, derive_again, edit_record, findings, write_manifest

from benchmark.records.cell import CellId, Fingerprints, cell_key

FALSE = [
    ("records", {"fingerprints.protocol": "sha256:0"}, "key: is not that of"),
    ("records", {"fingerprints.strategy": "sha256:0"}, "strategy 'full' is not the board's"),
    ("records", {"fingerprints.data": "sha256:0"}, "key: is not that of"),
    ("records", {"cell.seed": 1}, "path and content"),
    ("records", {"frozen_tensors_unchanged": False}, "must not move"),
    ("records", {"cases.0.scores.dice": 1.5}, "expected 0 to 1"),
    ("records", {"cases.0.scores.dice": float("nan")}, "seed0.json"),
    ("fingerprints", {"prepared_data": "sha256:0"}, "prepared_data is not that"),
    ("cards and split", {"source.title": "ImageNet"}, "are not the card's"),
    ("cards and split", {"source.domain": "ct"}, "are not the card's"),
    ("cards and split", {"marks.synthetic": False}, "marks.synthetic"),
    ("cards and split", {"marks.contamination": ["saw it all"]}, "marks.contamination"),
    ("cards and split", {"marks.unchecked": ["web"]}, "marks.unchecked"),
    ("cards and split", {"marks.unseen_labels": ["moon in training"]}, "marks.unseen_labels"),
    ("cards and split", {"marks.unranked": ["trial"]}, "unranked"),
    ("cards and split", {"marks.partial_weights": True}, "contradict"),
    ("cards and split", {"coverage": None}, "contradict"),
    ("cards and split", {"environment.device": "\x1b[2J"}, "not a short plain text"),
    ("cards and split", {"started": "x" * 1000}, "not a short plain text"),
    ("cards and split", {"main_metric": "iou"}, "not the target's"),
    ("cards and split", {"selection.learning_rate": 0.5}, "not one of the board's"),
    ("cards and split", {"selection.step": 10**6}, "above the protocol's"),
    ("cards and split", {"selection.train_subjects": ["s1"]}, "not those of the split"),
]


@pytest.mark.parametrize(("check", "change", "message"), FALSE, ids=lambda x: str(x)[:40])
def test_false_claims_are_refused(
    machine: Machine, pack: Path, check: str, change: dict[str, object], message: str
) -> None:
    edit_record(pack, SEED0, change)
    (write_manifest if check == "records" else derive_again)(pack)
    assert message in findings(machine, pack)[check]


@pytest.mark.parametrize("field", ["protocol", "target", "splits", "data", "source", "weights"])
def test_a_forged_key_does_not_hide_other_conditions(
    machine: Machine, pack: Path, field: str
) -> None:
    edit_record(pack, SEED0, {f"fingerprints.{field}": "sha256:" + 64 * "0"})
    data = json.loads((pack / "records" / SEED0).read_text())
    key = cell_key(CellId(**data["cell"]), Fingerprints(**data["fingerprints"]))
    edit_record(pack, SEED0, {"key": key})
    hashes = pack / "predictions" / SEED0
    hashes.write_text(json.dumps(json.loads(hashes.read_text()) | {"key": key}))
    derive_again(pack)
    assert f"fingerprints.{field} is not" in findings(machine, pack)["fingerprints"]


def test_left_out_cases_are_missed(machine: Machine, pack: Path) -> None:
    data = json.loads((pack / "records" / SEED0).read_text())
    worst = min(data["cases"], key=lambda row: row["scores"]["dice"])
    data["cases"].remove(worst)
    (pack / "records" / SEED0).write_text(json.dumps(data))
    write_manifest(pack)
    assert "other cases" in findings(machine, pack)["records"]
    hashes = json.loads((pack / "predictions" / SEED0).read_text())
    del hashes["cases"][worst["case"]]
    (pack / "predictions" / SEED0).write_text(json.dumps(hashes))
    derive_again(pack)
    assert "of the test subset" in findings(machine, pack)["cards and split"]
