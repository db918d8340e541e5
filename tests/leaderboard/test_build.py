"""A table that can be computed by hand, and everything that must not mislead.

Dice of subjects s1, s2, s3:   scratch 0.4 0.5 0.6 (mean 0.5)
                               good    0.6 0.7 0.8 (mean 0.7, gain +0.2)
                               bad     0.3 0.3 0.0 (mean 0.2, gain -0.3, one structure missed)
"""

import io

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import ttest_1samp
from support.factories import board, make_record
from support.tables import row, value

from benchmark.errors import RecordError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.records.record import RunRecord
from benchmark.views.csv import to_csv
from benchmark.views.json import to_json
from benchmark.views.latex import to_latex
from benchmark.views.markdown import to_markdown
from benchmark.views.terminal import print_leaderboard

TABLE = {
    "scratch": {"s1": 0.4, "s2": 0.5, "s3": 0.6},
    "good": {"s1": 0.6, "s2": 0.7, "s3": 0.8},
    "bad": {"s1": 0.3, "s2": 0.3, "s3": 0.0},
}
TARGETS = ("phantom_fetal_head_64", "phantom_stroke_lesion_64")


def records(targets: tuple[str, ...] = TARGETS, seeds: tuple[int, ...] = (0, 1)) -> list[RunRecord]:
    return [
        make_record(source, target, seed, dice)
        for target in targets
        for source, dice in TABLE.items()
        for seed in seeds
    ]


def test_the_table_is_the_hand_computed_one() -> None:
    found = build_leaderboard(board(), records())
    rows = found.rows[found.rows["target"] == TARGETS[0]].set_index("source")
    assert rows["score"].to_dict() == pytest.approx({"scratch": 0.5, "good": 0.7, "bad": 0.2})
    assert rows.loc["good", "gain"] == pytest.approx(0.2)
    assert rows.loc["good", "gain_low"] == pytest.approx(0.2)  # the same for every subject
    assert rows.loc["bad", "gain"] == pytest.approx(-0.3)
    assert rows["rank"].to_dict() == {"good": 1, "scratch": 2, "bad": 3}
    assert rows["failures"].to_dict() == {"good": 0, "scratch": 0, "bad": 2}
    overall = found.overall.set_index("source")
    assert overall["mean_rank"].to_dict() == {"good": 1, "scratch": 2, "bad": 3}
    assert overall.loc["good", "standardised"] == pytest.approx(2.0)  # 0.2 over scratch's sd 0.1
    assert found.rows["records"].iloc[0] == tuple(
        f"{TARGETS[0]}/good/full/nall/seed{seed}.json" for seed in (0, 1)
    )


def test_missing_cells_are_named_and_never_averaged_away() -> None:
    found = build_leaderboard(board(), records()[:-1])
    assert f"{TARGETS[1]}/bad/full/nall/seed1.json" in found.missing
    bad = found.overall.set_index("source").loc["bad"]
    assert np.isnan(bad["mean_rank"]) and bad["lacks"] == f"{TARGETS[1]}: lacks seed 1"
    bad = row(found.rows.set_index(["target", "source"]), (TARGETS[1], "bad"))
    assert np.isnan(bad["rank"]) and bad["why_unranked"] == "lacks seed 1"
    assert bad["score"] == pytest.approx(0.2)
    assert "Missing cells of the board" in to_markdown(found)


def test_the_table_says_what_finding_nothing_would_score() -> None:
    blank = {"s1": 1.0, "s2": 0.0, "s3": 0.0, "s4": 0.0}
    found = build_leaderboard(board(), [make_record(dice=blank, empty=("s1",))])
    assert found.rows["empty_prediction"].tolist() == found.rows["score"].tolist() == [0.25]
    assert "an empty prediction would score 0.250" in to_markdown(found)
    assert "empty prediction" not in to_markdown(build_leaderboard(board(), records()))


def test_marks_of_two_words_stay_whole() -> None:
    found = build_leaderboard(board(), [make_record(partial_weights=True)])
    assert "(partial weights, synthetic)" in to_markdown(found)


def test_unranked_records_have_no_rank() -> None:
    trial = [
        make_record(source, TARGETS[0], seed, dice, unranked=("trial: 1 of 2 steps",))
        for source, dice in TABLE.items()
        for seed in (0, 1)
    ]
    found = build_leaderboard(board(), trial)
    assert found.rows["rank"].isna().all()
    assert "UNRANKED: trial: 1 of 2 steps" in to_markdown(found)


def test_another_encoder_is_no_baseline() -> None:
    found = build_leaderboard(
        board(), [make_record("scratch"), make_record("good", encoder="resnet18")]
    )
    gain = value(found.rows.set_index("source"), "good", "gain")
    assert gain is None or np.isnan(gain)


def test_records_of_different_data_are_not_compared() -> None:
    with pytest.raises(RecordError, match="different data"):
        build_leaderboard(board(), [make_record(), make_record("good", data="sha256:other")])


@pytest.mark.parametrize("some", [[], records(seeds=(0,))[:1], records()])
def test_no_output_ever_shows_nan(some: list[RunRecord]) -> None:
    found = build_leaderboard(board(), some)
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_leaderboard(found, console)
    text = console.export_text()
    console.file.close()
    assert "nan" not in (text + to_markdown(found) + to_csv(found)).lower().replace("nance", "")
    assert "SYNTHETIC" in text or not some


def test_markup_in_a_card_stays_text() -> None:
    evil = "<script>alert(1)</script>|`x`"
    found = build_leaderboard(board(), [make_record(evil)])
    text = to_markdown(found)
    assert "<script>" not in text and "\\|\\`x\\`" in text


