"""Cards that were read before, kept as JSON: reading YAML is most of what a short command does.

An entry is found by the SHA-256 of the text and of the code that reads it, so a card that was
edited is read again. A file that is damaged or cannot be written is as good as none.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import ruamel.yaml

MANY = 2000
READER = hashlib.sha256(
    (Path(__file__).parent / "card.py").read_bytes() + ruamel.yaml.__version__.encode()
).hexdigest()


class ParsedCards:
    """What the texts of cards hold, in one file."""

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one."""
        self.path = path
        self.known: dict[str, Any] = {}
        self.used: dict[str, Any] = {}
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(found, dict):
            self.known = found

    def find(self, text: str) -> Any:
        """The plain data of a text that was kept; None where it was not."""
        key = _key(text)
        if key in self.known:
            self.used[key] = self.known[key]
        return self.used.get(key)

    def keep(self, text: str, data: Any) -> None:
        """Remember the data of a text, unless JSON would change them."""
        try:
            plain = json.loads(json.dumps(data))
        except TypeError:  # a date, say
            return
        if plain == data:
            self.used[_key(text)] = plain

    def save(self) -> None:
        """Write the file again if something is new; texts that nobody has any more go in time."""
        if self.used.keys() <= self.known.keys():
            return
        kept = self.used if len(self.known) > MANY else self.known | self.used
        part = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=self.path.parent, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            os.replace(part, self.path)
        except OSError:
            if part is not None:
                Path(part).unlink(missing_ok=True)


def _key(text: str) -> str:
    return hashlib.sha256(f"{READER} {text}".encode()).hexdigest()
