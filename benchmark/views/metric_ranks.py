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
    sized = len({agreement.train_subjects for agreement in known}) > 1
    laned, names = len(board.lanes) > 1, _metrics(known)
    columns = ["target", *["lane"] * laned, *["n"] * sized, "entries", "main metric",
               *(METRICS[name].title for name in names)]  # fmt: skip
    rows = [
        [
            agreement.target or "all targets",
            *[agreement.lane] * laned,
            *[str(agreement.train_subjects or "all")] * sized,
            str(agreement.entries),
            METRICS[agreement.main_metric].title if agreement.main_metric else MISSING,
            *(format_number(agreement.tau.get(name), ".2f") for name in names),
        ]
        for agreement in known
    ]
    return [TextTable(f"{TITLE} ({METHOD})", columns, rows)]


def agreement_line(board: Leaderboard) -> str:
    """Smallest and largest tau of each metric; "" if none is known."""
    known = _known(board)
    parts = []
    for name in _metrics(known):
        taus = sorted(tau for agreement in known if (tau := agreement.tau.get(name)) is not None)
        ends = dict.fromkeys(f"{tau:.2f}" for tau in (taus[0], taus[-1]))
        parts.append(f"{METRICS[name].title} {' to '.join(ends)}")
    return f"{TITLE} {METHOD}: {'; '.join(parts)}." if parts else ""


def _known(board: Leaderboard) -> list[MetricAgreement]:
    """Those with a tau; over all targets only if there are several."""
    several = len({agreement.target for agreement in board.agreement if agreement.target}) > 1
    return [
        agreement
        for agreement in board.agreement
        if (agreement.target or several) and any(tau is not None for tau in agreement.tau.values())
    ]


def _metrics(known: list[MetricAgreement]) -> list[str]:
    """The metrics of which a tau is known, in the order of the registry."""
    names = {name for agreement in known for name, tau in agreement.tau.items() if tau is not None}
    return [name for name in METRICS if name in names]
