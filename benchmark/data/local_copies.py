"""Local copies: which data sets are on this machine, where, and how they compare to their card."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from benchmark.cards.card import Model
from benchmark.cards.layouts import PhantomLayout
from benchmark.cards.registry import SplitRow
from benchmark.data.case_summaries import summarise_cases
from benchmark.data.cases import Case
from benchmark.data.copy_files import content_of, dates_of, fingerprint_of
from benchmark.data.near_duplicates import check_near_duplicates
from benchmark.data.splits import cases_and_split, check_subjects
from benchmark.errors import (
    DataError,
    RecordError,
    SplitError,
    in_one_line,
    lost_zeros,
    spelling_clash,
)
from benchmark.files import write_text
from benchmark.workers import Progress, in_order, no_progress
from benchmark.workspace import Workspace


class LocalCopy(Model):
    """What was found when a local copy was registered.

    Attributes:
        dataset: Id of the data set.
        root: Its folder.
        fingerprint: SHA-256 of the names and files of all cases in the split.
        cases: How many of the split's cases the copy has.
        subjects: Of these cases.
        subsets: Cases of each subset.
        missing: Cases of the split that the copy lacks.
        extra: Cases of the copy that are not in the split; they are ignored.
        expected_cases: How many cases the card describes, where it gives their number.
        spacing_mm: The smallest and the largest pixel or voxel size.
        without_spacing: Cases of unknown spacing.
        grey_values: The smallest and the largest.
        label_cases: In how many cases each label of the card occurs.
        without_label: The cases in which each does not; empty where nobody has counted.
        dates: Of its files, see `dates_of`.
    """

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
    grey_values: tuple[float, float] | None = None
    label_cases: dict[str, int] = {}
    without_label: dict[str, tuple[str, ...]] = {}
    dates: str = ""

    @property
    def subset(self) -> bool:
        """Whether cases that the card describes are missing."""
        return bool(self.missing) or self.cases < (self.expected_cases or 0)

    def summary(self, part_of: str) -> str:
        """Lines for the user after an import; `part_of` is the card's."""
        spacing = "unknown"
        if self.spacing_mm:
            spacing = f"{self.spacing_mm[0]:.3g} to {self.spacing_mm[1]:.3g} mm"
            if self.without_spacing:
                spacing += f", unknown for {self.without_spacing} cases"
        low, high = self.grey_values or (math.nan, math.nan)
        cases = f"{self.cases} of {self.expected_cases}" if self.expected_cases else self.cases
        lines = [
            f"{self.dataset}: {cases} cases of {self.subjects} subjects in {self.root}",
            f"  subsets: {', '.join(f'{k} {v}' for k, v in self.subsets.items())}",
            f"  spacing: {spacing}",
            f"  grey values: {low:g} to {high:g}",
            f"  cases with each label: {_counts(self.label_cases, self.cases)}",
            f"  missing: {_list(self.missing)}",
            f"  not in the split, ignored: {_list(self.extra)}",
            "  split gate: no shared subject, no near-duplicate image",
        ]
        if self.subset or part_of:
            reason = "a partial copy" if self.subset else part_of
            lines.append(f"  {reason}: every record will be marked `subset`")
        return "\n".join(lines)


