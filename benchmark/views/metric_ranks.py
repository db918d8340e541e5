"""How much the order of the entries depends on the metric, as a table and in one line."""

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.metric_ranks import MetricAgreement
from benchmark.scoring.metrics import METRICS
from benchmark.views.text import MISSING, TextTable, format_number

TITLE = "Does the choice of the metric change the order?"
METHOD = (
    "Kendall's tau between the order by the main metric and that by another; 1: the same, "
    "-1: the reverse"
)


def agreement_tables(board: Leaderboard) -> list[TextTable]:
    """Kendall's tau per setting and metric, as one table; none if no tau is known."""
    known = _known(board)
    if not known:
        return []
    sized = len({own.train_subjects for own in known}) > 1
    laned, names = len(board.lanes) > 1, _metrics(known)
    columns = ["target", *["lane"] * laned, *["n"] * sized, "entries", "main metric",
               *(METRICS[name].title for name in names)]  # fmt: skip
    rows = [
        [
            own.target or "all targets",
            *[own.lane] * laned,
            *[str(own.train_subjects or "all")] * sized,
            str(own.entries),
            METRICS[own.main_metric].title if own.main_metric else MISSING,
            *(format_number(own.tau.get(name), ".2f") for name in names),
        ]
        for own in known
    ]
    return [TextTable(f"{TITLE} ({METHOD})", columns, rows)]


def agreement_line(board: Leaderboard) -> str:
    """Smallest and largest tau of each metric; "" if none is known."""
    known = _known(board)
    parts = []
    for name in _metrics(known):
        taus = sorted(tau for own in known if (tau := own.tau.get(name)) is not None)
        ends = dict.fromkeys(f"{tau:.2f}" for tau in (taus[0], taus[-1]))
        parts.append(f"{METRICS[name].title} {' to '.join(ends)}")
    return f"{TITLE} {METHOD}: {'; '.join(parts)}." if parts else ""


def _known(board: Leaderboard) -> list[MetricAgreement]:
    """Those with a tau; over all targets only if there are several."""
    several = len({own.target for own in board.agreement if own.target}) > 1
    return [
        own
        for own in board.agreement
        if (own.target or several) and any(tau is not None for tau in own.tau.values())
    ]


def _metrics(known: list[MetricAgreement]) -> list[str]:
    """The metrics of which a tau is known, in the order of the registry."""
    names = {name for own in known for name, tau in own.tau.items() if tau is not None}
    return [name for name in METRICS if name in names]
