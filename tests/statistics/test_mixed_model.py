"""Domain and task effects: recovered, equal to the model of all subjects, and refusals."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from simulation.effects import TRUTH, simulate_matches
from statsmodels.regression.mixed_linear_model import MixedLM  # type: ignore[import-untyped]

from benchmark.statistics.match_terms import DOMAIN, INTERACTION, TASK
from benchmark.statistics.mixed_model import match_effects


def test_effects_are_recovered() -> None:
    found = match_effects(simulate_matches(np.random.default_rng(0), 9, 18))
    assert (found.targets, found.sources, found.cells, found.missing) == (9, 18, 162, {})
    for name, truth in TRUTH.items():
        effect = found.effects[name]
        assert effect.low < truth < effect.high and effect.high - effect.low < 0.05


def test_model_of_cell_means_is_the_model_of_all_subjects() -> None:
    scores = simulate_matches(np.random.default_rng(3), 4, 6)
    found = match_effects(scores)
    rows = scores.groupby(
        [c for c in scores.columns if c not in ("seed", "score")], as_index=False
    )["score"].mean()
    rows["person"], rows["cell"] = rows.target + rows.subject, rows.target + rows.source
    rows["d"] = (rows.source_domain == rows.target_domain) - 0.5
    rows["k"] = (rows.source_task == "segmentation") - 0.5
    parts = {name: f"0 + C({name})" for name in ("target", "source", "cell", "person")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MixedLM.from_formula(
            "score ~ d * k", rows, groups=np.ones(len(rows)), vc_formula=parts
        )
        wanted = model.fit(method="powell").fe_params
    for name, column in ((DOMAIN, "d"), (TASK, "k"), (INTERACTION, "d:k")):
        assert found.effects[name].value == pytest.approx(wanted[column], abs=2e-4)


def test_direction_and_unit() -> None:
    scores = simulate_matches(np.random.default_rng(0), 4, 6)
    up, down = match_effects(scores), match_effects(scores, higher_is_better=False)
    assert down.effects[DOMAIN].value == pytest.approx(-up.effects[DOMAIN].value)


def test_effects_that_differ_between_targets_are_judged_by_the_targets() -> None:
    scores = simulate_matches(np.random.default_rng(1), 6, 12, slope=0.05)
    effect = match_effects(scores).effects[DOMAIN]
    cells = (
        scores.groupby(["target", "source"])
        .first()
        .assign(score=scores.groupby(["target", "source"])["score"].mean())
    )
    alone = []
    for _, rows in cells.groupby("target"):
        d = (rows.source_domain == rows.target_domain) - 0.5
        k = (rows.source_task == "segmentation") - 0.5
        x = np.column_stack([np.ones(len(rows)), d, k, d * k])
        alone.append(np.linalg.solve(x.T @ x, x.T @ rows.score)[1])
    half = stats.t.ppf(0.975, 5) * stats.sem(alone)
    assert effect.over_targets and effect.df == 5
    assert (effect.high - effect.low) / 2 == pytest.approx(half)
    assert effect.value == pytest.approx(np.mean(alone), abs=0.01)


def test_sources_without_pretraining_take_no_part() -> None:
    scores = simulate_matches(np.random.default_rng(0), 4, 6)
    scratch = scores[scores.source == "s0"].assign(
        source="scratch", source_domain="none", source_task="none", score=0.0
    )
    assert match_effects(pd.concat([scores, scratch])) == match_effects(scores)


def test_degrees_of_freedom_are_those_of_sources_or_cells() -> None:
    found = match_effects(simulate_matches(np.random.default_rng(0), 6, 6)).effects
    wanted = {TASK: 6 - 2, DOMAIN: 36 - (6 + 6 - 1) - 2, INTERACTION: 36 - (6 + 6 - 1) - 2}
    assert all(effect.df == (5 if effect.over_targets else wanted[name])
               for name, effect in found.items())  # fmt: skip
    assert not all(effect.over_targets for effect in found.values())


def pick(scores: pd.DataFrame, **wanted: list[str]) -> pd.DataFrame:
    for name, values in wanted.items():
        scores = scores[scores[name].isin(values)]
    return scores


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ({"source": []}, "no pretrained source"),
        ({"source": ["s0"], "target": ["t0"]}, "every source matches"),
        ({"source": ["s1", "s2"], "target": ["t0"]}, "no source matches"),
        ({"target": ["t0"]}, "one target"),
        ({"source": ["s0", "s4"], "target": ["t0", "t3"]}, "not separable"),
        ({"source": ["s0", "s1"], "target": ["t0", "t1"]}, "too few"),
    ],
)
def test_too_little_data_gives_words(wanted: dict[str, list[str]], word: str) -> None:
    found = match_effects(pick(simulate_matches(np.random.default_rng(0), 4, 6), **wanted))
    assert found.effects == {} and set(found.missing) == {DOMAIN, TASK, INTERACTION}
    assert word in " ".join(found.missing.values())


def test_one_task_leaves_the_domain() -> None:
    scores = simulate_matches(np.random.default_rng(0), 4, 6)
    found = match_effects(scores[scores.source_task == "segmentation"])
    assert set(found.effects) == {DOMAIN} and "every source" in found.missing[TASK]


@pytest.mark.parametrize(("gain", "word"), [(0.0, "all scores are the same"), (0.1, "explain all")])
def test_scores_without_noise_give_words(gain: float, word: str) -> None:
    scores = simulate_matches(np.random.default_rng(0), 4, 6)
    match = (scores.source_domain == scores.target_domain).astype(float)
    found = match_effects(scores.assign(score=0.5 + gain * match))
    assert found.effects == {} and all(word in why for why in found.missing.values())


def test_tables_that_mislead_are_refused() -> None:
    scores = simulate_matches(np.random.default_rng(0), 3, 6)
    with pytest.raises(ValueError, match="lack the columns subject"):
        match_effects(scores.drop(columns="subject"))
    with pytest.raises(ValueError, match="choose one strategy"):
        match_effects(pd.concat([scores, scores]))
    with pytest.raises(ValueError, match="different subjects"):
        match_effects(scores.drop(scores[(scores.source == "s1") & (scores.subject == "3")].index))
    with pytest.raises(ValueError, match="finite"):
        match_effects(scores.assign(score=np.nan))


def test_sources_of_one_domain_would_only_compare_targets() -> None:
    scores = simulate_matches(np.random.default_rng(0), 6, 12)
    brain = scores[scores.source_domain == scores.source_domain.iloc[0]]
    found = match_effects(brain)
    assert "it would compare targets" in found.missing[DOMAIN]
    assert DOMAIN not in found.effects and INTERACTION not in found.effects


def test_a_match_on_a_single_target_says_nothing_of_further_targets() -> None:
    scores = simulate_matches(np.random.default_rng(0), 6, 12)
    matches = scores.source_domain == scores.target_domain
    one = scores[~matches | (scores.target == scores[matches].target.iloc[0])]
    subjects = one.groupby("target")["source"].nunique()
    assert subjects.nunique() > 1  # that target has more sources
    found = match_effects(one)
    assert "only one target" in found.missing[DOMAIN] and TASK in found.effects
    assert DOMAIN not in found.effects and INTERACTION not in found.effects
