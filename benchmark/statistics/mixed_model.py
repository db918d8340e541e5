"""Domain versus task: what does it bring when source and target match in one, or in both?

Model, per source and target, with -1/2 and +1/2 for "no match" and "match":

    score = mean + domain match + task match + domain match x task match
            + target + source + subject (random) + rest.

Each source is scored on all subjects of a target, so subject effects cancel in every comparison,
and the model of all subjects and the model of the cell means (target x source) have the same fixed
effects; the latter is fitted (`statsmodels` MixedLM by REML, crossed variance components). The rest
then holds what is particular to a source on a target, and its seeds: subjects cannot be mistaken
for independent evidence about sources. A main effect is the mean over both levels of the other
match; the interaction is the difference of differences.

Intervals use Student's t with the degrees of freedom of the containment rule: a term that is the
same for all targets of a source has those of the sources, else those of the rest. They speak about
further sources and targets of the kind compared. `tests/simulation/coverage.md` has the coverage.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t
from statsmodels.regression.mixed_linear_model import (  # type: ignore[import-untyped]
    MixedLM,
    VCSpec,
)

from benchmark.statistics.anova import Scores

DOMAIN, TASK, BOTH = "domain match", "task match", "domain match x task match"
COLUMNS = ("target", "source", "source_domain", "source_task", "target_domain", "subject", "seed")


@dataclass(frozen=True)
class Effect:
    """An effect with its 95 % interval, in points (1/100 of the score), positive is better."""

    name: str
    value: float
    low: float
    high: float
    degrees: int


@dataclass(frozen=True)
class MatchEffects:
    """The effects that the records can tell, and in words why others cannot be told.

    Attributes:
        effects: By name (`DOMAIN`, `TASK`, `BOTH`).
        missing: Name of each other effect, and why there is no estimate.
        target_sd: Standard deviation between targets, in points; None without a fit.
        source_sd: Between sources.
        rest_sd: Between cells, given target and source.
        targets: Number of targets.
        sources: Number of sources.
        cells: Number of pairs of target and source.
    """

    effects: dict[str, Effect]
    missing: dict[str, str]
    target_sd: float | None
    source_sd: float | None
    rest_sd: float | None
    targets: int
    sources: int
    cells: int


def match_effects(
    scores: pd.DataFrame, higher_is_better: bool = True, points: float = 100.0
) -> MatchEffects:
    """Main effects and interaction of domain match and task match.

    Sources without pretraining (domain "none") match in nothing and are left out; they would make
    "pretrained or not" part of both effects.

    Args:
        scores: One row a target, source, subject and seed, of one strategy and size, with the
            columns of `COLUMNS` and `score`. The task matches when it is "segmentation".
        higher_is_better: Direction of the metric.
        points: What the scores are multiplied with; 100 for ratios, 1 for millimetres.

    Raises:
        ValueError: A column is missing, a score is not finite, a row is there twice, or the
            sources of a target were scored on different subjects.
    """
    used = _checked(scores)
    cells = _cells(used)
    sign = points if higher_is_better else -points
    y = sign * cells["score"].to_numpy(dtype=np.float64)
    counts = (cells["target"].nunique(), cells["source"].nunique(), len(cells))
    terms, missing = _terms(cells)
    if terms and counts[0] < 2:
        missing |= dict.fromkeys(terms, "one target: nothing to tell a match from a source by")
        terms = {}
    if terms and np.ptp(y) < 1e-9 * max(1.0, float(np.abs(y).max())):
        missing |= dict.fromkeys(terms, "all scores are the same")
        terms = {}
    if not terms:
        return MatchEffects({}, missing, None, None, None, *counts)
    x = np.column_stack([np.ones(len(cells)), *terms.values()])
    designs = [_dummies(cells[name]) for name in ("target", "source")]
    degrees = {name: _degrees(term, x, cells, designs) for name, term in terms.items()}
    if max(degrees.values()) < 1:
        missing |= dict.fromkeys(terms, "too few sources and targets for the number of effects")
        return MatchEffects({}, missing, None, None, None, *counts)
    fitted = _fit(y, x, designs)
    if isinstance(fitted, str):
        return MatchEffects({}, missing | dict.fromkeys(terms, fitted), None, None, None, *counts)
    values, errors, spreads = fitted
    effects = {}
    for index, (name, free) in enumerate(degrees.items(), start=1):
        if free < 1:
            missing[name] = "too few sources or targets to tell chance from effect"
            continue
        half = float(t.ppf(0.975, free) * errors[index])
        value = float(values[index])
        effects[name] = Effect(name, value, value - half, value + half, free)
    return MatchEffects(effects, missing, *spreads, *counts)


def _checked(scores: pd.DataFrame) -> pd.DataFrame:
    lacking = [name for name in (*COLUMNS, "score") if name not in scores]
    if lacking:
        raise ValueError(f"scores lack the columns {', '.join(lacking)}")
    if not np.isfinite(scores["score"].to_numpy(dtype=np.float64)).all():
        raise ValueError("every row needs a finite score")
    if scores.duplicated(["target", "source", "subject", "seed"]).any():
        raise ValueError(
            "a subject has two scores of one seed: choose one strategy, one size and one label"
        )
    used = scores[scores["source_domain"] != "none"]
    scored = used.groupby(["target", "source"])["subject"].nunique()
    everyone = used.groupby("target")["subject"].nunique()
    if (scored != everyone.reindex(scored.index, level="target")).any():
        raise ValueError("the sources of a target were scored on different subjects")
    return used


def _cells(used: pd.DataFrame) -> pd.DataFrame:
    """Mean score per target and source: seeds averaged within subjects, then subjects."""
    keys = ["target", "source", "source_domain", "source_task", "target_domain"]
    by_subject = used.groupby([*keys, "subject"], as_index=False)["score"].mean()
    cells: pd.DataFrame = by_subject.groupby(keys, as_index=False)["score"].mean()
    return cells


def _terms(cells: pd.DataFrame) -> tuple[dict[str, Scores], dict[str, str]]:
    """Columns of the effects that the cells can tell apart, and why not the others."""
    domain = (cells["source_domain"] == cells["target_domain"]).to_numpy() - 0.5
    task = (cells["source_task"] == "segmentation").to_numpy() - 0.5
    terms: dict[str, Scores] = {}
    missing: dict[str, str] = {}
    for name, term in ((DOMAIN, domain), (TASK, task)):
        if not len(term):
            missing[name] = "no pretrained source"
        elif np.ptp(term) == 0:
            every = "every" if term[0] > 0 else "no"
            missing[name] = f"{every} source matches: there is nothing to compare with"
        elif (pd.Series(term).groupby(cells["target"].to_numpy()).nunique() == 1).all():
            missing[name] = "the sources of a target all match alike: it would compare targets"
        else:
            terms[name] = np.asarray(term, dtype=np.float64)
    if len(terms) < 2:
        missing[BOTH] = "needs both main effects"
        return terms, missing
    both = np.asarray(domain * task, dtype=np.float64)
    x = np.column_stack([np.ones(len(cells)), domain, task, both])
    if np.linalg.matrix_rank(x[:, :3]) < 3:
        why = "domain and task always match together, or never: they cannot be told apart"
        return {}, dict.fromkeys((DOMAIN, TASK, BOTH), why)
    if np.linalg.matrix_rank(x) < 4:
        missing[BOTH] = "one of the four combinations of match and no match does not occur"
    else:
        terms[BOTH] = both
    return terms, missing


def _dummies(names: pd.Series) -> Scores:
    return pd.get_dummies(names, dtype=float).to_numpy(dtype=np.float64)


def _degrees(term: Scores, x: Scores, cells: pd.DataFrame, designs: list[Scores]) -> int:
    """Degrees of freedom of a term by the containment rule."""
    for name in ("source", "target"):
        groups = pd.Series(term).groupby(cells[name].to_numpy())
        if (groups.nunique() == 1).all():
            constant = [
                column
                for column in x.T
                if (pd.Series(column).groupby(cells[name].to_numpy()).nunique() == 1).all()
            ]
            return groups.ngroups - int(np.linalg.matrix_rank(np.column_stack(constant)))
    return len(x) - int(np.linalg.matrix_rank(np.column_stack([x, *designs])))


def _fit(
    y: Scores, x: Scores, designs: list[Scores]
) -> tuple[Scores, Scores, tuple[float, float, float]] | str:
    """Fixed effects, their standard errors and the standard deviations, or why there are none.

    The variances come from REML, found without gradients: with few cells the gradient methods of
    statsmodels 0.15 stop below the maximum, sometimes saying that they converged. Effects and
    errors are those of generalised least squares, which also exist where a variance is 0 and the
    Hessian of the fit is singular.
    """
    unit = float(np.std(y))
    whole = np.column_stack([x, *designs])
    if np.abs(y - whole @ np.linalg.lstsq(whole, y)[0]).max() < 1e-9 * unit:
        return "target, source and match explain all scores: no variation is left to judge by"
    names = ["target", "source"]
    columns = [[str(i) for i in range(z.shape[1])] for z in designs]
    spec = VCSpec(names, [[c] for c in columns], [[z] for z in designs])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = MixedLM(y / unit, x, groups=np.ones(len(y)), exog_vc=spec)
            found = model.fit(reml=True, method="nm", maxiter=2000)
        if not found.converged:
            return "the fit did not converge"
        target, source, rest = (float(v) for v in (*found.vcomp, found.scale))
        covariance = rest * np.eye(len(y))
        for z, variance in zip(designs, (target, source), strict=True):
            covariance += variance * z @ z.T
        precise = np.linalg.solve(covariance, x)
        error = np.linalg.inv(x.T @ precise)
        values = error @ (precise.T @ (y / unit))
    except (np.linalg.LinAlgError, ValueError):
        return "the fit is singular: too few cells, or no variation between them"
    spreads = (target**0.5 * unit, source**0.5 * unit, rest**0.5 * unit)
    errors = np.sqrt(np.diag(error))
    if not np.isfinite([*values, *errors, *spreads]).all():
        return "the fit is singular: too few cells, or no variation between them"
    return values * unit, errors * unit, spreads
