"""What figures say, that they repeat themselves, and what is left out instead of drawn empty."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import seaborn
from matplotlib._pylab_helpers import Gcf
from support.factories import board as demo
from support.factories import make_record
from support.simulated import DOMAINS, simulated_board, simulated_records
from support.tables import row

from benchmark.errors import RecordError
from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.leaderboard.compare import compare
from benchmark.leaderboard.entry_name import find_entries
from benchmark.leaderboard.index import LaneSize, Setting
from benchmark.leaderboard.match import match_views
from benchmark.records.record import RunRecord
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures import frame
from benchmark.views.figures.catalogue import board_figures, write_figures
from benchmark.views.figures.costs import cost_fronts
from benchmark.views.figures.curves import size_curves
from benchmark.views.figures.frame import (
    Drawing,
    NotDrawn,
    png_bytes,
    svg_text,
    wrapped,
    write_figure,
)
from benchmark.views.figures.heat_maps import forgetting_matrix, gain_map
from benchmark.views.figures.interaction import match_plot
from benchmark.views.figures.pairs import paired_plot
from benchmark.views.figures.ranks import rank_diagram, subject_diagram
from benchmark.views.figures.spreads import jitter, subject_spread

EIGHT, ALL = LaneSize("unet", 8), LaneSize("unet", 0)
CARD = simulated_board(sizes=(8, 0), seeds=(0, 1))
LEAK = "t1_brain_segmentation"


def marked(record: RunRecord, **marks: object) -> RunRecord:
    return record.model_copy(update={"marks": record.marks.model_copy(update=marks)})


def made(synthetic: bool = True) -> list[RunRecord]:
    """One contaminated cell, one missing, one that lacks a seed."""
    found = []
    for record in simulated_records(CARD, 10, synthetic=synthetic):
        cell = record.cell
        if (cell.target, cell.source) == ("stroke_atlas_v2", LEAK):
            record = marked(record, contamination=("saw it",))
        if (cell.target, cell.source) == ("ms_mslesseg", "natural_restoration"):
            continue
        if (cell.target, cell.source, cell.seed) == ("ms_mslesseg", "t1_brain_restoration", 1):
            continue
        found.append(record)
    return found


RECORDS = made()


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return build_leaderboard(CARD, RECORDS)


def text(found: Drawing | NotDrawn) -> str:
    """All words of a figure, as its SVG holds them."""
    assert isinstance(found, Drawing), found
    root = ET.fromstring(svg_text(found.figure))
    words = " ".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("text"))
    assert "nan" not in words.lower().split()
    return " ".join(words.split())


def test_the_gain_map_has_values_intervals_and_marks(board: Leaderboard) -> None:
    said = text(gain_map(board, EIGHT))
    rows = board.rows.set_index(["target", "train_subjects", "source"])
    leak = row(rows, ("fetal_head_hc18", 8, LEAK))
    for gain in (leak["gain"], leak["gain_low"], leak["gain_high"]):
        assert f"{gain:+.3f}".replace("-", "\u2212") in said
    assert "gain in Dice" in said and "positive is better" in said
    assert "95 % interval over subjects and seeds" in said
    assert "not run" in said and "*: not over all seeds" in said
    assert "Hatched: contaminated" in said
    assert f"{LEAK} † " in said and "† saw some of a target's data" in said
    assert "(SYNTHETIC)" in said and "scratch †" not in said


def test_baselines_on_other_networks_have_no_row_of_their_own() -> None:
    other = [
        record.model_copy(update={
            "cell": record.cell.model_copy(update={"source": "scratch@large"}),
            "source": record.source.model_copy(update={"encoder": "large"}),
        })
        for record in RECORDS
        if record.cell.source == "scratch"
    ]  # fmt: skip
    said = text(gain_map(build_leaderboard(CARD, [*RECORDS, *other]), EIGHT))
    assert "scratch@" not in said and "natural_restoration" in said


def test_the_clean_map_says_which_cell_was_left_out() -> None:
    said = text(gain_map(build_leaderboard(CARD, RECORDS, clean=True), EIGHT))
    assert "contaminated" in said and "without contaminated cells" in said


def test_real_data_are_not_called_synthetic() -> None:
    assert "SYNTHETIC" not in text(gain_map(build_leaderboard(CARD, made(synthetic=False)), EIGHT))


def test_different_metrics_are_standardised() -> None:
    def millimetres(record: RunRecord) -> RunRecord:
        if record.cell.target != "ms_mslesseg":
            return record
        cases = [
            case.model_copy(update={"scores": {"hd95_mm": 10 * case.scores["dice"]}})
            for case in record.cases
        ]
        return record.model_copy(update={"main_metric": "hd95_mm", "cases": tuple(cases)})

    found = build_leaderboard(CARD, map(millimetres, RECORDS))
    assert "standardised gain [sd between subjects]" in text(gain_map(found, EIGHT))
    said = text(subject_spread(found, Setting("ms_mslesseg", *EIGHT)))
    assert "HD95 [mm] (lower is better)" in said


def test_size_curves_have_sizes_and_directions(board: Leaderboard) -> None:
    said = text(size_curves(board, "unet"))
    assert "all (60)" in said and "8" in said.split() and "Dice (higher is better)" in said
    assert "training subjects" in said and "95 % interval over subjects and seeds" in said
    assert all(target in said for target in CARD.targets)


def test_rank_diagrams_have_mean_ranks_and_the_candidates_of_the_table(board: Leaderboard) -> None:
    said = text(rank_diagram(board, EIGHT))
    assert "Friedman's test of all entries over 3 targets" in said
    assert "candidates for the best by the mean score, as in the table" in said
    assert "lack targets: natural_restoration" in said.replace("t1_brain_restoration, ", "")
    said = text(subject_diagram(board, Setting("stroke_atlas_v2", *EIGHT)))
    assert "over 10 subjects" in said and f"{LEAK} † 1.00 a" in said


def test_the_spread_shows_every_subject(board: Leaderboard) -> None:
    found = subject_spread(board, Setting("fetal_head_hc18", *EIGHT))
    said = text(found)
    assert "10 test subjects" in said and "Dice (higher is better)" in said
    assert isinstance(found, Drawing)
    dots = [len(np.asarray(c.get_offsets())) for c in found.figure.axes[0].collections]
    assert dots.count(10) == len(CARD.sources)


def test_costs_are_compared_within_one_timing_method(board: Leaderboard) -> None:
    place = Setting("fetal_head_hc18", *EIGHT)
    said = text(cost_fronts(board, place))
    assert "The same for all entries or known of one: trainable parameters" in said
    assert "fine-tuning time [s]" not in said  # one network: times differ by chance only
    two = [
        record.model_copy(update={
            "environment": record.environment.model_copy(
                update={"device": "H100" if record.cell.source.startswith("t1") else "cpu"}),
            "source": record.source.model_copy(
                update={"encoder": record.cell.source.rpartition("_")[2]}),
        })
        for record in RECORDS
    ]  # fmt: skip
    said = text(cost_fronts(build_leaderboard(CARD, two), place))
    assert "fine-tuning time [s]" in said
    assert "H100, 1 thread" in said and "cpu, 1 thread" in said


def test_the_interaction_plot_says_its_effects(board: Leaderboard) -> None:
    view = match_views(board, DOMAINS)[0]
    said = text(match_plot(board, view, 1))
    effect = view.effects.effects["domain match"]
    assert f"domain match: {effect.value:+.3f} [{effect.low:+.3f}, {effect.high:+.3f}]" in said
    assert "domain match x task match: " in said and "contaminated cells left out: 1" in said


def test_the_forgetting_matrix_has_values_and_order() -> None:
    scores = np.array([[0.8, 0.4], [0.6, np.nan]])
    drawn = forgetting_matrix("x", scores, ["a<b>", "$x$"], METRICS["dice"], "SYNTHETIC")
    said = text(drawn)
    assert all(word in said.split() for word in ("0.800", "0.400", "0.600", "a<b>", "$x$"))
    assert "after training on task i" in said and "SYNTHETIC" in said
    assert drawn.name == "x"


def test_the_paired_plot_counts_subjects(tmp_path: Path) -> None:
    names = find_entries(f"{LEAK}/n8", "scratch", RECORDS)
    found = compare(CARD, *names, RECORDS, "fetal_head_hc18")
    drawn = paired_plot(found)
    said = text(drawn)
    counts = f"subjects: {found[0].better} better, {found[0].worse} worse, {found[0].equal} equal"
    assert counts in said and "better in Dice by" in said and "(SYNTHETIC)" in said
    assert write_figure(drawn.figure, tmp_path / "x/pair.png").stat().st_size > 5000
    with pytest.raises(RecordError, match=r"ends in \.svg or \.png"):
        write_figure(drawn.figure, tmp_path / "pair.gif")
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="cannot be written"):
        write_figure(drawn.figure, tmp_path / "file/pair.png")


def test_figures_repeat_themselves_and_leave_no_state(board: Leaderboard) -> None:
    before = dict(matplotlib.rcParams)
    state = np.random.get_state(legacy=False)["state"]["key"].copy()
    figures: list[Callable[[], object]] = [
        lambda: gain_map(board, EIGHT),
        lambda: subject_spread(board, Setting("fetal_head_hc18", *EIGHT)),
    ]
    for draw in figures:
        one, two = draw(), draw()
        assert isinstance(one, Drawing) and isinstance(two, Drawing)
        assert svg_text(one.figure) == svg_text(two.figure)
        assert png_bytes(one.figure) == png_bytes(two.figure)
        assert "<dc:date>" not in svg_text(one.figure)
    assert dict(matplotlib.rcParams) == before and not Gcf.figs
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], state)


def test_markup_in_names_stays_text() -> None:
    evil = r"<script>x</script>$\frac{&"
    card = simulated_board(["scratch", evil], ["fetal_head_hc18"], seeds=(0,))
    board = build_leaderboard(card, simulated_records(card, 6))
    for found in (gain_map(board, ALL), subject_spread(board, Setting("fetal_head_hc18", *ALL))):
        assert evil in text(found).replace(" ", "") and isinstance(found, Drawing)
        assert "<script" not in svg_text(found.figure)


def reasons(board: Leaderboard) -> dict[str, str]:
    found = board_figures(board, views=match_views(board, DOMAINS))
    return {one.name: one.why for one in found if isinstance(one, NotDrawn)}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], {"figures": "no records yet"}),
        (
            [make_record()],
            {
                "gain_nall": "no source besides",
                "size_curves": "no target",
                "mean_ranks_nall": "two or more entries",
                "spread_phantom_fetal_head_64_nall": "no entry is complete",
                "pareto_phantom_fetal_head_64_nall": "two or more ranked",
            },
        ),
        (
            [make_record(source, seed=seed) for source in ("scratch", "x") for seed in (0, 1)],
            {
                "spread_phantom_fetal_head_64_nall": "one test subject",
                "pareto_phantom_fetal_head_64_nall": "cost the same",
                "mean_ranks_phantom_fetal_head_64_nall": "two or more blocks",
            },
        ),
        (
            [make_record("x", unranked=("trial",))],
            {"gain_nall": "no gain over scratch", "size_curves": "no target"},
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(
    records: list[RunRecord], expected: dict[str, str], tmp_path: Path
) -> None:
    board = build_leaderboard(demo(), records)
    found = reasons(board)
    for name, why in expected.items():
        assert why in found[name], found
    written, left_out = write_figures(tmp_path, board_figures(board))
    assert len(left_out) >= len(expected) - 1
    assert all(path.stat().st_size > 2000 for path in written)


def test_constant_scores_are_drawn_without_a_number_made_up() -> None:
    card = simulated_board(["scratch", "a", "b"], ["fetal_head_hc18"], seeds=(0, 1))
    flat = [
        record.model_copy(
            update={
                "cases": tuple(
                    case.model_copy(update={"scores": {"dice": 0.5}}) for case in record.cases
                )
            }
        )
        for record in simulated_records(card, 5)
    ]
    board = build_leaderboard(card, flat)
    assert "+0.000" in text(gain_map(board, ALL))
    assert "p = 1.000" in text(subject_diagram(board, Setting("fetal_head_hc18", *ALL)))
    text(subject_spread(board, Setting("fetal_head_hc18", *ALL)))


def test_files_come_in_two_formats_each(board: Leaderboard, tmp_path: Path) -> None:
    one = gain_map(board, EIGHT)
    written, left_out = write_figures(tmp_path, [one, NotDrawn("x", "why")])
    assert [path.name for path in written] == ["gain_n8.svg", "gain_n8.png"]
    assert left_out == [NotDrawn("x", "why")]
    assert (tmp_path / "gain_n8.png").read_bytes().startswith(b"\x89PNG")


def test_the_palette_is_seaborns_for_the_colour_blind() -> None:
    ours = [getattr(frame, name) for name in ("BLUE", "ORANGE", "GREEN", "VERMILION", "PURPLE")]
    theirs = seaborn.color_palette("colorblind").as_hex()
    assert [*ours, frame.YELLOW, frame.SKY] == [theirs[k] for k in (0, 1, 2, 3, 4, 8, 9)]


def test_jitter_is_fixed_and_bounded() -> None:
    values = np.array([0.3, 0.1, 0.2, 0.2])
    assert np.array_equal(jitter(values), jitter(values))
    assert (np.abs(jitter(values)) <= 0.24).all() and len(set(jitter(values))) == 4


@pytest.mark.parametrize("name", ["a", "imagenet_resnet18_torchvision", "x" * 60, "a b/c-d" * 9])
def test_wrapping_loses_nothing(name: str) -> None:
    lines = wrapped(name, 20).splitlines()
    assert max(map(len, lines)) <= 20
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
