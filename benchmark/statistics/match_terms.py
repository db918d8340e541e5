"""The terms of domain match and task match, with -1/2 and +1/2 for "no match" and "match"."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.statistics.anova import Scores

DOMAIN, TASK, INTERACTION = "domain match", "task match", "domain match x task match"


def match_terms(cells: pd.DataFrame) -> tuple[dict[str, Scores], dict[str, str]]:
    """Columns of the effects that the cells can separate, and why not the others.

    Args:
        cells: One row per target and source: `target`, the domains of both, the task of the source.
    """
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
        elif is_constant_within(term, cells["target"]):
            missing[name] = "the sources of a target all match alike: it would compare targets"
        elif cells["target"].nunique() > 1 and varies_on_one_target(term, cells["target"]):
            missing[name] = (
                "only one target has sources that match and others: that says nothing of further "
                "targets"
            )
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


def is_constant_within(term: npt.NDArray[np.floating], groups: pd.Series) -> bool:
    """Whether a term has one value in each group."""
    return bool((pd.Series(term).groupby(groups.to_numpy()).nunique() == 1).all())


def varies_on_one_target(term: npt.NDArray[np.floating], targets: pd.Series) -> bool:
    """Whether a term has several values on a single target."""
    return int((pd.Series(term).groupby(targets.to_numpy()).nunique() > 1).sum()) == 1
