"""Cells run into a store: the record is safe before anything is drawn."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.cards.content import content_roots
from benchmark.cards.protocol import Strategy
from benchmark.cards.registry import Registry
from benchmark.errors import ProtocolError
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.store import Store
from benchmark.running import transfers
from benchmark.running.board import RunOptions
from benchmark.workers import Workers, no_progress
from benchmark.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(shared_home: Path) -> Workspace:
    return Workspace(Registry.load(content_roots()), shared_home)


def first_cell(workspace: Workspace, target: str) -> Transfer:
    selection = GridSelection(sources=("scratch",), targets=(target,), seeds=(0,), limit_steps=1)
    return plan(workspace, workspace.registry.board("demo_v1"), selection)[0]


@pytest.fixture(scope="module")
def transfer(workspace: Workspace) -> Transfer:
    return first_cell(workspace, "phantom_fetal_head_64")


@pytest.mark.parametrize("target", ["phantom_fetal_head_64", "phantom_stroke_lesion_64"])
def test_pictures_change_nothing_in_the_record(
    workspace: Workspace, target: str, tmp_path: Path
) -> None:
    transfer, records = first_cell(workspace, target), []
    for pictures in (True, False):
        store = Store(tmp_path / str(pictures))
        options = RunOptions(device="cpu", pictures=pictures)
        transfers.run_and_record(workspace, store, options, transfer, no_progress)
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


def test_a_picture_that_cannot_be_written_is_a_warning(
    workspace: Workspace, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "pictures").touch()
    store = Store(tmp_path)
    with pytest.warns(UserWarning, match="picture not written"):
        transfers.run_and_record(workspace, store, RunOptions(device="cpu"), transfer, no_progress)
    assert store.has(transfer.cell, transfer.key)


def test_an_error_while_drawing_does_not_lose_the_cell(
    workspace: Workspace, transfer: Transfer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(transfers, "write_overlays", fail)
    store = Store(tmp_path)
    with pytest.raises(ZeroDivisionError):
        transfers.run_and_record(workspace, store, RunOptions(device="cpu"), transfer, no_progress)
    assert store.has(transfer.cell, transfer.key)


def test_a_part_that_the_network_does_not_have_is_refused_before_training(
    workspace: Workspace, transfer: Transfer, tmp_path: Path
) -> None:
    strategy = Strategy(train=("decoder.99",), freeze_norm_stats=True)
    wrong = Transfer(**{**vars(transfer), "strategy": strategy})
    store, options = Store(tmp_path), RunOptions(device="cpu")
    with pytest.raises(ProtocolError, match="unknown part of the network 'decoder.99'"):
        transfers.run_transfers([wrong], workspace, store, options, Workers(1), lambda: None)
