"""A cell whose training diverges is a record: failed, with the worst scores, ranked last."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from running.test_sequence import tiny
from support.factories import workspace_at

from benchmark.cards.board import BoardCard
from benchmark.data.layouts.registry import load_case
from benchmark.errors import RecordError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.target_table import FAILED
from benchmark.planning.sequences import plan_sequences
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.predictions import read_hashes
from benchmark.records.record import RunRecord
from benchmark.records.sequence_record import SequenceStore
from benchmark.records.store import Store
from benchmark.records.validate import Conditions
from benchmark.running.attempts import Attempt, unfinished
from benchmark.running.case_scores import score_case
from benchmark.running.cell import run_and_record
from benchmark.running.divergence import worst_scores
from benchmark.running.options import RunOptions
from benchmark.running.sequence import run_sequence
from benchmark.running.target_data import load_target
from benchmark.scoring.metrics import METRICS
from benchmark.training.losses import LOSSES
from benchmark.views.footnotes import footer
from benchmark.workers import no_progress
from benchmark.workspace import Workspace

CPU, HUGE = RunOptions(device="cpu"), 1e30
TARGET = "phantom_stroke_lesion_64"  # some test cases show no lesion


def diverging(workspace: Workspace, **changes: object) -> tuple[Workspace, BoardCard]:
    """The demo board with a learning rate that no training survives."""
    board = workspace.registry.board("tiny_v2")
    protocol = board.protocol.model_copy(
        update={"learning_rates": (HUGE,), "steps": 4, "evaluations": 2, "epochs": None} | changes
    )
    board = board.model_copy(update={"protocol": protocol, "targets": (TARGET,)})
    boards = {**workspace.registry.boards, board.id: board}
    return replace(workspace, registry=replace(workspace.registry, boards=boards)), board


@pytest.fixture(scope="module")
def cell(shared_home: Path) -> tuple[Workspace, BoardCard, Transfer]:
    workspace, board = diverging(workspace_at(shared_home))
    chosen = GridSelection(sources=("scratch",), seeds=(0,))
    (transfer,) = plan(workspace, board, chosen)
    return workspace, board, transfer


@pytest.fixture(scope="module")
def store(
    cell: tuple[Workspace, BoardCard, Transfer], tmp_path_factory: pytest.TempPathFactory
) -> Store:
    workspace, board, transfer = cell
    store = Store(tmp_path_factory.mktemp("board"))
    (store.folder / "board.yaml").write_text(board.model_dump_json())
    picture = store.folder / "pictures" / transfer.cell.path.replace(".json", ".png")
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"of an earlier record")
    run_and_record(workspace, CPU, store.folder, transfer, no_progress)
    assert not picture.exists()
    return store


def test_the_record_names_reason_step_and_learning_rate(
    cell: tuple[Workspace, BoardCard, Transfer], store: Store
) -> None:
    _, board, transfer = cell
    record = store.read(transfer.cell)
    assert record.failed is not None and record.failed.learning_rate == HUGE
    assert record.failed.step == record.selection.step <= 4
    assert "a loss of" in record.failed.reason or "weights" in record.failed.reason
    loaded = store.load(transfer.cell.path, Conditions.of(board))
    assert not loaded.unranked and loaded.table.failures == len(record.cases)
    hashes = read_hashes(store.folder / "predictions" / transfer.cell.path)
    assert hashes.key == record.key and not hashes.cases


def test_it_is_run_again_on_request_only(
    cell: tuple[Workspace, BoardCard, Transfer], store: Store
) -> None:
    _, _, transfer = cell
    cells = [Attempt(transfer, transfer.cell, transfer.key)]
    todo = {retry: unfinished(store, retry, cells)[0] for retry in (False, True)}
    assert todo == {False: [], True: cells}


def test_no_prediction_scores_worse(cell: tuple[Workspace, BoardCard, Transfer]) -> None:
    """Against nothing, everything, the complement and noise; with a structure and without."""
    workspace, _, transfer = cell
    data = load_target(transfer, workspace)
    rng, card, target = np.random.default_rng(0), data.dataset.card, transfer.target
    name = data.dataset.names("test")[0]
    case = data.dataset.cases[name]
    shown = load_case(card, case)
    assert next(row for row in worst_scores(data)[0] if row.case == name).prediction_empty
    for loaded in (shown, replace(shown, mask=shown.mask * 0)):
        (worst,) = score_case(target, card, case, loaded, None)
        assert worst.reference_empty != worst.prediction_empty
        true = loaded.mask > 0
        for other in (true * 0, true * 0 + 1, ~true, rng.random(true.shape) < 0.1):
            (score,) = score_case(target, card, case, loaded, other.astype(np.uint8))
            for metric in {*score.scores} - {"pixel_accuracy", "lesion_recall"}:
                sign = METRICS[metric].sign  # of these two, another prediction is the worst
                assert sign * worst.scores[metric] <= sign * score.scores[metric], metric


def test_it_ranks_last_and_is_counted(
    cell: tuple[Workspace, BoardCard, Transfer], store: Store
) -> None:
    _, board, transfer = cell
    failed = store.read(transfer.cell)

    def entry(source: str, seed: int, record: RunRecord, dice: float | None) -> RunRecord:
        own = record.cell.model_copy(update={"source": source, "seed": seed})
        cases = tuple(
            row.model_copy(update={"scores": row.scores | {"dice": dice}}) if dice else row
            for row in record.cases
        )
        changes = {"cell": own, "cases": cases} | ({"failed": None} if dice else {})
        return record.model_copy(update=changes)

    records = [entry("poor", seed, failed, 0.001 + seed / 1e4) for seed in board.seeds]
    records += [entry("once", seed, failed, 0.8 if seed else None) for seed in board.seeds]
    records += [entry("never", seed, failed, None) for seed in board.seeds]
    table = build_leaderboard(board, records)
    rows = table.rows.set_index("source")
    assert rows["rank"].to_dict() == {"once": 1, "poor": 2, "never": 3}
    assert rows["failed_cells"].to_dict() == {"once": 1, "poor": 0, "never": len(board.seeds)}
    assert [FAILED in marks for marks in rows.loc[["once", "poor", "never"], "marks"]] == [
        True, False, True
    ]  # fmt: skip
    mean = 0.8 * (len(board.seeds) - 1) / len(board.seeds)
    assert rows["score"].to_dict()["once"] == pytest.approx(mean)  # the failed seed counts as 0
    assert f"Failed cells: {1 + len(board.seeds)}" in footer(table)


def test_a_failed_record_with_a_score_is_refused(
    cell: tuple[Workspace, BoardCard, Transfer], store: Store, tmp_path: Path
) -> None:
    _, board, transfer = cell
    record = store.read(transfer.cell)
    first, *others = record.cases
    found = first.model_copy(update={"prediction_empty": first.reference_empty})
    Store(tmp_path).write(record.model_copy(update={"cases": (found, *others)}))
    with pytest.raises(RecordError, match="not every structure counts as missed"):
        Store(tmp_path).load(transfer.cell.path, Conditions.of(board))


def test_a_sequence_fails_from_the_stage_on_that_diverges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, board = tiny()
    (one,) = plan_sequences(
        Workspace(registry, tmp_path), board, GridSelection(), ("device_order",)
    )
    calls, usual = list[int](), LOSSES[board.protocol.loss]

    def spoiled(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        loss = usual(logits, labels)
        return loss * float("nan") if len(calls) == 4 else loss  # stage 2, step 2

    monkeypatch.setitem(LOSSES, board.protocol.loss, spoiled)
    run_sequence(Workspace(registry, tmp_path), CPU, tmp_path, one)
    record = SequenceStore(tmp_path).read(one.run)
    assert [stage.failed is not None for stage in record.stages] == [False, True, True]
    assert record.failed is not None and record.failed.step == 2 and len(calls) == 4
    assert {row.scores["dice"] for row in record.stages[0].scores["phantom_ct_device_a_32"]} != {0}
    for stage in record.stages[1:]:
        assert {row.scores["dice"] for rows in stage.scores.values() for row in rows} == {0.0}
    assert record.stages[2].cost.fine_tuning_seconds == 0
    assert [*SequenceStore(tmp_path).records(board)] == [record]
