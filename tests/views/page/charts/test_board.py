"""Charts: what is drawn is what the tables say, at the place where it belongs."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pages import EVIL, TARGETS, evil_board, made

from benchmark.cards.content import shipped_content
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.folder import read_leaderboard
from benchmark.leaderboard.index import LaneSize, Setting
from benchmark.records.store import Store
from benchmark.statistics.pareto import pareto_front
from benchmark.views.page.charts.board import board_charts, target_charts
from benchmark.views.page.charts.costs import cost_chart
from benchmark.views.page.charts.curves import size_chart
from benchmark.views.page.charts.gains import gain_chart
from benchmark.views.page.charts.spreads import spread_chart
from benchmark.views.page.charts.svg import HEIGHT, LEFT, Axis, Chart

FIVE, ALL = LaneSize("unet", 5), LaneSize("unet", 0)
PLACE = Setting(TARGETS[0], *ALL)


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return made().full


@pytest.fixture(scope="module")
def shipped() -> Leaderboard:
    return read_leaderboard(Store(shipped_content() / "leaderboards/quickstart_v2"))


def drawn(chart: Chart | None, panel: int = 0) -> ET.Element:
    assert chart is not None
    return ET.fromstring(str(chart.panels[panel]))


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [part for part in root.iter() if name in (part.get("class") or "").split()]


def texts(root: ET.Element) -> list[str]:
    return [part.text or "" for part in root.iter("text")]


def start(part: ET.Element) -> tuple[float, float]:
    """Where a path begins."""
    found = re.match(r"M([\d.]+) ([\d.]+)", part.get("d") or "")
    assert found
    return float(found[1]), float(found[2])


def test_the_gain_map_shows_gains_and_intervals(board: Leaderboard) -> None:
    chart = gain_chart(board, FIVE)
    root, said = drawn(chart), texts(drawn(chart))
    rows = board.rows[(board.rows["train_subjects"] == 5) & board.rows["gain"].notna()]
    assert len(rows) == 12
    for row in rows.itertuples():
        words = f"{row.gain:+.3f} [{row.gain_low:+.3f}, {row.gain_high:+.3f}]".replace("-", "−")
        number, interval = words.split(" ", 1)
        assert number in said and interval in said
        assert chart and any(words in cell for line in chart.table.rows for cell in line)
    assert len(of_class(root, "plus")) == int((rows["gain"] > 0).sum())
    assert len(of_class(root, "seen")) == int((rows["contamination"] != "").sum()) == 2
    strength = [float(part.get("fill-opacity") or 0) for part in of_class(root, "plus")]
    assert max(strength) == 0.7


def test_sources_that_differ_at_their_end_can_be_told_apart() -> None:
    board = read_leaderboard(Store(shipped_content() / "leaderboards/real_yoon2024"))
    words = "".join(texts(drawn(gain_chart(board, FIVE))))
    for source in ("coco_segmentation@monai-unet", "coco_segmentation@monai-vnet"):
        assert source in words


def test_targets_without_results_are_named_instead_of_drawn(board: Leaderboard) -> None:
    card = board.board.model_copy(update={"targets": ("other", *TARGETS)})
    chart = gain_chart(replace(board, board=card), FIVE)
    assert chart and list(chart.table.columns) == ["source", *TARGETS]
    assert "No results on other." in chart.notes


def test_points_of_the_size_curve_lie_at_their_scores(board: Leaderboard) -> None:
    chart = size_chart(board, "unet")
    root = drawn(chart)
    rows = board.rows[(board.rows["target"] == TARGETS[0]) & board.rows["rank"].notna()]
    heights = sorted(start(part)[1] for part in of_class(root, "k"))
    scores = sorted(rows["score"], reverse=True)
    assert len(heights) == len(scores) == 16
    slope, offset = np.polyfit(scores, heights, 1)
    assert slope < 0 and np.allclose(np.polyval((slope, offset), scores), heights, atol=0.06)
    assert len(of_class(root, "hollow")) == 4  # contaminated
    assert "all (4)" in texts(root) or any(text.startswith("all (") for text in texts(root))
    assert chart and len(chart.table.rows) == 16 and len(chart.legend) == 8


def test_the_spread_is_that_of_the_scores(board: Leaderboard) -> None:
    chart = spread_chart(board, PLACE)
    root, scores = drawn(chart), board.scores[PLACE]
    assert chart and len(chart.table.rows) == len(scores.entries) == 8
    first = board.rows[(board.rows["target"] == TARGETS[0]) & (board.rows["train_subjects"] == 0)]
    entry = first.iloc[0][["source", "strategy"]]
    own = scores.values[scores.entries.index(tuple(entry))].mean(axis=0)
    expected = [f"{number:.3f}" for number in np.quantile(own, (0, 0.25, 0.5, 0.75, 1))]
    assert list(chart.table.rows[0][2:]) == expected
    dots = of_class(root, "dots")
    assert [len(re.findall("M", part.get("d") or "")) for part in dots] == [12] * 8


def test_the_front_is_that_of_the_statistics(shipped: Leaderboard) -> None:
    place = next(iter(shipped.scores))
    assert cost_chart(shipped, place) is None  # one network: times differ by chance only
    encoders = ["small" if name == "scratch" else "large" for name in shipped.rows["source"]]
    two = replace(shipped, rows=shipped.rows.assign(encoder=encoders))
    chart = cost_chart(two, place)
    assert chart and len(chart.panels) == 1
    rows = two.rows[two.rows["target"] == place.target]
    seconds = rows.groupby("encoder")["fine_tuning_seconds"].transform("median")
    assert rows["timing"].nunique() == 1
    front = pareto_front(rows["score"].to_numpy(np.float64), seconds.to_numpy(np.float64))
    expected = ["yes" if on else "no" for on in front]
    assert [line[-1] for line in chart.table.rows] == expected
    assert len(of_class(drawn(chart), "hollow")) == expected.count("no") > 0


def test_where_there_is_nothing_to_draw_nothing_is(board: Leaderboard) -> None:
    one = made(subjects=1).full
    assert spread_chart(one, PLACE) is None and cost_chart(board, PLACE) is None
    few = made().full
    rows = few.rows[few.rows["train_subjects"] == 5]
    assert size_chart(Leaderboard(few.board, rows, few.overall), "unet") is None
    assert board_charts(Leaderboard(few.board, rows[:0], few.overall)) == []


def every(board: Leaderboard) -> Iterator[Chart]:
    yield from board_charts(board)
    for target in board.rows["target"].unique():
        yield from target_charts(board, target)


def test_each_panel_with_axes_fits_a_phone_and_all_are_small(board: Leaderboard) -> None:
    charts = [*every(board)]
    assert len(charts) == 2 + 1 + 2
    for chart in charts:
        assert chart.table.rows and "tiny_v2" in chart.title
        for number, panel in enumerate(chart.panels):
            assert len(panel) < 12_000
            assert float(drawn(chart, number).get("width") or 1e9) <= 358


def test_synthetic_charts_say_so_and_markup_stays_text(board: Leaderboard) -> None:
    assert all("SYNTHETIC" in chart.title for chart in every(board))
    for chart in every(evil_board().full):
        for number in range(len(chart.panels)):
            root = drawn(chart, number)
            assert {part.tag for part in root.iter()} <= {"svg", "path", "rect", "text"}
        assert not any(EVIL in str(panel) for panel in chart.panels)


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_ticks_are_few_round_and_on_the_axis(low: float, span: float) -> None:
    axis = Axis(low, low + span, HEIGHT, LEFT)
    ticks = axis.ticks
    assert 1 <= len(ticks) <= 6
    assert all(low - 1e-9 <= tick <= low + span + 1e-9 for tick in ticks)
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[:1], rtol=1e-3, atol=1e-9)


def test_a_logarithmic_axis_has_1_2_5() -> None:
    axis = Axis.around([3.0, 400.0], 0, 100, log=True)
    assert axis.ticks == [5, 10, 20, 50, 100, 200]
    assert axis.at(axis.low) == 0 and axis.at(axis.high) == pytest.approx(100)
    assert Axis.around([0.5, 0.5], 0, 100).at(0.5) == pytest.approx(50)
