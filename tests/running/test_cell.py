"""GridSelection, volumes and the native grid in one small run; the record is a pure function."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.data.preprocessing import Prepared, PreparedCase
from benchmark.errors import CardError, ProtocolError
from benchmark.models.networks import build_network
from benchmark.planning.transfers import GridSelection, nested_subjects, plan
from benchmark.running.cell import run_cell
from benchmark.running.inference import native_labels
from benchmark.training.fine_tuning import fine_tune
from benchmark.training.schedule import is_evaluation
from benchmark.workspace import Workspace


def test_a_volume_cell_twice_gives_the_same_record(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    registry = Registry.load(content_roots())
    chosen = GridSelection(
        sources=("scratch",), targets=("phantom_stroke_lesion_64",), seeds=(1,), limit_steps=2
    )
    (transfer,) = plan(Workspace(registry, tmp_path), registry.board("demo_v1"), chosen)
    one = run_cell(transfer, Workspace(registry, tmp_path), torch.device("cpu"))
    two = run_cell(transfer, Workspace(registry, tmp_path), torch.device("cpu"))
    assert one.without_timings() == two.without_timings()
    assert one.marks.synthetic and one.marks.unranked
    tests = {row.case for row in registry.split("phantom_stroke_lesion_64") if row.subset == "test"}
    assert {case.case for case in one.cases} == tests
    assert all(np.isfinite(list(case.scores.values())).all() for case in one.cases)
    assert one.selection.validation_dice is not None and len(one.selection.curve) == 2


def test_the_key_holds_everything_a_result_depends_on(tmp_path: Path) -> None:
    registry = Registry.load(content_roots())
    board = registry.board("demo_v1")
    scratch = GridSelection(sources=("scratch",))
    keys = {cell.key for cell in plan(Workspace(registry, tmp_path), board, scratch)}
    assert len(keys) == 4
    limited = GridSelection(sources=("scratch",), limit_steps=3)
    assert not keys & {cell.key for cell in plan(Workspace(registry, tmp_path), board, limited)}


def square(rows: int, columns: int) -> tuple[Prepared, PreparedCase]:
    case = PreparedCase("c", "s", 0, 1, (rows, columns), (32, 64))
    images = np.zeros((1, 1, 64, 64), np.float16)
    images[0, 0, 16:48, 32:] = 1
    return Prepared(images, np.zeros((1, 64, 64), np.uint8), (case,)), case


class Bright(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat([1 - images, images], 1) * 20


def test_predictions_come_back_to_the_native_grid() -> None:
    data, case = square(50, 100)
    found = native_labels(Bright(), data, case, 4, torch.device("cpu"))  # type: ignore[arg-type]
    expected = np.zeros((1, 50, 100))
    expected[..., 50:] = 1
    assert np.array_equal(found, expected)


def test_selection_needs_a_validation_subset() -> None:
    data, _ = square(64, 64)
    protocol = Registry.load(content_roots()).board("demo_v1").protocol
    network = build_network(
        "tu-test_resnet", channels=1, input_size=64, classes=2, decoder_channels=(8,) * 5,
        normalisation_mean=(0.0,), normalisation_std=(1.0,),
    )  # fmt: skip
    for train, val, message in (([], ["c"], "no training"), (["c"], [], "no validation")):
        with pytest.raises(ProtocolError, match=message):
            fine_tune(network, None, data, train, val, protocol, flips=(), seed=0,  # type: ignore[arg-type]
                      device=torch.device("cpu"))  # fmt: skip


@pytest.mark.parametrize(("steps", "evaluations"), [(40, 2), (7, 3), (5, 5), (10, 1)])
def test_evaluations_are_spaced_equally_and_the_last_step_is_one(
    steps: int, evaluations: int
) -> None:
    at = [step for step in range(1, steps + 1) if is_evaluation(step, steps, evaluations)]
    assert len(at) == evaluations and at[-1] == steps


def test_more_subjects_than_there_are_is_an_error() -> None:
    rows = Registry.load(content_roots()).split("phantom_fetal_head_64")
    with pytest.raises(CardError, match="61 training subjects wanted, but the split has 60"):
        nested_subjects(rows, 61)
