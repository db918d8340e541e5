"""On-disk layouts: from a data set's folder to its cases, and from a case to pixels."""

import csv
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.cards.dataset import (
    DatasetCard,
    FilesLayout,
    ManifestLayout,
    MsdLayout,
    PairedImages,
    PhantomLayout,
    Table,
)
from benchmark.data.cases import Case, LoadedCase, MaskFile
from benchmark.data.pictures import (
    fill_outline,
    read_picture,
    read_volume,
    spacing_of,
    whole_numbers,
)
from benchmark.errors import DataError
from benchmark.phantoms.catalogue import make_case


def find_cases(card: DatasetCard, root: Path | None) -> list[Case]:
    """All cases of a data set, sorted by name; pixels are not read.

    Raises:
        DataError: Nothing matches the layout, a mask is missing, or a case comes twice.
    """
    if not isinstance(card.layout, PhantomLayout) and (root is None or not root.is_dir()):
        raise DataError(f"{root}: no such folder")
    cases = FINDERS[card.layout.kind](card, root or Path())
    names = [case.case for case in cases]
    if twice := next((name for name in names if names.count(name) > 1), None):
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
    loaded = _load_volume(card, case) if _is_nifti(case.image) else _load_picture(card, case)
    allowed = {0, *card.labels.values()} | ({card.ignore_value} - {None})
    if strange := sorted(set(np.unique(loaded.mask).tolist()) - allowed):
        raise DataError(
            f"{case.masks[0].path}: mask holds {strange[:5]}, the card of {card.id} knows "
            f"{sorted(v for v in allowed if v is not None)}"
        )
    return loaded


def _load_volume(card: DatasetCard, case: Case) -> LoadedCase:
    assert case.image is not None
    image, affine = read_volume(case.image)
    mask = np.zeros(image.shape, np.uint8)
    for file in case.masks:
        values, other = read_volume(file.path)
        if values.shape != image.shape:
            raise DataError(f"{file.path}: shape {values.shape}, but its image's is {image.shape}")
        if not np.allclose(affine, other, atol=1e-3):
            raise DataError(f"{file.path}: affine differs from its image's ({case.image.name})")
        _join(mask, whole_numbers(values, file.path), file, card)
    return LoadedCase(image=image, mask=mask, spacing_mm=spacing_of(affine), facts=case.facts)


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
        values = read_picture(file.path)
        if values.ndim == 3:
            raise DataError(f"{file.path}: a colour picture; masks are grey, one value a label")
        if values.shape != mask.shape:
            raise DataError(f"{file.path}: size {values.shape}, but its image's is {mask.shape}")
        labels = whole_numbers(values, file.path)
        if isinstance(card.layout, PairedImages) and card.layout.fill_outline:
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


def _find_files(card: DatasetCard, root: Path) -> list[Case]:
    layout = card.layout
    assert isinstance(layout, FilesLayout)
    pattern = re.compile(layout.images)
    table = _read_table(root, layout.table) if layout.table else {}
    cases, seen = [], []
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith("._")):
        relative = path.relative_to(root).as_posix()
        seen.append(relative)
        match = pattern.fullmatch(relative)
        if match is None:
            continue
        facts = {k: v for k, v in match.groupdict().items() if v is not None}
        facts["folder"] = path.parent.relative_to(root).as_posix()
        if layout.table:
            row = table.get(layout.table.match.format(**facts))
            if row is None:
                raise DataError(f"{root / layout.table.file}: no row for {relative}")
            facts |= row
        masks = _find_masks(layout, facts, path, root)
        cases.append(_case(card, facts, facts.get("case", path.name.split(".")[0]), path, masks))
    if not cases:
        examples = ", ".join(seen[:3]) or "nothing"
        raise DataError(f"{root}: no file matches {layout.images!r}; there lie {examples}")
    return cases


