"""Strict YAML to frozen models: an unknown key or a wrong type is an error, never skipped."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tokens import AliasToken

from benchmark.cards.card_cache import ParsedCards
from benchmark.errors import CardError, unknown_name
from benchmark.reading import keys_once, read_text

MAX_CARD_BYTES = 250_000
MAX_DEPTH = 32  # of brackets; the parser takes seconds for a thousand of them
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that steer a terminal or turn the direction of text; line feed and tab do not."""
BRACKET = re.compile(r"[][{}]")
MISSING = {"na", "n/a", "nan", "null", "none"}  # in a table, to pandas or R


class Model(BaseModel):
    """A frozen group of facts; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Card(Model):
    """What every card states."""

    id: str
    version: int
    title: str


def omitted_default(default: Any = None) -> Any:
    """A field that is left out of the serialised form while it has its default value.

    A field added later is declared with it, so that the fingerprints of older cards, protocols
    and records stay as they are.
    """
    return Field(default=default, exclude_if=lambda value: value == default)


CardType = TypeVar("CardType", bound=Card)
ModelType = TypeVar("ModelType", bound=BaseModel)


def fingerprint(value: Any) -> str:
    """SHA-256 of the canonical JSON of a model or of plain data, as `sha256:<hex>`."""
    data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def read_yaml(path: Path, parsed: ParsedCards | None = None) -> Any:
    """Read one YAML 1.2 document of plain data, or find it among those read before.

    Raises:
        CardError: The file cannot be read, is no YAML, repeats a key, is nested too deeply, or
            uses aliases (which can unfold into gigabytes) or characters that steer a terminal.
    """
    text = read_text(path, CardError, MAX_CARD_BYTES)
    if _depth(text) > MAX_DEPTH:
        raise CardError(f"{path}: nested too deeply; a card is a few levels deep")
    try:
        if parsed is not None and (known := parsed.find(text)) is not None:
            return known
        data = _plain_data(text)
        if parsed is not None:
            parsed.keep(text, data)
        return data
    except CardError as error:
        raise CardError(f"{path}: {error}") from None
    except RecursionError:
        raise CardError(f"{path}: nested too deeply; a card is a few levels deep") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        what = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise CardError(f"{path}:{where} not valid YAML: {what}") from None
    except Exception as error:  # ruamel.yaml has many for a tag with a value that is none
        what = str(error).partition(";")[0] or type(error).__name__
        raise CardError(f"{path}: not valid YAML: {what}") from None


def _depth(text: str) -> int:
    """How deep brackets are nested, those in texts and comments included."""
    depth = deepest = 0
    for bracket in BRACKET.findall(text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


@lru_cache(maxsize=512)
def _plain_data(text: str) -> Any:
    """The data of a text, which nobody may change: one process reads the same cards many times."""
    tokens = YAML(typ="safe", pure=True).scan(text) if "&" in text else ()
    if any(isinstance(token, AliasToken) for token in tokens):
        raise CardError("YAML aliases (*name) are not allowed in cards")
    data = YAML(typ="safe", pure=True).load(text)
    if control := CONTROL.search("".join(_texts(data))):
        raise CardError(f"{ascii(control[0])} steers a terminal; a card is plain text")
    return data


def _texts(data: Any) -> Iterator[str]:
    """Every text in plain data, keys included."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        yield from _texts([*data, *data.values()])
    elif isinstance(data, (list, tuple, set)):
        for item in data:
            yield from _texts(item)


def yaml_text(data: Any, width: int = 80) -> str:
    """Plain data as YAML, keys in their order; lines are broken near `width` characters."""
    text, yaml = StringIO(), YAML()
    yaml.width = width
    yaml.dump(data, text)
    return text.getvalue()


def read_card(path: Path, kind: type[CardType], parsed: ParsedCards | None = None) -> CardType:
    """Read and check one card; its id must equal the name its path gives it.

    Raises:
        CardError: Naming the file, the key and what was expected there.
    """
    card = check_model(read_yaml(path, parsed), kind, path)
    named = path.parent.name if path.stem in {"dataset", "board"} else path.stem
    if card.id != named:
        raise CardError(f"{path}: id is {card.id!r}, but the path names it {named!r}")
    if not card.id[:1].isalnum() or card.id.casefold() in MISSING:
        raise CardError(
            f"{path}: id {card.id!r} would be read as an option, a formula or a missing value; "
            "choose another that begins with a letter or digit"
        )
    return card


def check_model(data: Any, kind: type[ModelType], path: Path) -> ModelType:
    """Check plain data against a model, strictly.

    Raises:
        CardError: One line with file, key, what was found and what was expected.
    """
    if not isinstance(data, dict):
        raise CardError(f"{path}: expected keys and values, found {type(data).__name__}")
    try:
        text = json.dumps(data, default=str)  # makes one key of 1 and "1"
        plain = json.loads(text, object_pairs_hook=keys_once)
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise CardError(f"{path}: {_first_problem(error, kind, plain)}") from None
    except (TypeError, ValueError) as error:  # a key that is a list, a number of 5000 digits
        raise CardError(f"{path}: a key or value that no card has ({error})") from None


def _first_problem(error: ValidationError, kind: type[BaseModel], data: Any) -> str:
    problems = error.errors(include_url=False)
    order = ("extra_forbidden", "value_error", "missing")
    problem = next((p for kind in order for p in problems if p["type"] == kind), problems[0])
    key = ".".join(_keys(problem["loc"], data))
    if problem["type"] == "extra_forbidden":
        return unknown_name("key", str(problem["loc"][-1]), _known_keys(kind))
    if problem["type"] == "missing":
        return f"key {key!r} is missing"
    what = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], dict):  # of a check of several keys together
        return f"key {key!r}: {what}" if key else what
    return f"key {key!r} is {problem['input']!r}: {what}"


def _keys(location: Sequence[str | int], data: Any) -> Iterator[str]:
    """The keys of the data that lead to a place; pydantic puts members of a union between them."""
    for number, part in enumerate(location, start=1):
        try:
            data = data[part]
        except (LookupError, TypeError):  # a missing key comes last
            if number < len(location) or "[" in str(part):
                continue
        yield str(part)


def _known_keys(kind: type[BaseModel]) -> set[str]:
    """Field names of a model and of all models in it."""
    names, todo = set(kind.model_fields), [f.annotation for f in kind.model_fields.values()]
    while todo:
        item = todo.pop()
        todo += list(getattr(item, "__args__", ()))
        if isinstance(item, type) and issubclass(item, BaseModel):
            names |= _known_keys(item)
    return names
