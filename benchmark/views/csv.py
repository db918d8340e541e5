"""The leaderboard as CSV."""

from benchmark.leaderboard.build import Leaderboard
from benchmark.views.text import guard_formula


def to_csv(board: Leaderboard) -> str:
    """All rows with every number; the paths of an entry's records are joined by spaces.

    Text that a spreadsheet would take for a formula gets an apostrophe; numbers stay as they are.
    """
    if not len(board.rows):
        return ""
    rows = board.rows.assign(records=board.rows["records"].str.join(" "))
    for name in rows.select_dtypes(exclude="number").columns:
        rows[name] = [guard_formula(value) for value in rows[name]]
    return rows.to_csv(index=False, float_format="%.6f", lineterminator="\n")
