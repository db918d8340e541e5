"""Pictures of a cell: which cases and slices are drawn."""

import numpy as np
from support.factories import make_record

from benchmark.views.figures.outlines import fullest_slice
from benchmark.views.figures.overlays import Overlay, best_median_worst, caption, draw_overlays


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
    lines = figure.axes[0].collections
    colours = {tuple(np.round(np.asarray(line.get_edgecolor())[0], 3)) for line in lines}
    assert len(colours) == 2
    assert figure.axes[0].get_title(loc="left") == "best: Dice $1<"
    words = caption(make_record(unranked=("trial: 1 of 2 steps",)))
    assert "SYNTHETIC" in words and "UNRANKED (trial: 1 of 2 steps)" in words and "scratch" in words
    many = Overlay(overlay.image, 2 * mask, mask, 2.0, "x")
    assert len(draw_overlays([many, many], ("a", "b"), "").legends[0].get_texts()) == 4
