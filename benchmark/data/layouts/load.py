"""On-disk layouts: from a data set's folder to its cases, and from a case to pixels."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.cards.dataset import DatasetCard, PairedImages, PairedNifti, PhantomLayout
from benchmark.data.cases import Case, LoadedCase, MaskFile, is_volume
from benchmark.data.layouts.find import FINDERS
from benchmark.data.readers.dicom import as_volume, read_series
from benchmark.data.readers.images import (
    fill_outline,
    read_picture,
    read_volume,
    spacing_of,
    whole_numbers,
)
from benchmark.errors import DataError
from benchmark.phantoms.catalogue import make_case

AFFINE_TOLERANCE = 1e-3


def find_cases(card: DatasetCard, root: Path | None) -> list[Case]:
    """All cases of a data set, sorted by name; pixels are not read.

    Raises:
        DataError: Nothing matches the layout, a mask is missing, or a case comes twice.
    """
    if not isinstance(card.layout, PhantomLayout) and (root is None or not root.is_dir()):
        raise DataError(f"{root}: no such folder")
    cases = FINDERS[card.layout.kind](card, root or Path())
    names = Counter(case.case for case in cases)
    if twice := next((name for name, count in names.items() if count > 1), None):
        raise DataError(f"{root}: case {twice!r} comes twice; its images pattern needs more groups")
    return sorted(cases, key=lambda case: case.case)


def load_case(card: DatasetCard, case: Case) -> LoadedCase:
    """Read a case's image and mask and check them against each other and the card.

    Raises:
        DataError: One line naming the file and what is wrong with it.
    """
    if isinstance(card.layout, PhantomLayout):
        layout = card.layout
        phantom = make_case(
            layout.generator,
            seed=layout.seed,
            index=int(case.case),
            size=layout.size,
            device=layout.device,
        )
        facts = {name: str(value) for name, value in phantom.facts.items()}
        return LoadedCase(
            image=phantom.image, mask=phantom.mask, spacing_mm=phantom.spacing_mm, facts=facts
        )
    assert case.image is not None
    if case.series:
        loaded = _load_series(card, case)
    elif is_volume(case.image):
        loaded = _load_volume(card, case)
    else:
        loaded = _load_picture(card, case)
    known = np.zeros(256, bool)
    known[[0, *card.labels.values(), *([card.ignore_value] if card.ignore_value else [])]] = True
    if not known[loaded.mask].all():
        strange = np.unique(loaded.mask[~known[loaded.mask]]).tolist()
        raise DataError(
            f"{case.masks[0].path}: mask holds {strange[:5]}, the card of {card.id} knows "
            f"{np.flatnonzero(known).tolist()}"
        )
    return loaded


def _load_volume(card: DatasetCard, case: Case) -> LoadedCase:
    assert case.image is not None
    image, affine = read_volume(case.image)
    mask = np.zeros(image.shape, np.uint8)
    _join_volumes(mask, affine, case.masks, card)
    spacing: tuple[float, ...] = spacing_of(affine)
    if isinstance(card.layout, PairedNifti) and card.layout.single_slice:
        if 1 not in image.shape:
            raise DataError(f"{case.image}: shape {image.shape}; the card says it is one slice")
        across = image.shape.index(1)
        image, mask = np.rot90(image.take(0, across)), np.rot90(mask.take(0, across))
        first, second = (s for axis, s in enumerate(spacing) if axis != across)
        spacing = (second, first)
    return LoadedCase(image=image, mask=mask, spacing_mm=spacing, facts=case.facts)


def _load_series(card: DatasetCard, case: Case) -> LoadedCase:
    series = read_series(case.series)
    image, affine = as_volume(series.planes, series.affine)
    planes = np.zeros(series.planes.shape, np.uint8)
    place = {number: k for k, number in enumerate(series.order)}
    for number, file in enumerate(mask for mask in case.masks if not is_volume(mask.path)):
        plane = planes[place[number % len(place)]]  # finding has made sure of one mask a slice
        _join(plane, _read_mask(file.path, plane.shape), file, card)
    mask = as_volume(planes, series.affine)[0].astype(np.uint8)
    _join_volumes(mask, affine, [one for one in case.masks if is_volume(one.path)], card)
    return LoadedCase(image=image, mask=mask, spacing_mm=spacing_of(affine), facts=case.facts)


def _join_volumes(
    mask: npt.NDArray[np.uint8],
    affine: npt.NDArray[np.float64],
    files: Iterable[MaskFile],
    card: DatasetCard,
) -> None:
    """Add mask volumes to a case's mask, which lies on the grid that `affine` gives."""
    for file in files:
        values, other = read_volume(file.path)
        if values.shape != mask.shape:
            raise DataError(f"{file.path}: shape {values.shape}, but its image's is {mask.shape}")
        if not np.allclose(affine, other, atol=AFFINE_TOLERANCE):
            raise DataError(f"{file.path}: affine differs from its image's")
        _join(mask, whole_numbers(values, file.path), file, card)


def _join(
    mask: npt.NDArray[np.uint8], values: npt.NDArray[np.uint8], file: MaskFile, card: DatasetCard
) -> None:
    """Add one file to a case's mask: its own label, or values of which the largest wins."""
    if file.label is not None:
        mask[values > 0] = card.labels[file.label]
    else:
        np.maximum(mask, values, out=mask)


def _load_picture(card: DatasetCard, case: Case) -> LoadedCase:
    assert case.image is not None
    image = read_picture(case.image)
    mask = np.zeros(image.shape[:2], np.uint8)
    for file in case.masks:
        labels = _read_mask(file.path, mask.shape)
        if isinstance(card.layout, PairedImages):
            if card.layout.threshold is not None:
                (value,) = card.labels.values()
                labels = np.where(labels >= card.layout.threshold, value, 0).astype(np.uint8)
            if card.layout.fill_outline:
                labels = fill_outline(labels, file.path)
        _join(mask, labels, file, card)
    fixed = card.layout.spacing_mm if isinstance(card.layout, PairedImages) else None
    spacing = _number(case, "spacing_mm", fixed)
    return LoadedCase(
        image=image,
        mask=mask,
        spacing_mm=None if spacing is None else (spacing, spacing),
        facts=case.facts,
    )


def _read_mask(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    values = read_picture(path, indices=True)
    if values.ndim == 3:
        raise DataError(f"{path}: a colour picture; masks are grey, one value a label")
    if values.shape != shape:
        raise DataError(f"{path}: size {values.shape}, but its image's is {shape}")
    return whole_numbers(values, path)


def _number(case: Case, fact: str, default: float | None) -> float | None:
    text = case.facts.get(fact)
    if text in (None, ""):
        return default
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"case {case.case!r}: {fact} is {text!r}, not a number") from None
    if not 0 < value < 1000:
        raise DataError(f"case {case.case!r}: {fact} is {value}; expected millimetres above 0")
    return value
