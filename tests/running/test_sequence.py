"""Sequences: stage 1 is the cell, a stopped run resumes, joint stages hold every case."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.command import refusal, segtransfer

from benchmark.cards.board import BoardCard
from benchmark.cards.content import content_roots, shipped_content
from benchmark.cards.dataset import Subset
from benchmark.cards.registry import Registry
from benchmark.errors import BenchmarkError, CardError, RecordError
from benchmark.models.networks import SegmentationNetwork
from benchmark.planning.existing_records import refresh_marks
from benchmark.planning.sequences import SequenceRun, plan_sequences
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.sequence_record import SequenceRecord, SequenceStore
from benchmark.running.cell import run_cell
from benchmark.running.options import RunOptions
from benchmark.running.sequence import joint_training_set, run_sequence
from benchmark.running.setup import initial_network
from benchmark.running.target_data import load_target
from benchmark.workers import Progress
from benchmark.workspace import Workspace

CPU, OPTIONS = torch.device("cpu"), RunOptions(device="cpu")
A, B, C = (f"phantom_ct_device_{device}_32" for device in "abc")


def tiny() -> tuple[Registry, BoardCard]:
    """The shipped sequence board with two steps a stage and one seed."""
    registry = Registry.load(content_roots())
    shipped = registry.board("phantom_sequence_v2")
    protocol = shipped.protocol.model_copy(
        update={
            "lanes": registry.board("tiny_v2").protocol.lanes, "epochs": None, "steps": 2,
            "batch_size": 2, "evaluations": 2, "checkpoint": "best_validation_dice",
        }
    )  # fmt: skip
    board = shipped.model_copy(
        update={"protocol": protocol, "sources": ("scratch",), "seeds": (1,)}
    )
    return replace(registry, boards={**registry.boards, board.id: board}), board


def run(folder: Path, home: Path, registry: Registry, one: SequenceRun) -> SequenceRecord:
    run_sequence(Workspace(registry, home), OPTIONS, folder, one)
    return SequenceStore(folder).read(one.run)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, shared_home: Path) -> SequenceRecord:
    registry, board = tiny()
    (one,) = plan_sequences(Workspace(registry, shared_home), board, GridSelection(), ("alone_c",))
    return run(tmp_path_factory.mktemp("finished"), shared_home, registry, one)


class Stop(Exception):
    """Raised to interrupt a run."""


def with_dropout(transfer: Transfer, device: torch.device) -> SegmentationNetwork:
    """The cell's network, drawing random numbers in every step as VNet does."""
    network = initial_network(transfer, device)
    network.head = torch.nn.Sequential(torch.nn.Dropout(0.5), network.head)
    return network