def test_terminal_markup_in_a_card_stays_text() -> None:
    console = Console(width=200, file=io.StringIO(), record=True)
    print_leaderboard(build_leaderboard(board(), [make_record("[red]x[/red]")]), console)
    assert "[red]x[/red]" in console.export_text()


def contaminated(source: str, target: str) -> list[RunRecord]:
    found = [make_record(source, target, seed, TABLE["good"]) for seed in (0, 1)]
    reason = ("saw phantom_fetal_head_64, all subjects",)
    return [r.model_copy(update={"marks": r.marks.model_copy(update={"contamination": reason})})
            for r in found]  # fmt: skip


def test_the_clean_ranking_leaves_contaminated_cells_out() -> None:
    some = records() + contaminated("leak", TARGETS[0]) + [
        make_record("leak", TARGETS[1], seed, TABLE["good"]) for seed in (0, 1)
    ]  # fmt: skip
    full = build_leaderboard(board(), some)
    assert full.contaminated and "leak (contaminated)" in to_markdown(full)
    assert "`--clean`" in to_markdown(full).replace("\\`", "`")
    clean = build_leaderboard(board(), some, clean=True)
    rows = clean.rows[clean.rows["target"] == TARGETS[0]]
    assert "leak" not in set(rows["source"]) and not clean.contaminated
    leak = clean.overall.set_index("source").loc["leak"]
    assert np.isnan(leak["mean_rank"]) and leak["lacks"] == f"{TARGETS[0]}: no scores"
    assert "without contaminated cells" in to_markdown(clean)


def test_a_target_that_is_not_the_boards_stays_out_of_the_overall_ranking() -> None:
    alone = [make_record(name, "mine", 0, TABLE[name]) for name in TABLE]
    found = build_leaderboard(board(), records() + alone)
    assert set(found.rows["target"]) == {*TARGETS, "mine"}
    assert found.overall["mean_rank"].notna().all()
    assert "mine (synthetic, not a target of this board)" in to_markdown(found)


def test_a_target_without_any_record_ranks_nobody_overall() -> None:
    found = build_leaderboard(board(), records(TARGETS[:1]))
    assert found.overall["mean_rank"].isna().all()
    assert set(found.overall["lacks"]) == {f"{TARGETS[1]}: no scores"}


def test_constant_scores_are_one_group() -> None:
    flat = [make_record(name, t, seed, {"s1": 0.5, "s2": 0.5}) for name in ("scratch", "other")
            for t in TARGETS for seed in (0, 1)]  # fmt: skip
    found = build_leaderboard(board(), flat)
    assert found.rows["group"].tolist() == [1, 1, 1, 1]
    assert (found.rows["rank"] == 1.5).all() and (found.rows["low"] == 0.5).all()


def test_another_network_has_a_baseline_of_its_own() -> None:
    some = records() + [
        make_record(name, target, seed, TABLE[table], encoder="resnet18")
        for name, table in (("scratch@resnet18", "bad"), ("other", "good"))
        for target in TARGETS
        for seed in (0, 1)
    ]
    rows = build_leaderboard(board(), some).rows.set_index(["target", "source"])
    assert rows.loc[(TARGETS[0], "other"), "gain"] == pytest.approx(0.5)  # 0.7 - 0.2
    assert rows.loc[(TARGETS[0], "good"), "gain"] == pytest.approx(0.2)  # over plain scratch
    assert rows["gain"].isna()[(TARGETS[0], "scratch@resnet18")]


def test_a_legacy_board_says_in_every_form_that_its_split_leaks() -> None:
    found = build_leaderboard(board().model_copy(update={"legacy": True}), records())
    console = Console(width=200, file=io.StringIO(), record=True)
    print_leaderboard(found, console)
    for text in (console.export_text(), to_markdown(found), to_latex(found)):
        assert "SYNTHETIC, LEAKING SPLIT" in text
    for text in (to_csv(found), to_json(found)):
        assert "leaking split" in text
    assert "leaking split" not in to_json(build_leaderboard(board(), records()))


def test_targets_that_an_entry_lacks_for_one_reason_are_counted() -> None:
    many = board().model_copy(update={"targets": (*TARGETS[:1], "b", "c", "d")})
    found = build_leaderboard(many, records(TARGETS[:1]))
    assert set(found.overall["lacks"]) == {"3 targets: no scores"}


def test_gains_are_over_the_seeds_that_entry_and_baseline_both_have() -> None:
    better = {"s1": 0.5, "s2": 0.7, "s3": 0.9}  # by 0.1, 0.2 and 0.3
    trial = ("trial: 2 of 9 steps",)
    made = [
        *(make_record("scratch", seed=seed, dice=TABLE["scratch"]) for seed in (0, 1)),
        make_record("a", seed=0, dice=better),
        make_record("b", seed=0, dice=better, unranked=trial),
        make_record("scratch", TARGETS[1], dice=TABLE["scratch"], unranked=trial),
        make_record("b", TARGETS[1], dice=better, unranked=trial),
    ]
    found = build_leaderboard(board(), made)
    rows = found.rows.set_index(["target", "source"])
    interval = ttest_1samp([0.1, 0.2, 0.3], 0).confidence_interval()
    for key in ((TARGETS[0], "a"), (TARGETS[1], "b")):  # both of one seed; both of one trial
        own = row(rows, key)
        numbers = [own["gain"], own["gain_low"], own["gain_high"]]
        assert numbers == pytest.approx([0.2, *interval])
        assert np.isnan(own["rank"]) and own["gain_note"] == "seed 0 of 2"
    assert np.isnan(value(rows, (TARGETS[0], "b"), "gain"))  # a trial against the whole protocol
    assert "+0.200 [-0.048, +0.448] (seed 0 of 2)" in to_markdown(found)
