"""Medical Segmentation Decathlon and nnU-Net folders, described by their dataset.json."""

import glob
import re
from pathlib import Path
from typing import Any

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import MsdLayout
from benchmark.cards.patterns import inside
from benchmark.data.cases import Case, LoadedCase, MaskFile
from benchmark.data.layouts.case_files import build_case, load_files, nearest_file
from benchmark.data.layouts.registry import LayoutReader
from benchmark.errors import DataError
from benchmark.reading import read_json


def find(card: DatasetCard, root: Path) -> list[Case]:
    """The training cases, named after their label files.

    Raises:
        DataError: No dataset.json, one that is not JSON or contradicts the card's labels, or a file
            that is missing; the images have several channels, of which the card chooses none; a
            name tells no subject.
    """
    layout = card.layout
    assert isinstance(layout, MsdLayout)
    path = nearest_file(root, "**/dataset.json", "description")
    description = read_json(path, DataError)
    _check_labels(card, path, description)
    cases = []
    for image, label in _training_pairs(layout, path, description):
        for file in (image, label):
            if not file.is_file():
                raise DataError(f"{path}: names {file}, which does not exist")
        second = image.with_name(image.name.replace("_0000.", "_0001."))
        if "channel" not in layout.model_fields_set and second != image and second.is_file():
            raise DataError(
                f"{image}: is one channel, {second.name} another; choose one on the card, as in "
                "`layout: {kind: msd, channel: 0}`"
            )
        name = label.name.split(".")[0]
        if not (match := re.fullmatch(layout.subject, name)):
            raise DataError(
                f"{label}: {name!r} does not match the card's subject {layout.subject!r}"
            )
        facts = {"subject": name, **match.groupdict()}
        cases.append(build_case(card, name, facts, image, [MaskFile(label)]))
    if not cases:
        raise DataError(f"{path}: lists no training case")
    return cases


def _check_labels(card: DatasetCard, path: Path, description: Any) -> None:
    """Refuse a card that gives a label of the description another value.

    Raises:
        DataError: Naming the label and both values.
    """
    labels = description.get("labels") if isinstance(description, dict) else None
    ours = {name.casefold(): str(value) for name, value in card.labels.items()}
    for key, value in labels.items() if isinstance(labels, dict) else ():
        name, number = (value, key) if key.isdecimal() else (key, str(value))  # nnU-Net version 2
        on_card = ours.get(str(name).casefold(), number)
        if number.isdecimal() and number != on_card:
            raise DataError(
                f"{path}: {name!r} is {number}, but {on_card} on the card of {card.id}; correct "
                "`labels` of the card"
            )


def _training_pairs(layout: MsdLayout, path: Path, description: Any) -> list[tuple[Path, Path]]:
    """Image and label file of each case.

    Raises:
        DataError: The description is not of one of the three formats.
    """
    folder, channel = path.parent, f"_{layout.channel:04d}"
    try:
        if "file_ending" not in description:
            pairs = [(str(pair["image"]), str(pair["label"])) for pair in description["training"]]
            if not all(inside(name) for pair in pairs for name in pair):
                raise DataError(f"{path}: training: names a file outside its own folder")
            return [(_of_channel(folder / image, channel), folder / label)
                    for image, label in pairs]  # fmt: skip
        ending = str(description["file_ending"])  # imagesTr/CASE_0000.ext, labelsTr/CASE.ext
    except (TypeError, KeyError):
        raise DataError(
            f"{path}: expected `training` with pairs of `image` and `label` (Decathlon, nnU-Net "
            "version 1), or `file_ending` (nnU-Net version 2)"
        ) from None
    suffix = channel + ending
    return [
        (image, folder / "labelsTr" / (image.name.removesuffix(suffix) + ending))
        for image in sorted((folder / "imagesTr").glob(f"[!.]*{glob.escape(suffix)}"))
    ]


def _of_channel(image: Path, channel: str) -> Path:
    """The file of a listed image; nnU-Net version 1 lists names without the channel."""
    name, dot, ending = image.name.partition(".")
    with_channel = image.with_name(f"{name}{channel}{dot}{ending}")
    return with_channel if not image.is_file() and with_channel.is_file() else image


def load(card: DatasetCard, case: Case) -> LoadedCase:
    """Read one case; of an image with several channels, the one that the card chooses.

    Raises:
        DataError: See `load_files`; or the card chooses none.
    """
    layout = card.layout
    assert isinstance(layout, MsdLayout)
    chosen = layout.channel if "channel" in layout.model_fields_set else None
    return load_files(card, case, channel=chosen)


LAYOUT = LayoutReader(find, load)
