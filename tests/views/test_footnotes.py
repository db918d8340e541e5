"""What stands below the tables: plain sentences on group a, and a reason for each dash."""

from pathlib import Path

import pytest
from support.factories import SYNTHETIC_BOARDS, board, make_record

from benchmark.errors import RecordError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.views.footnotes import footer

SUBJECTS = [f"s{k:02}" for k in range(30)]


def records(*means: float, seeds: tuple[int, ...] = (0, 1)) -> list[RunRecord]:
    """Entries with these mean scores, each constant over seeds up to a little."""
    sources = ("scratch", "a", "b", "c")
    return [
        make_record(
            source,
            seed=seed,
            dice={name: mean + 0.001 * (k + seed) for k, name in enumerate(SUBJECTS)},
        )
        for source, mean in zip(sources, means, strict=False)
        for seed in seeds
    ]


def test_a_table_that_rules_nobody_out_says_so() -> None:
    text = footer(build_leaderboard(board(), records(0.5, 0.5, 0.5)))
    assert "Every ranked entry is a candidate for the best: with 2 seeds" in text
    assert "Fewer than 50 test subjects (phantom_fetal_head_64)" in text


def test_where_somebody_is_ruled_out_it_does_not() -> None:
    made = build_leaderboard(board(), records(0.3, 0.6, 0.9))
    assert "Every ranked entry" not in footer(made) and made.notes == ("the best method",)


def test_one_seed_speaks_of_trained_networks() -> None:
    card = board().model_copy(update={"seeds": (0,)})
    text = footer(build_leaderboard(card, records(0.3, 0.6, seeds=(0,))))
    assert "a is about these trained networks" in text


@pytest.mark.parametrize("name", ["yoon2024_small", "zoetmulder2022_small"])
def test_no_small_board_says_that_methods_differ(name: str) -> None:
    folder = SYNTHETIC_BOARDS / "leaderboards" / name
    assert "differ." not in (folder / "README.md").read_text(encoding="utf-8")
    assert len(Store(folder).files()) > 0


def test_a_missing_rank_or_gain_has_its_reason() -> None:
    some = records(0.3, 0.6) + records(0.3, 0.6, 0.9, seeds=(0,))[-1:]
    text = footer(build_leaderboard(board(), some))
    assert "No rank on phantom_fetal_head_64: b/full: " in text
    trial = [make_record("a", unranked=("trial: 2 of 60 steps",))]
    text = footer(build_leaderboard(board(), trial))
    assert "No rank on phantom_fetal_head_64: a/full: trial: 2 of 60 steps." in text


def test_an_empty_board_has_no_legend(tmp_path: Path) -> None:
    assert footer(build_leaderboard(board(), [])) == f"Missing cells of the board: {board().size}."


def test_a_source_that_was_pretrained_again_is_named() -> None:
    made = records(0.5, 0.6)
    assert "Pretrained more than once" not in footer(build_leaderboard(board(), made))
    again = [
        record.model_copy(update={
            "cell": record.cell.model_copy(update={"target": "phantom_stroke_lesion_64"}),
            "fingerprints": record.fingerprints.model_copy(update={"weights": "sha256:other"}),
        })
        for record in made
    ]  # fmt: skip
    found = build_leaderboard(board(), [*made, *again[:2]])
    source = made[0].cell.source
    assert f"Pretrained more than once: {source}." in footer(found)
    with pytest.raises(RecordError, match="different weights"):  # one entry
        build_leaderboard(board(), [*made, again[0], again[1].model_copy(
            update={"fingerprints": made[1].fingerprints})])  # fmt: skip
