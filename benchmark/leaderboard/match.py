"""Domain versus task on a board: one view a lane, strategy, size, network, metric, amount of data.

What would be mistaken for a match is kept apart or out: other networks and metrics have views of
their own; contaminated cells (the source saw the target's data) and sources that saw several kinds
of medical images, which neither match nor mismatch a domain, are left out. Sources pretrained on
the same number of items are compared by themselves (equal data), and so are those without a limit
(full data). The number is the records'; where a record has none, the limit on the source's card,
and a small data set may have had fewer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.cards.lanes import Lane
from benchmark.cards.registry import Registry
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.rows import entries_of
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.statistics.mixed_model import MatchEffects, match_effects

AT_MOST = "at most "
EQUAL = "equal data"
SPLIT = ["lane", "strategy", "train_subjects", "encoder", "main_metric"]
Caps = Mapping[str, int | None]


@dataclass(frozen=True)
class MatchView:
    """Effects of domain and task match among comparable cells.

    Attributes:
        lane: Of the entries.
        strategy: What was fine-tuned.
        train_subjects: 0 for all.
        encoder: The network.
        metric: What is compared.
        data: How much the sources were pretrained on.
        cells: One row a target and source: target, source, source_domain, source_task,
            target_domain, score (mean over seeds and subjects).
        effects: In the unit of the metric.
        notes: What was left out, and why.
    """

    lane: Lane
    strategy: str
    train_subjects: int
    encoder: str
    metric: Metric
    data: str
    cells: pd.DataFrame
    effects: MatchEffects
    notes: tuple[str, ...]

    @property
    def unit(self) -> str:
        """Unit of the effects, that of the table: "mm", or "Dice"."""
        return self.metric.unit or self.metric.title

    @property
    def name(self) -> str:
        """Lane other than `unet`, strategy, size, network and data in words."""
        size = f"{self.train_subjects} training subjects" if self.train_subjects else "all subjects"
        lane = "" if self.lane == "unet" else f"lane {self.lane}, "
        return f"{lane}{self.strategy}, {size}, {self.encoder}, {self.data}"


def target_domains(registry: Registry) -> dict[str, str]:
    """Domain of the data set of each target that has a card."""
    targets = registry.targets.values()
    return {target.id: registry.dataset(target.dataset).domain for target in targets}


def pretraining_caps(registry: Registry) -> dict[str, int | None]:
    """The most items that each source with a card was pretrained on; None for no limit."""
    sources = registry.sources.values()
    return {card.id: card.pretrain.max_items if card.pretrain else None for card in sources}


def registered_match_views(board: Leaderboard, registry: Registry) -> list[MatchView]:
    """All views of a board, with the domains of targets and the limits of sources on cards."""
    return match_views(board, target_domains(registry), pretraining_caps(registry))


def match_views(
    board: Leaderboard, domains: Mapping[str, str], caps: Caps | None = None
) -> list[MatchView]:
    """All views that the complete, ranked and clean cells of a board give.

    Args:
        board: Its rows hold the domain and task of each source.
        domains: Domain of each target's data set; targets that are not in it are left out.
        caps: Per source the most items it was pretrained on, None for all there are; a source
            that is not in it is only in the view of all sources.
    """
    views = []
    for _, rows in _pretrained(board, domains).groupby(SPLIT, sort=False):
        usable, notes = _usable(rows, board.unlearned)
        for data, cells in _by_data(usable, caps or {}) if len(usable) else ():
            first = cells.iloc[0]
            metric = METRICS[str(first["main_metric"])]
            effects = match_effects(cells.assign(subject="", seed=0), metric.higher_is_better)
            views.append(
                MatchView(
                    first["lane"], str(first["strategy"]), int(first["train_subjects"]),
                    str(first["encoder"]), metric, data, cells, effects, notes,
                )
            )  # fmt: skip
    return views


def _pretrained(board: Leaderboard, domains: Mapping[str, str]) -> pd.DataFrame:
    """Rows of pretrained sources with their mean score, NaN where it is not complete.

    All entries of a target were scored on the same subjects under the same seeds, so the mean of
    a cell is all that `match_effects` needs of its scores.
    """
    if not len(board.rows):
        return pd.DataFrame(columns=SPLIT)
    means = {
        (*setting, entry): float(mean)
        for setting, scores in board.scores.items()
        for entry, mean in zip(scores.entries, scores.values.mean(axis=(1, 2)), strict=True)
    }
    rows = board.rows[board.rows["domain"] != "none"]
    entries = entries_of(rows)
    keys = zip(rows["target"], rows["lane"], rows["train_subjects"], entries, strict=True)
    return rows[["target", "source", "contamination", "pretraining_items", *SPLIT]].assign(
        score=[means.get(key, np.nan) for key in keys],
        source_domain=rows["domain"],
        source_task=rows["task"],
        target_domain=rows["target"].map(dict(domains)),
    )


def _usable(rows: pd.DataFrame, unlearned: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The complete clean cells of targets whose domain is known, and notes on the others."""
    left_out = [name for name in unlearned if name in set(rows["target"])]
    rows = rows[~rows["target"].isin(left_out)]
    known, clean = rows["target_domain"].notna(), rows["contamination"] == ""
    one_domain, complete = rows["source_domain"] != "medical", rows["score"].notna()
    counts = {
        "contaminated": int((known & ~clean).sum()),
        "several-domain": int((known & clean & ~one_domain).sum()),
        "incomplete or unranked": int((known & clean & one_domain & ~complete).sum()),
    }
    notes = [f"{kind} cells left out: {count}" for kind, count in counts.items() if count]
    notes += [f"domain of {name} unknown" for name in sorted(set(rows.loc[~known, "target"]))]
    notes += [f"{name} left out: nothing has learned there" for name in left_out]
    return rows[known & clean & one_domain & complete], tuple(notes)


def _by_data(part: pd.DataFrame, caps: Caps) -> Iterator[tuple[str, pd.DataFrame]]:
    """Sources together, and those with equal data apart where they are not all the same."""
    sources = list(dict.fromkeys(str(name) for name in part["source"]))
    counted = part.dropna(subset="pretraining_items").groupby("source")["pretraining_items"].max()
    used = {str(name): int(count) for name, count in counted.items()}
    known = [name for name in sources if name in caps or name in used]
    groups: dict[str, list[str]] = {}
    for name in sorted(known, key=lambda name: used.get(name) or caps[name] or np.inf):
        count = used.get(name, caps.get(name))
        most = "" if name in used else AT_MOST
        what = "full data" if count is None else f"{EQUAL} ({most}{count} items)"
        groups.setdefault(what, []).append(name)
    if len(groups) == 1 and len(known) == len(sources):
        yield next(iter(groups)), part
        return
    yield "any amount of data", part
    for what, names in groups.items():
        if len(names) > 1:
            yield what, part[part["source"].isin(names)]
