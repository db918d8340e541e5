"""The text below a leaderboard's tables: methods, what group a holds, and what is missing."""

from collections.abc import Iterator

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.target_table import UNLEARNED
from benchmark.records.record import MARK_NAMES
from benchmark.statistics.learned import FLOOR
from benchmark.views.text import counted, listed

MOST = 4  # entries named for each reason

LINEAR = (
    "Lane linear ranks CNNs and vision transformers together, although the resolution of their "
    "feature maps differs."
)
METHOD = (
    "95 % intervals: Student's t with the variance of subjects and seeds; scores of a table in "
    "which a subject scores 0: share of failures and mean of the rest apart. Gain: paired "
    "difference to the same network and strategy from random initialisation; P(no gain): "
    "probability that the entry is not better than that. Rank: only entries with every seed; [..] "
    "contains 95 % of the ranks when subjects and seeds are resampled, P(1) is the share in which "
    "the entry is first. a: candidates for the best, which contain the best entry of the table "
    "with 95 % confidence (Hsu's comparisons with the best, each table by itself). Failed: "
    "structures without any overlap (missed, misplaced or invented). Trust: rows marked neither "
    "re-scored nor re-run are self-reported; only the submitter has scored and run them."
)
FEW = 50  # test subjects below which a table says so


def method(board: Leaderboard | None) -> str:
    """How numbers are computed, and what the lane `linear` of a board compares."""
    return f"{METHOD} {LINEAR}" if board and "linear" in board.lanes else METHOD


def footer(board: Leaderboard) -> str:
    """Methods, meaning of group a, stability, missing and contaminated cells."""
    missing = f"Missing cells of the board: {len(board.missing)}." if board.missing else ""
    if not len(board.rows):
        return missing
    texts = [method(board), *_group_notes(board), *_unlearned(board), *_reasons(board)]
    texts.extend(filter(None, [stability(board)]))
    if failed := int(board.rows["failed_cells"].sum()):
        texts.append(
            f"Failed cells: {failed}, whose training diverged; every structure counts as missed "
            "or invented."
        )
    if board.contaminated:
        texts.append(
            "Contaminated: the source saw some of the target's data; `--clean` leaves it out."
        )
    if pretrained := _pretrained_again(board.rows):
        texts.append(
            f"Pretrained more than once: {', '.join(pretrained)}. Rounding differs between kinds "
            "of processor, so the weights do too; those of each row are in the exports."
        )
    if any(MARK_NAMES["unchecked"] in marks for marks in board.rows["marks"]):
        texts.append(
            "Unchecked data: nobody outside can tell whether the source saw the target's data."
        )
    if any(MARK_NAMES["unseen_labels"] in marks for marks in board.rows["marks"]):
        texts.append(
            "Unseen labels: no image that the network was trained on, or selected with, has one of "
            "the labels; the records say which."
        )
    return " ".join([*texts, missing]).rstrip()


def stability(board: Leaderboard) -> str:
    """How far the ranks over all targets hold when resampled; "" if nothing is ranked over them."""
    taus = []
    for (lane, size), tau in board.stability.items() if len(board.over_targets) else ():
        if tau is not None:
            which = f" with {counted(size, 'training subject')}" if size else ""
            which += f" in {words}" if (words := board.lane_words(lane)) else ""
            taus.append(f"{tau:.2f}{which}")
    if not taus:
        return ""
    return f"Kendall's tau of the ranks over all targets and their resamples: {', '.join(taus)}."


def _pretrained_again(rows: pd.DataFrame) -> list[str]:
    """Sources with different weights in different rows."""
    ranked = rows[rows["unranked"] == ""]
    counts = ranked.groupby("source", sort=False)["weights"].nunique()
    return [str(source) for source in counts.index[counts > 1]]


def _group_notes(board: Leaderboard) -> Iterator[str]:
    """What group a holds, and why it may hold every entry."""
    parts = [rows for rows in (board.rows, board.overall) if len(rows)]
    ranked = [group == 1 for rows in parts
              for group in rows["group"][rows["rank_low"].notna()]]  # fmt: skip
    if ranked and all(ranked):
        yield (
            "Every ranked entry is a candidate for the best: with "
            f"{counted(len(board.board.seeds), 'seed')} and this number of test subjects, none can "
            "be ruled out."
        )
    if any("one seed" in note for note in board.notes):
        yield "With one seed, a is about these trained networks, not about the methods."
    few = dict.fromkeys(board.rows["target"][board.rows["subjects"] < FEW])
    if few:
        yield (
            f"Fewer than {FEW} test subjects ({', '.join(few)}): only large differences are "
            "found; the heading of a table states how large."
        )


def _unlearned(board: Leaderboard) -> Iterator[str]:
    """The targets without ranks."""
    if board.unlearned:
        yield (
            f"Nothing has learned on {', '.join(board.unlearned)}: every score is less than "
            f"{FLOOR:.2f} above that of an empty prediction, and no gain is above 0. Entries have "
            "no rank there, and it is left out of the ranks over all targets and of domain versus "
            "task."
        )


def _reasons(board: Leaderboard) -> Iterator[str]:
    """Why entries have no rank or no gain, where a table shows a dash."""
    entries: dict[tuple[str, str, str], list[str]] = {}
    for _, row in board.rows.iterrows():
        lacking = "No gain" if pd.isna(row["gain"]) else "No standardised gain"
        some = pd.notna(row["standardised"])  # of some seeds: stands beside the gain
        for head, reason in (
            ("No rank", row["why_unranked"]), (lacking, "" if some else row["gain_note"])
        ):  # fmt: skip
            if reason and reason != UNLEARNED:
                where = ", ".join(filter(None, (row["target"], board.lane_words(row["lane"]))))
                names = entries.setdefault((head, where, str(reason)), [])
                names.append(f"{row['source']}/{row['strategy']}")
    for (head, target, reason), names in entries.items():
        yield f"{head} on {target}: {listed([*dict.fromkeys(names)], MOST)}: {reason}."
