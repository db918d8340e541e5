"""Mixed model of domain match and task match between source and target.

Per source and target, with -1/2 and +1/2 for "no match" and "match":

    score = mean + domain match + task match + domain match x task match
            + target + source + subject (random) + residual.

Each source is scored on all subjects of a target, so subject effects cancel in every comparison,
and the model of all subjects and the model of the cell means (target x source) have the same fixed
effects; the latter is fitted (`statsmodels` MixedLM by REML, crossed variance components). Its
residual contains what is particular to a source on a target, and its seeds: subjects cannot be
mistaken for independent evidence about sources. A main effect is the mean over both levels of the
other match; the interaction is the difference of differences.

Intervals use Student's t with the degrees of freedom of the containment rule: a term that is
constant over the targets of a source has those of the sources, else those of the residual. The
model takes an effect for the same on every target. Where it is not, more sources would make the
interval too short; so the effect is also estimated on each target alone, and the wider of the
model's interval and Student's t over targets is given (`docs/simulations.md`). Intervals extend to
further sources and targets of the kind compared.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from benchmark.statistics.anova import Scores
from benchmark.statistics.match_terms import is_constant_within, match_terms

RANDOM_EFFECTS = ["target", "source"]
CELL = ["target", "source", "source_domain", "source_task", "target_domain"]
COLUMNS = (*CELL, "subject", "seed", "score")
SINGULAR = "the fit is singular: too few cells, or no variation between them"


@dataclass(frozen=True)
class Effect:
    """An effect with its 95 % interval, in the unit of the scores; positive is better.

    `over_targets` is True where Student's t over targets gave the interval.
    """

    name: str
    value: float
    low: float
    high: float
    df: int
    over_targets: bool = False


@dataclass(frozen=True)
class MatchEffects:
    """The effects that can be estimated from the scores, and why the others cannot.

    Attributes:
        effects: By name (`DOMAIN`, `TASK`, `INTERACTION`).
        missing: Name of each other effect, and why there is no estimate.
        targets: Number of targets; likewise `sources`, and `cells`, pairs of the two.
    """

    effects: dict[str, Effect]
    missing: dict[str, str]
    targets: int
    sources: int
    cells: int


def match_effects(scores: pd.DataFrame, higher_is_better: bool = True) -> MatchEffects:
    """Main effects and interaction of domain match and task match.

    Sources without pretraining (domain "none") are left out: "pretrained or not" is not a match.

    Args:
        scores: One row per target, source, subject and seed, of one strategy and size, with the
            columns of `COLUMNS`. The task matches when it is "segmentation".
        higher_is_better: Direction of the metric.

    Raises:
        ValueError: A column is missing, a score is not finite, a row occurs twice, or subjects
            differ between the sources of a target.
    """
    by_subject = _checked(scores).groupby([*CELL, "subject"], as_index=False)["score"].mean()
    cells: pd.DataFrame = by_subject.groupby(CELL, as_index=False)["score"].mean()
    y = (1.0 if higher_is_better else -1.0) * cells["score"].to_numpy(dtype=np.float64)
    counts = (cells["target"].nunique(), cells["source"].nunique(), len(cells))
    terms, missing = match_terms(cells)

    def without_effects(reason: str) -> MatchEffects:
        """The result where nothing can be estimated, for one reason."""
        return MatchEffects({}, missing | dict.fromkeys(terms, reason), *counts)

    if not terms:
        return without_effects("")
    if counts[0] < 2:
        return without_effects("one target: match and source are not separable")
    if np.ptp(y) < 1e-9 * max(1.0, float(np.abs(y).max())):
        return without_effects("all scores are the same")
    x = np.column_stack([np.ones(len(cells)), *terms.values()])
    designs = [
        pd.get_dummies(cells[name], dtype=float).to_numpy(np.float64) for name in RANDOM_EFFECTS
    ]
    df = {name: _containment_df(term, x, cells, designs) for name, term in terms.items()}
    if max(df.values()) < 1:
        return without_effects("too few sources and targets for the number of effects")
    fit = _fit(y, x, designs)
    if isinstance(fit, str):
        return without_effects(fit)
    values, errors = fit
    effects = {}
    by_target = _effects_by_target(y, terms, cells["target"])
    for name, value, error in zip(terms, values[1:], errors[1:], strict=True):
        if df[name] < 1:
            missing[name] = "too few sources or targets to tell chance from effect"
            continue
        effects[name] = _wider(name, (float(value), float(error), df[name]), by_target[name])
    return MatchEffects(effects, missing, *counts)


def _wider(name: str, model: tuple[float, float, int], alone: Scores) -> Effect:
    """The effect of the model; its interval is at least that of t over targets (targets,)."""
    value, error, df = model
    half = float(stdtrit(df, 0.975) * error)
    if len(alone) > 1:
        over = float(stdtrit(len(alone) - 1, 0.975) * alone.std(ddof=1) / len(alone) ** 0.5)
        if over > half:
            low, high = value - over, value + over
            return Effect(name, value, low, high, len(alone) - 1, over_targets=True)
    return Effect(name, value, value - half, value + half, df)


def _effects_by_target(
    y: Scores, terms: dict[str, Scores], targets: "pd.Series[str]"
) -> dict[str, Scores]:
    """Least-squares effects on each target that separates all terms, by name (targets,)."""
    names = targets.to_numpy()
    effects = []
    for target in dict.fromkeys(names):
        rows = names == target
        x = np.column_stack([np.ones(rows.sum()), *(term[rows] for term in terms.values())])
        if np.linalg.matrix_rank(x) == x.shape[1]:
            effects.append(np.linalg.lstsq(x, y[rows])[0][1:])
    table = np.reshape(effects, (-1, len(terms)))
    return dict(zip(terms, table.T, strict=True))


def _checked(scores: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in COLUMNS if name not in scores]
    if missing:
        raise ValueError(f"scores lack the columns {', '.join(missing)}")
    if not np.isfinite(scores["score"].to_numpy(dtype=np.float64)).all():
        raise ValueError("every row needs a finite score")
    if scores.duplicated(["target", "source", "subject", "seed"]).any():
        raise ValueError(
            "a subject has two scores of one seed: choose one strategy, one size and one label"
        )
    pretrained = scores[scores["source_domain"] != "none"]
    scored = pretrained.groupby(["target", "source"])["subject"].nunique()
    subjects = pretrained.groupby("target")["subject"].nunique()
    if (scored != subjects.reindex(scored.index, level="target")).any():
        raise ValueError("the sources of a target were scored on different subjects")
    return pretrained


def _containment_df(term: Scores, x: Scores, cells: pd.DataFrame, designs: list[Scores]) -> int:
    """Degrees of freedom of a term by the containment rule."""
    for name in ("source", "target"):
        if is_constant_within(term, cells[name]):
            constant = [column for column in x.T if is_constant_within(column, cells[name])]
            return cells[name].nunique() - int(np.linalg.matrix_rank(np.column_stack(constant)))
    return len(x) - int(np.linalg.matrix_rank(np.column_stack([x, *designs])))


def _fit(y: Scores, x: Scores, designs: list[Scores]) -> tuple[Scores, Scores] | str:
    """Generalised least squares with REML variances; a text if that is not possible.

    Returns fixed effects and their standard errors, which also exist where a variance is 0 and the
    Hessian of the REML fit is singular.
    """
    unit = float(np.std(y))
    full = np.column_stack([x, *designs])
    if np.abs(y - full @ np.linalg.lstsq(full, y)[0]).max() < 1e-9 * unit:
        return "target, source and match explain all scores: no variation is left to judge by"
    try:
        variances = _reml_variances(y / unit, x, designs)
        if variances is None:
            return "the fit did not converge"
        covariance = variances[-1] * np.eye(len(y))
        for z, variance in zip(designs, variances, strict=False):
            covariance += variance * z @ z.T
        weighted = np.linalg.solve(covariance, x)
        error = np.linalg.inv(x.T @ weighted)
        values = error @ (weighted.T @ (y / unit))
    except (np.linalg.LinAlgError, ValueError):
        return SINGULAR
    errors = np.sqrt(np.diag(error))
    if not np.isfinite([*values, *errors, *variances]).all():
        return SINGULAR
    return values * unit, errors * unit


def _reml_variances(
    y: Scores, x: Scores, designs: list[Scores]
) -> tuple[float, float, float] | None:
    """REML variances of target, source and residual; None if the fit does not converge.

    Found without gradients (Nelder and Mead): with few cells the gradient methods of statsmodels
    0.15 stop below the maximum, sometimes reporting that they converged.
    """
    from statsmodels.regression.mixed_linear_model import (  # type: ignore[import-untyped]
        MixedLM,
        VCSpec,
    )  # takes half a second, and few boards have enough targets for the model

    columns = [[str(i) for i in range(z.shape[1])] for z in designs]
    spec = VCSpec(RANDOM_EFFECTS, [[names] for names in columns], [[z] for z in designs])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MixedLM(y, x, groups=np.ones(len(y)), exog_vc=spec)
        result = model.fit(reml=True, method="nm", maxiter=2000)
    if not result.converged:
        return None
    target, source = result.vcomp
    return float(target), float(source), float(result.scale)