@pytest.mark.slow
def test_a_stopped_sequence_goes_on_and_ends_as_one_that_was_not(
    tmp_path: Path, shared_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.running.setup.initial_network", with_dropout)
    registry, board = tiny()
    workspace = Workspace(registry, shared_home)
    (one,) = plan_sequences(workspace, board, GridSelection(), ("device_order",))
    whole = run(tmp_path / "whole", shared_home, registry, one)

    def go_on(progress: Progress) -> None:
        other = tmp_path / "other"
        run_sequence(workspace, OPTIONS, other, one, progress)

    def pull(what: str, done: int, total: int) -> None:
        if what.startswith("device_order 3/3: fine-tuning") and done == 1:
            raise Stop

    with pytest.raises(Stop):
        go_on(pull)
    assert not SequenceStore(tmp_path / "other").has(one.run, one.key)
    torch.rand(7)  # another process begins with other random numbers
    heard: list[str] = []
    go_on(lambda what, done, total: heard.append(what))
    again = SequenceStore(tmp_path / "other").read(one.run)
    assert again.without_timings() == whole.without_timings()
    tuned = {what for what in heard if what.endswith("fine-tuning")}
    assert tuned == {"device_order 3/3: fine-tuning"}
    key = one.key.removeprefix("sha256:")
    assert not list((shared_home / "sequences").glob(f"*{key}*"))  # nothing is left behind
    assert [stage.trained_on for stage in whole.stages] == [(A,), (B,), (C,)]
    assert whole.stages[0].scores[A] != whole.stages[2].scores[A]


def test_a_damaged_checkpoint_costs_the_stages_not_the_result(
    tmp_path: Path, shared_home: Path
) -> None:
    registry, board = tiny()
    (one,) = plan_sequences(Workspace(registry, shared_home), board, GridSelection(), ("alone_b",))
    whole = run(tmp_path / "whole", shared_home, registry, one)
    kept = Workspace(registry, shared_home).sequence_checkpoint(one.key)
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(b"\x08" + b"\0" * 20)
    again = run(tmp_path / "other", shared_home, registry, one)
    assert again.without_timings() == whole.without_timings()


def test_a_mark_that_a_card_learns_later_reaches_finished_sequences(
    finished: SequenceRecord, tmp_path: Path, shared_home: Path
) -> None:
    registry, board = tiny()
    (one,) = plan_sequences(Workspace(registry, shared_home), board, GridSelection(), ("alone_c",))
    store = SequenceStore(tmp_path)
    store.write(finished)
    assert not refresh_marks(store, finished, one.marks)
    subset = finished.marks.model_copy(update={"subset": True})
    assert refresh_marks(store, finished, subset)
    after = store.read(one.run)
    assert after == finished.model_copy(update={"marks": subset})


def test_stage_1_is_the_cell_of_its_device(tmp_path: Path, shared_home: Path) -> None:
    registry, board = tiny()
    (one,) = plan_sequences(Workspace(registry, shared_home), board, GridSelection(), ("alone_a",))
    (cell,) = plan(Workspace(registry, shared_home), board, GridSelection(targets=(A,)))
    stage = run(tmp_path, shared_home, registry, one).stages[0]
    record = run_cell(cell, Workspace(registry, shared_home), CPU).record
    assert stage.scores[A] == record.cases
    assert stage.selection == record.selection
    assert set(stage.scores) == {A, B, C}


def test_a_joint_stage_holds_every_case_of_every_device(tmp_path: Path, shared_home: Path) -> None:
    registry, board = tiny()
    transfers = plan(Workspace(registry, shared_home), board, GridSelection(targets=(A, B)))
    devices = {
        transfer.cell.target: load_target(transfer, Workspace(registry, shared_home))
        for transfer in transfers
    }
    both = joint_training_set(devices)
    for name, target in devices.items():
        data, opened = target.prepared, target.dataset
        subsets: tuple[tuple[Subset, Sequence[str]], ...] = (
            ("train", both.train),
            ("val", both.val),
        )
        for subset, names in subsets:
            mine = [case for case in names if case.startswith(f"{name}/")]
            assert mine == [f"{name}/{case}" for case in opened.names(subset)]
            rows, expected = both.prepared.rows(mine), data.rows(opened.names(subset))
            assert np.array_equal(both.prepared.images[rows], data.images[expected])
            assert np.array_equal(both.prepared.masks[rows], data.masks[expected])
    assert not set(both.train) & set(both.val)
    assert set(both.subjects) == {
        f"{name}/{target.dataset.cases[case].subject}"
        for name, target in devices.items()
        for case in target.dataset.names("train")
    }


def test_what_is_chosen_must_be_on_the_board(tmp_path: Path) -> None:
    registry, board = tiny()
    with pytest.raises(CardError, match="unknown sequence 'revers'. Did you mean 'reverse'"):
        plan_sequences(Workspace(registry, tmp_path), board, GridSelection(), ("revers",))
    with pytest.raises(CardError, match="board tiny_v2 has no `sequences`"):
        plan_sequences(
            Workspace(registry, tmp_path), registry.board("tiny_v2"), GridSelection(), ()
        )


def test_keys_tell_orders_seeds_and_strategies_apart(tmp_path: Path) -> None:
    registry, _ = tiny()
    shipped = Registry.load(content_roots()).board("phantom_sequence_v2")
    keys = [
        one.key
        for one in plan_sequences(Workspace(registry, tmp_path), shipped, GridSelection(), ())
    ]
    assert len(keys) == len(set(keys)) == 6 * 2 * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "sha256:0"}, "its key is not that of its conditions"),
        ({"stages": ()}, "its stages are not what board"),
        ({"main_metric": "hd95_mm"}, "subjects or metrics"),
    ],
)
def test_an_edited_record_is_refused(
    change: dict[str, object], message: str, tmp_path: Path, finished: SequenceRecord
) -> None:
    _, board = tiny()
    path = SequenceStore(tmp_path).write(finished)
    assert list(SequenceStore(tmp_path).records(board)) == [finished]
    path.write_text(finished.model_copy(update=change).model_dump_json())
    with pytest.raises(RecordError, match=message):
        list(SequenceStore(tmp_path).records(board))


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 2}'])
def test_a_damaged_record_is_one_line(text: str, tmp_path: Path, finished: SequenceRecord) -> None:
    _, board = tiny()
    SequenceStore(tmp_path).write(finished).write_text(text)
    with pytest.raises(RecordError) as error:
        list(SequenceStore(tmp_path).records(board))
    assert len(str(error.value).splitlines()) == 1


def test_a_record_at_another_path_is_refused(tmp_path: Path, finished: SequenceRecord) -> None:
    _, board = tiny()
    path = SequenceStore(tmp_path).write(finished)
    path.rename(path.with_name("seed0.json"))
    with pytest.raises(RecordError, match="path and content must agree"):
        list(SequenceStore(tmp_path).records(board))


def test_devices_must_pose_one_problem() -> None:
    registry, board = tiny()
    target = registry.target(B).model_copy(update={"flips": ("horizontal",)})
    other = replace(registry, targets={**registry.targets, B: target})
    with pytest.raises(BenchmarkError, match=f"flips of {B} is .*of {A}"):
        other._check_devices(board)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ({"x": [["phantom_ct"]]}, "unknown target 'phantom_ct'"),
        ({"x": [[A], [A]]}, "a target comes twice"),
        ({"x": []}, "at least 1"),
        ({"../x": [[A]]}, "match pattern"),
    ],
)
def test_malformed_sequences_are_refused(sequences: dict[str, object], message: str) -> None:
    _, board = tiny()
    data = board.model_dump(mode="json") | {"sequences": sequences}
    with pytest.raises(ValueError, match=message):
        BoardCard.model_validate(data)


def test_shipped_sequences_are_what_the_cards_still_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command finds every run of the shipped board done, and prints its tables."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(shipped_content() / "leaderboards/phantom_sequence_v2", tmp_path / "board")
    done = segtransfer("sequence", "phantom_sequence_v2", "--out", "board", home=tmp_path)
    assert "already done: 24 sequences" in done.stdout and "SYNTHETIC" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny_v2"], "board tiny_v2: has no sequences"),
        (["phantom_sequence_v2", "--sequences", "joined"], "Did you mean 'joint'"),
        (["phantom_sequence_v2", "--seeds", "5"], "unknown seed '5'"),
    ],
)
def test_errors_are_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--home", str(tmp_path), "sequence", *words]
    line = refusal(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert message in line and len(line.strip().splitlines()) == 1
