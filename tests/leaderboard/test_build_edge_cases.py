"""Fast tables are the straightforward ones, and odd boards give a right table or one line."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
import pytest
from support.boards import target_scores
from support.factories import board, make_record
from support.tables import row, value

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.records.record import CaseScore, RunRecord
from benchmark.statistics.candidates import candidates_for_best
from benchmark.statistics.gains import target_gains
from benchmark.statistics.intervals import estimates
from benchmark.statistics.rank_intervals import rank_entries
from benchmark.statistics.seed_noise import pooled_seed_ms
from benchmark.statistics.variance_components import variance_components
from benchmark.views.csv import to_csv
from benchmark.views.markdown import to_markdown

TARGETS = ("phantom_fetal_head_64", "phantom_stroke_lesion_64")
SOURCES = ("a", "b", "c", "d", "e", "scratch")


def grid(rng: np.random.Generator, seeds: int = 3, subjects: int = 9) -> list[RunRecord]:
    """Two labels a case and two cases a subject, in a random order of rows; some cells lack."""
    made = []
    for target in TARGETS:
        easy = rng.normal(0.6, 0.15, (subjects, 2, 2))
        for source in SOURCES:
            for seed in range(seeds):
                noise = rng.normal(0.03 * ord(source[0]) % 0.2, 0.03, easy.shape)
                dice = np.clip(easy + noise, 0, 1).round(6)
                rows = [
                    CaseScore(
                        case=f"{k}_{c}", subject=f"s{k}", label=f"l{n}", reference_empty=bool(c),
                        prediction_empty=bool(dice[k, c, n] == 0),
                        scores={"dice": float(dice[k, c, n]), "hd95_mm": float(9 - dice[k, c, n])},
                    )
                    for k, c, n in rng.permutation(list(np.ndindex(easy.shape)))
                ]  # fmt: skip
                record = make_record(source, target, seed)
                made.append(record.model_copy(update={"cases": tuple(rows)}))
    del made[4]
    return made


def straight(record: RunRecord, metric: str) -> "pd.Series[float]":
    """Scores by subject: labels within a case, cases within a subject."""
    rows = pd.DataFrame(
        [{"case": r.case, "subject": r.subject, "score": r.scores[metric]} for r in record.cases]
    )
    by_case = rows.groupby(["subject", "case"])["score"].mean()
    return by_case.groupby("subject").mean()


@pytest.mark.parametrize("metric", ["dice", "hd95_mm"])
def test_rows_are_those_of_one_entry_after_the_other(metric: str) -> None:
    card = board().model_copy(update={"seeds": (0, 1, 2)})
    made = [r.model_copy(update={"main_metric": metric}) for r in grid(np.random.default_rng(0))]
    found = build_leaderboard(card, made)
    tables: dict[str, dict[Hashable, pd.DataFrame]] = {
        target: {
            source: pd.DataFrame(
                {r.cell.seed: straight(r, metric) for r in made
                 if (r.cell.target, r.cell.source) == (target, source)}
            ).T
            for source in SOURCES
        }
        for target in TARGETS
    }  # fmt: skip
    all_scores = [target_scores(t, tables[t], card.seeds, metric == "dice") for t in TARGETS]
    assert "b" in all_scores[0].left_out
    for one in all_scores:
        candidates = candidates_for_best([one])
        rows = found.rows[found.rows["target"] == one.target].set_index("source")
        bounds = (0.0, 1.0 if metric == "dice" else np.inf)
        means = estimates(one.values, pooled_seed_ms(one.values), bounds)
        ranks = {r.entry: r for r in rank_entries([one]).entries}
        gains = target_gains(one, dict.fromkeys(one.entries, "scratch"))
        for entry, mean in zip(one.entries, means, strict=True):
            shown, rank = row(rows, entry), ranks[entry]
            wanted = [mean.value, mean.low, mean.high, rank.rank, rank.low, rank.high]
            columns = ["score", "low", "high", "rank", "rank_low", "rank_high"]
            assert shown[columns].tolist() == pytest.approx(wanted)
            assert (shown["group"] == 1) == candidates.among[one.entries.index(entry)]
            assert shown["p_rank_1"] == pytest.approx(rank.first)
            if entry in gains:
                gain, units = gains[entry].gain, gains[entry].standardised
                assert gain is not None and units is not None
                assert shown[["gain", "gain_low", "gain_high"]].tolist() == pytest.approx(
                    [gain.value, gain.low, gain.high]
                )
                assert shown["standardised_high"] == pytest.approx(units.high)
            components = variance_components(tables[one.target][entry].to_numpy()[None])[0]
            assert shown[["seed_sd", "subject_sd"]].tolist() == pytest.approx(
                [components.seed_sd, components.subject_sd]
            )
        for entry in one.left_out:
            own = tables[one.target][entry].to_numpy()
            shown = row(rows, entry)
            mean = estimates(own[None], bounds=bounds)[0]
            assert shown[["score", "low", "high"]].tolist() == pytest.approx(
                [mean.value, mean.low, mean.high]
            )
            assert shown["why_unranked"] == "lacks seed 1" and np.isnan(shown["rank"])
        for source in SOURCES:
            mine = [r for r in made if (r.cell.target, r.cell.source) == (one.target, source)]
            assert rows.loc[source, "mean_hd95_mm"] == pytest.approx(
                np.mean([straight(r, "hd95_mm").mean() for r in mine])
            )
            missed = sum(
                c.reference_empty != c.prediction_empty or c.scores["dice"] == 0
                for r in mine
                for c in r.cases
            )
            assert rows.loc[source, "failures"] == missed


def text(card: BoardCard, made: Sequence[RunRecord]) -> str:
    """A table in words; nothing in it may be NaN."""
    found = build_leaderboard(card, made)
    shown = to_markdown(found) + to_csv(found)
    assert "nan" not in shown.lower().replace("nance", "")
    return shown


def cells(**dice: float) -> list[RunRecord]:
    """One source and seed after the other, with a constant Dice of three subjects."""
    return [
        make_record(source, target, seed, {"s1": value, "s2": value, "s3": value})
        for target in TARGETS
        for source, value in dice.items()
        for seed in (0, 1)
    ]


def test_constant_scores_of_different_height_are_ranked_without_spread() -> None:
    found = build_leaderboard(board(), cells(scratch=0.5, good=0.7))
    rows = found.rows[found.rows["target"] == TARGETS[0]].set_index("source")
    assert rows["rank"].to_dict() == {"good": 1, "scratch": 2}
    assert row(rows, "good")[["low", "high"]].tolist() == pytest.approx([0.7, 0.7])
    assert "the baseline does not vary" in value(rows, "good", "gain_note")
    assert text(board(), cells(scratch=0.5, good=0.7))


def test_nothing_found_anywhere_is_a_table_of_zeros() -> None:
    found = build_leaderboard(board(), cells(scratch=0.0, other=0.0))
    assert (found.rows["score"] == 0).all() and found.rows["rank"].isna().all()
    assert found.unlearned == TARGETS and not len(found.overall)
    assert (found.rows["why_unranked"] == "nothing has learned on this target").all()
    assert found.rows["failures"].tolist() == found.rows["scored"].tolist() == [6] * 4


def test_one_seed_one_case_one_source() -> None:
    one = [make_record("scratch", TARGETS[0], 0, {"s1": 0.5})]
    card = board().model_copy(update={"seeds": (0,), "targets": TARGETS[:1]})
    row = build_leaderboard(card, one).rows.iloc[0]
    assert row["score"] == 0.5 and row["low"] is None and row["seed_sd"] is None
    assert row["interval_covers"] == "nothing (one subject)" and row["rank"] == 1
    assert "0.500" in text(card, one)
    assert "95 % intervals cover nothing (one subject)" in text(card, one)


def test_intervals_of_one_seed_say_so_in_the_heading() -> None:
    some = [make_record("scratch", TARGETS[0], 0, {"s1": 0.5, "s2": 0.7})]
    assert "95 % intervals cover subjects only (one seed)" in text(board(), some)
    assert (
        "intervals cover" not in text(board(), cells(scratch=0.5)).partition("95 % intervals:")[0]
    )


def test_seeds_scored_on_different_subjects_have_no_score() -> None:
    odd = [make_record("odd", TARGETS[0], s, {"s1": 0.9, f"x{s}": 0.9}) for s in (0, 1)]
    made = cells(scratch=0.5, good=0.7) + odd
    row = build_leaderboard(board(), made).rows.set_index("source").loc["odd"]
    assert row["why_unranked"] == "was scored on other subjects than most entries"
    assert row[["score", "low", "rank", "seed_sd", "interval_covers"]].isna().all()
    assert "odd" in text(board(), made)


def test_a_row_of_trials_and_ranked_records_is_not_ranked_as_complete() -> None:
    trial = make_record("good", TARGETS[0], 1, unranked=("trial",), dice={"s1": 0.9, "s2": 0.9,
                                                                         "s3": 0.9})  # fmt: skip
    made = [r for r in cells(scratch=0.5, good=0.7) if r.cell.path != trial.cell.path] + [trial]
    rows = build_leaderboard(board(), made).rows
    good = row(rows.set_index(["target", "source"]), (TARGETS[0], "good"))
    assert good["why_unranked"] == "lacks seed 1" and np.isnan(good["rank"])


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"main_metric": "iou"}, "different main metrics"),
        ({"target": "sha256:new"}, "different target cards"),
        ({"splits": "sha256:new"}, "different splits"),
        ({"weights": "sha256:new"}, "different weights"),
        ({"source": "sha256:new"}, "different source cards"),
    ],
)
def test_what_cannot_be_compared_is_one_line(update: dict[str, str], message: str) -> None:
    made = cells(scratch=0.5, good=0.7)
    last = made[-1]
    rows = tuple(r.model_copy(update={"scores": r.scores | {"iou": 0.1}}) for r in last.cases)
    prints = last.fingerprints.model_copy(
        update={k: v for k, v in update.items() if k != "main_metric"}
    )
    changed = {"cases": rows, "main_metric": update.get("main_metric", "dice")}
    made[-1] = last.model_copy(update={**changed, "fingerprints": prints})
    with pytest.raises(RecordError, match=message) as error:
        build_leaderboard(board(), made)
    assert last.cell.path in str(error.value) and "\n" not in str(error.value)


def test_two_records_of_one_cell_are_one_line() -> None:
    made = cells(scratch=0.5)
    with pytest.raises(RecordError, match="two records of one cell"):
        build_leaderboard(board(), [*made, made[0]])


def test_scores_outside_their_range_are_refused_without_a_folder_too() -> None:
    with pytest.raises(RecordError, match="expected 0 to 1"):
        build_leaderboard(board(), [make_record(dice={"s1": 2.0})])


def test_no_record_at_all_misses_every_cell() -> None:
    found = build_leaderboard(board(), [])
    assert len(found.rows) == len(found.overall) == 0 and len(found.missing) == 2 * 3 * 2
    assert "Missing cells of the board: 12" in to_markdown(found)


def test_all_records_contaminated_leave_a_clean_table_empty() -> None:
    marks = make_record().marks.model_copy(update={"contamination": ("saw it",)})
    made = [r.model_copy(update={"marks": marks}) for r in cells(scratch=0.5)]
    assert len(build_leaderboard(board(), made).rows) == 2
    assert len(build_leaderboard(board(), made, clean=True).rows) == 0
