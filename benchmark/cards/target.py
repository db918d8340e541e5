"""Target tasks: segmentation problems on a data set."""

from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from benchmark.cards.card import Card, Model
from benchmark.cards.problem import Problem
from benchmark.cards.protocol import Positive


class Fold(Model):
    """One of several parts into which the subjects of a data set fall.

    Attributes:
        number: The fold to test on, from 1.
        of: How many folds there are.
    """

    number: Positive
    of: Annotated[int, Field(ge=3)]

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Fold":
        if self.number > self.of:
            raise ValueError(f"number is {self.number}, there are {self.of} folds")
        return self


class TargetCard(Card, Problem):
    """The segmentation problem that is transferred to, and the data set it is posed on.

    Attributes:
        dataset: Id of the data set.
        fold: If given, the data set's own split is not used: this fold is the test subset, the
            next one val, the others train. A card without one has the fingerprint that it had
            before folds existed.
    """

    dataset: str
    fold: Fold | None = None

    @model_serializer(mode="wrap")
    def _without_an_absent_fold(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        if self.fold is None:
            data.pop("fold", None)
        return data
