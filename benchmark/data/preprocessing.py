"""Preprocessing of one case: grey values scaled, labels merged, slices fitted into a square.

How each slice was fitted into the square is recorded, so that predictions can be brought back
to the native grid for scoring.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.problem import Intensity
from benchmark.cards.target import TargetCard
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import load_case
from benchmark.data.slices import (
    Axis,
    Fit,
    check_axis,
    fitted_shape,
    letterbox_image,
    letterbox_mask,
    plane_spacing,
    to_slices,
)
from benchmark.errors import DataError

IGNORE = 255
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a case before a network sees it; part of the key of prepared arrays.

    Attributes:
        labels: Each label of the target with the labels of the data set that it merges.
        intensity: How grey values become [0, 1].
        slice_axis: Along which volumes are cut; None for pictures.
        input_size: Rows and columns of the square, in pixels.
        fit: Whether a slice keeps its aspect in the square.
    """

    labels: tuple[tuple[str, tuple[str, ...]], ...]
    intensity: Intensity
    slice_axis: Axis | None
    input_size: int
    fit: Fit = "letterbox"

    @classmethod
    def of_target(
        cls, target: TargetCard, input_size: int = 0, fit: Fit = "letterbox"
    ) -> "Preprocessing":
        """What a target task asks for; scoring needs no `input_size`."""
        labels = tuple(target.labels.items())
        return cls(labels, target.intensity, target.slice_axis, input_size, fit)


class CaseArrays(NamedTuple):
    """The slices of one case as a network sees them.

    `images` is (N, C, S, S) float16 and `masks` (N, S, S) uint8; `native` and `fitted` are rows
    and columns of a slice in the data set and in the square; `category` is the index of the
    case's class on the card, None where the card has no classes.
    """

    images: npt.NDArray[np.float16]
    masks: npt.NDArray[np.uint8]
    native: tuple[int, int]
    fitted: tuple[int, int]
    category: int | None

    @property
    def digest(self) -> bytes:
        """SHA-256 of both arrays."""
        return arrays_digest(self.images, self.masks)


def arrays_digest(images: npt.NDArray[np.float16], masks: npt.NDArray[np.uint8]) -> bytes:
    """SHA-256 of the images of a case, then of its masks; both contiguous."""
    digest = hashlib.sha256(images.data)
    digest.update(masks.data)
    return digest.digest()


def preprocess_case(card: DatasetCard, case: Case, how: Preprocessing) -> CaseArrays:
    """Read and preprocess one case.

    Raises:
        DataError: It cannot be read, has no class that the card knows, or is a volume where a
            picture is expected or the reverse.
    """
    loaded = load_case(card, case)
    check_axis(loaded, how.slice_axis, case.case)
    image = loaded.image if how.slice_axis else with_channels(loaded.image, card.channels)
    planes = to_slices(scale_intensity(image, how.intensity), how.slice_axis)
    labels = to_slices(merge_labels(loaded.mask, card, how), how.slice_axis)
    rows, columns = labels[0].shape
    spacing, size = plane_spacing(loaded, how.slice_axis), how.input_size
    fitted = fitted_shape((rows, columns), spacing, size, how.fit)
    images = np.empty((len(planes), card.channels, size, size), np.float16)
    masks = np.empty((len(planes), size, size), np.uint8)
    for number, (plane, label) in enumerate(zip(planes, labels, strict=True)):
        images[number] = letterbox_image(plane, fitted, size)
        masks[number] = letterbox_mask(label, fitted, size)
    category = _category(card, case, loaded.facts.get("class"))
    return CaseArrays(images, masks, (rows, columns), fitted, category)


def _category(card: DatasetCard, case: Case, name: str | None) -> int | None:
    if not card.classes:
        return None
    if name not in card.classes:
        raise DataError(
            f"{card.id}, case {case.case!r}: class is {name!r}; the card knows "
            f"{', '.join(card.classes[:12])}"
        )
    return card.classes.index(name)


def scale_intensity(image: npt.NDArray[np.float32], how: Intensity) -> npt.NDArray[np.float32]:
    """Grey values to [0, 1]; percentiles are of the non-zero values of the complete case.

    With percentiles, a case whose non-zero values are all equal becomes 0.
    """
    low, high = how.low, how.high
    if how.kind == "percentile":
        inside = image[image != 0]
        if inside.size:
            low, high = (float(v) for v in np.percentile(inside, [how.low, how.high]))
    grey = np.clip(image, low, max(low, high))  # then in place: volumes are large
    grey -= low
    grey /= max(high - low, 1e-6)
    return grey


def with_channels(image: npt.NDArray[np.float32], channels: int) -> npt.NDArray[np.float32]:
    """A picture with 1 channel, (H, W), by ITU-R BT.601 luminance, or with 3, (H, W, 3)."""
    if channels == 1 and image.ndim == 3 and image.shape[2] == 3:
        return image @ np.array(LUMINANCE, np.float32)
    if channels == 3 and image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2)
    return image


def merge_labels(
    mask: npt.NDArray[np.uint8], card: DatasetCard, how: Preprocessing
) -> npt.NDArray[np.uint8]:
    """Data set label values to the target's 1 ... L; ignored pixels to 255, all others to 0."""
    table = np.zeros(256, np.uint8)
    for number, (_, merged) in enumerate(how.labels, start=1):
        table[[card.labels[name] for name in merged]] = number
    if card.ignore_value is not None:
        table[card.ignore_value] = IGNORE
    return table[mask]
