"""Tables in the terminal: everything is shown, nothing is broken, at any width."""

import io

import pytest
from rich.console import Console

from benchmark.views.terminal import print_table
from benchmark.views.text import TextTable

SOURCE = "imagenet_mobilenet_v2_torchvision"
HEADS = ["rank [95 %]", "source", "strategy", "n", "Dice ↑ [95 %]", "gain [95 %]", "failed"]
ROW = [
    "1 a [1, 2]",
    SOURCE,
    "full",
    "all",
    "0.901 [0.853, 0.949]",
    "+0.100 [-0.004, +0.204]",
    "0/8",
]
TABLE = TextTable("a target", HEADS, [ROW] * 3)


def printed(table: TextTable, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    print_table(table, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_names_and_intervals_are_whole_and_nothing_is_left_out(width: int) -> None:
    lines = printed(TABLE, width)
    assert max(map(len, lines)) <= width
    for text in (SOURCE, "full", "[1, 2]", "0.901", "[0.853, 0.949]", "[-0.004, +0.204]", "0/8"):
        assert sum(text in line for line in lines) >= 3


def test_intervals_stand_beside_their_numbers_where_there_is_room() -> None:
    assert any(
        "0.901 [0.853, 0.949]  +0.100 [-0.004, +0.204]" in line for line in printed(TABLE, 200)
    )


def test_the_rest_follows_with_the_names_of_the_rows() -> None:
    lines = printed(TABLE, 80)
    (last,) = (number for number, line in enumerate(lines) if "failed" in line)
    assert "source" in lines[last] and "rank" not in lines[last]
    assert sum(SOURCE in line for line in lines[last:]) == 3


def test_a_column_that_is_wider_than_the_terminal_is_still_shown() -> None:
    lines = printed(TextTable("", ["case", "text"], [["a", "y" * 100]]), 80)
    assert "".join(lines).count("y") == 100
