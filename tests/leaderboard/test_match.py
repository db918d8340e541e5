"""Domain versus task on boards with known effects, and in words where there is none."""

import numpy as np
import pytest
from support.factories import board as demo
from support.factories import make_record
from support.simulated import DOMAINS, SOURCES, simulated_board, simulated_records

from benchmark.cards.board import BoardCard
from benchmark.cards.content import content_roots
from benchmark.cards.dataset import Domain
from benchmark.cards.registry import Registry
from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.match import match_views, pretraining_caps, target_domains
from benchmark.records.record import RunRecord
from benchmark.views.match import match_table

CARD = simulated_board(seeds=(0, 1))
DOMAIN, TASK, BOTH = "domain match", "task match", "domain match x task match"


def known(card: BoardCard, metric: str = "dice") -> list[RunRecord]:
    """Domain match brings 6 points, task match 4, both together nothing more."""
    rng = np.random.default_rng(3)
    worth = {
        (target, source): 0.06 * (SOURCES[source][0] == DOMAINS[target])
        + 0.04 * (SOURCES[source][1] == "segmentation")
        + rng.normal(0, 0.004)
        for target in card.targets
        for source in card.sources
    }
    found = []
    for record in simulated_records(card, 12):
        gain = worth[record.cell.target, record.cell.source]
        cases = []
        for number, case in enumerate(record.cases):
            dice = 0.5 + gain + 0.01 * (number % 5)
            score = dice if metric == "dice" else 100 * (1 - dice)
            cases.append(case.model_copy(update={"scores": {metric: round(score, 6)}}))
        found.append(record.model_copy(update={"cases": tuple(cases), "main_metric": metric}))
    return found


def of_domain(records: list[RunRecord], source: str, domain: Domain) -> list[RunRecord]:
    return [
        record.model_copy(update={"source": record.source.model_copy(update={"domain": domain})})
        if record.cell.source == source
        else record
        for record in records
    ]


def contaminated(records: list[RunRecord], source: str, target: str) -> list[RunRecord]:
    return [
        record.model_copy(
            update={"marks": record.marks.model_copy(update={"contamination": ("saw it",)})}
        )
        if (record.cell.source, record.cell.target) == (source, target)
        else record
        for record in records
    ]


@pytest.mark.parametrize(("metric", "unit"), [("dice", "Dice"), ("hd95_mm", "mm")])
def test_known_effects_are_found_whatever_the_direction(metric: str, unit: str) -> None:
    (view,) = match_views(build_leaderboard(CARD, known(CARD, metric)), DOMAINS)
    effects = view.effects.effects
    assert view.unit == unit and not view.effects.missing
    assert (view.effects.sources, view.effects.targets, len(view.cells)) == (6, 3, 18)
    scale = 0.01 if metric == "dice" else 1
    for name, truth in ((DOMAIN, 6 * scale), (TASK, 4 * scale), (BOTH, 0)):
        assert effects[name].low < truth < effects[name].high
        assert effects[name].value == pytest.approx(truth, abs=0.6 * scale)
    table = match_table([view])
    heading, heads, rows = table.title, table.columns, table.rows
    assert unit in heading and "mixed model" in heading
    style = "+.3f" if metric == "dice" else "+.2f"
    assert f"{effects[DOMAIN].value:{style}} [" in rows[0][heads.index(f"{DOMAIN} [95 %]")]


def test_a_source_of_several_domains_neither_matches_nor_mismatches() -> None:
    records = of_domain(known(CARD), "t1_brain_segmentation", "medical")
    (view,) = match_views(build_leaderboard(CARD, records), DOMAINS)
    assert "t1_brain_segmentation" not in set(view.cells["source"]) and len(view.cells) == 15
    assert view.notes == ("several-domain cells left out: 3",)


