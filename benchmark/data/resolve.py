"""Data sets as a run uses them: cases on this machine, split, and fingerprints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.cards.card import fingerprint
from benchmark.cards.dataset import DatasetCard, Subset
from benchmark.cards.layouts import PhantomLayout
from benchmark.cards.registry import SplitRow
from benchmark.cards.target import TargetCard
from benchmark.data.cases import Case
from benchmark.data.local_copies import check_unchanged, local_copy
from benchmark.data.splits import cases_and_split, fold_splits, target_split
from benchmark.errors import DataError, SplitError
from benchmark.phantoms.catalogue import PHANTOMS
from benchmark.scoring.metrics import METRICS
from benchmark.workspace import Workspace

LEAST_SHARE = 0.01  # of the range of an intensity, that grey values fill


@dataclass(frozen=True)
class ResolvedDataset:
    """A data set on this machine.

    Attributes:
        card: Its card.
        cases: The cases of the split that are on this machine, by name.
        rows: The complete fixed split.
        fingerprint: `sha256:<hex>` of its files, or of the recipe of phantoms.
        subset: Whether it is a part of what its card describes.
        without_spacing: Cases of unknown pixel spacing.
        without_label: For labels of the card, the cases that do not have it; empty if unknown.
        grey_values: The smallest and the largest when it was registered; None where unknown.
    """

    card: DatasetCard
    cases: Mapping[str, Case]
    rows: tuple[SplitRow, ...]
    fingerprint: str
    subset: bool
    without_spacing: int = 0
    without_label: Mapping[str, Sequence[str]] = field(default_factory=dict)
    grey_values: tuple[float, float] | None = None

    @property
    def split_fingerprint(self) -> str:
        """SHA-256 of the split's rows."""
        return fingerprint([[r.case, r.subject, r.subset] for r in self.rows])

    def where(self, facts: Mapping[str, str]) -> "ResolvedDataset":
        """The part of it whose cases have these facts.

        Raises:
            DataError: No case has them; the message lists the values that occur.
        """
        kept = {
            name: case
            for name, case in self.cases.items()
            if all(case.facts.get(fact) == value for fact, value in facts.items())
        }
        if not kept:
            values = {f: sorted({c.facts.get(f, "?") for c in self.cases.values()}) for f in facts}
            raise DataError(f"{self.card.id}: no case with {dict(facts)}; there are {values}")
        return replace(self, cases=kept)

    @property
    def local_rows(self) -> tuple[SplitRow, ...]:
        """Rows of the split whose cases are on this machine."""
        return tuple(row for row in self.rows if row.case in self.cases)

    def folds(self, target: TargetCard) -> tuple["ResolvedDataset", ...]:
        """One per fold of a cross-validated target; itself alone for any other."""
        return tuple(replace(self, rows=rows) for rows in fold_splits(self.rows, target))

    def names(self, *subsets: Subset) -> list[str]:
        """Names of the cases on this machine that are in one of these subsets."""
        return [row.case for row in self.local_rows if row.subset in subsets]


def resolve_dataset(workspace: Workspace, name: str, *, legacy: bool = False) -> ResolvedDataset:
    """A data set on this machine.

    Raises:
        DataError: The data set is not on this machine, or its files or phantoms have changed.
        SplitError: Its published split leaks, and `legacy` is not set.
    """
    card = workspace.registry.dataset(name)
    if card.legacy_split and not legacy:
        raise SplitError(
            f"{name}: {card.legacy_split}; only a board marked `legacy: true` may use this split"
        )
    copy = None if isinstance(card.layout, PhantomLayout) else local_copy(name, workspace)
    on_disk, rows = cases_and_split(workspace.registry, card, Path(copy.root) if copy else None)
    in_split = {row.case for row in rows}
    cases = {name: case for name, case in on_disk.items() if name in in_split}
    if copy is None:
        return ResolvedDataset(card, cases, rows, _phantom_fingerprint(card), subset=False)
    check_unchanged(workspace, copy, cases)
    return ResolvedDataset(
        card,
        cases,
        rows,
        copy.fingerprint,
        subset=copy.subset or bool(card.part_of),
        without_spacing=copy.without_spacing,
        without_label=copy.without_label,
        grey_values=copy.grey_values,
    )


def resolve_target(
    workspace: Workspace, target: TargetCard, *, legacy: bool = False
) -> ResolvedDataset:
    """The part of its data set that a target task uses.

    Raises:
        DataError: It is not on this machine, holds no test case, has no pixel spacing though the
            target asks for millimetres, no test case has one of the labels, or the bounds of the
            intensity do not fit the grey values.
        SplitError: It has fewer subjects than the target has folds.
    """
    data = resolve_dataset(workspace, target.dataset, legacy=legacy).where(target.where)
    data = replace(data, rows=target_split(data.rows, target))
    if not data.names("test"):
        raise DataError(f"{target.dataset}: no test case is on this machine; import a fuller copy")
    _check_target(target, data)
    return data


def _check_target(target: TargetCard, data: ResolvedDataset) -> None:
    """Refuse a target whose metrics, labels or grey values are not those of its data."""
    distances = [name for name in target.metrics if "spacing" in METRICS[name].needs]
    if distances and data.without_spacing:
        raise DataError(
            f"{target.dataset}: {data.without_spacing} cases have no pixel spacing, but target "
            f"task {target.id} asks for {', '.join(distances)}; give spacing_mm on the data set's "
            "card, or leave these metrics out of the target's"
        )
    for label, merged in target.labels.items():
        without = (data.without_label.get(name, ()) for name in merged)
        if set.intersection(*map(set, without)).issuperset(data.names("test")):
            raise label_not_tested(target, label)
    _check_intensity(target, data)


def label_not_tested(target: TargetCard, label: str) -> DataError:
    """The error of a target with a label that no test case has: it would measure nothing."""
    return DataError(
        f"{target.dataset}: label {label!r} of target task {target.id} is in no test case, so "
        "whoever predicts nothing would score best; correct `labels` or `masks` of the data set's "
        "card, import a fuller copy, choose another split, or leave the label out of the target"
    )


def _check_intensity(target: TargetCard, data: ResolvedDataset) -> None:
    """Refuse bounds that leave nothing of the grey values to see.

    All of them lie beyond a bound; or, for a `range`, which is of the values that files can hold,
    they reach beyond it by more than its width, or fill less than a hundredth of it.
    """
    how = target.intensity
    if data.grey_values is None or how.kind == "percentile":
        return
    (least, most), width = data.grey_values, how.high - how.low
    lost = most <= how.low or least >= how.high
    beyond = max(most - how.high, how.low - least) > width
    if lost or (how.kind == "range" and (beyond or most - least < width * LEAST_SHARE)):
        raise DataError(
            f"{target.dataset}: grey values are {least:g} to {most:g}, but target task {target.id} "
            f"says `intensity: {{kind: {how.kind}, low: {how.low:g}, high: {how.high:g}}}`, which "
            "would leave little of them; correct the bounds (`percentile` suits any)"
        )


def _phantom_fingerprint(card: DatasetCard) -> str:
    layout = card.layout
    assert isinstance(layout, PhantomLayout)
    version = PHANTOMS[layout.generator].version
    if version != layout.generator_version:
        raise DataError(
            f"{card.id}: made for version {layout.generator_version} of the phantom "
            f"{layout.generator!r}, this installation has {version}"
        )
    return fingerprint(layout)
