"""Pictures of a cell: which cases and slices, and that they change nothing in the record."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.factories import make_record

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.planning.transfers import GridSelection, plan
from benchmark.running.cell import run_cell
from benchmark.views.figures.outlines import fullest_slice
from benchmark.views.figures.overlays import (
    Overlay,
    best_median_worst,
    caption,
    draw_overlays,
    picture_path,
)
from benchmark.workspace import Workspace


def test_best_median_and_worst_follow_the_metric() -> None:
    record = make_record(dice={"a": 0.2, "b": 0.9, "c": 0.5, "d": 0.5, "e": 0.1})
    assert best_median_worst(record) == [
        ("c-b", "best: Dice 0.9"), ("c-d", "median: Dice 0.5"), ("c-e", "worst: Dice 0.1"),
    ]  # fmt: skip
    cases = [c.model_copy(update={"scores": {"hd95_mm": c.scores["dice"]}}) for c in record.cases]
    turned = record.model_copy(update={"main_metric": "hd95_mm", "cases": tuple(cases)})
    assert best_median_worst(turned)[0] == ("c-e", "best: HD95 0.1 mm")


def test_fewer_cases_give_fewer_pictures() -> None:
    assert best_median_worst(make_record(dice={"a": 0.2})) == [("c-a", "best: Dice 0.2")]
    two = best_median_worst(make_record(dice={"a": 0.2, "b": 0.3}))
    assert two == [("c-b", "best: Dice 0.3"), ("c-a", "worst: Dice 0.2")]


def test_labels_of_a_case_are_averaged() -> None:
    record = make_record(dice={"a": 0.2, "b": 0.4})
    more = [c.model_copy(update={"label": "x", "scores": {"dice": 0.8 - 2 * c.scores["dice"]}})
            for c in record.cases]  # fmt: skip
    record = record.model_copy(update={"cases": (*record.cases, *more)})
    assert best_median_worst(record)[0] == ("c-a", "best: Dice 0.3")


def test_the_slice_with_most_reference_is_shown() -> None:
    none, some = np.zeros((5, 4, 4), np.uint8), np.zeros((5, 4, 4), np.uint8)
    some[3, :2], some[1, 0, 0] = 2, 1
    assert fullest_slice(some, none) == 3
    assert fullest_slice(none, some) == 3
    assert fullest_slice(none, none) == 2


def test_outlines_of_both_are_drawn_and_the_caption_says_what_it_is() -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[10:30, 10:30] = 1
    other = np.roll(mask, 5, axis=1)
    overlay = Overlay(np.full((40, 40), 0.4, np.float32), mask, other, 1.0, "best: Dice $1<")
    figure = draw_overlays([overlay], ("head",), "foot")
    figure.canvas.draw()
    colours = {tuple(np.round(line.get_edgecolor()[0], 3)) for line in figure.axes[0].collections}
    assert len(colours) == 2
    assert figure.axes[0].get_title(loc="left") == "best: Dice $1<"
    words = caption(make_record(unranked=("trial: 1 of 2 steps",)))
    assert "SYNTHETIC" in words and "UNRANKED (trial: 1 of 2 steps)" in words and "scratch" in words
    many = Overlay(overlay.image, 2 * mask, mask, 2.0, "x")
    assert len(draw_overlays([many, many], ("a", "b"), "").legends[0].get_texts()) == 4


@pytest.mark.parametrize("target", ["phantom_fetal_head_64", "phantom_stroke_lesion_64"])
def test_pictures_change_nothing_in_the_record(target: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    registry = Registry.load(content_roots())
    chosen = GridSelection(sources=("scratch",), targets=(target,), seeds=(0,), limit_steps=1)
    (transfer,) = plan(Workspace(registry, tmp_path), registry.board("demo_v1"), chosen)
    device = torch.device("cpu")
    without = run_cell(transfer, Workspace(registry, tmp_path), device)
    record = run_cell(
        transfer, Workspace(registry, tmp_path), device, pictures=tmp_path / "pictures"
    )
    assert record.without_timings() == without.without_timings()
    path = picture_path(tmp_path / "pictures", record)
    assert path == tmp_path / f"pictures/{target}/scratch/full/nall/seed0.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.width > 3 * picture.height / 2
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert (abs(pixels - [0x56, 0xB4, 0xE9]).sum(2) < 30).any()
    assert [p.name for p in path.parent.iterdir()] == ["seed0.png"]


def test_a_picture_that_cannot_be_written_costs_no_cell(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    registry = Registry.load(content_roots())
    chosen = GridSelection(
        sources=("scratch",), targets=("phantom_fetal_head_64",), seeds=(0,), limit_steps=1
    )
    (transfer,) = plan(Workspace(registry, tmp_path), registry.board("demo_v1"), chosen)
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match="picture not written"):
        record = run_cell(
            transfer, Workspace(registry, tmp_path), torch.device("cpu"), pictures=tmp_path / "file"
        )
    assert record.cases
