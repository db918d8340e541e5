"""Records and board folders for tests, made by hand."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.content import content_roots, shipped_content
from benchmark.cards.dataset import SplitRule
from benchmark.cards.registry import Registry
from benchmark.errors import DataError
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.cell import CellId, Fingerprints, cell_key
from benchmark.records.record import (
    CaseScore,
    Cost,
    Environment,
    Marks,
    RunRecord,
    Selection,
    SourceFacts,
)
from benchmark.workspace import Workspace

STROKE = "phantom_stroke_lesion_64"
Cases = tuple[str, ...]
SYNTHETIC_BOARDS = Path(__file__).parents[2] / "examples/synthetic_boards"


@cache
def shipped_registry(*more: Path) -> Registry:
    """All shipped cards, and those of private folders."""
    return Registry.load(content_roots(more))


def workspace_at(home: Path, *more: Path) -> Workspace:
    """The shipped cards and those of private folders, with local data in a folder of the test."""
    return Workspace(shipped_registry(*more), home)


def board() -> BoardCard:
    """The smallest shipped board."""
    return shipped_registry().board("tiny_v2")


def board_folder(folder: Path) -> Path:
    """A leaderboard folder without records."""
    text = (shipped_content() / "leaderboards/tiny_v2/board.yaml").read_text()
    (folder / "board.yaml").write_text(text)
    return folder


def two_steps(
    home: Path, seeds: tuple[int, ...] = (0, 1), steps: int = 2
) -> tuple[Workspace, BoardCard]:
    """A board that is run in seconds: `scratch` on two targets with two steps, or as given."""
    workspace, card = workspace_at(home), board()
    protocol = card.protocol.model_copy(update={"steps": steps, "epochs": None, "evaluations": 1})
    changes = {
        "protocol": protocol, "targets": ("phantom_fetal_head_64", "phantom_stroke_lesion_64"),
        "seeds": seeds, "sources": ("scratch",),
    }  # fmt: skip
    card = card.model_copy(update=changes)
    boards = {**workspace.registry.boards, card.id: card}
    return replace(workspace, registry=replace(workspace.registry, boards=boards)), card


def stroke_cell(
    home: Path, train: Cases, val: Cases, test: Cases, **protocol: object
) -> tuple[Workspace, Transfer]:
    """A cell on phantoms of stroke, of which 002, 017, 018 and 020 have no lesion."""
    workspace, board = two_steps(home)
    split = SplitRule(listed={"train": train, "val": val, "test": test}, others="pretrain")
    registry = workspace.registry
    card = registry.dataset(STROKE).model_copy(update={"split": split})
    datasets = {**registry.datasets, STROKE: card}
    workspace = replace(workspace, registry=replace(registry, datasets=datasets))
    board = board.model_copy(update={"protocol": board.protocol.model_copy(update=protocol)})
    return workspace, plan(workspace, board, GridSelection(targets=(STROKE,)))[0]


def make_record(
    source: str = "scratch",
    target: str = "phantom_fetal_head_64",
    seed: int = 0,
    dice: dict[str, float] | None = None,
    encoder: str = "tu-test_resnet",
    data: str = "sha256:data",
    unranked: tuple[str, ...] = (),
    empty: tuple[str, ...] = (),
    partial_weights: bool = False,
) -> RunRecord:
    """A record with a Dice per subject (one case each); 0 means a missed structure.

    In the subjects of `empty` there is nothing to find.
    """
    card = board()
    cell = CellId(
        board=card.id, target=target, source=source, strategy="full", train_subjects=0, seed=seed
    )
    prints = Fingerprints(
        protocol=fingerprint(card.protocol),
        strategy=fingerprint(card.strategies["full"]),
        target="sha256:target",
        source=f"sha256:{source}",
        weights="none",
        splits="sha256:splits",
        data=data,
    )
    scores = dice or {"s1": 0.5}
    return RunRecord(
        cell=cell,
        key=cell_key(cell, prints),
        fingerprints=prints,
        prepared_data="sha256:prepared",
        marks=Marks(
            synthetic=True, subset=False, partial_weights=partial_weights, contamination=(),
            unranked=unranked,
        ),
        source=SourceFacts(title=source, domain="none", task="none", encoder=encoder),
        main_metric="dice",
        coverage=None,
        selection=Selection(
            learning_rate=1e-3, step=1, validation_dice=0.5, curve=(), train_subjects=("s0",)
        ),
        frozen_tensors_unchanged=True,
        cases=tuple(
            CaseScore(
                case=f"c-{subject}", subject=subject, label="head",
                reference_empty=subject in empty,
                prediction_empty=(value == 0) != (subject in empty), scores={"dice": value},
            )
            for subject, value in scores.items()
        ),
        environment=Environment(
            segtransfer="0", python="3", torch="2", device="cpu", threads=1
        ),
        cost=Cost(
            total_parameters=2, trainable_parameters=1, training_gflop=1.0, fine_tuning_seconds=1.0,
            total_seconds=1.0, peak_memory_mib=1.0,
        ),
        started="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def tell_thrice(name: str, progress: Callable[[str, int, int], None]) -> str:
    """Work that another process can import: the name in capitals, an error for a digit."""
    if not name.isalpha():
        raise DataError(f"wrong: no letter in {name!r}")
    for done in (1, 2, 3):
        progress(name, done, 3)
    return name.upper()


def threads_here(item: int, progress: Callable[[str, int, int], None]) -> int:
    """Work that another process can import: how many threads torch uses there."""
    import torch

    return torch.get_num_threads()