def _find_masks(
    layout: FilesLayout, facts: dict[str, str], image: Path, root: Path
) -> list[MaskFile]:
    by_label: Mapping[Any, tuple[str, ...]] = (
        layout.masks if isinstance(layout.masks, dict) else {None: layout.masks}
    )
    found = []
    for label, templates in by_label.items():
        files = [f for text in templates for f in sorted(root.glob(text.format(**facts)))]
        if templates and not files:
            wanted = templates[0].format(**facts)
            raise DataError(f"{image}: its mask {wanted} is missing below {root}")
        found += [MaskFile(file, label) for file in files]
    return found


def _case(card: DatasetCard, facts: dict[str, str], name: str, image: Path,
          masks: list[MaskFile]) -> Case:  # fmt: skip
    subject = facts.get(card.group_by)
    if not subject:
        raise DataError(
            f"{image}: no {card.group_by!r} (group_by of {card.id}); give it as a named group of "
            "the images pattern or as a column of the table"
        )
    for group in card.same_subject:
        if subject in group:
            subject = group[0]
    return Case(case=name, subject=subject, image=image, masks=tuple(masks), facts=facts)


def _read_table(root: Path, table: Table) -> dict[str, dict[str, str]]:
    path = root / table.file
    rows = _read_csv(path, table.delimiter)
    for column in (table.key, *table.columns.values()):
        if rows and column not in rows[0]:
            raise DataError(f"{path}: no column {column!r}; it has {list(rows[0])}")
    return {row[table.key]: {f: row[c] for f, c in table.columns.items()} for row in rows}


def _read_csv(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, delimiter=delimiter))
    except FileNotFoundError:
        raise DataError(f"{path}: no such table") from None


def _find_msd(card: DatasetCard, root: Path) -> list[Case]:
    layout = card.layout
    assert isinstance(layout, MsdLayout)
    path = root / "dataset.json"
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from None
    if "file_ending" in facts:  # nnU-Net: imagesTr/CASE_0000.ext, labelsTr/CASE.ext
        ending = facts["file_ending"]
        suffix = f"_{layout.channel:04d}{ending}"
        pairs = [
            (image, root / "labelsTr" / (image.name.removesuffix(suffix) + ending))
            for image in sorted((root / "imagesTr").glob(f"[!.]*{suffix}"))
        ]
    else:
        pairs = [(root / p["image"], root / p["label"]) for p in facts.get("training", ())]
    cases = []
    for image, label in pairs:
        if not image.is_file() or not label.is_file():
            raise DataError(f"{path}: names {image.name} and {label.name}; not both are there")
        name = label.name.split(".")[0]
        match = re.fullmatch(layout.subject, name)
        groups = match.groupdict() if match else {}
        cases.append(_case(card, {"subject": name, **groups}, name, image, [MaskFile(label)]))
    if not cases:
        raise DataError(f"{path}: lists no training case")
    return cases


def _find_manifest(card: DatasetCard, root: Path) -> list[Case]:
    layout = card.layout
    assert isinstance(layout, ManifestLayout)
    path = root / layout.file
    cases = []
    for row in _read_csv(path):
        if missing := {"case", "image", "mask", card.group_by} - row.keys():
            raise DataError(f"{path}: column {sorted(missing)[0]!r} is missing")
        image, mask = root / row["image"], root / row["mask"]
        cases.append(_case(card, row, row["case"], image, [MaskFile(mask)]))
    if not cases:
        raise DataError(f"{path}: holds no row")
    return cases


def _find_phantoms(card: DatasetCard, root: Path) -> list[Case]:
    assert isinstance(card.layout, PhantomLayout)
    facts = {"device": card.layout.device} if card.layout.device else {}
    return [
        Case(case=f"{k:03d}", subject=f"s{k:03d}", facts=facts) for k in range(card.layout.cases)
    ]


def _is_nifti(path: Path) -> bool:
    return path.name.endswith((".nii", ".nii.gz"))


FINDERS: dict[str, Callable[[DatasetCard, Path], list[Case]]] = {
    "paired_images": _find_files,
    "paired_nifti": _find_files,
    "msd": _find_msd,
    "manifest": _find_manifest,
    "phantom": _find_phantoms,
}
