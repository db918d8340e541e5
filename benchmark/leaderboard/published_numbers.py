"""The numbers of a paper, as they stand in the published.csv of a board."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator

from benchmark.cards.card import Model
from benchmark.errors import CardError, unknown_name
from benchmark.reading import read_csv
from benchmark.scoring.metrics import METRICS, POOLED

Certainty = Literal["exact from code", "recomputed", "unknown"]
Cell = tuple[str, str, str, int]  # target, source, strategy, training subjects


class PublishedNumber(Model):
    """One number of a paper, of one cell of the board in whose folder it stands.

    `value` and `sd` are in the metric's unit, ratios from 0 to 1; `sd` is over `runs`. `where`
    says where the number was read, and of what it speaks where that is not plain.
    """

    target: str
    source: str
    strategy: str
    train_subjects: Annotated[int, Field(ge=0)]
    metric: str
    value: Annotated[float, Field(allow_inf_nan=False)]
    sd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    runs: Annotated[int, Field(ge=1)] | None
    certainty: Certainty
    where: str

    @field_validator("sd", "runs", mode="before")
    @classmethod
    def _blank_is_unknown(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("metric")
    @classmethod
    def _metric_exists(cls, name: str) -> str:
        known = {**METRICS, **POOLED}
        if name not in known:
            raise ValueError(unknown_name("metric", name, known))
        return name

    @property
    def cell(self) -> Cell:
        """The cell that it belongs to."""
        return (self.target, self.source, self.strategy, self.train_subjects)


def read_published(path: Path) -> tuple[PublishedNumber, ...]:
    """Read a published.csv; it may hold no number.

    Raises:
        CardError: The file is missing, has other columns, or a row is malformed.
    """
    if not path.exists():
        raise CardError(f"{path}: no such file; the board holds no published numbers")
    rows = read_csv(path, PublishedNumber.model_fields, exactly=True, error=CardError)
    numbers = []
    for line, row in enumerate(rows, start=2):
        try:
            numbers.append(PublishedNumber.model_validate(row))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            key = ".".join(map(str, problem["loc"]))
            raise CardError(f"{path}, line {line}: {key}: {problem['msg']}") from None
    return tuple(numbers)
