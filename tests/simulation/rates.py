"""Coverage of intervals, false differences and power, on boards whose truth is known."""

from dataclasses import dataclass

import numpy as np
from simulation.boards import Setting, simulate

from benchmark.statistics.anova import Scores
from benchmark.statistics.candidates import candidates_for_best
from benchmark.statistics.gains import target_gains
from benchmark.statistics.intervals import estimates
from benchmark.statistics.scores import TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms
from benchmark.statistics.two_part import two_part_intervals


@dataclass(frozen=True)
class Found:
    """Shares of simulations, 0 to 1.

    Attributes:
        mean: Intervals of scores that hold the truth.
        unseen: The same of the bounds that allow for unseen failures.
        width: Mean width of the intervals of scores.
        gain: Intervals of gains that hold the truth, 0; the others are false differences.
        best_lost: Boards of equal entries in which a given one is left out of group a.
        found: Entries left out of a where another one is better by the step.
        true_best_lost: Boards with that better entry in which it is left out.
        gain_found: Gains of the step whose interval lies above 0.
    """

    mean: float
    unseen: float
    width: float
    gain: float
    best_lost: float
    found: float
    true_best_lost: float
    gain_found: float


def measure(
    setting: Setting, boards: int, truth: float, step: float = 0.05, seed: int = 0
) -> Found:
    """Simulate boards of equal entries, and as many with a better one."""
    rng = np.random.default_rng(
        [seed, setting.entries, setting.seeds, setting.subjects, int(10 * setting.ratio)]
    )
    hits: dict[str, list[float]] = {name: [] for name in Found.__dataclass_fields__}
    for _ in range(boards):
        scores, of_seeds = simulate(setting, rng)
        own = of_seeds if setting.seeds == 1 else np.zeros(setting.entries)
        table = _intervals(scores) | _differences(scores)
        hits["mean"] += _inside(table, "low", "high", truth + own)
        hits["unseen"] += _inside(table, "unseen_low", "unseen_high", truth + own)
        hits["width"] += (table["high"] - table["low"]).tolist()
        hits["gain"] += _inside(table, "gain_low", "gain_high", (own - own[-1])[:-1])
        if setting.seeds > 1 or setting.ratio == 0:
            hits["best_lost"].append(float(np.isnan(table["group"][0])))
        table = _differences(simulate(setting, rng, step)[0])
        hits["found"] += np.isnan(table["group"][1:]).tolist()
        hits["true_best_lost"].append(float(np.isnan(table["group"][0])))
        hits["gain_found"].append(float(table["gain_low"][0] > 0))
    return Found(**{name: float(np.mean(own)) if own else np.nan for name, own in hits.items()})


def _intervals(scores: Scores) -> dict[str, Scores]:
    """Intervals of scores, by the rules of `setting_statistics`."""
    noise = pooled_seed_ms(scores)
    unseen = two_part_intervals(scores, noise)
    plain = [(one.low, one.high) for one in estimates(scores, noise, (0.0, 1.0))]
    shown = unseen if (scores <= 0).any() else np.array(plain, dtype=np.float64)
    return {
        "low": shown[:, 0], "high": shown[:, 1],
        "unseen_low": unseen[:, 0], "unseen_high": unseen[:, 1],
    }  # fmt: skip


def _differences(scores: Scores) -> dict[str, Scores]:
    """Group a, and gains over the last entry."""
    names = tuple(range(len(scores)))
    target = TargetScores(
        "t", names, tuple(range(scores.shape[1])), tuple(map(str, range(scores.shape[2]))), scores
    )
    gains = [one.gain for one in target_gains(target, dict.fromkeys(names, names[-1])).values()]
    bounds = np.array([(one.low, one.high) for one in gains if one], dtype=np.float64)
    return {
        "gain_low": bounds[:, 0], "gain_high": bounds[:, 1],
        "group": np.where(candidates_for_best([target]).among, 1.0, np.nan),
    }  # fmt: skip


def _inside(table: dict[str, Scores], low: str, high: str, truth: Scores) -> list[float]:
    return [float(a <= x <= b) for a, x, b in zip(table[low], truth, table[high], strict=True)]
