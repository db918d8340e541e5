"""Local copies: which data sets are on this machine, where, and how they compare to their card."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmark.cards.card import Model, fingerprint
from benchmark.cards.dataset import DatasetCard, PhantomLayout
from benchmark.cards.registry import Registry
from benchmark.data.cases import Case
from benchmark.data.layouts import find_cases, load_case
from benchmark.data.splits import (
    check_groups,
    check_near_duplicates,
    check_subjects,
    thumbnail,
)
from benchmark.errors import DataError
from benchmark.phantoms.catalogue import PHANTOMS
from benchmark.records.store import write_text


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
    spacing_mm: tuple[float, float] | None

    @property
    def subset(self) -> bool:
        """Whether cases of the fixed split are missing here."""
        return bool(self.missing)

    def summary(self) -> str:
        """What a user wants to read after an import."""
        spacing = "unknown"
        if self.spacing_mm:
            spacing = f"{self.spacing_mm[0]:.3g} to {self.spacing_mm[1]:.3g} mm"
        lines = [
            f"{self.dataset}: {self.cases} cases of {self.subjects} subjects in {self.root}",
            f"  subsets: {', '.join(f'{k} {v}' for k, v in self.subsets.items())}",
            f"  spacing: {spacing}",
            f"  missing: {_list(self.missing)}",
            f"  not in the split, ignored: {_list(self.extra)}",
            "  split gate: no shared subject, no near-duplicate image",
        ]
        if self.subset:
            lines.append("  a partial copy: every record will be marked `subset`")
        return "\n".join(lines)


@dataclass(frozen=True)
class DataFacts:
    """What a record keeps of the data it was made from."""

    fingerprint: str
    subset: bool


def register(
    registry: Registry,
    name: str,
    root: Path,
    home: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LocalCopy:
    """Read every case of a local copy, check it against its card and split, and remember it.

    Raises:
        DataError: No case is there, or one is not what the card says.
        SplitError: The split leaks.
    """
    card, rows = registry.dataset(name), registry.split(name)
    if isinstance(card.layout, PhantomLayout):
        raise DataError(f"{name} is synthetic; there is nothing to import")
    check_groups(name, rows)
    found = {case.case: case for case in find_cases(card, root.resolve())}
    check_subjects(name, rows, found.values())
    listed = [row for row in rows if row.case in found]
    if not listed:
        raise DataError(
            f"{root}: {len(found)} cases found (first: {next(iter(found))}), but none is in "
            f"{name}/splits.csv (first: {rows[0].case})"
        )
    digest, thumbnails = hashlib.sha256(), {}
    spacings: list[float] = []
    for number, row in enumerate(sorted(listed, key=lambda row: row.case)):
        case = found[row.case]
        loaded = load_case(card, case)
        thumbnails[row.case] = thumbnail(loaded.image)
        spacings += loaded.spacing_mm or ()
        digest.update(f"{row.case}|{_files_digest(case)}\n".encode())
        progress(number + 1, len(listed))
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
        extra=tuple(case for case in found if case not in split_cases),
        spacing_mm=(min(spacings), max(spacings)) if spacings else None,
    )
    write_text(home / "data" / f"{name}.json", copy.model_dump_json(indent=1) + "\n")
    return copy


def local_copy(name: str, home: Path) -> LocalCopy:
    """What is known of the registered copy.

    Raises:
        DataError: None is registered, or the registration is damaged.
    """
    path = home / "data" / f"{name}.json"
    if not path.is_file():
        raise DataError(
            f"data set {name!r} is not on this machine; type "
            f"`segtransfer data import {name} --from DIR`"
        )
    try:
        return LocalCopy.model_validate_json(path.read_bytes())
    except ValidationError:
        raise DataError(f"{path}: damaged; import the data set again") from None


def open_cases(registry: Registry, name: str, home: Path) -> tuple[list[Case], DataFacts]:
    """The cases of a data set that are both in its split and on this machine.

    Raises:
        DataError: The data set is not on this machine, or its phantoms have changed.
    """
    card = registry.dataset(name)
    wanted = {row.case for row in registry.split(name)}
    if isinstance(card.layout, PhantomLayout):
        check_groups(name, registry.split(name))
        facts = DataFacts(_phantom_fingerprint(card, card.layout), subset=False)
        return [case for case in find_cases(card, None) if case.case in wanted], facts
    copy = local_copy(name, home)
    cases = [case for case in find_cases(card, Path(copy.root)) if case.case in wanted]
    if len(cases) != copy.cases:
        raise DataError(
            f"{copy.root}: {len(cases)} cases, {copy.cases} when it was registered; type "
            f"`segtransfer data import {name} --from {copy.root}`"
        )
    return cases, DataFacts(copy.fingerprint, copy.subset)


def _phantom_fingerprint(card: DatasetCard, layout: PhantomLayout) -> str:
    version = PHANTOMS[layout.generator].version
    if version != layout.generator_version:
        raise DataError(
            f"{card.id}: made for version {layout.generator_version} of the phantom "
            f"{layout.generator!r}, this installation has {version}"
        )
    return fingerprint(layout)


def _files_digest(case: Case) -> str:
    digest = hashlib.sha256()
    for path in filter(None, (case.image, *case.masks)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _list(names: tuple[str, ...]) -> str:
    if not names:
        return "none"
    return f"{len(names)} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
