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
constant over the targets of a source has those of the sources, else those of the residual.
They extend to further sources and targets of the kind compared (`tests/simulation/coverage.md`).
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t
from statsmodels.regression.mixed_linear_model import (  # type: ignore[import-untyped]
    MixedLM,
    VCSpec,
)

from benchmark.statistics.anova import Scores

DOMAIN, TASK, INTERACTION = "domain match", "task match", "domain match x task match"
RANDOM_EFFECTS = ["target", "source"]
CELL = ["target", "source", "source_domain", "source_task", "target_domain"]
COLUMNS = (*CELL, "subject", "seed", "score")
SINGULAR = "the fit is singular: too few cells, or no variation between them"


@dataclass(frozen=True)
class Effect:
    """A fixed effect with its 95 % interval, in points (1/100 of the score), positive is better."""

    name: str
    value: float
    low: float
    high: float
    df: int


@dataclass(frozen=True)
class MatchEffects:
    """The effects that can be estimated from the scores, and why the others cannot.

    Attributes:
        effects: By name (`DOMAIN`, `TASK`, `INTERACTION`).
        missing: Name of each other effect, and why there is no estimate.
        target_sd: SD between targets, in points, `source_sd` between sources; None without a fit.
        residual_sd: Between cells, given target and source.
        targets: Number of targets; likewise `sources`, and `cells`, pairs of the two.
    """

    effects: dict[str, Effect]
    missing: dict[str, str]
    target_sd: float | None
    source_sd: float | None
    residual_sd: float | None
    targets: int
    sources: int
    cells: int


def match_effects(
    scores: pd.DataFrame, higher_is_better: bool = True, points: float = 100.0
) -> MatchEffects:
    """Main effects and interaction of domain match and task match.

    Sources without pretraining (domain "none") are left out: "pretrained or not" is not a match.

    Args:
        scores: One row per target, source, subject and seed, of one strategy and size, with the
            columns of `COLUMNS`. The task matches when it is "segmentation".
        higher_is_better: Direction of the metric.
        points: Factor of the scores; 100 for ratios, 1 for millimetres.

    Raises:
        ValueError: A column is missing, a score is not finite, a row occurs twice, or subjects
            differ between the sources of a target.
    """
    by_subject = _checked(scores).groupby([*CELL, "subject"], as_index=False)["score"].mean()
    cells: pd.DataFrame = by_subject.groupby(CELL, as_index=False)["score"].mean()
    y = (points if higher_is_better else -points) * cells["score"].to_numpy(dtype=np.float64)
    counts = (cells["target"].nunique(), cells["source"].nunique(), len(cells))
    terms, missing = _terms(cells)

    def without_effects(reason: str) -> MatchEffects:
        return MatchEffects({}, missing | dict.fromkeys(terms, reason), None, None, None, *counts)

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
    values, errors, sds = fit
    effects = {}
    for name, value, error in zip(terms, values[1:], errors[1:], strict=True):
        if df[name] < 1:
            missing[name] = "too few sources or targets to tell chance from effect"
            continue
        half = float(t.ppf(0.975, df[name]) * error)
        effects[name] = Effect(name, float(value), value - half, value + half, df[name])
    return MatchEffects(effects, missing, *sds, *counts)


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


def _terms(cells: pd.DataFrame) -> tuple[dict[str, Scores], dict[str, str]]:
    """Columns of the effects that the cells can separate, and why not the others."""
    if not len(cells):
        missing = dict.fromkeys((DOMAIN, TASK), "no pretrained source")
        return {}, missing | {INTERACTION: "needs both main effects"}
    domain = (cells["source_domain"] == cells["target_domain"]).to_numpy() - 0.5
    task = (cells["source_task"] == "segmentation").to_numpy() - 0.5
    terms: dict[str, Scores] = {}
    missing = {}
    for name, term in ((DOMAIN, domain), (TASK, task)):
        if np.ptp(term) == 0:
            every = "every" if term[0] > 0 else "no"
            missing[name] = f"{every} source matches: there is nothing to compare with"
        elif _is_constant_within(term, cells["target"]):
            missing[name] = "the sources of a target all match alike: it would compare targets"
        else:
            terms[name] = np.asarray(term, dtype=np.float64)
    if len(terms) < 2:
        missing[INTERACTION] = "needs both main effects"
        return terms, missing
    interaction = np.asarray(domain * task, dtype=np.float64)
    x = np.column_stack([np.ones(len(cells)), domain, task, interaction])
    if np.linalg.matrix_rank(x[:, :3]) < 3:
        reason = "domain and task always match together, or never: not separable"
        return {}, dict.fromkeys((DOMAIN, TASK, INTERACTION), reason)
    if np.linalg.matrix_rank(x) < 4:
        missing[INTERACTION] = "one of the four combinations of match and no match does not occur"
    else:
        terms[INTERACTION] = interaction
    return terms, missing


def _is_constant_within(term: npt.NDArray[np.floating], groups: pd.Series) -> bool:
    return bool((pd.Series(term).groupby(groups.to_numpy()).nunique() == 1).all())


def _containment_df(term: Scores, x: Scores, cells: pd.DataFrame, designs: list[Scores]) -> int:
    """Degrees of freedom of a term by the containment rule."""
    for name in ("source", "target"):
        if _is_constant_within(term, cells[name]):
            constant = [column for column in x.T if _is_constant_within(column, cells[name])]
            return cells[name].nunique() - int(np.linalg.matrix_rank(np.column_stack(constant)))
    return len(x) - int(np.linalg.matrix_rank(np.column_stack([x, *designs])))


def _fit(
    y: Scores, x: Scores, designs: list[Scores]
) -> tuple[Scores, Scores, tuple[float, float, float]] | str:
    """Generalised least squares with REML variances; a text if that is not possible.

    Returns fixed effects, their standard errors, and SDs of target, source and residual. The errors
    also exist where a variance is 0 and the Hessian of the REML fit is singular.
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
    target, source, residual = (variance**0.5 * unit for variance in variances)
    if not np.isfinite([*values, *errors, target, source, residual]).all():
        return SINGULAR
    return values * unit, errors * unit, (target, source, residual)


def _reml_variances(
    y: Scores, x: Scores, designs: list[Scores]
) -> tuple[float, float, float] | None:
    """REML variances of target, source and residual; None if the fit does not converge.

    Found without gradients (Nelder and Mead): with few cells the gradient methods of statsmodels
    0.15 stop below the maximum, sometimes reporting that they converged.
    """
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
