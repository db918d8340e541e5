"""Groups of subjects of a data set (device, sex, age band, lesion size), and the file of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from benchmark.cards.card import Model
from benchmark.cards.patterns import Names
from benchmark.errors import CardError
from benchmark.reading import read_csv

FILE = "groups.csv"  # beside the card
SUBJECT = "subject"
SubjectGroups = Mapping[str, Mapping[str, str]]
"""By the name of the group: by subject the part it falls into; subjects not known are not in it."""


class GroupRule(Model):
    """How subjects fall into parts.

    `fact` is a fact of the cases: a named group of the layout's pattern or a column of its table or
    manifest. `size_of` names labels, whose size in the masks counts: ml in volumes, square
    centimetres in pictures, per cent of the image where no spacing is known. Without either, the
    file is written by hand. `bands` are the bounds between parts of a number, which is averaged
    over a subject's cases; `unit` is that of a fact.
    """

    fact: str = ""
    size_of: Names = ()
    bands: Annotated[tuple[float, ...], Field(max_length=9)] = ()
    unit: str = ""

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "GroupRule":
        if self.fact and self.size_of:
            raise ValueError("give either fact or size_of")
        if self.size_of and not self.bands:
            raise ValueError("size_of needs bands, such as [1, 10]")
        if list(self.bands) != sorted(set(self.bands)):
            raise ValueError("bands must increase")
        return self

    def band(self, value: float, unit: str) -> str:
        """The part that a number falls into, in words; a bound belongs to the part above it."""
        below = [bound for bound in self.bands if bound <= value]
        above = [bound for bound in self.bands if bound > value]
        if not above:
            return f"{below[-1]:g} {unit} or more".replace("  ", " ")
        if not below:
            return f"below {above[0]:g} {unit}".rstrip()
        return f"{below[-1]:g} to {above[0]:g} {unit}".rstrip()


def read_subject_groups(folder: Path) -> SubjectGroups:
    """The groups in a data set's folder; none where it has no such file.

    Raises:
        CardError: The file has no column subject, or a subject twice.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    rows = read_csv(path, [SUBJECT], error=CardError)
    subjects = [row[SUBJECT] for row in rows]
    if len(set(subjects)) < len(subjects):
        raise CardError(f"{path}: a subject is listed twice; each has one row")
    names = [name for name in (rows[0] if rows else {}) if name != SUBJECT]
    return {name: {row[SUBJECT]: row[name] for row in rows if row[name]} for name in names}
