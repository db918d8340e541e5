"""Registry of phantoms: synthetic substitutes for every target domain, seeded and versioned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.errors import unknown_name
from benchmark.phantoms.abdomen import LIVER, MUSCLE, abdomen_ct
from benchmark.phantoms.brain import CSF, GREY, WHITE, brain_anatomy, ms_lesion, stroke_lesion
from benchmark.phantoms.natural import natural_object
from benchmark.phantoms.shapes import PhantomCase
from benchmark.phantoms.ultrasound import fetal_head, fetal_head_texture, lung_ribs


@dataclass(frozen=True)
class Phantom:
    """A generator; its version increases whenever the generated cases change."""

    make: Callable[[np.random.Generator, int, str | None], PhantomCase]
    version: int
    labels: Mapping[str, int]
    dims: int


def make_case(
    name: str, *, seed: int, index: int, size: int, device: str | None = None
) -> PhantomCase:
    """Case `index` of a seed, independent of the other cases.

    Args:
        name: A key of PHANTOMS.
        seed: Of the data set.
        index: Of the case.
        size: Pixels in plane; volumes have max(8, size // 4) slices.
        device: CT only: A, B or C; drawn when not given.

    Raises:
        ValueError: The phantom is not in PHANTOMS.
    """
    if name not in PHANTOMS:
        raise ValueError(unknown_name("phantom", name, PHANTOMS))
    case = PHANTOMS[name].make(np.random.default_rng([seed, index]), size, device)
    return case._replace(image=case.image.astype(np.float32), mask=case.mask.astype(np.uint8))


PHANTOMS: Mapping[str, Phantom] = {
    "fetal_head": Phantom(fetal_head, 1, {"head": 1}, 2),
    "fetal_head_texture": Phantom(fetal_head_texture, 1, {"head": 1}, 2),
    "lung_ribs": Phantom(lung_ribs, 1, {"rib": 1}, 2),
    "brain_anatomy": Phantom(
        brain_anatomy, 2, {"csf": CSF, "grey_matter": GREY, "white_matter": WHITE}, 3
    ),
    "stroke_lesion": Phantom(stroke_lesion, 2, {"lesion": 1}, 3),
    "ms_lesion": Phantom(ms_lesion, 2, {"lesion": 1}, 3),
    "abdomen_ct": Phantom(abdomen_ct, 1, {"muscle": MUSCLE, "liver": LIVER}, 3),
    "natural_object": Phantom(natural_object, 2, {"object": 1}, 2),
}
