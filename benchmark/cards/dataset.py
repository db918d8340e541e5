"""Data set cards: licence, access, layout on disk, label values, grouping, known issues."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from benchmark.cards.card import Card, Model, omitted_default
from benchmark.cards.layouts import DatasetLayout, PairedImages
from benchmark.cards.patterns import Names, PathPattern
from benchmark.cards.problem import Problem
from benchmark.cards.subject_groups import GroupRule
from benchmark.errors import first_repeated

Domain = Literal["natural", "brain_mri", "ultrasound", "ct", "medical", "none"]
"""`medical` is of sources that saw several kinds of medical images."""
Subset = Literal["train", "val", "test", "pretrain"]


def _is_label(value: int) -> int:
    if not 1 <= value <= 255:
        raise ValueError("expected 1 to 255; write masks with other values again, with such values")
    return value


LabelValue = Annotated[int, AfterValidator(_is_label)]


class Download(Model):
    """One public file. An archive is unpacked into the folder `into` of the data set's root.

    `nested` names, as a pattern, archives inside the archive that are unpacked too; `expects`
    are patterns of which each must match something unpacked.
    """

    url: str
    file: str
    bytes: int | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    unpack: bool = False
    into: str = ""
    nested: str | None = None
    expects: tuple[PathPattern, ...] = ()


class SplitRule(Model):
    """A fixed split without a file: the official one where a fact tells it, else by subject.

    A subject's place is a number in [0, 1) made from the SHA-256 of seed and name, compared with
    the cumulated `shares`; it does not depend on which other subjects are there. `fact` names a
    fact of the case (a named group or a column) and `values` maps what it says to a subset;
    `train_val` stands for shares of train and val only. `listed` names the cases of a subset, and
    all others are in `others`.
    """

    seed: int = 0
    shares: dict[Subset, float] = {"train": 0.6, "val": 0.2, "test": 0.2}
    fact: str | None = None
    values: dict[str, Subset | Literal["train_val"]] = {}
    listed: dict[Subset, Names] = {}
    others: Subset = "train"

    @model_validator(mode="after")
    def _shares_are_whole(self) -> "SplitRule":
        if self.listed and self.fact:
            raise ValueError("give either listed cases or a fact")
        names = [name for subset in self.listed.values() for name in subset]
        if twice := first_repeated(names):
            raise ValueError(f"listed: case {twice!r} comes twice")
        if abs(sum(self.shares.values()) - 1) > 1e-9 or min(self.shares.values()) < 0:
            raise ValueError("shares must add up to 1")
        return self


class DatasetCard(Card):
    """One public (or private, or synthetic) data set.

    `labels` maps a structure's name to the value it has in the mask files, 1 to 255; 0 is
    background. `ignore_value` marks pixels that are neither trained nor scored. `same_subject`
    lists groups of subject names that were found to be one person; the first name of a group
    stands for all.
    `channels` is 1 for grey (colour pictures are turned into luminance) and 3 for colour.
    `classes` are the values that the fact `class` of a case can take, for classification.
    `families` names pools of people or images that other data sets are drawn from too.
    `legacy_split` says what is wrong with a published split that is kept for comparison: only
    boards that are marked `legacy` may use it.
    `expected_cases` is how many cases this card speaks of, where the split is a rule. `part_of`
    names the larger data set that they were chosen from, and how many of how many: every record
    is then marked `subset`.
    `groups` are parts of the subjects whose scores are compared; `groups.csv` beside the card has
    them, see `segtransfer data groups`.
    `target` poses the data set's own problem, as a target task with the data set's id.
    `files_url` is the address below which the files lie that `files.csv` beside the card lists.
    `how_to_get` are the steps where a form or an account stands before the data; `unverified`
    says what on this card nobody has yet checked against the data or its host.
    """

    domain: Domain
    synthetic: bool = False
    licence: str
    access: Literal["open", "account", "agreement", "synthetic"]
    citation: str
    homepage: str
    group_by: str
    labels: dict[str, LabelValue]
    channels: Literal[1, 3] = 1
    classes: tuple[str, ...] = ()
    ignore_value: LabelValue | None = None
    same_subject: tuple[Names, ...] = ()
    families: tuple[str, ...] = ()
    layout: DatasetLayout
    split: SplitRule | None = None
    legacy_split: str = ""
    expected_cases: int | None = None
    part_of: str = ""
    groups: dict[str, GroupRule] = omitted_default({})
    download: tuple[Download, ...] = ()
    files_url: str = ""
    how_to_get: tuple[str, ...] = ()
    target: Problem | None = None
    known_issues: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _values_mean_one_thing(self) -> "DatasetCard":
        ignored = [] if self.ignore_value is None else [self.ignore_value]
        if twice := first_repeated([*self.labels.values(), *ignored]):
            raise ValueError(
                f"labels, ignore_value: {twice} stands for two; give each value one name"
            )
        people = [name for names in self.same_subject for name in set(names)]
        if twice_named := first_repeated(people):
            raise ValueError(f"same_subject: {twice_named!r} is in two groups; make them one")
        pictures = isinstance(self.layout, PairedImages) and self.layout
        if pictures and pictures.threshold is not None and isinstance(pictures.masks, tuple):
            if len(self.labels) != 1:
                raise ValueError("layout.threshold: of several labels each has `masks` of its own")
        return self

    @property
    def can_be_downloaded(self) -> bool:
        """Whether `segtransfer data get` brings it, without a form or an account."""
        return self.access == "open" and bool(self.download or self.files_url)
