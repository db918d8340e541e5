"""Regular expressions, templates and paths on cards, checked when the card is read."""

import re
import string
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath
from posixpath import normpath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

MOST_CHARACTERS = 500
REPEATED_GROUP = re.compile(r"(?<!\\)(?:\\\\)*\)[*+{]")
REPEATED = re.compile(r"(?:\.|\]|\\.|[^\\()|^])(?:[*+]|\{\d*,\})")
MOST_REPEATED = 5


def _pattern(text: str) -> str:
    """Refuse what is no regular expression, and what could take exponential time to match."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"longer than {MOST_CHARACTERS} characters")
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(
            rf"not a regular expression ({error}); any name is `.+`, and `*.png` is `.+\.png`"
        ) from None
    if REPEATED_GROUP.search(text):
        raise ValueError("repeats a group `(...)*`, which can take for ever; write it without")
    if len(REPEATED.findall(text)) > MOST_REPEATED:
        raise ValueError(f"repeats (* or +) more than {MOST_REPEATED} times; be more specific")
    return text


def fields_of(template: str) -> tuple[str, ...]:
    """Names in the braces of a template, as `str.format` has them.

    Raises:
        ValueError: Braces are open, or hold more than a name.
    """
    names = []
    for _, name, specification, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or specification or conversion:
            raise ValueError(f"{{{name}}} is not the name of a group")
        names.append(name)
    return tuple(names)


def _template(text: str) -> str:
    fields_of(text)
    return text


def inside(path: str) -> bool:
    """Whether a relative path stays in the folder that it starts from."""
    absolute = PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
    return bool(path) and not absolute and normpath(path).partition("/")[0] != ".."


def _below_root(text: str) -> str:
    """Refuse a path that leaves the data set's folder."""
    if not inside(text):
        raise ValueError(
            "must be relative and stay below the folder of the data set; give the folder that "
            "holds all files by --from"
        )
    return text


def check_fields(key: str, templates: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a template with a name that no file can have.

    Raises:
        ValueError: Naming the key, the name and what there is.
    """
    names = sorted(known)
    for template in templates:
        for name in fields_of(template):
            if name not in names:
                raise ValueError(f"{key}: {{{name}}} is unknown; there are {', '.join(names)}")


def _words(names: Any) -> tuple[str, ...]:
    return tuple(names.split() if isinstance(names, str) else names)


def _renaming(rule: tuple[str, str]) -> tuple[str, str]:
    """Refuse a replacement that names a group which the pattern has not."""
    try:
        re.sub(rule[0], rule[1], "")
    except (re.error, IndexError) as error:
        raise ValueError(f"not a replacement for {rule[0]!r} ({error})") from None
    return rule


Names = Annotated[tuple[str, ...], BeforeValidator(_words)]  # a list, or words in one string
Pattern = Annotated[str, AfterValidator(_pattern)]
Renaming = Annotated[tuple[Pattern, str], AfterValidator(_renaming)]
Template = Annotated[str, AfterValidator(_template)]
PathPattern = Annotated[str, AfterValidator(_below_root)]
PathTemplate = Annotated[str, AfterValidator(_template), AfterValidator(_below_root)]
