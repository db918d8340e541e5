"""What a record claims, against the registry, the data on this machine and accepted records."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

from benchmark.cards.card import fingerprint
from benchmark.cards.registry import SplitRow
from benchmark.cards.target import TargetCard
from benchmark.data.resolve import ResolvedDataset, resolve_target
from benchmark.data.splits import fold_splits, target_split
from benchmark.errors import CardError, DataError
from benchmark.planning.exposure import contamination, unchecked
from benchmark.planning.source_weights import source_exposure
from benchmark.planning.transfers import nested_subjects
from benchmark.records.record import RunRecord
from benchmark.submission.limits import MAX_CHARACTERS
from benchmark.submission.read_pack import Submission


@dataclass(frozen=True)
class TargetConditions:
    """What is known of one target on this machine.

    Attributes:
        card: Of the target.
        data: Its data, if they are on this machine.
        split: Its split, as far as it is known without the data; empty if it is not.
        accepted: An accepted record of it, if there is one.
    """

    card: TargetCard
    data: ResolvedDataset | None
    split: tuple[SplitRow, ...]
    accepted: RunRecord | None

    @classmethod
    def of(cls, submission: Submission, name: str) -> "TargetConditions":
        """Look a target up in the cards, on this machine, and among accepted records.

        Raises:
            BenchmarkError: There is no such target, or its data have changed.
        """
        registry, records = submission.workspace.registry, submission.accepted.values()
        card = registry.target(name)
        data: ResolvedDataset | None = None
        split: tuple[SplitRow, ...] = ()
        try:
            data = resolve_target(submission.workspace, card, legacy=submission.board.legacy)
            split = tuple(row for row in data.rows if row.case in data.cases)
        except DataError:  # not on this machine, or not complete
            with suppress(CardError):  # the split is made by a rule, which needs the data
                split = target_split(registry.split(card.dataset), card)
        return cls(card, data, split, next((r for r in records if r.cell.target == name), None))

    @cached_property
    def fingerprints(self) -> dict[str, tuple[str, str]]:
        """Expected value of each field of the fingerprints that is known, and its origin."""
        expected = {"target": (fingerprint(self.card), "the registry's")}
        if self.data is not None and not self.data.subset:
            expected["splits"] = (self.data.split_fingerprint, "that of the data here")
            expected["data"] = (self.data.fingerprint, "that of the data here")
        elif self.split and self.data is None:
            split = fingerprint([[row.case, row.subject, row.subset] for row in self.split])
            expected["splits"] = (split, "the registry's")
        if self.accepted is not None:
            for name in ("target", "splits", "data"):
                value = getattr(self.accepted.fingerprints, name)
                expected.setdefault(name, (value, "that of the accepted records"))
        return expected

    @cached_property
    def folds(self) -> tuple[tuple[SplitRow, ...], ...]:
        """Its split in each fold of a cross-validated target; one split for any other."""
        if self.data is None:
            return fold_splits(self.split, self.card)
        return tuple(fold.local_rows for fold in self.data.folds(self.card))

    @cached_property
    def test_subjects(self) -> dict[str, str] | None:
        """Subject of each test case; None if they are not known."""
        if self.data is not None and not self.data.subset:
            return {name: self.data.cases[name].subject for name in self.data.names("test")}
        if self.accepted is not None and not self.accepted.marks.subset:
            return {row.case: row.subject for row in self.accepted.cases}
        return None

    @property
    def gaps(self) -> list[str]:
        """What cannot be checked on this machine."""
        name = self.card.id
        data = "only a part of its data is here" if self.data else "its data are not here"
        gaps = [
            f"{name}: {field}, {data} and it has no accepted record"
            for field in ("splits", "data")
            if field not in self.fingerprints
        ]
        if self.accepted is None:
            gaps.append(f"{name}: prepared data, it has no accepted record to compare with")
        return gaps


def fingerprint_problems(
    record: RunRecord, conditions: TargetConditions, submission: Submission
) -> Iterator[str]:
    """Fingerprints that are not those of the cards, data and accepted records."""
    prints, accepted = record.fingerprints, conditions.accepted
    card = submission.source_of(record)
    expected = {
        "protocol": (submission.board.protocol_fingerprint(record.cell.lane), "the board's"),
        "source": (fingerprint(card.as_recorded), f"that of the card of {card.id!r}"),
    }
    for field, (value, origin) in (expected | conditions.fingerprints).items():
        if getattr(prints, field) != value:
            yield f"fingerprints.{field} is not {origin}"
    weights = card.weights.sha256 if card.weights else None
    if not prints.weights.removeprefix("sha256:").startswith(weights or ""):
        yield "fingerprints.weights is not the SHA-256 on the card"
    if (prints.weights == "none") != (card.provides == "nothing"):
        yield f"fingerprints.weights is {prints.weights[:20]!r}, unlike the card"
    if accepted and accepted.fingerprints.data == prints.data:
        if record.prepared_data != accepted.prepared_data:
            yield "prepared_data is not that of the accepted records"


def card_problems(
    record: RunRecord, conditions: TargetConditions, submission: Submission
) -> Iterator[str]:
    """Facts of a record that contradict its cards, the protocol or each other."""
    target, protocol = conditions.card, submission.board.protocol
    source = submission.source_of(record)
    dataset = submission.workspace.registry.dataset(target.dataset)
    marks, coverage = record.marks, record.coverage
    facts, board = attrgetter("title", "domain", "task"), submission.board
    strategy, lane = record.cell.strategy, record.cell.lane
    complete = coverage is None or coverage.complete
    if lane not in board.lanes_of(source) or strategy not in board.strategies_for(source.id, lane):
        yield f"the source does not take part with {strategy!r} in lane {lane}"
        return
    encoder = board.encoder_of(source, lane)
    if (*facts(record.source), record.source.encoder) != (*facts(source), encoder):
        yield "source: title, domain, task or encoder are not the card's"
    if record.main_metric != target.main_metric:
        yield f"main_metric is {record.main_metric!r}, not the target's"
    if marks.unranked:
        yield f"unranked ({marks.unranked[0]}); it can enter no table"
    if marks.synthetic != dataset.synthetic:
        yield "marks.synthetic is not that of the data set's card"
    if marks.unchecked != unchecked(source.saw, submission.workspace.registry, target.dataset):
        yield "marks.unchecked does not name the data on the card that cannot be checked"
    if (coverage is None) != (source.provides == "nothing") or complete == marks.partial_weights:
        yield "coverage and marks.partial_weights contradict each other or the card"
    for text in map(str, (*record.environment.model_dump().values(), record.started)):
        if len(text) > MAX_CHARACTERS or not text.isprintable():
            yield f"environment or started: {text[:20]!r} is not a short plain text"
    rates = submission.board.strategies[strategy].learning_rates or protocol.learning_rates
    if any(selection.learning_rate not in rates for selection in record.selections):
        yield "selection.learning_rate is not one of the board's"
    if set(record.pooled or ()) != set(submission.board.pooled_metrics):
        yield "pooled: not the board's pooled metrics"
    if protocol.steps and max(selection.step for selection in record.selections) > protocol.steps:
        yield f"selection.step is above the protocol's {protocol.steps}"


def split_problems(
    record: RunRecord, conditions: TargetConditions, submission: Submission
) -> Iterator[str]:
    """Scored cases, training subjects and contamination that are not those of the split."""
    card, tests, marks = conditions.card, conditions.test_subjects, record.marks
    if {row.label for row in record.cases} != set(card.labels):
        yield f"labels are not the target's ({', '.join(sorted(card.labels))})"
    if absent := set(card.labels) - {row.label for row in record.cases if not row.reference_empty}:
        yield f"no test case has {', '.join(sorted(absent))}, so that its scores measure nothing"
    if {text.rpartition(" in ")[0] for text in marks.unseen_labels} - set(card.labels):
        yield "marks.unseen_labels are not labels of the target"
    if set(record.cases[0].scores) != set(card.metrics):
        yield f"metrics are not the target's ({', '.join(card.metrics)})"
    if tests is not None and not marks.subset:
        if {row.case: row.subject for row in record.cases} != tests:
            yield f"cases are not the {len(tests)} of the test subset"
    if not conditions.split:
        return
    if not marks.subset and (conditions.data or not card.where):
        size = record.cell.train_subjects
        expected = [set(nested_subjects(rows, size)) for rows in conditions.folds]
        if [set(selection.train_subjects) for selection in record.selections] != expected:
            yield "selection.train_subjects are not those of the split"
    try:
        seen = source_exposure(submission.workspace, submission.source_of(record))
    except DataError:  # its pretraining data are not on this machine
        return
    reasons = contamination(seen, submission.workspace.registry, card.dataset, conditions.split)
    if bool(reasons) != bool(marks.contamination):
        yield (
            f"marks.contamination is {', '.join(marks.contamination) or 'empty'}; "
            f"by the card it is {', '.join(reasons) or 'empty'}"
        )
