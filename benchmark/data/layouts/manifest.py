"""Manifests: a CSV file with one row per case."""

from collections.abc import Iterator
from pathlib import Path

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import ManifestLayout
from benchmark.data.cases import Case, MaskFile
from benchmark.data.layouts.case_files import build_case, load_files
from benchmark.data.layouts.registry import LayoutReader
from benchmark.errors import DataError
from benchmark.reading import read_csv


def manifest_rows(
    root: Path, layout: ManifestLayout, columns: tuple[str, ...]
) -> Iterator[tuple[dict[str, str], Path, tuple[Path, ...]]]:
    """Each row of a manifest with its image, and the files of one that is a DICOM series.

    Args:
        root: Folder of the data set; images are relative to it, or absolute.
        layout: Names the CSV file.
        columns: Those that it must have, in addition to `case` and `image`.

    Raises:
        DataError: The file is missing or has no row, a column is missing, a cell or a series is
            empty.
    """
    path = root / layout.file
    rows = read_csv(path, sorted({"case", "image", *columns}), error=DataError)
    if not rows:
        raise DataError(f"{path}: has no rows")
    for number, row in enumerate(rows, start=2):
        if empty := [name for name in ("case", "image", *columns) if not row[name].strip()]:
            raise DataError(f"{path}, row {number}: {', '.join(map(repr, empty))} is empty")
        for name in ("image", "mask"):
            if "\\" in row.get(name, "") and not (root / row[name]).exists():
                raise DataError(f"{path}, row {number}: write {row[name]!r} with `/`, not `\\`")
        image, series = root / row["image"], tuple[Path, ...]()
        if image.is_dir():
            series = tuple(sorted(file for file in image.iterdir() if file.is_file()))
            if not series:
                raise DataError(f"{path}: {image} is an empty folder; expected DICOM slices")
            image = series[0]
        yield row, image, series


def find(card: DatasetCard, root: Path) -> list[Case]:
    """All rows as cases; every column is a fact.

    Raises:
        DataError: As `manifest_rows`; or two subjects have one mask, as after a slip in copying.
    """
    assert isinstance(card.layout, ManifestLayout)
    cases, owners = [], dict[Path, Case]()
    for row, image, series in manifest_rows(root, card.layout, ("mask", card.group_by)):
        mask = MaskFile(root / row["mask"])
        case = build_case(card, row["case"], row, image, [mask], series)
        owner = owners.setdefault(mask.path, case)
        if owner.subject != case.subject:
            raise DataError(
                f"{mask.path}: the mask of {owner.case!r} (subject {owner.subject!r}) and of "
                f"{case.case!r} (subject {case.subject!r}); correct the file name or the subject"
            )
        cases.append(case)
    return cases


LAYOUT = LayoutReader(find, load_files)
