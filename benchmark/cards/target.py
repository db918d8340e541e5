"""Target tasks: segmentation problems on a data set."""

from typing import Annotated

from pydantic import Field, model_validator

from benchmark.cards.card import Card, Model, omitted_default
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
            next one val, the others train.
        folds: Number of folds of a cross-validation, for small data sets. A cell fine-tunes one
            network per fold, and its record holds each subject once, from the network that was
            neither trained nor selected with it.
    """

    dataset: str
    fold: Fold | None = omitted_default()
    folds: Annotated[int, Field(ge=3)] | None = omitted_default()

    @model_validator(mode="after")
    def _one_fold_or_all(self) -> "TargetCard":
        if self.fold and self.folds:
            raise ValueError("give either fold (one of them is tested) or folds (each is)")
        return self
