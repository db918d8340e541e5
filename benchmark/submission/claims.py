"""The conditions a record claims, against the registry, the data here and the accepted records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.task import SourceCard, TargetCard
from benchmark.data.resolve import ResolvedDataset, resolve_target
from benchmark.errors import CardError, DataError
from benchmark.planning.exposure import contamination
from benchmark.planning.source_weights import source_exposure
from benchmark.planning.transfers import nested_subjects
from benchmark.records.record import RunRecord
from benchmark.workspace import Workspace

LONGEST = 200  # characters of a text that the submitter writes


@dataclass(frozen=True)
class TargetConditions:
    """What is known here of one target.

    Attributes:
        card: Of the target.
        opened: Its data, where they are on this machine.
        rows: Its split, as far as it is known without the data; empty where it is not.
        accepted: An accepted record of it, if there is one.
    """

    card: TargetCard
    opened: ResolvedDataset | None
    rows: tuple[SplitRow, ...]
    accepted: RunRecord | None

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        board: BoardCard,
        name: str,
        accepted: Iterable[RunRecord],
    ) -> "TargetConditions":
        """Look the target up in the cards, on this machine, and among accepted records.

        Raises:
            BenchmarkError: There is no such target, or its data have changed.
        """
        card = workspace.registry.target(name)
        known = next((record for record in accepted if record.cell.target == name), None)
        try:
            opened = resolve_target(workspace, card, legacy=board.legacy)
        except DataError:  # it is not on this machine, or is not whole
            opened = None
        if opened is not None:
            return cls(card, opened, tuple(r for r in opened.rows if r.case in opened.cases), known)
        try:
            return cls(card, None, workspace.registry.split(card.dataset), known)
        except CardError:  # it has a rule, which needs the data
            return cls(card, None, (), known)

    @cached_property
    def prints(self) -> dict[str, tuple[str, str]]:
        """Per field of fingerprints what it should be, and who says so."""
        found = {"target": (fingerprint(self.card), "the registry's")}
        if self.opened is not None and not self.opened.subset:
            found["splits"] = (self.opened.split_fingerprint, "that of the data here")
            found["data"] = (self.opened.fingerprint, "that of the data here")
        elif self.rows and self.opened is None:
            split = fingerprint([[row.case, row.subject, row.subset] for row in self.rows])
            found["splits"] = (split, "the registry's")
        if self.accepted is not None:
            prints = self.accepted.fingerprints
            for name in ("target", "splits", "data"):
                found.setdefault(name, (getattr(prints, name), "that of the accepted records"))
        return found

    @cached_property
    def tests(self) -> dict[str, str] | None:
        """Subject of each test case; None where it is not known."""
        if self.opened is not None and not self.opened.subset:
            return {name: self.opened.cases[name].subject for name in self.opened.names("test")}
        if self.accepted is not None and not self.accepted.marks.subset:
            return {row.case: row.subject for row in self.accepted.cases}
        return None

    @property
    def gaps(self) -> list[str]:
        """What cannot be checked here."""
        name = self.card.id
        found = [
            f"{name}: {what}, its data are not here and it has no accepted record"
            for what in ("splits", "data")
            if what not in self.prints
        ]
        if self.accepted is None:
            found.append(f"{name}: prepared data, it has no accepted record to compare with")
        return found


def fingerprint_problems(
    record: RunRecord, facts: TargetConditions, card: SourceCard
) -> Iterator[str]:
    """What a record claims to rest on and does not."""
    name, prints = record.cell.path, record.fingerprints
    wanted = {"source": (fingerprint(card), "that of the card in the pack"), **facts.prints}
    for field, (value, whose) in wanted.items():
        if getattr(prints, field) != value:
            yield f"{name}: fingerprints.{field} is not {whose}"
    weights = card.weights.sha256 if card.weights else None
    if not prints.weights.removeprefix("sha256:").startswith(weights or ""):
        yield f"{name}: fingerprints.weights is not the SHA-256 on the card"
    if (prints.weights == "none") != (card.provides == "nothing"):
        yield f"{name}: fingerprints.weights is {prints.weights[:20]!r}, the card says otherwise"
    known = facts.accepted
    if known and known.fingerprints.data == prints.data:
        if record.prepared_data != known.prepared_data:
            yield f"{name}: prepared_data is not that of the accepted records"


def card_problems(
    record: RunRecord,
    facts: TargetConditions,
    card: SourceCard,
    board: BoardCard,
    registry: Registry,
) -> Iterator[str]:
    """What a record says of itself and its cards, the protocol or the split do not."""
    name, marks, said = record.cell.path, record.marks, record.source
    encoder = card.encoder or board.protocol.encoder
    if record.cell.strategy not in board.strategies_for(card.id):
        yield f"{name}: the source does not take part with {record.cell.strategy!r}"
    if (said.title, said.domain, said.task, said.encoder) != (
        card.title, card.domain, card.task, encoder,
    ):  # fmt: skip
        yield f"{name}: source: title, domain, task or encoder are not the card's"
    if record.main_metric != facts.card.main_metric:
        yield f"{name}: main_metric is {record.main_metric!r}, not the target's"
    if marks.unranked:
        yield f"{name}: unranked ({marks.unranked[0]}); it can enter no table"
    if marks.synthetic != registry.dataset(facts.card.dataset).synthetic:
        yield f"{name}: marks.synthetic is not what the data set's card says"
    covered = record.coverage
    whole = covered is None or not (covered.missing or covered.mismatched)
    if (covered is None) != (card.provides == "nothing") or whole == marks.partial_weights:
        yield f"{name}: coverage and marks.partial_weights contradict each other or the card"
    if covered is not None and covered.parameter_share > 1:
        yield f"{name}: coverage.parameter_share is above 1"
    for text in (*record.environment.model_dump().values(), record.started):
        if len(str(text)) > LONGEST or not str(text).isprintable():
            yield f"{name}: environment or started: {str(text)[:20]!r} is no plain short text"
    if record.selection.learning_rate not in board.protocol.learning_rates:
        yield f"{name}: selection.learning_rate is not one of the protocol's"
    if set(record.pooled or ()) != set(board.pooled_metrics):
        yield f"{name}: pooled: is not of the board's pooled metrics"
    steps = board.protocol.steps
    if steps is not None and record.selection.step > steps:
        yield f"{name}: selection.step is above the protocol's {steps}"


def split_problems(
    record: RunRecord, facts: TargetConditions, card: SourceCard, workspace: Workspace
) -> Iterator[str]:
    """Cases scored, subjects trained with, and contamination, against the split."""
    name = record.cell.path
    labels = set(facts.card.labels)
    if {row.label for row in record.cases} != labels:
        yield f"{name}: labels are not the target's ({', '.join(sorted(labels))})"
    if set(record.cases[0].scores) != set(facts.card.metrics):
        yield f"{name}: metrics are not the target's ({', '.join(facts.card.metrics)})"
    if facts.tests is not None and not record.marks.subset:
        if {row.case: row.subject for row in record.cases} != facts.tests:
            yield f"{name}: cases are not the {len(facts.tests)} of the test subset"
    if not facts.rows:
        return
    if not record.marks.subset and (facts.opened or not facts.card.where):
        wanted = set(nested_subjects(facts.rows, record.cell.train_subjects))
        if set(record.selection.train_subjects) != wanted:
            yield f"{name}: selection.train_subjects are not those of the split"
    try:
        seen = source_exposure(workspace, card)
    except DataError:  # what it was pretrained on is not on this machine
        return
    wanted_reasons = contamination(seen, workspace.registry, facts.card.dataset, facts.rows)
    if bool(wanted_reasons) != bool(record.marks.contamination):
        yield (
            f"{name}: marks.contamination is {', '.join(record.marks.contamination) or 'empty'}; "
            f"by the card it is {', '.join(wanted_reasons) or 'empty'}"
        )


def all_facts(
    workspace: Workspace,
    board: BoardCard,
    records: Mapping[str, RunRecord],
    accepted: Iterable[RunRecord],
) -> dict[str, TargetConditions]:
    """Facts of every target that the records have."""
    known = list(accepted)
    names = dict.fromkeys(record.cell.target for record in records.values())
    return {name: TargetConditions.of(workspace, board, name, known) for name in names}
