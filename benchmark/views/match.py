"""Domain versus task as a table of text."""

from collections.abc import Sequence

from benchmark.leaderboard.match import AT_MOST, MatchView
from benchmark.statistics.match_terms import DOMAIN, INTERACTION, TASK
from benchmark.views.text import MISSING, TextTable, format_interval

METHOD = "mixed model or t over targets, the wider of their 95 % intervals; positive is better"
LIMITS = "at most: by the cards; the records do not say how many items were used"
EFFECTS = {name: f"{name} [95 %]" for name in (DOMAIN, TASK, INTERACTION)}
ALWAYS_COLUMNS = ("sources", "targets", *EFFECTS.values())
PREFIXES = {"n": "training subjects: ", "lane": "lane "}
SHARED_BY_ONE = ("network", "data", "unit")  # in the title even of a single view


def match_tables(views: Sequence[MatchView]) -> list[TextTable]:
    """The effects as a table, if sources of several domains take part."""
    several = [view for view in views if view.cells["source_domain"].nunique() > 1]
    return [match_table(several)] if several else []


def match_table(views: Sequence[MatchView]) -> TextTable:
    """The views as one table; what they have in common is in the title."""
    rows = [_view_row(view) for view in views]
    if all(view.lane == "unet" for view in views):
        rows = [{name: text for name, text in row.items() if name != "lane"} for row in rows]
    shared = {
        name: rows[0][name]
        for name in rows[0]
        if name not in ALWAYS_COLUMNS
        and len({row[name] for row in rows}) == 1
        and (len(rows) > 1 or name in SHARED_BY_ONE)
    }
    columns = [name for name in rows[0] if name not in shared]
    about = [METHOD]
    about += [PREFIXES.get(name, "") + text
              for name, text in shared.items() if text != MISSING]  # fmt: skip
    about += [LIMITS] if any(AT_MOST in view.data for view in views) else []
    return TextTable(
        f"Domain versus task ({'; '.join(about)})",
        columns,
        [[row[name] for name in columns] for row in rows],
    )


def _view_row(view: MatchView) -> dict[str, str]:
    reasons: dict[str, list[str]] = {}
    for name, reason in view.effects.missing.items():
        reasons.setdefault(reason, []).append(name)
    notes = [f"no {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return {
        "lane": view.lane,
        "strategy": view.strategy,
        "n": str(view.train_subjects or "all"),
        "network": view.encoder,
        "data": view.data,
        "sources": str(view.effects.sources),
        "targets": str(view.effects.targets),
        **{head: _effect(view, name) for name, head in EFFECTS.items()},
        "unit": f"unit {view.unit}",
        "notes": "; ".join([_verdict(view), *notes, *view.notes]),
    }


def _verdict(view: MatchView) -> str:
    """Which effects are different from 0, in words."""
    settled = [
        f"{name} {'helps' if effect.value > 0 else 'harms'}"
        for name, effect in view.effects.effects.items()
        if effect.low * effect.high > 0
    ]
    return ", ".join(settled) or "no effect is settled: every interval contains 0"


def _effect(view: MatchView, name: str) -> str:
    effect = view.effects.effects.get(name)
    style = f"+{view.metric.number_format}"
    return format_interval(effect.value, effect.low, effect.high, style) if effect else MISSING
