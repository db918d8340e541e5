"""What went wrong, in one line: what was read, what was expected, what to type next."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)
FEW = 12  # names that an error lists
LONGEST, END = 1000, 300  # characters of a message, and of its end when it is shortened
LOOK_ALIKE = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABEKMHOPCTYXIJSaeopcyxijsABEZHIKMNOPTYXo",
)
"""Cyrillic and Greek letters, as another keyboard types them, and the Latin ones they look like."""


def one_line(text: object) -> str:
    """Text as one printable line: nothing in it can break a line or steer a terminal.

    What is longer than LONGEST characters loses its middle; the end says what to do.
    """
    plain = " ".join(str(text).splitlines())
    if not plain.isprintable():
        plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in plain)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - END]} ... {plain[-END:]}"


class BenchmarkError(Exception):
    """Base of every error that a user can fix; the command line prints it as one line.

    Attributes:
        exit_status: Of the command: 1 refused, 3 finished with failures.
    """

    exit_status = 1

    def __str__(self) -> str:
        """The message as one printable line of limited length, whatever was read."""
        return one_line(super().__str__())


class CardError(BenchmarkError):
    """A card is malformed, unknown, or names something that does not exist."""


class DataError(BenchmarkError):
    """An image, a mask or a local copy of a data set does not match its card."""


class SplitError(BenchmarkError):
    """A split shares a subject, an examination or a near-duplicate image between subsets."""


class WeightsError(BenchmarkError):
    """A checkpoint cannot be read safely, or does not cover the network it is loaded into."""


class RecordError(BenchmarkError):
    """A record is damaged, or was made under other conditions than its leaderboard's."""


class SubmissionError(BenchmarkError):
    """A packed submission is damaged, unsafe, or not what it claims to be."""


class ProtocolError(BenchmarkError):
    """A run did not keep, or cannot keep, the fine-tuning protocol."""


class Diverged(BenchmarkError):
    """A training ended in numbers that are not finite; a property of what was trained.

    Attributes:
        what: What was not finite.
        step: The optimiser step, counted from 1.
        learning_rate: The rate that the protocol or the recipe states.
    """

    def __init__(self, what: str, step: int, learning_rate: float) -> None:
        """All three are in the message."""
        super().__init__(what, step, learning_rate)
        self.what, self.step, self.learning_rate = what, step, learning_rate

    def __str__(self) -> str:
        """One line."""
        return (
            f"diverged: {self.what} at step {self.step} with learning rate {self.learning_rate:g}"
        )


class WorkerDied(BenchmarkError):
    """A worker process ended in the middle of its work: killed, or out of memory."""

    def __init__(self, exit_code: int | None) -> None:
        """A negative code is the number of the signal that ended it."""
        super().__init__(exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        """One line."""
        code = self.exit_code or 0
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        return f"its process ended ({how}): killed, or the machine is out of memory"


class UnfinishedRun(BenchmarkError):
    """A run came to its end, but not every cell has a result.

    Attributes:
        failures: One line for each cell or source that failed.
    """

    exit_status = 3

    def __init__(self, failures: Sequence[str], summary: str) -> None:
        """The summary is the message; it says how to run them again."""
        super().__init__(failures, summary)
        self.failures, self.summary = tuple(failures), summary

    def __str__(self) -> str:
        """One line."""
        return self.summary


def in_one_line(error: BaseException) -> str:
    """What went wrong, whoever raised it, in one printable line."""
    if isinstance(error, BenchmarkError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = "out of memory; use fewer --jobs, or a machine with more"
    elif isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        text = f"{where}{error.strerror}; make room, or see to the file and its permissions"
    else:
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        text = f"{type(error).__name__}: {first.strip()} (`segtransfer --debug` shows where)"
    return one_line(text)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """An error message for an unknown name, with the known names that resemble it.

    Args:
        kind: What was looked up, in the singular ("source task").
        name: The unknown name.
        known: All known names.

    Returns:
        One sentence; near matches first, or names that contain it, or at most twelve known names.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    near = near or [known for known in names if name and name.lower() in known.lower()][:3]
    if near:
        return f"unknown {kind} {name!r}. Did you mean {' or '.join(map(repr, near))}?"
    if len(names) > FEW:
        return f"unknown {kind} {name!r}."
    return f"unknown {kind} {name!r}; known: {', '.join(names) or 'none'}."


def first_repeated(values: Iterable[Value]) -> Value | None:
    """The first of some values that comes twice; None if all differ."""
    return next((value for value, count in Counter(values).items() if count > 1), None)


def spelling_clash(names: Iterable[str]) -> str:
    """An error message on the first two names that are two spellings of one; empty if none are.

    They differ in case, in blanks or signs without width, in how a letter is encoded (as macOS does
    it), in letters of two alphabets that look alike, or in the `.0` of a spreadsheet that took a
    name for a number.
    """
    first: dict[str, str] = {}
    for name in names:
        for spelling in {_plain_spelling(name), _plain_spelling(name.translate(LOOK_ALIKE))}:
            if (other := first.setdefault(spelling, name)) == name:
                continue
            if other.casefold() == name.casefold():
                return (
                    f"{other!r} and {name!r} differ in case only, which some disks do not tell "
                    "apart; rename one"
                )
            return f"{other!a} and {name!a} are two spellings of one name; write both alike"
    return ""


def lost_zeros(names: Iterable[str], files: Iterable[str]) -> str:
    """An error message on the first name that is a file's without its leading zeros; or ""."""
    full = {file.lstrip("0"): file for file in files if file.isdigit()}
    for name in names:
        if name.isdigit() and (file := full.get(name.lstrip("0"))):
            return (
                f"{name!r} and {file!r} differ in leading zeros, which spreadsheets take away; "
                "write the numbers as in the files"
            )
    return ""


def _plain_spelling(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    seen = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    return re.sub(r"^(\d+)\.0$", r"\1", " ".join(seen.split()))
