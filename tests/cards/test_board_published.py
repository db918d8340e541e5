"""The boards of the literature: their numbers are plausible, and speak of cells that exist."""

import pytest
import torch

from benchmark.cards.board import BoardCard
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.leaderboard.published_numbers import PublishedNumber, read_published
from benchmark.models.freezing import apply_strategy
from benchmark.models.networks import build_network, parameter_counts

REGISTRY = Registry.load(content_roots())
BOARDS = [board for board in REGISTRY.boards.values() if board.reproduces]
NUMBERED = sorted({board.reproduces.numbers for board in BOARDS if board.reproduces})


def numbers(name: str) -> tuple[PublishedNumber, ...]:
    return read_published(REGISTRY.folders[name] / "published.csv")


@pytest.mark.parametrize("name", NUMBERED)
def test_published_numbers_are_of_cells_of_their_board(name: str) -> None:
    board = REGISTRY.board(name)
    for number in numbers(name):
        assert number.target in board.targets and number.source in board.sources
        assert number.strategy in board.strategies_for(number.source)
        assert 0 <= number.value <= 1 and (number.sd or 0) < 0.2


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.id)
def test_stand_ins_are_of_the_board_and_stand_for_what_is_published(board: BoardCard) -> None:
    how = board.reproduces
    assert how is not None
    known = REGISTRY.board(how.numbers)
    sizes = {number.train_subjects for number in numbers(how.numbers)}
    assert how.targets.keys() <= set(board.targets) and how.sources.keys() <= set(board.sources)
    assert set(how.targets.values()) <= set(known.targets)
    assert set(how.sources.values()) <= set(known.sources)
    assert how.sizes.keys() <= set(board.train_subjects) and set(how.sizes.values()) <= sizes
    synthetic = [REGISTRY.dataset(REGISTRY.target(t).dataset).synthetic for t in board.targets]
    assert all(synthetic) == any(synthetic) == ("small" in board.id)
    assert any(synthetic) == board.description.startswith("Synthetic.")


def test_nothing_is_claimed_of_the_works_whose_numbers_nobody_here_has_read() -> None:
    assert numbers("zoetmulder2022_brain") == numbers("yoon2024_ct") == ()


def test_a_published_dice_and_iou_are_of_the_same_masks() -> None:
    """IoU = D / (2 - D) for one batch; means over runs and batches stay near it."""
    by_cell: dict[object, dict[str, float]] = {}
    for number in numbers("wang2023_as_published"):
        if number.certainty == "exact from code":
            by_cell.setdefault(number.cell, {})[number.metric] = number.value
    assert len(by_cell) == 19
    for found in by_cell.values():
        dice = found["pooled_dice"]
        assert found["pooled_iou"] == pytest.approx(dice / (2 - dice), abs=0.012)
        assert found["pooled_iou"] < dice < found["pooled_pixel_accuracy"]


def test_the_proposal_of_the_paper_is_its_best_row() -> None:
    at_all = [
        number
        for number in numbers("wang2023_as_published")
        if number.train_subjects == 0 and number.metric == "pooled_dice"
        if number.certainty == "exact from code"
    ]
    assert len(at_all) == 10
    assert max(at_all, key=lambda number: number.value).strategy == "decoder"


@pytest.mark.parametrize(
    "board", [b for b in BOARDS if len(b.strategies) > 1], ids=lambda board: board.id
)
def test_every_strategy_names_parts_that_its_networks_have(board: BoardCard) -> None:
    protocol = board.protocol
    for name in board.sources:
        source = REGISTRY.source(name)
        with torch.device("meta"):
            network = build_network(
                board.encoder_of(source, "unet"), channels=source.input.channels, classes=1,
                input_size=protocol.input_size, decoder=protocol.decoders["unet"],
                normalisation_mean=source.input.mean,
                normalisation_std=source.input.std,
            )  # fmt: skip
        for chosen in board.strategies_for(name):
            how = board.strategies[chosen]
            for parts in (how.train, *(stage.train for stage in how.stages)):
                apply_strategy(network, train=parts, freeze_norm_stats=how.freeze_norm_stats)
                total, trained = parameter_counts(network)
                assert 0 < trained <= total
                assert (trained == total) == (set(parts) == {"encoder", "decoder", "head"})
