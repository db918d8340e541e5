"""What the layouts of files share: building a case, and reading its image and masks."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.cards.dataset import DatasetCard
from benchmark.data.cases import Case, LoadedCase, MaskFile, is_volume
from benchmark.data.layouts.slice_pairs import pair_slices
from benchmark.data.readers.dicom import as_volume, header_facts, read_series
from benchmark.data.readers.images import is_lossy, read_picture
from benchmark.data.readers.label_maps import label_values
from benchmark.data.readers.volumes import read_volume, spacing_of
from benchmark.errors import DataError

AFFINE_TOLERANCE = 1e-3
MaskEdit = Callable[[npt.NDArray[np.uint8], Path], npt.NDArray[np.uint8]]


def nearest_file(root: Path, pattern: str, kind: str) -> Path:
    """The file that matches a pattern and is nearest to the root.

    Raises:
        DataError: None matches, or two at the same depth; `kind` names it in the message.
    """
    files = sorted(root.glob(pattern), key=lambda path: (len(path.parts), path))
    if not files:
        raise DataError(
            f"{root}: no such {kind}: {pattern}; the folder has to be laid out as its host gives it"
        )
    if len(files) > 1 and len(files[0].parts) == len(files[1].parts):
        raise DataError(
            f"{root}: {files[0].name} and {files[1].relative_to(root)} both match {pattern!r}; "
            f"which {kind} is meant? Move the other one away"
        )
    return files[0]


def build_case(
    card: DatasetCard,
    name: str,
    facts: dict[str, str],
    image: Path,
    masks: Sequence[MaskFile],
    series: tuple[Path, ...] = (),
) -> Case:
    """A case with its subject; the header of a DICOM series adds facts.

    Raises:
        DataError: No fact gives the subject, or a series has not one mask picture per slice.
    """
    if series:
        facts = facts | header_facts(image)
        _check_mask_pictures(masks, series)
    subject = facts.get(card.group_by)
    if not subject:
        raise DataError(
            f"{image}: no {card.group_by!r} (group_by of {card.id}); give it as a named group of "
            "the images pattern or as a column of the table"
        )
    for names in card.same_subject:
        if subject in names:
            subject = names[0]
    return Case(
        case=name, subject=subject, image=image, series=series, masks=tuple(masks), facts=facts
    )


def _check_mask_pictures(masks: Sequence[MaskFile], series: tuple[Path, ...]) -> None:
    pictures = [mask for mask in masks if not is_volume(mask.path)]
    for label in {mask.label for mask in pictures}:
        count = sum(mask.label == label for mask in pictures)
        if count != len(series):
            raise DataError(
                f"{series[0].parent}: {len(series)} slices, but {count} mask pictures"
                f"{f' of {label}' if label else ''}; each slice needs one"
            )


def load_files(
    card: DatasetCard,
    case: Case,
    spacing_mm: float | None = None,
    edit_mask: MaskEdit = lambda values, path: values,
    channel: int | None = None,
) -> LoadedCase:
    """Read a case's image and masks by what its files are: DICOM series, volume or picture.

    Args:
        card: Of the data set.
        case: Has an image.
        spacing_mm: Of pictures without a fact `spacing_mm`.
        edit_mask: Applied to the values of each mask picture of a picture.
        channel: Which one is taken of a volume with several.

    Raises:
        DataError: A file is damaged, a mask is not on its image's grid, or it has a value that
            the card does not know.
    """
    assert case.image is not None
    if case.series:
        loaded = _load_series(card, case)
    elif is_volume(case.image):
        image, affine = read_volume(case.image, channel)
        mask = np.zeros(image.shape, np.uint8)
        _join_volumes(mask, affine, case.masks, card)
        loaded = LoadedCase(image=image, mask=mask, spacing_mm=spacing_of(affine), facts=case.facts)
    else:
        loaded = _load_picture(card, case, spacing_mm, edit_mask)
    known = np.zeros(256, bool)
    known[[0, *card.labels.values(), *([card.ignore_value] if card.ignore_value else [])]] = True
    if not known[loaded.mask].all():
        unknown = np.unique(loaded.mask[~known[loaded.mask]]).tolist()
        lossy = is_lossy(case.masks[0].path)
        raise DataError(
            f"{case.masks[0].path}: mask holds {unknown[:5]}, the card of {card.id} knows "
            f"{np.flatnonzero(known).tolist()}"
            + ("; JPEG changes values: give the layout a `threshold`" if lossy else "")
        )
    return loaded


def _load_series(card: DatasetCard, case: Case) -> LoadedCase:
    series = read_series(case.series)
    image, affine = as_volume(series.planes, series.affine)
    planes = np.zeros(series.planes.shape, np.uint8)
    position = {case.series[number]: k for k, number in enumerate(series.order)}
    pictures = [mask for mask in case.masks if not is_volume(mask.path)]
    for label in dict.fromkeys(mask.label for mask in pictures):
        files = {mask.path: mask for mask in pictures if mask.label == label}
        for path, slice_file in pair_slices([*files], case.series).items():
            plane = planes[position[slice_file]]
            _join(plane, _read_mask(path, plane.shape), files[path], card)
    mask = as_volume(planes, series.affine)[0].astype(np.uint8)
    _join_volumes(mask, affine, [file for file in case.masks if is_volume(file.path)], card)
    return LoadedCase(image=image, mask=mask, spacing_mm=spacing_of(affine), facts=case.facts)


def _load_picture(
    card: DatasetCard, case: Case, spacing_mm: float | None, edit_mask: MaskEdit
) -> LoadedCase:
    assert case.image is not None
    image = read_picture(case.image)
    mask = np.zeros(image.shape[:2], np.uint8)
    for file in case.masks:
        _join(mask, edit_mask(_read_mask(file.path, mask.shape), file.path), file, card)
    if text := case.facts.get("spacing_mm"):
        spacing_mm = _millimetres(case, text)
    spacing = None if spacing_mm is None else (spacing_mm, spacing_mm)
    return LoadedCase(image=image, mask=mask, spacing_mm=spacing, facts=case.facts)


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
            corners = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)])
            corners[:, :3] *= np.array(mask.shape) - 1
            apart = np.linalg.norm(corners @ (affine - other).T, axis=1).max()
            raise DataError(
                f"{file.path}: affine differs from its image's, by {apart:.3g} mm at a corner; "
                "resample the mask to its image, or copy the header if the voxels are the same"
            )
        _join(mask, label_values(values, file.path), file, card)


def _join(
    mask: npt.NDArray[np.uint8], values: npt.NDArray[np.uint8], file: MaskFile, card: DatasetCard
) -> None:
    """Add one file to a case's mask: its own label, or values of which the largest wins.

    Raises:
        DataError: A picture of one label has several values above 0 that are not a count from 1,
            as soft edges, JPEG and masks of several labels have them.
    """
    if file.label is not None:
        found = np.unique(values[values > 0])
        counted = is_volume(file.path) or len(found) == found.max(initial=0)
        if len(found) > 1 and (not counted or is_lossy(file.path)):
            raise DataError(
                f"{file.path}: holds many values above 0 ({found[0]} to {found[-1]}), as soft "
                "edges, JPEG or several labels give them; give the layout a `threshold` (1 takes "
                "all of them), or save the mask with one value"
            )
        mask[values > 0] = card.labels[file.label]
    else:
        np.maximum(mask, values, out=mask)


def _read_mask(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    values = read_picture(path, indices=True)
    if values.ndim == 3:
        raise DataError(f"{path}: a colour picture; masks are grey, one value per label")
    if values.shape != shape:
        raise DataError(f"{path}: size {values.shape}, but its image's is {shape}")
    return label_values(values, path)


def _millimetres(case: Case, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise DataError(
            f"case {case.case!r}: spacing_mm is {text!r}, not a number as 0.12 is, with a point"
        ) from None
    if not 0 < value < 1000:
        raise DataError(f"case {case.case!r}: spacing_mm is {value}; expected mm above 0")
    return value