def test_contaminated_and_incomplete_cells_are_left_out_and_counted() -> None:
    records = contaminated(known(CARD), "t1_brain_segmentation", "stroke_atlas_v2")[:-1]
    (view,) = match_views(build_leaderboard(CARD, records), DOMAINS)
    assert len(view.cells) == 16 and BOTH in view.effects.missing
    assert view.notes == ("contaminated cells left out: 1",
                          "incomplete or unranked cells left out: 1")  # fmt: skip
    table = match_table([view])
    heads, rows = table.columns, table.rows
    assert "one of the four combinations" in rows[0][heads.index("notes")]
    assert rows[0][heads.index(f"{BOTH} [95 %]")] == "-"


def test_equal_and_full_data_are_views_of_their_own() -> None:
    board = build_leaderboard(CARD, known(CARD))
    caps: dict[str, int | None] = dict.fromkeys(SOURCES, 480)
    assert [view.data for view in match_views(board, DOMAINS, caps)] == [
        "equal data (at most 480 items)"
    ]
    caps["imagenet_resnet18_torchvision"] = caps["t1_brain_restoration"] = None
    views = match_views(board, DOMAINS, caps)
    assert [(view.data, view.effects.sources) for view in views] == [
        ("any amount of data", 6), ("equal data (at most 480 items)", 4), ("full data", 2),
    ]  # fmt: skip
    assert match_table(views).columns.count("data") == 1
    assert [view.data for view in match_views(board, DOMAINS)] == ["any amount of data"]


def test_recorded_numbers_of_items_go_before_the_cards() -> None:
    few = "t1_brain_restoration"
    records = [
        record.model_copy(update={"source": record.source.model_copy(
            update={"pretraining_items": 39 if record.cell.source == few else 360}
        )})
        for record in known(CARD)
    ]  # fmt: skip
    views = match_views(build_leaderboard(CARD, records), DOMAINS, dict.fromkeys(SOURCES, 480))
    assert [(view.data, view.effects.sources) for view in views] == [
        ("any amount of data", 6), ("equal data (360 items)", 5),
    ]  # fmt: skip
    assert few not in set(views[1].cells["source"]) and "at most" not in match_table(views).title
    rows = build_leaderboard(CARD, records).rows
    assert set(rows.loc[rows["source"] == few, "pretraining_items"]) == {39}


def test_other_networks_are_not_mixed() -> None:
    records = [
        record.model_copy(
            update={"source": record.source.model_copy(update={"encoder": "resnet18"})}
        )
        if record.cell.source.startswith("imagenet")
        else record
        for record in known(CARD)
    ]
    views = match_views(build_leaderboard(CARD, records), DOMAINS)
    assert sorted((view.encoder, view.effects.sources) for view in views) == [
        ("resnet18", 1), ("tu-test_resnet", 5),
    ]  # fmt: skip


def test_an_unknown_domain_is_said() -> None:
    board = build_leaderboard(CARD, known(CARD))
    (view,) = match_views(board, {name: DOMAINS[name] for name in CARD.targets[:2]})
    assert view.notes == ("domain of ms_mslesseg unknown",) and view.effects.targets == 2
    assert match_views(board, {}) == []


@pytest.mark.parametrize("records", [[], [make_record()], [make_record("x", unranked=("trial",))]])
def test_boards_without_pretrained_cells_have_no_view(records: list[RunRecord]) -> None:
    assert match_views(build_leaderboard(demo(), records), {"phantom_fetal_head_64": "ct"}) == []


def test_constant_scores_have_no_effect_and_no_traceback() -> None:
    flat = [
        record.model_copy(update={"cases": tuple(
            case.model_copy(update={"scores": {"dice": 0.5}}) for case in record.cases)})
        for record in known(CARD)
    ]  # fmt: skip
    (view,) = match_views(build_leaderboard(CARD, flat), DOMAINS)
    assert not view.effects.effects and set(view.effects.missing.values()) == {
        "all scores are the same"
    }


def test_the_registry_tells_domains_and_caps() -> None:
    registry = Registry.load(content_roots())
    assert target_domains(registry)["phantom_fetal_head_64"] == "ultrasound"
    caps = pretraining_caps(registry)
    assert caps["phantom_brain_segmentation"] == 480
    assert caps["imagenet_resnet18_torchvision"] is None
