"""Group a on boards of 24 entries: 12 sources with two strategies, one target, three seeds.

The true mean of an entry is its source's (sd 0.02) and its own (sd 0.01); seeds have sd 0.008,
subjects those of `boards.py`. Beside Hsu's candidates stand the entries that Holm's correction of
all 276 pairs does not separate from the first.
"""

import numpy as np
from scipy.special import stdtr
from simulation.boards import OWN, REST, SHARED

from benchmark.statistics.anova import Decomposition, Scores, standard_error
from benchmark.statistics.candidates import ALPHA, candidates_for_best
from benchmark.statistics.scores import TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms

SOURCES, STRATEGIES, SEEDS = 12, 2, 3
GAPS = ((0.05, 0.06), (0.02, 0.03))  # to the truly best entry


def measure_groups(subjects: int, boards: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """By rule: size of group a, share of boards that lose the best, shares left out by gap."""
    rng = np.random.default_rng([seed, subjects])
    found: dict[str, dict[str, list[float]]] = {"Hsu": {}, "Holm, all pairs": {}}
    for _ in range(boards):
        truth = np.repeat(rng.normal(0, 0.02, SOURCES), STRATEGIES)
        truth = truth + rng.normal(0, 0.01, len(truth))
        scores = _board(truth, subjects, rng)
        names = tuple(range(len(truth)))
        target = TargetScores(
            "t", names, tuple(range(SEEDS)), tuple(map(str, range(subjects))), scores
        )
        gap = truth.max() - truth
        for rule, among in (("Hsu", candidates_for_best([target]).among),
                            ("Holm, all pairs", _holm(scores))):  # fmt: skip
            own = found[rule]
            own.setdefault("size", []).append(float(among.sum()))
            own.setdefault("best lost", []).append(float(not among[truth.argmax()]))
            for low, high in GAPS:
                some = ~among[(gap >= low) & (gap < high)]
                own.setdefault(f"{low} to {high}", []).extend(some.astype(float).tolist())
    return {
        rule: {name: float(np.mean(values)) for name, values in own.items()}
        for rule, own in found.items()
    }


def _board(truth: Scores, subjects: int, rng: np.random.Generator) -> Scores:
    k = len(truth)
    scores = 0.7 + truth[:, None, None] + SHARED * rng.standard_normal(subjects)
    scores = scores + OWN * rng.standard_normal((k, 1, subjects))
    scores = scores + 0.008 * rng.standard_normal((k, SEEDS, 1))
    return np.asarray(scores + REST * rng.standard_normal((k, SEEDS, subjects)))


def _holm(scores: Scores) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Entries that are not separated from the first by t tests of all pairs with Holm's correction.

    Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    first, second = np.triu_indices(len(scores), 1)
    anova = Decomposition.of(scores).anova_of_differences(first, second)
    error = standard_error(anova, pooled_seed_ms(scores, first, second))
    p = 2 * stdtr(error.df, -np.abs(anova.mean) / np.sqrt(error.variance))
    order = np.argsort(p)
    corrected = np.empty_like(p)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    leader = int(scores.mean(axis=(1, 2)).argmax())
    among = np.ones(len(scores), dtype=np.bool_)
    for i, j, value in zip(first.tolist(), second.tolist(), corrected.tolist(), strict=True):
        if leader in (i, j) and value < ALPHA:
            among[i + j - leader] = False
    return among
