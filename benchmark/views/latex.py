"""The leaderboard for papers: LaTeX with booktabs."""

import re
from collections.abc import Sequence

from benchmark.leaderboard.build import Leaderboard
from benchmark.views.footnotes import footer
from benchmark.views.metric_ranks import agreement_tables
from benchmark.views.tables import leaderboard_tables, title
from benchmark.views.text import TextTable

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", "↑": r"$\uparrow$",
    "↓": r"$\downarrow$", "†": r"\dag{}", "‡": r"\ddag{}", "§": r"\S{}", "\u2212": "$-$",
}  # fmt: skip
LEFT = ("source", "strategy", "network", "data", "unit", "target", "lane", "main metric")


def to_latex(
    board: Leaderboard, further: Sequence[TextTable] = (), notes: Sequence[str] = ()
) -> str:
    """The tables in LaTeX with booktabs; the scores of the candidates for the best are bold.

    Args:
        board: The leaderboard.
        further: Further tables.
        notes: Their footnotes.
    """
    name = "".join(c if c.isprintable() else " " for c in title(board))
    lines = [f"% {name}", r"% needs \usepackage{booktabs}, \usepackage[T1]{fontenc} and textcomp"]
    if not len(board.rows) and not further:
        return "\n".join([*lines, "% no records yet", ""])
    for table in leaderboard_tables(board):
        lines += _latex_table(table, "Bold: candidates for the best.")
    for table in (*further, *agreement_tables(board)):
        lines += _latex_table(table, "")
    footers = [footer(board)] if len(board.rows) else []
    lines += [r"\par\footnotesize " + latex_escape(note) for note in (*footers, *notes)]
    return "\n".join([*lines, ""])


def _latex_table(table: TextTable, note: str) -> list[str]:
    score = next((index for index, head in enumerate(table.columns)
                  if "[95 %]" in head and not head.startswith("rank")), 0)  # fmt: skip
    alignments = dict.fromkeys(LEFT, "l")
    alignments |= dict.fromkeys(("lacks", "notes"), r"p{0.25\linewidth}")
    columns = "".join(alignments.get(head, "r") for head in table.columns)
    lines = ["", r"\begin{table}", r"\centering\small",
             rf"\caption{{{' '.join(filter(None, [latex_escape(table.title) + '.', note]))}}}",
             rf"\begin{{tabular}}{{{columns}}}", r"\toprule",
             " & ".join(map(latex_escape, table.columns)) + r" \\", r"\midrule"]  # fmt: skip
    for index, row in enumerate(table.rows):
        cells = [latex_escape(text) for text in row]
        if index in table.best:
            value, _, bounds = cells[score].partition(" ")
            cells[score] = f"\\textbf{{{value}}} {bounds}".rstrip()
        lines.append(" & ".join(f"{{{c}}}" if c.startswith("[") else c for c in cells) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]


def latex_escape(text: str) -> str:
    """Text as LaTeX prints it, without a command or control character taking effect."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    escaped = "".join(LATEX.get(c, c) for c in plain)
    escaped = re.sub(r"(?<![\w-])-(?=\d)", "$-$", escaped)
    return re.sub("-(?=-)", "-{}", escaped)
