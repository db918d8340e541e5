"""A cell from data to record, which depends on nothing else and is written before pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.factories import stroke_cell

import benchmark.running.cell as cells
import benchmark.running.inference as inference
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.data.layouts.registry import load_case
from benchmark.models.networks import SegmentationNetwork
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.predictions import prediction_sha256, read_hashes, read_map
from benchmark.records.store import Store
from benchmark.running.cell import CellResult, run_cell
from benchmark.running.options import RunOptions
from benchmark.running.target_data import load_target
from benchmark.training.selection import predict
from benchmark.workers import no_progress
from benchmark.workspace import Workspace

CPU = torch.device("cpu")
TARGET = "phantom_stroke_lesion_64"


@pytest.fixture(scope="module")
def workspace(shared_home: Path) -> Workspace:
    return Workspace(Registry.load(content_roots()), shared_home)


@pytest.fixture(scope="module")
def transfer(workspace: Workspace) -> Transfer:
    selection = GridSelection(sources=("scratch",), targets=(TARGET,), seeds=(1,), limit_steps=2)
    (cell,) = plan(workspace, workspace.registry.board("tiny_v2"), selection)
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


def test_a_label_without_training_images_is_a_mark(tmp_path: Path) -> None:
    workspace, cell = stroke_cell(tmp_path, ("017", "018"), ("001",), ("003",))
    record = run_cell(cell, workspace, CPU).record
    assert record.marks.unseen_labels == ("lesion in training",)
    assert record.marks.names == ["synthetic", "unseen labels"]
    again = replace(cell, cell=cell.cell.model_copy(update={"train_subjects": 1}))
    assert load_target(again, workspace).unseen_labels == ("lesion in training",)


@pytest.mark.slow
def test_a_cross_validated_cell_scores_each_subject_by_a_network_that_never_saw_it(
    workspace: Workspace, transfer: Transfer
) -> None:
    target = transfer.target.model_copy(update={"folds": 3})
    record = run_cell(replace(transfer, target=target), workspace, CPU).record
    cases = [case.case for case in record.cases]
    assert sorted(cases) == sorted(row.case for row in workspace.registry.split(TARGET))
    assert len(record.selections) == 3
    folds = load_target(replace(transfer, target=target), workspace).folds
    for fold, selection in zip(folds, record.selections, strict=True):
        tested = {fold.dataset.cases[name].subject for name in fold.dataset.names("test")}
        assert tested and not tested & set(selection.train_subjects)
    assert type(record).model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("version", [1, 2])
def test_every_slice_is_predicted_once_and_a_second_run_gives_the_same_record(
    version: int, workspace: Workspace, transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = list[int]()

    def counted(network: SegmentationNetwork, images: torch.Tensor, size: int) -> object:
        sizes.append(len(images))
        return predict(network, images, size)

    monkeypatch.setattr(inference, "predict", counted)
    cell = replace(transfer, protocol=transfer.protocol.model_copy(update={"version": version}))
    one, two = (run_cell(cell, workspace, CPU).record for _ in range(2))
    assert one.without_timings() == two.without_timings()
    prepared = load_target(transfer, workspace).prepared
    assert sum(sizes) == 2 * len(prepared.rows([case.case for case in one.cases]))
    assert max(sizes) == cell.protocol.batch_size * version


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


def first_cell(workspace: Workspace, target: str) -> Transfer:
    selection = GridSelection(sources=("scratch",), targets=(target,), seeds=(0,), limit_steps=1)
    return plan(workspace, workspace.registry.board("tiny_v2"), selection)[0]


@pytest.mark.parametrize("target", ["phantom_fetal_head_64", "phantom_stroke_lesion_64"])
def test_pictures_change_nothing_in_the_record(
    workspace: Workspace, target: str, tmp_path: Path
) -> None:
    transfer, records = first_cell(workspace, target), []
    for pictures in (True, False):
        store = Store(tmp_path / str(pictures))
        options = RunOptions(device="cpu", pictures=pictures)
        cells.run_and_record(workspace, options, store.folder, transfer, no_progress)
        record = store.get(transfer.cell, transfer.key)
        assert record is not None and (store.folder / "pictures").exists() == pictures
        records.append(record.without_timings())
    assert records[0] == records[1]
    path = tmp_path / "True/pictures" / f"{target}/scratch/full/nall/seed0.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.width > 3 * picture.height / 2
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert (abs(pixels - [0x56, 0xB4, 0xE9]).sum(2) < 30).any()
    assert [file.name for file in path.parent.iterdir()] == ["seed0.png"]


def test_a_picture_that_cannot_be_written_is_a_line_of_notice(
    workspace: Workspace, transfer: Transfer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pictures").touch()
    store = Store(tmp_path)
    cells.run_and_record(workspace, RunOptions(device="cpu"), store.folder, transfer, no_progress)
    assert caplog.messages[0].startswith("picture not written: ")
    assert store.has(transfer.cell, transfer.key)


def test_an_error_while_drawing_is_a_line_of_notice_too(
    workspace: Workspace, transfer: Transfer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("no pixels")

    monkeypatch.setattr(cells, "write_overlays", fail)
    store = Store(tmp_path)
    cells.run_and_record(workspace, RunOptions(device="cpu"), store.folder, transfer, no_progress)
    assert caplog.messages == ["picture not written: no pixels"]
    assert store.has(transfer.cell, transfer.key)
