"""In-suite sources: pretrained once, on nested slices, and exported with their exposure."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import benchmark.running.pretraining as pretrained
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.source import SourceCard
from benchmark.data.cases import Case
from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.data.resolve import ResolvedDataset, resolve_dataset
from benchmark.errors import DataError
from benchmark.models.weight_store import import_weights
from benchmark.models.weights import read_tensors
from benchmark.planning.source_weights import pretraining_cases, source_weights
from benchmark.planning.transfers import GridSelection, plan
from benchmark.running.cell import run_cell
from benchmark.running.export import export, summary
from benchmark.running.setup import initial_network, load_source
from benchmark.training.pretraining.loop import Pretrained, pretrain
from benchmark.workspace import Workspace

CPU = torch.device("cpu")


def registry(source: str, steps: int = 2, **changes: object) -> Registry:
    """The shipped cards with a recipe of few steps."""
    cards = Registry.load(content_roots())
    card = cards.source(source)
    assert card.pretrain is not None
    recipe = card.pretrain.model_copy(update={"steps": steps, "evaluations": 1, **changes})
    quick = card.model_copy(update={"pretrain": recipe})
    return Registry(
        datasets=cards.datasets, sources={**cards.sources, source: quick}, targets=cards.targets,
        boards=cards.boards, folders=cards.folders,
    )  # fmt: skip


def make(cards: Registry, source: str, home: Path) -> Path:
    return pretrained.ensure_pretrained(
        Workspace(cards, home), cards.board("tiny_v2"), CPU, cards.source(source)
    )


def test_two_processes_pretrain_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards, calls = registry("phantom_ct_device_a", max_items=16), list[int]()

    def counted(*arguments: Any) -> Pretrained:
        calls.append(1)
        return pretrain(*arguments)

    monkeypatch.setattr(pretrained, "pretrain", counted)
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(3,)) as pool:
        folders = list(pool.map(lambda _: make(cards, "phantom_ct_device_a", tmp_path), range(2)))
    assert folders[0] == folders[1] and calls == [1]
    facts = json.loads((folders[0] / "pretraining.json").read_text())
    assert facts["items"]["train"] == 16 and 0 < facts["chance"] < 1
    assert facts["environment"]["threads"] == 1  # whatever the machine and the run have
    rows = {row.subject: row.subset for row in _rows(cards, "phantom_ct_device_a", tmp_path)}
    assert {rows[name] for name in facts["saw"]["trained_on"]} == {"train"}
    assert {rows[name] for name in facts["saw"]["watched_on"]} == {"val"}
    assert not (folders[0] / "checkpoint.pt").exists()
    assert "chance" in summary(folders[0])


def _rows(cards: Registry, name: str, home: Path) -> tuple[SplitRow, ...]:
    return resolve_dataset(Workspace(cards, home), name).rows


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        pytest.param("phantom_natural_contrastive", {"encoder"}, marks=pytest.mark.slow),
        ("phantom_natural_classification", {"encoder"}),
        pytest.param("phantom_ct_device_a", {"encoder", "decoder", "head"}, marks=pytest.mark.slow),
    ],
)
def test_an_exported_source_names_its_pretraining_data(
    source: str, parts: set[str], tmp_path: Path, shared_home: Path
) -> None:
    cards = registry(source, max_items=32)
    folder = make(cards, source, shared_home)
    card = export(cards.source(source), cards.board("tiny_v2"), folder, tmp_path / "out")
    given = Registry.load((*content_roots(), tmp_path / "out"))
    name = f"{source}_weights"
    import_weights(Workspace(given, shared_home), name, tmp_path / "out" / f"{name}.safetensors")
    assert card.stem == name and len(given.source(name).saw[0].subjects) > 3
    tensors = read_tensors(tmp_path / "out" / f"{name}.safetensors", None)
    assert {key.partition(".")[0] for key in tensors} == parts
    own = "phantom_ct_device_a" in source
    board = given.board("tiny_v2").model_copy(
        update={"targets": ("phantom_ct_device_a",)} if own else {}
    )
    boards = {**given.boards, "tiny_v2": board}
    given = Registry(
        datasets=given.datasets, sources=given.sources, targets=given.targets, boards=boards,
        folders=given.folders,
    )  # fmt: skip
    chosen = GridSelection(sources=(name,), seeds=(0,), limit_steps=2)
    transfer = plan(Workspace(given, shared_home), board, chosen)[0]
    record = run_cell(transfer, Workspace(given, shared_home), CPU).record
    assert record.coverage is not None and record.coverage.parameter_share == 1.0
    # the 13 subjects learned from are of train, the 3 watched on of val, which is worse
    reason = ("saw phantom_ct_device_a, 3 subjects of the val subset",)
    assert record.marks.contamination == (reason if own else ())


def data(rows: list[SplitRow]) -> ResolvedDataset:
    card = Registry.load(content_roots()).dataset("phantom_brain_scans")
    cases = {row.case: Case(case=row.case, subject=row.subject) for row in rows}
    return ResolvedDataset(card, cases, tuple(rows), "", False)


def test_training_and_validation_cases_are_of_different_subjects() -> None:
    reserved = data([SplitRow(f"c{k}", f"s{k // 2}", "pretrain") for k in range(40)]
                    + [SplitRow("t", "t", "train"), SplitRow("v", "v", "val")])  # fmt: skip
    learning, watching = pretraining_cases(reserved)
    assert {*learning, *watching} == {f"c{k}" for k in range(40)}
    people = [{reserved.cases[name].subject for name in part} for part in (learning, watching)]
    assert not people[0] & people[1] and len(people[1]) == 2
    plain = data(
        [SplitRow("a", "a", "train"), SplitRow("b", "b", "val"), SplitRow("c", "c", "test")]
    )
    assert pretraining_cases(plain) == (["a"], ["b"])
    with pytest.raises(DataError, match="two subjects, found 1"):
        pretraining_cases(data([SplitRow("a", "a", "pretrain")]))


def test_smaller_limits_are_nested_and_blank_slices_left_out() -> None:
    images = np.zeros((20, 1, 32, 32), np.float16)
    images[:15] = (np.arange(15) / 15 + 0.05)[:, None, None, None]
    cases = (PreparedCase("c", "s", 0, 20, (32, 32), (32, 32), 1),)
    prepared = PreparedDataset(images, np.zeros((20, 32, 32), np.uint8), cases)
    kept = {
        most: set(pretrained.choose_slices(prepared, ["c"], most).tolist())
        for most in (3, 7, 40, None)
    }
    assert [len(values) for values in kept.values()] == [3, 7, 15, 15]
    assert kept[3] < kept[7] < kept[40] == kept[None]
    assert kept[None] == set(range(15))
    with pytest.raises(DataError, match="no slice with content"):
        pretrained.choose_slices(PreparedDataset(images * 0, prepared.masks, cases), ["c"], None)


def test_a_source_card_says_what_is_possible() -> None:
    base = Registry.load(content_roots()).source("phantom_natural_contrastive").model_dump()
    with pytest.raises(ValueError, match="contrastive trains no decoder"):
        SourceCard.model_validate({**base, "provides": "encoder_decoder"})
    with pytest.raises(ValueError, match="leave saw out"):
        SourceCard.model_validate({**base, "saw": [{"dataset": "x", "subjects": "all"}]})


@pytest.mark.parametrize(("target", "same"), [("phantom_ct_device_b", True),
                                              ("phantom_fetal_head_64", False)])  # fmt: skip
def test_a_segmentation_network_provides_its_head_if_it_fits(
    target: str, same: bool, shared_home: Path
) -> None:
    source = "phantom_ct_device_a"
    cards = registry(source, max_items=32)
    folder = make(cards, source, shared_home)
    chosen = GridSelection(sources=(source,), targets=(target,), seeds=(0,), limit_steps=2)
    (transfer,) = plan(Workspace(cards, shared_home), cards.board("tiny_v2"), chosen)
    network = initial_network(transfer, CPU)
    board = cards.board("tiny_v2")
    weights = source_weights(Workspace(cards, shared_home), board, cards.source(source))
    coverage = load_source(network, transfer, weights)
    given = read_tensors(folder / "model.safetensors", None)
    for name, value in network.state_dict().items():
        if not name.startswith("head."):
            assert torch.equal(value, given[name]), name
    assert (
        torch.equal(network.head[0].bias, given["head.0.bias"])
        if same
        else (network.head[0].bias.shape != given["head.0.bias"].shape)
    )
    assert coverage is not None and coverage.complete and coverage.unused == ()
