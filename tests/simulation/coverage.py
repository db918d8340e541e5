"""How often intervals cover and boards are split, on simulated boards whose truth is known.

Run `python tests/simulation/coverage.py`: it prints two Markdown tables, about two minutes on one
core. `tests/statistics/test_bootstrap_coverage.py` holds a few of the settings to their promise.

A board has four entries on one target. A score is

    mean + subject (sd 0.10, shared by the entries) + entry x subject (sd 0.05)
         + seed (per entry; `ratio`) + rest (sd 0.03),

`ratio` being the sd of the seed effect over the standard error that the subjects give a mean. In
gains what entries share cancels, so that there the seeds weigh 2.2 times as much. In "failures" the
subject's part is skewed (Beta(18, 2)) and one subject in twenty scores 0.

With one seed nothing can tell the seed's part from the method's: intervals, groups and ranks speak
of the trained networks, and say so. There the truth is the network's own, its seed's part included,
and with a ratio above 0 no two networks are equal.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.statistics.anova import Scores, SeedMeanSquare, seed_ms_of_differences, two_way_anova
from benchmark.statistics.bootstrap import Estimate, estimates
from benchmark.statistics.mixed_model import DOMAIN, INTERACTION, TASK, match_effects
from benchmark.statistics.paired_tests import ALPHA, compare_pairs, holm
from benchmark.statistics.rank_intervals import rank_entries
from benchmark.statistics.scores import TargetScores
from benchmark.statistics.signed_rank import signed_rank
from benchmark.statistics.tie_groups import tie_groups

ENTRIES = 4
FAILS = 0.05  # share of subjects
RESAMPLES = 500
SHARED, OWN, REST = 0.10, 0.05, 0.03
STEP = 0.02


@dataclass(frozen=True)
class Setting:
    """One line of the table."""

    shape: str
    seeds: int
    subjects: int
    ratio: float


@dataclass(frozen=True)
class Found:
    """Shares of simulations, 0 to 1."""

    mean_alone: float
    mean: float
    gain: float
    wilcoxon: float
    split: float
    power: float
    rank: float


def simulate(setting: Setting, rng: np.random.Generator) -> tuple[Scores, Scores]:
    """Scores (entries, seeds, subjects) of equal methods, and what a seed adds to a mean."""
    k, s, n = ENTRIES, setting.seeds, setting.subjects
    seed_sd = setting.ratio * np.hypot(SHARED, OWN) / np.sqrt(n)
    seed = seed_sd * rng.standard_normal((k, s, 1))
    own = OWN * rng.standard_normal((k, 1, n)) + REST * rng.standard_normal((k, s, n))
    if setting.shape == "normal":
        return 0.7 + SHARED * rng.standard_normal(n) + own + seed, seed[..., 0]
    found = np.clip(rng.beta(18, 2, n) + 0.3 * own, None, 1.0) + seed
    hard = rng.random(n) < 0.03
    failed = hard | (rng.random((k, 1, n)) < (FAILS - 0.03) / 0.97)
    return np.where(failed, 0.0, found), (1 - FAILS) * seed[..., 0]


def true_mean(setting: Setting) -> float:
    """Of any entry; by a large sample where there is no formula."""
    if setting.shape == "normal":
        return 0.7
    large = Setting(setting.shape, 1, 2_000_000, 0.0)
    return float(simulate(large, np.random.default_rng(99))[0].mean())


def measure(setting: Setting, boards: int, truth: float, seed: int = 0) -> Found:
    """Simulate boards of equal methods, and as many with means STEP apart."""
    rng = np.random.default_rng([seed, setting.seeds, setting.subjects, int(10 * setting.ratio)])
    hits: dict[str, list[bool]] = {name: [] for name in Found.__dataclass_fields__}
    names = tuple(range(ENTRIES))
    pairs = list(combinations(names, 2))
    seeds, subjects = tuple(range(setting.seeds)), tuple(map(str, range(setting.subjects)))
    for _ in range(boards):
        scores, of_seeds = simulate(setting, rng)
        own = of_seeds[:, 0] if setting.seeds == 1 else np.zeros(ENTRIES)
        for estimate, mean in zip(estimates(scores, None, RESAMPLES), truth + own, strict=True):
            hits["mean_alone"].append(inside(estimate, mean))
        for estimate, mean in zip(
            estimates(scores, pooled_seed_ms(scores), RESAMPLES), truth + own, strict=True
        ):
            hits["mean"].append(inside(estimate, mean))
        gains = estimates(scores[1:] - scores[0], seed_ms_of_differences(scores), RESAMPLES)
        for estimate, gain in zip(gains, own[1:] - own[0], strict=True):
            hits["gain"].append(inside(estimate, gain))
        if setting.seeds > 1 or setting.ratio == 0:
            equal = TargetScores("equal", names, seeds, subjects, scores)
            ranks = [
                signed_rank((scores[i] - scores[j]).mean(axis=0)[None])[1][0] for i, j in pairs
            ]
            hits["wilcoxon"].append(bool(holm(np.array(ranks)).min() < ALPHA))
            hits["split"].append(max(tie_groups([compare_pairs([equal])])[0].group.values()) > 1)
        steps = STEP * np.arange(ENTRIES)
        apart = TargetScores("apart", names, seeds, subjects, scores - steps[:, None, None])
        groups = tie_groups([compare_pairs([apart])])[0].group
        hits["power"].append(groups[ENTRIES - 1] > groups[0])
        places = np.argsort(np.argsort(steps - own)) + 1
        for row in rank_entries([apart], RESAMPLES).entries:
            low, high = row.low or 0.0, row.high or 0.0
            hits["rank"].append(low <= places[names.index(int(str(row.entry)))] <= high)
    return Found(
        **{name: float(np.mean(found)) if found else np.nan for name, found in hits.items()}
    )


def pooled_seed_ms(scores: Scores) -> SeedMeanSquare | None:
    """Mean square between seeds of independent entries; None with one seed."""
    entries, seeds, _ = scores.shape
    if seeds < 2:
        return None
    return SeedMeanSquare(float(two_way_anova(scores).ms_seed.mean()), entries * (seeds - 1))


def inside(estimate: Estimate, truth: float) -> bool:
    """Whether the interval holds the truth."""
    return (
        estimate.low is not None
        and estimate.high is not None
        and estimate.low <= truth <= estimate.high
    )


def settings() -> Iterator[Setting]:
    """The grid."""
    for shape in ("normal", "failures"):
        for seeds in (1, 2, 3, 5):
            for subjects in (10, 35, 100):
                for ratio in (0.0, 0.3, 1.0):
                    yield Setting(shape, seeds, subjects, ratio)


def simulate_matches(rng: np.random.Generator, targets: int, sources: int) -> pd.DataFrame:
    """Scores with 3 points of domain match, 2 of task match and 1 of both; equal subjects."""
    domains = ("brain_mri", "ultrasound", "ct")
    tasks = ("segmentation", "classification")
    target_mean, source_mean = rng.normal(0.7, 0.1, targets), rng.normal(0, 0.01, sources)
    rows = []
    for target in range(targets):
        subject_mean = rng.normal(0, 0.1, 10)
        for source in range(sources):
            domain, task = domains[source % 3], tasks[source // 3 % 2]
            d, k = (domain == domains[target % 3]) - 0.5, (task == "segmentation") - 0.5
            mean = target_mean[target] + source_mean[source] + rng.normal(0, 0.01)
            mean += 0.03 * d + 0.02 * k + 0.01 * d * k
            for seed in (0, 1):
                scores = mean + subject_mean + rng.normal(0, 0.005) + rng.normal(0, 0.03, 10)
                for subject, score in enumerate(scores):
                    rows.append(
                        (f"t{target}", f"s{source}", domain, task, domains[target % 3],
                         str(subject), seed, score)
                    )  # fmt: skip
    names = "target source source_domain source_task target_domain subject seed score".split()
    return pd.DataFrame(rows, columns=names)


def measure_effects(targets: int, sources: int, boards: int, seed: int = 0) -> dict[str, float]:
    """Share of intervals that hold the true effect."""
    rng = np.random.default_rng([seed, targets, sources])
    truth = {DOMAIN: 3.0, TASK: 2.0, INTERACTION: 1.0}
    hits: dict[str, list[bool]] = {name: [] for name in truth}
    for _ in range(boards):
        found = match_effects(simulate_matches(rng, targets, sources)).effects
        for name, effect in found.items():
            hits[name].append(effect.low <= truth[name] <= effect.high)
    return {name: float(np.mean(hit)) for name, hit in hits.items() if hit}


def report(boards: int) -> str:
    """Both tables as Markdown."""
    lines = [
        "# Coverage of the 95 % intervals, and boards split",
        "",
        *(__doc__ or "").split("\n\n", 2)[2].strip().splitlines(),
        "",
        f"In percent of {boards} simulated boards a line, {RESAMPLES} resamples, 95 % nominal.",
        f"Standard error of a split rate of 5 %: {100 * (0.05 * 0.95 / boards) ** 0.5:.1f}.",
        "",
        "- mean alone: interval of one entry by itself; mean, gain: with the board's seed noise.",
        "- Wilcoxon: boards of four equal methods split by the signed ranks alone, for comparison.",
        "- split: four equal methods in more than one group (5 % allowed).",
        f"- power: best and worst of four methods {STEP:.2f} apart are in different groups.",
        "- rank: intervals of ranks that hold the true rank of methods so far apart.",
        "",
        "| scores | seeds | subjects | ratio "
        "| mean alone | mean | gain | Wilcoxon | split | power | rank |",
        "|---|" + "---:|" * 10,
    ]
    truths = {shape: true_mean(Setting(shape, 1, 1, 0.0)) for shape in ("normal", "failures")}
    for setting in settings():
        found = measure(setting, boards, truths[setting.shape])
        numbers = [100 * value for value in vars(found).values()]
        facts = [setting.shape, setting.seeds, setting.subjects, f"{setting.ratio:g}"]
        lines.append(
            "| " + " | ".join([*map(str, facts), *(_one_digit(x) for x in numbers)]) + " |"
        )
    lines += [
        "",
        f"Domain and task effects (3, 2 and 1 points), coverage in percent of {boards} boards:",
        "",
        f"| targets | sources | {DOMAIN} | {TASK} | {INTERACTION} |",
        "|" + "---:|" * 5,
    ]
    for targets, sources in ((3, 6), (6, 6), (6, 12)):
        shares = measure_effects(targets, sources, boards)
        cells = [
            f"{100 * shares[n]:.1f}" if n in shares else "-" for n in (DOMAIN, TASK, INTERACTION)
        ]
        lines.append(f"| {targets} | {sources} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _one_digit(percent: float) -> str:
    return "-" if np.isnan(percent) else f"{percent:.1f}"


if __name__ == "__main__":
    text = report(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    (Path(__file__).parent / "coverage.md").write_text(text)
    sys.stdout.write(text)
