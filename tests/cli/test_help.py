"""`--help` of every command: reflowed, with an example that the command would take, in order."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from benchmark.cli.help import ORDER, reflowed
from benchmark.cli.main import app

GROUP: Any = get_command(app)


def commands(group: Any = GROUP, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def find(path: tuple[str, ...]) -> Any:
    command = GROUP
    for name in path:
        command = command.commands[name]
    return command


ALL = list(commands())


def test_the_commands_stand_in_the_order_of_use() -> None:
    shown = re.findall(r"^│ (\w[\w-]*) ", CliRunner().invoke(app, ["--help"]).output, re.MULTILINE)
    assert tuple(shown) == ORDER and set(ORDER) == set(GROUP.commands)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_its_example_is_one_that_it_takes(path: tuple[str, ...]) -> None:
    found = re.fullmatch(r"Example: \[bold\]segtransfer (.*)\[/bold\]", find(path).epilog)
    assert found
    words, command = shlex.split(found[1]), GROUP
    if words[0] == "--content":
        words = words[2:]
    assert tuple(words[: len(path)]) == path
    for name in path:
        command = command.commands[name]
    context = command.make_context(path[-1], words[len(path) :])  # refuses what it does not take
    assert not context.args


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_its_paragraphs_fill_the_lines_and_its_defaults_are_shown(
    path: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    command = find(path)
    output = CliRunner().invoke(app, [*path, "--help"], terminal_width=width).output
    assert not any("\n" in paragraph for paragraph in command.help.split("\n\n"))
    assert max(map(len, output.splitlines())) <= width
    assert not re.search(r" \.\s*│", output)  # what is left where markup swallowed a default
    assert all(option.help for option in command.params)
    stated = sum("(default:" in option.help for option in command.params)
    assert " ".join(output.split()).count("(default:") >= stated


def test_a_docstring_is_no_markup() -> None:
    assert reflowed("One\nline.\n\nA list [a, b].") == "One line.\n\nA list \\[a, b]."
