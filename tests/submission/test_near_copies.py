"""Copies that are not equal: one pixel less in each label, scores moved a little."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.packs import (
    SEED0,
    Machine,
    derive_again,
    edit_record,
    findings,
    make_pack,
    simulated_record,
    write_manifest,
)

from benchmark.data.layouts.registry import load_case
from benchmark.data.resolve import resolve_target
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.predictions import prediction_log, read_hashes, read_map
from benchmark.running.case_scores import score_case
from benchmark.submission.verify import verify_submission

THEIRS = SEED0.replace("own_encoder", "scratch")


def rewrite(machine: Machine, pack: Path, maps: Path) -> None:
    """Give SEED0 of a pack the maps of another entry, less a pixel each, scored by our code."""
    target = machine.registry.target("phantom_fetal_head_64")
    opened = resolve_target(machine.workspace, target)
    known = read_hashes(maps.with_suffix(".json"))
    own = read_hashes(pack / "predictions" / SEED0)
    cases = []
    with prediction_log(pack / "predictions" / SEED0, own.key, "cpu", maps=True) as keep:
        for number, case in enumerate(known.cases):
            loaded = load_case(opened.card, opened.cases[case])
            labels = read_map(maps, number, loaded.mask.shape).copy()
            labels.flat[np.flatnonzero(labels)[:1]] = 0
            keep(case, labels)
            cases += score_case(target, opened.card, opened.cases[case], loaded, labels)
    rows = [row.model_dump(mode="json") for row in cases]
    edit_record(pack, SEED0, {"cases": rows})
    derive_again(pack)


@pytest.fixture
def better(machine_copy: Machine) -> Machine:
    """An accepted entry with maps, of Dice above 0.5."""
    chosen = GridSelection(sources=("scratch",), seeds=(0,))
    (transfer,) = plan(machine_copy.workspace, machine_copy.board, chosen)
    record = simulated_record(machine_copy, transfer, machine_copy.accepted, maps=True)
    machine_copy.accepted.write(record)
    return machine_copy


def test_one_pixel_less_of_each_label_is_a_copy(better: Machine, tmp_path: Path) -> None:
    pack = make_pack(better, tmp_path / "p", maps=True)
    assert not findings(better, pack)
    maps = (better.accepted.folder / "predictions" / THEIRS).with_suffix(".npz")
    rewrite(better, pack, maps)
    found = findings(better, pack)
    assert "label maps are nearly those of" in found["copies"] and THEIRS in found["copies"]
    assert set(found) == {"copies"}


def test_scores_moved_a_little_are_a_copy(better: Machine, tmp_path: Path) -> None:
    pack = make_pack(better, tmp_path / "p")
    theirs = json.loads((better.accepted.folder / "records" / THEIRS).read_text())
    for number, row in enumerate(theirs["cases"]):
        dice = row["scores"]["dice"] + 1e-5 * (-1) ** number
        row["scores"] |= {"dice": dice, "iou": dice / (2 - dice)}
    edit_record(pack, SEED0, {"cases": theirs["cases"]})
    derive_again(pack)
    assert "scores correlate with those of" in findings(better, pack)["copies"]


@pytest.mark.parametrize(
    ("change", "check", "message"),
    [
        ({"cases.0.scores.iou": 0.9999}, "plausible", "by the Dice of"),
        ({"cost.trainable_parameters": 2**52}, "plausible", "more parameters are trained"),
        ({"cost.total_seconds": 0.0}, "plausible", "fine-tuning takes longer"),
        ({"selection.step": -7}, "records", "selection.step"),
        ({"selection.validation_dice": -5.0}, "records", "selection.validation_dice"),
        ({"selection.curve": [[0.001, 1, 99.0]]}, "records", "selection.curve"),
        ({"coverage.parameter_share": 1.5}, "records", "coverage.parameter_share"),
        ({"environment.threads": -1}, "records", "environment.threads"),
    ],
)
def test_numbers_that_no_run_has(
    machine: Machine, pack: Path, change: dict[str, object], check: str, message: str
) -> None:
    edit_record(pack, SEED0, change)
    if check == "records":
        write_manifest(pack)
    else:
        derive_again(pack)
    assert message in findings(machine, pack)[check]


def test_a_pack_that_breaks_a_reader_gets_a_report(
    machine: Machine, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise IndexError("list index\nout of range")

    monkeypatch.setattr("benchmark.submission.read_pack.read_card", fails)
    with verify_submission(pack, machine.workspace, machine.accepted) as verdict:
        assert verdict.refused
    assert (
        "IndexError: list index (`segtransfer --debug` shows where)"
        in findings(machine, pack)["source card"]
    )
