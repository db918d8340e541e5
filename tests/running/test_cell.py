"""A cell of volumes from data to record; the record is a pure function of the cell."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.data.layouts.registry import load_case
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.predictions import prediction_sha256, read_hashes, read_map
from benchmark.running.cell import CellResult, run_cell
from benchmark.workspace import Workspace

CPU = torch.device("cpu")
TARGET = "phantom_stroke_lesion_64"


@pytest.fixture(scope="module")
def workspace(shared_home: Path) -> Workspace:
    return Workspace(Registry.load(content_roots()), shared_home)


@pytest.fixture(scope="module")
def transfer(workspace: Workspace) -> Transfer:
    selection = GridSelection(sources=("scratch",), targets=(TARGET,), seeds=(1,), limit_steps=2)
    (cell,) = plan(workspace, workspace.registry.board("demo_v1"), selection)
    return cell


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("predictions")


@pytest.fixture(scope="module")
def result(workspace: Workspace, transfer: Transfer, predictions: Path) -> CellResult:
    return run_cell(transfer, workspace, CPU, predictions=predictions, save_predictions=True)


def test_every_test_case_is_scored(workspace: Workspace, result: CellResult) -> None:
    record = result.record
    rows = workspace.registry.split(TARGET)
    assert {case.case for case in record.cases} == {r.case for r in rows if r.subset == "test"}
    assert all(np.isfinite(list(case.scores.values())).all() for case in record.cases)
    assert record.marks.synthetic and record.marks.unranked
    assert record.selection.validation_dice is not None and len(record.selection.curve) == 2
    subjects = {row.subject for row in rows if row.subset == "train"}
    assert set(record.selection.train_subjects) == subjects


def test_a_second_run_gives_the_same_record(
    workspace: Workspace, transfer: Transfer, result: CellResult
) -> None:
    again = run_cell(transfer, workspace, CPU).record
    assert again.without_timings() == result.record.without_timings()


def test_hashes_saved_maps_and_maps_for_pictures_are_of_one_prediction(
    transfer: Transfer, result: CellResult, predictions: Path
) -> None:
    path = predictions / transfer.cell.path
    hashes = read_hashes(path)
    assert hashes.key == transfer.key
    for number, (case, sha256) in enumerate(hashes.cases.items()):
        labels = result.label_maps[case]
        mask = load_case(result.dataset.card, result.dataset.cases[case]).mask
        assert labels.shape == mask.shape and prediction_sha256(labels) == sha256
        assert np.array_equal(read_map(path.with_suffix(".npz"), number, mask.shape), labels)
