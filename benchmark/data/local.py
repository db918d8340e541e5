"""Local copies: which data sets are on this machine, where, and how they compare to their card."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from benchmark.cards.card import Model, fingerprint
from benchmark.cards.dataset import DatasetCard, PhantomLayout, Subset
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.task import TargetCard
from benchmark.data.cases import Case
from benchmark.data.layouts import find_cases, load_case
from benchmark.data.parallel import in_order
from benchmark.data.splits import (
    check_groups,
    check_near_duplicates,
    check_subjects,
    folded,
    split_by_rule,
    thumbnail,
)
from benchmark.errors import DataError, SplitError
from benchmark.phantoms.catalogue import PHANTOMS
from benchmark.records.store import write_text
from benchmark.scoring.metrics import METRICS, PHYSICAL


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


@dataclass(frozen=True)
class OpenData:
    """A data set on this machine: its card, its cases, its split, and what both rest on.

    `rows` is the whole fixed split; `cases` are those of its cases that are here.
    """

    card: DatasetCard
    cases: Mapping[str, Case]
    rows: tuple[SplitRow, ...]
    fingerprint: str
    subset: bool
    without_spacing: int = 0

    @property
    def split_fingerprint(self) -> str:
        """SHA-256 of the split's rows."""
        return fingerprint([[r.case, r.subject, r.subset] for r in self.rows])

    def where(self, facts: Mapping[str, str]) -> "OpenData":
        """The part of it whose cases have these facts.

        Raises:
            DataError: No case has them; names what there is.
        """
        kept = {
            name: case
            for name, case in self.cases.items()
            if all(case.facts.get(fact) == value for fact, value in facts.items())
        }
        if not kept:
            there = {f: sorted({c.facts.get(f, "?") for c in self.cases.values()}) for f in facts}
            raise DataError(f"{self.card.id}: no case with {dict(facts)}; there are {there}")
        return replace(self, cases=kept)

    def names(self, *subsets: Subset) -> list[str]:
        """Names of the cases that are here and in one of these subsets."""
        return [r.case for r in self.rows if r.case in self.cases and r.subset in subsets]


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
    card = registry.dataset(name)
    if isinstance(card.layout, PhantomLayout):
        raise DataError(f"{name} is synthetic; there is nothing to import")
    found = {case.case: case for case in find_cases(card, root.resolve())}
    rows = fixed_split(registry, card, found.values())
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
            f"data set {name!r} is not on this machine; type `segtransfer data get {name}`, "
            f"or `segtransfer data import {name} --from DIR` for a copy that you have"
        )
    try:
        return LocalCopy.model_validate_json(path.read_bytes())
    except ValidationError:
        raise DataError(f"{path}: damaged; import the data set again") from None


def open_data(registry: Registry, name: str, home: Path, *, legacy: bool = False) -> OpenData:
    """A data set as it is on this machine.

    Raises:
        DataError: The data set is not on this machine, or its phantoms have changed.
        SplitError: Its split leaks, and it is not a `legacy` board that asks.
    """
    card = registry.dataset(name)
    if card.legacy_split and not legacy:
        raise SplitError(
            f"{name}: {card.legacy_split}; only a board marked `legacy: true` may use this split"
        )
    if isinstance(card.layout, PhantomLayout):
        print_, subset, expected = _phantom_fingerprint(card, card.layout), False, None
        without_spacing = 0
        found = find_cases(card, None)
    else:
        copy = local_copy(name, home)
        print_, expected = copy.fingerprint, copy.cases
        subset = copy.subset or bool(card.part_of)
        without_spacing = copy.without_spacing
        found = find_cases(card, Path(copy.root))
    rows = fixed_split(registry, card, found)
    check_groups(name, rows)
    wanted = {row.case for row in rows}
    cases = {case.case: case for case in found if case.case in wanted}
    if expected not in (None, len(cases)):
        raise DataError(
            f"{copy.root}: {len(cases)} cases, {copy.cases} when it was registered; type "
            f"`segtransfer data import {name} --from {copy.root}`"
        )
    return OpenData(card, cases, rows, print_, subset, without_spacing)


def open_target(
    registry: Registry, target: TargetCard, home: Path, *, legacy: bool = False
) -> OpenData:
    """The part of its data set that a target task uses.

    Raises:
        DataError: It is not on this machine, holds no test case, or has no pixel spacing though
            the target asks for millimetres.
        SplitError: It has fewer subjects than the target has folds.
    """
    data = open_data(registry, target.dataset, home, legacy=legacy).where(target.where)
    if target.fold:
        data = replace(data, rows=folded(data.rows, target.fold.number, target.fold.of))
    if not data.names("test"):
        raise DataError(f"{target.dataset}: no test case is on this machine; import a fuller copy")
    distances = [name for name in target.metrics if METRICS[name].unit in PHYSICAL]
    if distances and data.without_spacing:
        raise DataError(
            f"{target.dataset}: {data.without_spacing} cases have no pixel spacing, but target "
            f"task {target.id} asks for {', '.join(distances)}; give spacing_mm on the data set's "
            "card, or leave these metrics out of the target's"
        )
    return data


def fixed_split(
    registry: Registry, card: DatasetCard, cases: Iterable[Case]
) -> tuple[SplitRow, ...]:
    """The split of a data set: its file, or what its card's rule says of these cases."""
    if card.split is None:
        return registry.split(card.id)
    return tuple(split_by_rule(card.split, cases))


def _phantom_fingerprint(card: DatasetCard, layout: PhantomLayout) -> str:
    version = PHANTOMS[layout.generator].version
    if version != layout.generator_version:
        raise DataError(
            f"{card.id}: made for version {layout.generator_version} of the phantom "
            f"{layout.generator!r}, this installation has {version}"
        )
    return fingerprint(layout)


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
