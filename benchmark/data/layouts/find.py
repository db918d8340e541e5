"""From a data set's folder to its cases, one finder a kind of layout; pixels are not read."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark.cards.dataset import (
    DatasetCard,
    DicomSeries,
    FilesLayout,
    ManifestLayout,
    MsdLayout,
    PhantomLayout,
    Table,
)
from benchmark.data.cases import Case, MaskFile, is_volume
from benchmark.data.readers.dicom import header_facts
from benchmark.errors import DataError


def _find_files(card: DatasetCard, root: Path) -> list[Case]:
    layout = card.layout
    assert isinstance(layout, FilesLayout)
    table = _read_table(root, layout.table) if layout.table else {}
    lists = {case: name for name, file in layout.lists.items() for case in _read_list(root, file)}
    cases = []
    for files, facts in _matching(layout, root):
        image = files[0]
        named = layout.case.format(**facts) if layout.case else facts.get("case")
        name = named or image.name.split(".")[0]
        facts.setdefault("case", name)
        if layout.lists:
            if name not in lists:
                continue
            facts["list"] = lists[name]
        if layout.table:
            row = table.get(layout.table.match.format(**facts))
            if row is None:
                raise DataError(f"{root / layout.table.file}: no row for {facts['path']}")
            facts |= row
        masks = _find_masks(layout, facts, image, root)
        series: tuple[Path, ...] = ()
        if isinstance(layout, DicomSeries):
            series = tuple(files)
            facts |= header_facts(image)
            _check_slices(masks, series)
        cases.append(_case(card, facts, name, image, masks, series))
    if not cases:
        raise DataError(f"{root}: images are there, but the official lists name none of them")
    return cases


def _matching(layout: FilesLayout, root: Path) -> Iterator[tuple[tuple[Path, ...], dict[str, str]]]:
    """The files of each image and what their names say; one file, or a folder of DICOM slices."""
    pattern = re.compile(layout.images)
    together: dict[Path, tuple[tuple[Path, ...], dict[str, str]]] = {}
    seen = []
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith("._")):
        relative = path.relative_to(root).as_posix()
        seen.append(relative)
        match = pattern.fullmatch(relative)
        if match is None:
            continue
        facts = {k: v for k, v in match.groupdict().items() if v is not None}
        facts |= {"path": relative, "folder": path.parent.relative_to(root).as_posix()}
        key = path.parent if isinstance(layout, DicomSeries) else path
        files, first = together.get(key, ((), facts))
        together[key] = ((*files, path), first)
    if not together:
        examples = ", ".join(seen[:3]) or "nothing"
        raise DataError(f"{root}: no file matches {layout.images!r}; there lie {examples}")
    yield from together.values()


def _find_masks(
    layout: FilesLayout, facts: dict[str, str], image: Path, root: Path
) -> list[MaskFile]:
    by_label: Mapping[Any, tuple[str, ...]] = (
        layout.masks if isinstance(layout.masks, dict) else {None: layout.masks}
    )
    found = []
    for label, templates in by_label.items():
        for text in templates:
            wanted = text.format(**facts)
            files = sorted(root.glob(wanted))
            if not files:
                raise DataError(f"{image}: its mask {wanted} is missing below {root}")
            found += [MaskFile(file, label) for file in files]
    return found


def _check_slices(masks: list[MaskFile], series: tuple[Path, ...]) -> None:
    pictures = [mask for mask in masks if not is_volume(mask.path)]
    for label in {mask.label for mask in pictures}:
        count = sum(mask.label == label for mask in pictures)
        if count != len(series):
            raise DataError(
                f"{series[0].parent}: {len(series)} slices, but {count} mask pictures"
                f"{f' of {label}' if label else ''}; each slice needs one"
            )


def _case(card: DatasetCard, facts: dict[str, str], name: str, image: Path,
          masks: list[MaskFile], series: tuple[Path, ...] = ()) -> Case:  # fmt: skip
    subject = facts.get(card.group_by)
    if not subject:
        raise DataError(
            f"{image}: no {card.group_by!r} (group_by of {card.id}); give it as a named group of "
            "the images pattern or as a column of the table"
        )
    for group in card.same_subject:
        if subject in group:
            subject = group[0]
    return Case(
        case=name, subject=subject, image=image, series=series, masks=tuple(masks), facts=facts
    )


def _read_table(root: Path, table: Table) -> dict[str, dict[str, str]]:
    path = _only_file(root, table.file, "table")
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


def _read_list(root: Path, file: str) -> list[str]:
    return _only_file(root, file, "list").read_text(encoding="utf-8").split()


def _only_file(root: Path, pattern: str, what: str) -> Path:
    """The file that a pattern means: of those that match, the one nearest to the root."""
    found = sorted(root.glob(pattern), key=lambda path: (len(path.parts), path))
    if not found:
        raise DataError(f"{root / pattern}: no such {what}")
    if len(found) > 1 and len(found[0].parts) == len(found[1].parts):
        raise DataError(
            f"{root}: {found[0].name} and {found[1].relative_to(root)} both match {pattern!r}; "
            f"which {what} is meant? Move the other one away"
        )
    return found[0]


def _find_msd(card: DatasetCard, root: Path) -> list[Case]:
    layout = card.layout
    assert isinstance(layout, MsdLayout)
    path = _only_file(root, "**/dataset.json", "description")
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from None
    base = path.parent
    if "file_ending" in facts:  # nnU-Net: imagesTr/CASE_0000.ext, labelsTr/CASE.ext
        ending = facts["file_ending"]
        suffix = f"_{layout.channel:04d}{ending}"
        pairs = [
            (image, base / "labelsTr" / (image.name.removesuffix(suffix) + ending))
            for image in sorted((base / "imagesTr").glob(f"[!.]*{suffix}"))
        ]
    else:
        pairs = [(base / p["image"], base / p["label"]) for p in facts.get("training", ())]
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
        image, masks = root / row["image"], [MaskFile(root / row["mask"])]
        series: tuple[Path, ...] = ()
        if image.is_dir():
            series = tuple(sorted(path for path in image.iterdir() if path.is_file()))
            if not series:
                raise DataError(f"{path}: {image} is an empty folder; expected DICOM slices")
            image = series[0]
            row |= header_facts(image)
            _check_slices(masks, series)
        cases.append(_case(card, row, row["case"], image, masks, series))
    if not cases:
        raise DataError(f"{path}: holds no row")
    return cases


def _find_phantoms(card: DatasetCard, root: Path) -> list[Case]:
    assert isinstance(card.layout, PhantomLayout)
    facts = {"device": card.layout.device} if card.layout.device else {}
    return [
        Case(case=f"{k:03d}", subject=f"s{k:03d}", facts=facts) for k in range(card.layout.cases)
    ]


FINDERS: dict[str, Callable[[DatasetCard, Path], list[Case]]] = {
    "paired_images": _find_files,
    "paired_nifti": _find_files,
    "dicom_series": _find_files,
    "msd": _find_msd,
    "manifest": _find_manifest,
    "phantom": _find_phantoms,
}
