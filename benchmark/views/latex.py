"""The leaderboard for papers: LaTeX with booktabs."""

import re
from collections.abc import Sequence

from benchmark.leaderboard.build import Leaderboard
from benchmark.views.tables import Block, blocks, footer, title

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", "↑": r"$\uparrow$",
    "↓": r"$\downarrow$", "†": r"\dag{}", "‡": r"\ddag{}", "§": r"\S{}", "\u2212": "$-$",
}  # fmt: skip


def to_latex(board: Leaderboard, more: Sequence[Block] = (), notes: Sequence[str] = ()) -> str:
    """The tables in LaTeX with booktabs; bold are the scores of tie group a.

    Args:
        board: Whose tables.
        more: Further tables.
        notes: What is said of those.
    """
    name = "".join(c if c.isprintable() else " " for c in title(board))
    lines = [f"% {name}", r"% needs \usepackage{booktabs}, \usepackage[T1]{fontenc} and textcomp"]
    if not len(board.rows) and not more:
        return "\n".join([*lines, "% no records yet", ""])
    targets = board.rows.groupby("target", sort=False) if len(board.rows) else ()
    parts = [part for _, part in targets]
    parts += [board.overall] if len(board.overall) else []
    for block, part in zip(blocks(board), parts, strict=True):
        note = "Bold: tie group a, not told apart from the best."
        lines += _latex_table(block, [group == 1 for group in part["group"]], note)
    for block in more:
        lines += _latex_table(block, [False] * len(block[2]), "")
    said = [footer(board)] if len(board.rows) else []
    lines += [r"\par\footnotesize " + latex_escape(note) for note in (*said, *notes)]
    return "\n".join([*lines, ""])


def _latex_table(block: Block, bold: Sequence[bool], note: str) -> list[str]:
    heading, heads, rows = block
    numbers = [number for number, head in enumerate(heads) if "[95 %]" in head]
    kinds = dict.fromkeys(("source", "strategy", "network", "data", "unit"), "l")
    kinds |= dict.fromkeys(("lacks", "notes"), r"p{0.25\linewidth}")
    columns = "".join(kinds.get(head, "r") for head in heads)
    lines = ["", r"\begin{table}", r"\centering\small",
             rf"\caption{{{' '.join(filter(None, [latex_escape(heading) + '.', note]))}}}",
             rf"\begin{{tabular}}{{{columns}}}", r"\toprule",
             " & ".join(map(latex_escape, heads)) + r" \\", r"\midrule"]  # fmt: skip
    for row, best in zip(rows, bold, strict=True):
        cells = [latex_escape(text) for text in row]
        if best:
            place = numbers[1] if len(numbers) > 1 and heads[0].startswith("rank") else numbers[0]
            value, _, rest = cells[place].partition(" ")
            cells[place] = rf"\textbf{{{value}}}" + (f" {rest}" if rest else "")
        lines.append(" & ".join(f"{{{c}}}" if c.startswith("[") else c for c in cells) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]


def latex_escape(text: str) -> str:
    """Text as LaTeX prints it, without a command or control character taking effect."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    escaped = "".join(LATEX.get(c, c) for c in plain)
    escaped = re.sub(r"(?<![\w-])-(?=\d)", "$-$", escaped)
    return re.sub("-(?=-)", "-{}", escaped)
