"""Cache of parsed cards as JSON: parsing YAML takes most of the time of a short command.

The key of an entry is the SHA-256 of the card's text and of the code that reads it, so a card that
was edited is read again. A cache that is damaged or cannot be written is ignored.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import ruamel.yaml

from benchmark.errors import RecordError
from benchmark.files import read_checked, write_checked

MANY = 2000
READER = hashlib.sha256(
    (Path(__file__).parent / "card.py").read_bytes() + ruamel.yaml.__version__.encode()
).hexdigest()


class ParsedCards:
    """The plain data of cards, by their text, in one file.

    Attributes:
        path: The file.
        known: All entries of the file.
        used: Entries that were asked for or added.
    """

    def __init__(self, path: Path) -> None:
        """Read the file, if it exists."""
        self.path = path
        self.used: dict[str, Any] = {}
        content = read_checked(path)
        self.known: dict[str, Any] = json.loads(content) if content else {}

    def find(self, text: str) -> Any:
        """The plain data of a text; None if it is not in the cache."""
        key = _key(text)
        if key in self.known:
            self.used[key] = self.known[key]
        return self.used.get(key)

    def keep(self, text: str, data: Any) -> None:
        """Add the data of a text, unless JSON would change them."""
        try:
            plain = json.loads(json.dumps(data))
        except TypeError:  # a date, say
            return
        if plain == data:
            self.used[_key(text)] = plain

    def save(self) -> None:
        """Write the file if something is new; above MANY entries, unused ones are dropped."""
        if self.used.keys() <= self.known.keys():
            return
        kept = self.used if len(self.known) > MANY else self.known | self.used
        with suppress(RecordError):
            write_checked(self.path, json.dumps(kept).encode())


def _key(text: str) -> str:
    return hashlib.sha256(f"{READER} {text}".encode()).hexdigest()
