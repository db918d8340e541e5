"""Medical Segmentation Decathlon and nnU-Net folders, described by their dataset.json."""

import json
import re
from pathlib import Path
from typing import Any

from benchmark.cards.dataset import DatasetCard, MsdLayout
from benchmark.data.cases import Case, MaskFile
from benchmark.data.layouts.case_files import build_case, load_files, nearest_file
from benchmark.data.layouts.registry import LayoutReader
from benchmark.errors import DataError


def find(card: DatasetCard, root: Path) -> list[Case]:
    """The training cases, named after their label files.

    Raises:
        DataError: No dataset.json, one that is not JSON, or a file that is missing.
    """
    layout = card.layout
    assert isinstance(layout, MsdLayout)
    path = nearest_file(root, "**/dataset.json", "description")
    try:
        description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from None
    cases = []
    for image, label in _training_pairs(layout, path.parent, description):
        if not image.is_file() or not label.is_file():
            raise DataError(f"{path}: names {image.name} and {label.name}; not both exist")
        name = label.name.split(".")[0]
        match = re.fullmatch(layout.subject, name)
        facts = {"subject": name, **(match.groupdict() if match else {})}
        cases.append(build_case(card, name, facts, image, [MaskFile(label)]))
    if not cases:
        raise DataError(f"{path}: lists no training case")
    return cases


def _training_pairs(
    layout: MsdLayout, folder: Path, description: dict[str, Any]
) -> list[tuple[Path, Path]]:
    """Image and label file of each case."""
    if "file_ending" not in description:
        pairs = description.get("training", ())
        return [(folder / pair["image"], folder / pair["label"]) for pair in pairs]
    ending = description["file_ending"]  # nnU-Net: imagesTr/CASE_0000.ext, labelsTr/CASE.ext
    suffix = f"_{layout.channel:04d}{ending}"
    return [
        (image, folder / "labelsTr" / (image.name.removesuffix(suffix) + ending))
        for image in sorted((folder / "imagesTr").glob(f"[!.]*{suffix}"))
    ]


LAYOUT = LayoutReader(find, load_files)