def register(
    workspace: Workspace, name: str, root: Path, progress: Progress = no_progress
) -> LocalCopy:
    """Read every case of a local copy, check it against its card and split, and register it.

    Args:
        workspace: All cards and local data.
        name: Id of the data set.
        root: Folder of the copy.
        progress: Gets the cases read and in total.

    Raises:
        DataError: There is no case, or one is not what the card describes.
        SplitError: The split leaks, or spells a case otherwise than the files.
    """
    card = workspace.registry.dataset(name)
    if isinstance(card.layout, PhantomLayout):
        raise DataError(f"{name} is synthetic; there is nothing to import")
    root = root.resolve()
    cases, rows = cases_and_split(workspace.registry, card, root)
    check_subjects(name, rows, cases.values())
    used, missing, extra = _in_split(name, root, rows, cases)
    to_read = {row.case: cases[row.case] for row in used}
    summaries = summarise_cases(workspace, card, to_read, progress)
    if not card.legacy_split:
        thumbnails = {case: summary.thumbnail for case, summary in summaries.items()}
        check_near_duplicates(name, thumbnails, used)
    greys = [value for summary in summaries.values() for value in summary.grey_values]
    without = {
        label: tuple(case for case, found in summaries.items() if value not in found.labels)
        for label, value in card.labels.items()
    }
    spacings = [mm for summary in summaries.values() for mm in summary.spacing_mm]
    copy = LocalCopy(
        dataset=name,
        root=str(root),
        fingerprint=fingerprint_of({case: summary.sha256 for case, summary in summaries.items()}),
        cases=len(used),
        subjects=len({row.subject for row in used}),
        subsets=dict(Counter(row.subset for row in used)),
        missing=missing,
        expected_cases=card.expected_cases,
        extra=extra,
        spacing_mm=(min(spacings), max(spacings)) if spacings else None,
        without_spacing=sum(not summary.spacing_mm for summary in summaries.values()),
        grey_values=(min(greys), max(greys)),
        label_cases={label: len(summaries) - len(cases) for label, cases in without.items()},
        without_label=without,
        dates=dates_of(cases[case] for case in summaries),
    )
    write_text(workspace.local_copy_file(name), copy.model_dump_json(indent=1) + "\n")
    return copy


def _in_split(
    name: str, root: Path, rows: Sequence[SplitRow], cases: Mapping[str, Case]
) -> tuple[list[SplitRow], tuple[str, ...], tuple[str, ...]]:
    """Rows of the split that have a case; names of the other rows, and of the other cases."""
    used = [row for row in rows if row.case in cases]
    missing = tuple(row.case for row in rows if row.case not in cases)
    extra = tuple(sorted(cases.keys() - {row.case for row in used}))
    if clash := spelling_clash([*missing, *extra]) or lost_zeros(missing, extra):
        raise SplitError(f"{name}/splits.csv and the files in {root}: {clash}")
    if not used:
        raise DataError(
            f"{root}: {len(cases)} cases found (first: {next(iter(cases))}), but none is in "
            f"{name}/splits.csv (first: {rows[0].case})"
        )
    return used, missing, extra


def local_copy(name: str, workspace: Workspace) -> LocalCopy:
    """The registered copy of a data set.

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


def check_unchanged(workspace: Workspace, copy: LocalCopy, cases: Mapping[str, Case]) -> None:
    """Check that the files of a copy are those that were registered.

    Their contents are read only where a size or a date differs, once: the new dates are kept.

    Args:
        workspace: All cards and local data.
        copy: As it was registered.
        cases: Those of the split that are there.

    Raises:
        DataError: There are other cases, or files have other contents.
    """
    remedy = f"type `segtransfer data import {copy.dataset} --from {copy.root}`"
    if len(cases) != copy.cases:
        raise DataError(
            f"{copy.root}: {len(cases)} cases, {copy.cases} when it was registered; {remedy}"
        )
    try:
        if (dates := dates_of(cases.values())) == copy.dates:
            return
        contents = dict(zip(cases, in_order(content_of, cases.values()), strict=True))
    except OSError as error:
        raise DataError(in_one_line(error)) from None
    if fingerprint_of(contents) != copy.fingerprint:
        raise DataError(f"{copy.root}: files have changed since it was registered; {remedy}")
    with suppress(RecordError):  # a home folder that may only be read
        kept = copy.model_copy(update={"dates": dates})
        write_text(workspace.local_copy_file(copy.dataset), kept.model_dump_json(indent=1) + "\n")


def _counts(cases: dict[str, int], of: int) -> str:
    named = ", ".join(f"{label} {count}" for label, count in cases.items())
    return f"{named} (of {of})" if named else "no labels"


def _list(names: tuple[str, ...]) -> str:
    if not names:
        return "none"
    return f"{len(names)} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
