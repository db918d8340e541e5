"""Cases found by a regular expression over file names, with mask templates, lists and a table."""

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import FactTable, FilesLayout
from benchmark.cards.patterns import inside
from benchmark.data.cases import Case, MaskFile
from benchmark.data.layouts.case_files import build_case, nearest_file
from benchmark.errors import DataError, spelling_clash
from benchmark.reading import read_csv, read_text


def find_by_pattern(card: DatasetCard, root: Path, *, series: bool = False) -> list[Case]:
    """The cases whose images match the layout's pattern and that its official lists name.

    Args:
        card: Its layout has the pattern, mask templates, lists and table.
        root: Its folder.
        series: Whether all files of a folder that match are the slices of one volume.

    Raises:
        DataError: No image matches; an image, a mask, a list, or a row of the table is missing; a
            case is in two lists, or two rows of the table contradict each other.
    """
    layout = card.layout
    assert isinstance(layout, FilesLayout)
    table = _read_table(root, layout.table) if layout.table else {}
    lists = _read_lists(root, layout.lists)
    cases, unlisted = [], []
    for files, facts in _matching_images(layout, root, series):
        image = files[0]
        named = _filled(layout.case, facts, image) if layout.case else facts.get("case")
        name = named or image.name.split(".")[0]
        facts.setdefault("case", name)
        if layout.lists:
            if name not in lists:
                unlisted.append(name)
                continue
            facts["list"] = lists[name]
        if layout.table:
            wanted = _filled(layout.table.match, facts, image)
            row = table.get(wanted)
            if row is None:
                raise DataError(
                    f"{root / layout.table.file}: no row for {facts['path']} (column "
                    f"{layout.table.key!r} has no {wanted!r})"
                )
            facts |= row
        masks = _find_masks(layout, facts, image, root)
        cases.append(build_case(card, name, facts, image, masks, files if series else ()))
    if clash := spelling_clash([*unlisted, *(lists.keys() - {case.case for case in cases})]):
        raise DataError(f"{root}: an official list and a file: {clash}")
    if not cases:
        raise DataError(
            f"{root}: there are images, but the official lists name none of them (first: "
            f"{next(iter(lists), 'nothing')!r}); a list has the name of one case a line"
        )
    return cases


def _matching_images(
    layout: FilesLayout, root: Path, series: bool
) -> Iterator[tuple[tuple[Path, ...], dict[str, str]]]:
    """The files of each image (one, or the slices of a series) and the facts in their names.

    Raises:
        DataError: Nothing matches the pattern, or what does is no file.
    """
    pattern = re.compile(layout.images)
    images: dict[Path, tuple[tuple[Path, ...], dict[str, str]]] = {}
    paths = []
    for path in sorted(_all_files(root)):
        relative = path.relative_to(root)
        paths.append(relative.as_posix())
        match = pattern.fullmatch(paths[-1])
        if match is None:
            continue
        if not path.is_file():
            raise DataError(
                f"{path}: a link to a file that is not here, or no file at all; get it (`datalad "
                "get .`), or delete the link if the case is to be left out"
            )
        facts = {k: v for k, v in match.groupdict().items() if v is not None}
        facts |= {"path": paths[-1], "folder": relative.parent.as_posix()}
        key = path.parent if series else path
        files, first_facts = images.get(key, ((), facts))
        images[key] = ((*files, path), first_facts)
    if not images:
        examples = ", ".join(paths[:3]) or "nothing"
        raise DataError(f"{root}: no file matches {layout.images!r}; the folder holds {examples}")
    yield from images.values()


def _all_files(folder: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """What is below a folder, also in folders that are links; not the `._` files of macOS."""
    here = os.path.realpath(folder)
    if here in above:  # a link that leads back would never end
        return
    for path in folder.iterdir():
        if path.is_dir():
            yield from _all_files(path, (*above, here))
        elif not path.name.startswith("._"):
            yield path


def _find_masks(
    layout: FilesLayout, facts: dict[str, str], image: Path, root: Path
) -> list[MaskFile]:
    """The mask files of an image.

    Raises:
        DataError: Nothing matches a template.
    """
    by_label: Iterable[tuple[str | None, tuple[str, ...]]] = (
        layout.masks.items() if isinstance(layout.masks, dict) else [(None, layout.masks)]
    )
    masks = []
    for label, templates in by_label:
        for template in templates:
            wanted = _filled(template, facts, image)
            if not inside(wanted):
                raise DataError(
                    f"{image}: its mask {wanted} is outside {root}; give the folder that holds "
                    "images and masks by --from"
                )
            escaped = {name: glob.escape(value) for name, value in facts.items()}
            files = sorted(root.glob(template.format(**escaped)))
            if not files:
                raise DataError(f"{image}: its mask {wanted} is missing below {root}")
            masks += [MaskFile(file, label) for file in files]
    return masks


def _filled(template: str, facts: Mapping[str, str], image: Path) -> str:
    """A template of the card with the facts of one image.

    Raises:
        DataError: The image's name lacks an optional group that the template asks for.
    """
    try:
        return template.format(**facts)
    except KeyError as missing:
        raise DataError(
            f"{image}: its name has no {missing.args[0]!r}, which {template!r} on the card "
            "asks for; give this file that part of the name, or the card a template without it"
        ) from None


def _read_lists(root: Path, files: Mapping[str, str]) -> dict[str, str]:
    """The list of each case.

    Raises:
        DataError: A list is missing, or a case is in two.
    """
    lists: dict[str, str] = {}
    for name, file in files.items():
        path = nearest_file(root, file, "list")
        for line in read_text(path, DataError).splitlines():
            if (case := line.strip()) and lists.setdefault(case, name) != name:
                raise DataError(f"{path}: case {case!r} is in the list {lists[case]!r} too")
    return lists


def _read_table(root: Path, table: FactTable) -> dict[str, dict[str, str]]:
    """The facts of each row, by the value in the key column.

    Raises:
        DataError: The table is missing or malformed, or has two rows of one key with other facts.
    """
    path = nearest_file(root, table.file, "table")
    columns = (table.key, *table.columns.values())
    rows = read_csv(path, columns, delimiter=table.delimiter, error=DataError)
    facts_of: dict[str, dict[str, str]] = {}
    for row in rows:
        facts = {fact: row[column] for fact, column in table.columns.items()}
        if (first := facts_of.setdefault(row[table.key], facts)) != facts:
            raise DataError(
                f"{path}: two rows with {table.key} {row[table.key]!r}, one with {first}, one with "
                f"{facts}; keep the right one"
            )
    return facts_of
