"""The layouts: each kind is a module of this package, found by its name.

A layout `kind` of the card models is read by the module `benchmark.data.layouts.<kind>`, which
ends with `LAYOUT = LayoutReader(find, load)`. It is imported when a data set first needs it.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import PhantomLayout
from benchmark.data.cases import Case, LoadedCase, MaskFile
from benchmark.errors import DataError, first_repeated, in_one_line, spelling_clash


@dataclass(frozen=True)
class LayoutReader:
    """How data sets of one layout are read.

    Attributes:
        find: Gives all cases below a folder, without reading pixels.
        load: Gives the pixels of one of these cases.
    """

    find: Callable[[DatasetCard, Path], list[Case]]
    load: Callable[[DatasetCard, Case], LoadedCase]


def layout_reader(kind: str) -> LayoutReader:
    """The reader of a kind of layout."""
    reader: LayoutReader = import_module(f"benchmark.data.layouts.{kind}").LAYOUT
    return reader


def find_cases(card: DatasetCard, root: Path | None) -> list[Case]:
    """All cases of a data set, sorted by name; pixels are not read.

    Args:
        card: Of the data set.
        root: Its folder; None for phantoms, which have none.

    Raises:
        DataError: Nothing matches the layout, a mask is missing, two cases have one name, names of
            cases or subjects are two spellings of one (one subject could be in two subsets), a name
            is not UTF-8 or has a control character, an image is its own mask or that of two
            subjects, or a wildcard gives a case the mask of another.
    """
    if not isinstance(card.layout, PhantomLayout) and (root is None or not root.is_dir()):
        raise DataError(f"{root}: no such folder")
    try:
        cases = layout_reader(card.layout.kind).find(card, root or Path())
    except OSError as error:  # a folder that cannot be read, a name that is too long
        raise DataError(in_one_line(error)) from None
    names = [case.case for case in cases]
    if repeated := first_repeated(names):
        raise DataError(
            f"{root}: several cases are named {repeated!r}; each needs a name of its own (in an "
            "images pattern, more groups)"
        )
    if clash := spelling_clash(names):
        raise DataError(f"{root}: the cases {clash}")
    if clash := spelling_clash(case.subject for case in cases):
        raise DataError(f"{root}: the subjects {clash}, or make them one by `same_subject`")
    for case in cases:
        for text in (case.case, case.subject, *map(str, case.files)):
            if not text.isascii() and text.encode("utf-8", "replace").decode() != text:
                raise DataError(f"{text}: a name that is not UTF-8; rename it (`convmv` does)")
        for text in (case.case, case.subject):
            if any(unicodedata.category(letter) == "Cc" for letter in text):
                raise DataError(f"{root}: the name {text!r} has a control character; rename it")
    _check_images(cases)
    _check_masks(cases)
    return sorted(cases, key=lambda case: case.case)


def _check_images(cases: Iterable[Case]) -> None:
    """Refuse an image that is its own mask, or that of two subjects, who may be in two subsets."""
    owners: dict[Path, Case] = {}
    for case in cases:
        if case.image is None:  # of phantoms
            continue
        owner = owners.setdefault(case.image, case)
        if case.subject != owner.subject:
            raise DataError(
                f"{case.image}: the image of {owner.case!r} (subject {owner.subject!r}) and of "
                f"{case.case!r} (subject {case.subject!r}); correct the file name or the subject"
            )
        if any(mask.path == case.image for mask in case.masks):
            raise DataError(f"{case.image}: image and mask of {case.case!r}; correct one of them")


def _check_masks(cases: Iterable[Case]) -> None:
    """Refuse masks of which some belong to another case: `p1*` matches those of `p10` too."""
    owners: dict[MaskFile, tuple[Case, list[MaskFile]]] = {}
    for case in cases:
        alike: dict[str | None, list[MaskFile]] = {}
        for mask in case.masks:
            alike.setdefault(mask.label, []).append(mask)
        for mask in case.masks:
            owner, theirs = owners.setdefault(mask, (case, alike[mask.label]))
            if owner is not case and theirs != alike[mask.label]:
                raise DataError(
                    f"{mask.path}: a mask of {owner.case!r} and of {case.case!r}, which have "
                    "others too; the wildcard in `masks` matches too much"
                )


def load_case(card: DatasetCard, case: Case) -> LoadedCase:
    """Read a case's image and mask and check them against each other and the card.

    Raises:
        DataError: One line naming the file and what is wrong with it.
    """
    try:
        return layout_reader(card.layout.kind).load(card, case)
    except OSError as error:
        raise DataError(in_one_line(error)) from None
