"""Coverage of the intervals of domain match and task match, on boards whose truth is known."""

import numpy as np
import pandas as pd

from benchmark.statistics.match_terms import DOMAIN, INTERACTION, TASK
from benchmark.statistics.mixed_model import match_effects

TRUTH = {DOMAIN: 0.03, TASK: 0.02, INTERACTION: 0.01}
GRID = [
    (targets, sources, slope)
    for slope in (0.0, 0.02)
    for targets, sources in ((3, 6), (6, 6), (6, 12))
]  # targets, sources, sd of the effect of domain match between targets


def simulate_matches(
    rng: np.random.Generator, targets: int, sources: int, slope: float = 0.0
) -> pd.DataFrame:
    """Scores with the effects of `TRUTH`; subjects are the same for all sources."""
    domains = ("brain_mri", "ultrasound", "ct")
    tasks = ("segmentation", "classification")
    target_mean, source_mean = rng.normal(0.7, 0.1, targets), rng.normal(0, 0.01, sources)
    of_domain = TRUTH[DOMAIN] + slope * rng.normal(0, 1, targets)
    rows = []
    for target in range(targets):
        subject_mean = rng.normal(0, 0.1, 10)
        for source in range(sources):
            domain, task = domains[source % 3], tasks[source // 3 % 2]
            d, k = (domain == domains[target % 3]) - 0.5, (task == "segmentation") - 0.5
            mean = target_mean[target] + source_mean[source] + rng.normal(0, 0.01)
            mean += of_domain[target] * d + TRUTH[TASK] * k + TRUTH[INTERACTION] * d * k
            for seed in (0, 1):
                scores = mean + subject_mean + rng.normal(0, 0.005) + rng.normal(0, 0.03, 10)
                for subject, score in enumerate(scores):
                    rows.append(
                        (f"t{target}", f"s{source}", domain, task, domains[target % 3],
                         str(subject), seed, score)
                    )  # fmt: skip
    names = "target source source_domain source_task target_domain subject seed score".split()
    return pd.DataFrame(rows, columns=names)


def measure_effects(
    targets: int, sources: int, boards: int, slope: float = 0.0, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Share of intervals that hold the true effect, and their mean half width."""
    rng = np.random.default_rng([seed, targets, sources, int(1000 * slope)])
    hits: dict[str, list[tuple[bool, float]]] = {name: [] for name in TRUTH}
    for _ in range(boards):
        effects = match_effects(simulate_matches(rng, targets, sources, slope)).effects
        for name, effect in effects.items():
            inside = effect.low <= TRUTH[name] <= effect.high
            hits[name].append((inside, (effect.high - effect.low) / 2))
    found = {}
    for name, own in hits.items():
        if own:
            inside, half = np.array(own, dtype=np.float64).mean(axis=0).tolist()
            found[name] = (inside, half)
    return found
