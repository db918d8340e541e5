"""Local copies: which data sets are on this machine, where, and how they compare to their card."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from benchmark.cards.card import Model
from benchmark.cards.dataset import DatasetCard, PhantomLayout
from benchmark.cards.registry import Registry, SplitRow
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import find_cases, load_case
from benchmark.data.splits import (
    check_groups,
    check_near_duplicates,
    check_subjects,
    split_by_rule,
    thumbnail,
)
from benchmark.errors import DataError
from benchmark.files import write_text
from benchmark.workers import in_order
from benchmark.workspace import Workspace


class LocalCopy(Model):
    """What was found when a local copy was registered."""

    dataset: str
    root: str
    fingerprint: str
    cases: int
    subjects: int
    subsets: dict[str, int]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    expected_cases: int | None
    spacing_mm: tuple[float, float] | None
    without_spacing: int = 0

    @property
    def subset(self) -> bool:
        """Whether cases that the card speaks of are missing here."""
        return bool(self.missing) or self.cases < (self.expected_cases or 0)

    def summary(self, part_of: str) -> str:
        """What a user wants to read after an import; `part_of` is what the card says."""
        spacing = "unknown"
        if self.spacing_mm:
            spacing = f"{self.spacing_mm[0]:.3g} to {self.spacing_mm[1]:.3g} mm"
            if self.without_spacing:
                spacing += f", unknown for {self.without_spacing} cases"
        whole = f" of {self.expected_cases}" if self.expected_cases else ""
        lines = [
            f"{self.dataset}: {self.cases}{whole} cases of {self.subjects} subjects in {self.root}",
            f"  subsets: {', '.join(f'{k} {v}' for k, v in self.subsets.items())}",
            f"  spacing: {spacing}",
            f"  missing: {_list(self.missing)}",
            f"  not in the split, ignored: {_list(self.extra)}",
            "  split gate: no shared subject, no near-duplicate image",
        ]
        if self.subset or part_of:
            what = "a partial copy" if self.subset else part_of
            lines.append(f"  {what}: every record will be marked `subset`")
        return "\n".join(lines)


def register(
    workspace: Workspace,
    name: str,
    root: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LocalCopy:
    """Read every case of a local copy, check it against its card and split, and remember it.

    Raises:
        DataError: No case is there, or one is not what the card says.
        SplitError: The split leaks.
    """
    card = workspace.registry.dataset(name)
    if isinstance(card.layout, PhantomLayout):
        raise DataError(f"{name} is synthetic; there is nothing to import")
    found = {case.case: case for case in find_cases(card, root.resolve())}
    rows = fixed_split(workspace.registry, card, found.values())
    check_groups(name, rows)
    check_subjects(name, rows, found.values())
    listed = [row for row in rows if row.case in found]
    if not listed:
        raise DataError(
            f"{root}: {len(found)} cases found (first: {next(iter(found))}), but none is in "
            f"{name}/splits.csv (first: {rows[0].case})"
        )
    digest, thumbnails = hashlib.sha256(), {}
    spacings: list[float] = []
    without_spacing = 0
    names = sorted(row.case for row in listed)
    read = in_order(lambda name: _read_case(card, found[name]), names)
    for number, (case, seen) in enumerate(zip(names, read, strict=True), start=1):
        thumbnails[case] = seen.thumbnail
        spacings += seen.spacing_mm
        without_spacing += not seen.spacing_mm
        digest.update(f"{case}|{seen.digest}\n".encode())
        progress(number, len(listed))
    if not card.legacy_split:
        check_near_duplicates(name, thumbnails, listed)
    split_cases = {row.case for row in rows}
    copy = LocalCopy(
        dataset=name,
        root=str(root.resolve()),
        fingerprint="sha256:" + digest.hexdigest(),
        cases=len(listed),
        subjects=len({row.subject for row in listed}),
        subsets=dict(Counter(row.subset for row in listed)),
        missing=tuple(row.case for row in rows if row.case not in found),
        expected_cases=card.expected_cases,
        extra=tuple(case for case in found if case not in split_cases),
        spacing_mm=(min(spacings), max(spacings)) if spacings else None,
        without_spacing=without_spacing,
    )
    write_text(workspace.local_copy_file(name), copy.model_dump_json(indent=1) + "\n")
    return copy


def local_copy(name: str, workspace: Workspace) -> LocalCopy:
    """What is known of the registered copy.

    Raises:
        DataError: None is registered, or the registration is damaged.
    """
    path = workspace.local_copy_file(name)
    if not path.is_file():
        raise DataError(
            f"data set {name!r} is not on this machine; type `segtransfer data get {name}`, "
            f"or `segtransfer data import {name} --from DIR` for a copy that you have"
        )
    try:
        return LocalCopy.model_validate_json(path.read_bytes())
    except ValidationError:
        raise DataError(f"{path}: damaged; import the data set again") from None


def fixed_split(
    registry: Registry, card: DatasetCard, cases: Iterable[Case]
) -> tuple[SplitRow, ...]:
    """The split of a data set: its file, or what its card's rule says of these cases."""
    if card.split is None:
        return registry.split(card.id)
    return tuple(split_by_rule(card.split, cases))


class _Seen(NamedTuple):
    """What registering keeps of a case; spacing in mm, empty where it is unknown."""

    thumbnail: npt.NDArray[np.uint8]
    spacing_mm: tuple[float, ...]
    digest: str


def _read_case(card: DatasetCard, case: Case) -> _Seen:
    loaded = load_case(card, case)
    return _Seen(thumbnail(loaded.image), loaded.spacing_mm or (), _files_digest(case))


def _files_digest(case: Case) -> str:
    digest = hashlib.sha256()
    for path in case.files:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _list(names: tuple[str, ...]) -> str:
    if not names:
        return "none"
    return f"{len(names)} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
