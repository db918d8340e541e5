"""One cell of each lane, from data to record."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.factories import shipped_registry
from support.lanes import lanes_board

from benchmark.cards.lanes import LANES, Lane
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.store import Store
from benchmark.running.cell import run_cell
from benchmark.running.pretraining import ensure_pretrained
from benchmark.workspace import Workspace

CPU, BOARD = torch.device("cpu"), lanes_board()
REGISTRY = replace(shipped_registry(), boards={**shipped_registry().boards, BOARD.id: BOARD})


def cell(home: Path, lane: Lane, source: str = "scratch") -> Transfer:
    selection = GridSelection(
        sources=(source,), targets=("phantom_stroke_lesion_64",), lanes=(lane,), seeds=(0,),
        limit_steps=2,
    )  # fmt: skip
    (transfer,) = plan(Workspace(REGISTRY, home), BOARD, selection)
    return transfer


@pytest.mark.parametrize("lane", LANES)
def test_a_cell_of_each_lane_gives_a_record_that_can_be_read(
    lane: Lane, shared_home: Path, tmp_path: Path
) -> None:
    transfer = cell(shared_home, lane)
    record = run_cell(transfer, Workspace(REGISTRY, shared_home), CPU).record
    store = Store(tmp_path)
    (tmp_path / "board.yaml").write_text(BOARD.model_dump_json())
    path = store.write(record)
    assert (f".{lane}/" in str(path)) == (lane != "unet")
    ((_, read),) = store.records()
    assert read == record and read.cell.lane == lane
    assert read.source.encoder == BOARD.protocol.decoders[lane].encoder
    assert 0 < read.cost.training_gflop and read.frozen_tensors_unchanged
    trained, total = read.cost.trainable_parameters, read.cost.total_parameters
    assert trained == (2 * 64 + 64 * 2 + 2 if lane == "linear" else total)


def test_a_transformer_pretrained_in_its_lane_enters_the_linear_lane_too(
    shared_home: Path, tmp_path: Path
) -> None:
    name = "phantom_brain_restoration@tu-test_vit"
    source = REGISTRY.source(name)
    assert source.pretrain is not None
    short = source.pretrain.model_copy(update={"steps": 1, "evaluations": 1})
    base = REGISTRY.sources["phantom_brain_restoration"].model_copy(update={"pretrain": short})
    registry = replace(REGISTRY, sources={**REGISTRY.sources, base.id: base})
    workspace = Workspace(registry, tmp_path)
    ensure_pretrained(workspace, BOARD, CPU, registry.source(name))
    for lane in ("dpt", "linear"):
        chosen = GridSelection(
            sources=(name,), targets=("phantom_stroke_lesion_64",), lanes=(lane,), seeds=(0,),
            limit_steps=1,
        )  # fmt: skip
        (transfer,) = plan(workspace, BOARD, chosen)
        coverage = run_cell(transfer, workspace, CPU).record.coverage
        assert coverage is not None and coverage.complete and coverage.parameter_share == 1.0
