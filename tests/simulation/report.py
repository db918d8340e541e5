"""Writes docs/simulations.md: `PYTHONPATH=tests python -m simulation.report [boards]`.

About half an hour on one core. `tests/statistics/test_intervals_coverage.py` holds a few of the
settings to their promise.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from simulation import boards as generators
from simulation.best import GAPS, measure_groups
from simulation.boards import Setting, true_mean
from simulation.effects import GRID, TRUTH, measure_effects
from simulation.rates import Found, measure

from benchmark.statistics.rules import STATISTICS

PAGE = Path(__file__).parents[2] / "docs" / "simulations.md"
SHAPES = ("normal", "left tail", "5 % fail", "20 % fail", "uneven", "collapsed")
STEP = 0.05
GROUP_BOARDS, EFFECT_BOARDS = 200, 60
HEADS = {
    "mean": "mean", "unseen": "unseen", "width": "width", "gain": "gain",
    "best_lost": "equal: lost", "found": "found", "true_best_lost": "best lost",
    "gain_found": "gain found",
}  # fmt: skip
LEGEND = """
- mean: intervals of scores that hold the truth; unseen: the bounds that allow for unseen failures;
  width: of the intervals of scores, as a number.
- gain: intervals of gains of equal entries that hold 0. What is missing to 100 are false
  differences.
- equal: lost: a given one of equal entries is left out of group a (5 % allowed).
- found: with one entry better by 0.05 for each subject that does not fail, share of the others that
  are left out of group a; best lost: that entry is left out; gain found: the interval of its gain
  lies above 0.
"""
HEAD = """# Simulations of the statistics

How often the intervals of [Methodology](methodology.md#statistics) hold the truth, and what group a
finds, on boards of random numbers whose truth is known. Nothing is claimed beyond these settings.
Statistics {statistics}; written by `PYTHONPATH=tests python -m simulation.report`.

{scores}

In percent of {boards} simulated boards a line, 95 % nominal. The Monte Carlo standard error of a
share of 95 % or 5 % of boards is {error:.1f} points, of 50 % {half:.1f}; shares over several
entries of a board have smaller ones."""
GROUPS = """12 sources with two strategies on one target, three seeds; the true means have sd 0.02
between sources and 0.01 beside. Size of group a, and in percent of {boards} boards the loss of the
truly best entry and the entries left out whose true mean is so far below it, beside a correction of
all 276 pairs by Holm."""
EFFECTS = """Effects of {truth} on Dice; `slope` is the standard deviation of the effect of domain
match between targets. Coverage in percent of {boards} boards and mean half width of the
intervals."""


def settings() -> Iterator[Setting]:
    """Four entries with several shapes, and other numbers of entries where seeds matter most."""
    for shape in ("normal", "left tail"):
        for seeds in (1, 2, 3, 5) if shape == "normal" else (1, 2, 3):
            for subjects in (5, 10, 35, 100) if seeds in (1, 3) else (10, 35):
                for ratio in (0.0, 1.0) if shape == "normal" or seeds == 3 else (0.0,):
                    if (shape, seeds, subjects) != ("left tail", 3, 100):
                        yield Setting(shape, 4, seeds, subjects, ratio)
    for entries in (2, 3, 12):
        for seeds in (2, 3):
            for ratio in (0.0, 1.0, 3.0):
                yield Setting("normal", entries, seeds, 35, ratio)
    for shape in ("uneven", "collapsed"):
        for entries in (4, 12) if shape == "uneven" else (3, 4, 12):
            for seeds in (2, 3, 5):
                yield Setting(shape, entries, seeds, 35, 1.0)
    for shape in ("5 % fail", "20 % fail"):
        for seeds in (1, 3):
            for subjects in (10, 35, 100):
                yield Setting(shape, 4, seeds, subjects, 0.0)


def report(boards: int) -> str:
    """The page as Markdown."""
    errors = {share: 100 * (share * (1 - share) / boards) ** 0.5 for share in (0.05, 0.5)}
    lines = [
        HEAD.format(statistics=STATISTICS, scores=_text(generators.__doc__), boards=boards,
                    error=errors[0.05], half=errors[0.5]),
        LEGEND,
        "| scores | entries | seeds | subjects | ratio | " + " | ".join(HEADS.values()) + " |",
        "|---|" + "---:|" * (4 + len(HEADS)),
    ]  # fmt: skip
    truths = {shape: true_mean(shape) for shape in SHAPES}
    for setting in settings():
        found = measure(setting, boards, truths[setting.shape], STEP)
        facts = (setting.shape, setting.entries, setting.seeds, setting.subjects,
                 f"{setting.ratio:g}")  # fmt: skip
        lines.append("| " + " | ".join([*map(str, facts), *_cells(found)]) + " |")
        print(lines[-1], flush=True)
    lines += ["", "## Group a of 24 entries", "", *_groups(GROUP_BOARDS), "",
              "## Domain versus task", "", *_effects(EFFECT_BOARDS)]  # fmt: skip
    return "\n".join(lines) + "\n"


def _text(doc: str | None) -> str:
    return (doc or "").split("\n\n", 1)[1].strip()


def _cells(found: Found) -> list[str]:
    return [
        "-" if np.isnan(value) else f"{value:.3f}" if name == "width" else f"{100 * value:.1f}"
        for name, value in vars(found).items()
    ]


def _groups(boards: int) -> Iterator[str]:
    """The table of group a."""
    yield GROUPS.format(boards=boards) + "\n"
    gaps = [f"{low} to {high}" for low, high in GAPS]
    yield f"| rule | subjects | size of a | best lost | {' | '.join(gaps)} |"
    yield "|---|" + "---:|" * (3 + len(gaps))
    for subjects in (15, 35, 100):
        for rule, own in measure_groups(subjects, boards).items():
            shares = " | ".join(f"{100 * own[name]:.1f}" for name in ("best lost", *gaps))
            yield f"| {rule} | {subjects} | {own['size']:.1f} | {shares} |"


def _effects(boards: int) -> Iterator[str]:
    """The table of domain match and task match."""
    truth = ", ".join(f"{value:g} ({name})" for name, value in TRUTH.items())
    yield EFFECTS.format(truth=truth, boards=boards) + "\n"
    heads = [f"{name} | half width" for name in TRUTH]
    yield f"| targets | sources | slope | {' | '.join(heads)} |"
    yield "|" + "---:|" * (3 + 2 * len(TRUTH))
    for targets, sources, slope in GRID:
        found = measure_effects(targets, sources, boards, slope)
        cells = [
            f"{100 * found[name][0]:.1f} | {found[name][1]:.3f}" if name in found else "- | -"
            for name in TRUTH
        ]
        yield f"| {targets} | {sources} | {slope:g} | {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(report(int(sys.argv[1]) if len(sys.argv) > 1 else 400), encoding="utf-8")
