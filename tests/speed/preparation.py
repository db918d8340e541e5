"""Throughput of preparation beside reading and resampling alone, on generated files.

Run `python tests/speed/preparation.py`; prints a Markdown table. Ratios are of one run on one
machine; both sides use the same number of threads.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.problem import Intensity
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import find_cases
from benchmark.data.prepared_arrays import prepare
from benchmark.data.preprocessing import Preprocessing
from benchmark.data.readers.images import read_picture
from benchmark.data.readers.volumes import read_volume
from benchmark.data.slices import letterbox_image, letterbox_mask
from benchmark.phantoms.catalogue import make_case
from benchmark.workers import in_order

SIZE = 256


def card(layout: dict[str, object], domain: str) -> DatasetCard:
    """A card of generated files."""
    return DatasetCard.model_validate(
        {
            "id": "speed", "version": 1, "title": "speed", "domain": domain, "licence": "none",
            "access": "open", "citation": "", "homepage": "", "group_by": "case",
            "labels": {"one": 1, "two": 2, "three": 3}, "layout": layout,
        }
    )  # fmt: skip


def volumes(folder: Path, count: int) -> DatasetCard:
    """T1-sized volumes (192 x 192 x 160), compressed, with masks."""
    for number in range(count):
        case = make_case("brain_anatomy", seed=0, index=number, size=64)
        for name, array, kind in (("i", case.image, np.float32), ("m", case.mask, np.uint8)):
            whole = np.repeat(np.tile(array, (3, 3, 1)), 10, axis=2).astype(kind)
            image = nib.Nifti1Image(whole, np.eye(4))
            nib.save(image, folder / f"{number:03d}_{name}.nii.gz")
    layout = {"kind": "paired_nifti", "images": r"(?P<case>\d+)_i\.nii\.gz"}
    return card({**layout, "masks": ["{case}_m.nii.gz"]}, "brain_mri")


def pictures(folder: Path, count: int) -> DatasetCard:
    """Ultrasound-sized pictures (800 x 540) with masks."""
    for number in range(count):
        case = make_case("fetal_head", seed=0, index=number, size=256)
        for name, array in (("i", case.image), ("m", case.mask)):
            picture = Image.fromarray(array.astype(np.uint8)).resize((800, 540))
            picture.save(folder / f"{number:03d}_{name}.png")
    layout = {"kind": "paired_images", "images": r"(?P<case>\d+)_i\.png", "spacing_mm": 0.1}
    return card({**layout, "masks": ["{case}_m.png"]}, "ultrasound")


def bare_volume(case: Case) -> None:
    """Read and resample, nothing else."""
    assert case.image is not None
    image, _ = read_volume(case.image)
    mask, _ = read_volume(case.masks[0].path)
    for k in range(image.shape[2]):
        letterbox_image(image[..., k], (SIZE, SIZE), SIZE)
        letterbox_mask(mask[..., k], (SIZE, SIZE), SIZE)


def bare_picture(case: Case) -> None:
    """Read and resample, nothing else."""
    assert case.image is not None
    letterbox_image(read_picture(case.image), (173, SIZE), SIZE)
    letterbox_mask(read_picture(case.masks[0].path), (173, SIZE), SIZE)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(
    data: DatasetCard, how: Preprocessing, files: Path, bare: Callable[[Case], None]
) -> str:
    """Numbers of one row."""
    cases, home = find_cases(data, files), files.parent / "home"
    alone = seconds(lambda: list(in_order(bare, cases)))
    first = seconds(lambda: prepare(data, cases, "x", how, home))
    again = seconds(lambda: prepare(data, cases, "x", how, home))
    count = len(cases)
    return f"{count / first:.1f} | {count / alone:.1f} | {alone / first:.2f} | {again:.3f}"


def main() -> None:
    """Print the table."""
    print("| what | prepare /s | read and resample /s | ratio | second time s |")
    print("|---|---|---|---|---|")
    labels = tuple((name, (name,)) for name in ("one", "two", "three"))
    mri = Intensity(kind="percentile", low=1, high=99)
    grey = Intensity(kind="range", low=0, high=255)
    with tempfile.TemporaryDirectory() as place:
        files = Path(place) / "volumes" / "files"
        files.mkdir(parents=True)
        how = Preprocessing(labels, mri, "axial", SIZE)
        row = measure(volumes(files, 12), how, files, bare_volume)
        print(f"| 12 volumes 192 x 192 x 160, .nii.gz | {row} |")
        files = Path(place) / "pictures" / "files"
        files.mkdir(parents=True)
        how = Preprocessing(labels, grey, None, SIZE)
        row = measure(pictures(files, 300), how, files, bare_picture)
        print(f"| 300 pictures 800 x 540, .png | {row} |")
    print(f"\n{len(os.sched_getaffinity(0))} cores, prepared to {SIZE} x {SIZE}.")


if __name__ == "__main__":
    main()
