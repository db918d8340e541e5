"""What the demo found: one table for a narrow terminal, and a sentence for each target."""

from collections.abc import Iterator

import pandas as pd

from benchmark.views.text import TextTable, format_interval, format_number


def demo_table(rows: pd.DataFrame) -> TextTable:
    """Mean Dice of each source, and its gain over random initialisation, target by target.

    Args:
        rows: Those of a leaderboard with one strategy and one number of training subjects.
    """
    lines: list[tuple[str, str, str]] = []
    for target, of_target in rows.groupby("target", sort=False):
        lines.append((f"{target}:", "", ""))
        lines += [
            (
                f"  {row['source']}",
                format_number(row["score"], ".3f"),
                format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.2f"),
            )
            for _, row in of_target.iterrows()
        ]
    return TextTable("", ("source", "Dice", "gain over random initialisation [95 %]"), lines)


def demo_sentences(rows: pd.DataFrame) -> Iterator[str]:
    """Which sources help or harm on each target: interval of the gain above or below 0."""
    for target, of_target in rows.groupby("target", sort=False):
        compared = of_target[of_target["gain"].notna()]
        better, worse = compared["gain_low"] > 0, compared["gain_high"] < 0
        verdicts = (("{} helps", better), ("{} harms", worse),
                 ("no gain or loss is shown for {}", ~better & ~worse))  # fmt: skip
        texts = [
            text.format(" and ".join(compared.loc[chosen, "source"]))
            for text, chosen in verdicts
            if chosen.any()
        ]
        yield f"On {target}, {'; '.join(texts)}."
