"""Read a pack strictly: manifest, card, records and prediction hashes; nothing is executed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import read_card
from benchmark.cards.source import SourceCard
from benchmark.errors import RecordError, SubmissionError
from benchmark.files import printable
from benchmark.planning.comparators import own_baselines, with_source
from benchmark.records.predictions import PredictionHashes, read_hashes
from benchmark.records.record import RunRecord
from benchmark.records.record_content import has_record
from benchmark.records.record_files import read_strictly
from benchmark.records.store import Store, read_record
from benchmark.records.validate import Conditions, check_record
from benchmark.submission.checklist import Checklist, SubmissionCheck
from benchmark.submission.container import list_files
from benchmark.submission.manifest import (
    ID,
    MANIFEST,
    Manifest,
    PackedFile,
    card_path,
    derived_files,
)
from benchmark.workspace import Workspace


@dataclass(frozen=True)
class Submission:
    """A pack that was read, and what it is checked against.

    Attributes:
        folder: The unpacked pack.
        manifest: Its manifest.
        card: Of its source.
        records: By path below `records/`, of its source and of the baseline on its network.
        hashes: Of the predictions, by the same paths.
        board: Of the records.
        workspace: All cards, the submission's among them, and local data.
        store: The board's folder of accepted records.
        accepted: The accepted records by path, once they were read.
    """

    folder: Path
    manifest: Manifest
    card: SourceCard
    records: Mapping[str, RunRecord]
    hashes: Mapping[str, PredictionHashes]
    board: BoardCard
    workspace: Workspace
    store: Store
    accepted: dict[str, RunRecord] = field(default_factory=dict)

    def source_of(self, record: RunRecord) -> SourceCard:
        """Card of the source of a record: the submitted one, or a baseline."""
        return self.workspace.registry.source(record.cell.source)

    @property
    def sources(self) -> tuple[SourceCard, ...]:
        """The submitted card, and those of the baselines in the pack."""
        return (self.card, *map(self.workspace.registry.source, self.manifest.baselines))

    @property
    def merged(self) -> tuple[str, ...]:
        """Paths of the records to merge: without cells of a baseline that others have run."""
        return tuple(
            name
            for name in self.records
            if not has_record(self.store.folder, f"records/{name}")
            or self.store.content(name).data == (self.folder / "records" / name).read_bytes()
        )

    def maps(self, name: str) -> Path:
        """Path of the label maps of a record, which the pack need not have."""
        return (self.folder / "predictions" / name).with_suffix(".npz")

    def record_sha256(self, name: str) -> str:
        """SHA-256 of the file of a record, in hexadecimal."""
        return self.manifest.files[f"records/{name}"].sha256


def read_submission(
    folder: Path, workspace: Workspace, store: Store | None, checklist: Checklist
) -> Submission:
    """Read files, manifest, card and records, each only where those before it were right.

    Args:
        folder: The unpacked pack.
        workspace: Our cards and local data.
        store: The board's folder of accepted records; None takes the shipped one.
        checklist: Gets the checks.

    Raises:
        Refused: A check failed.
    """
    registry = workspace.registry
    checklist.folder = folder
    with checklist.check("files and sizes", required=True) as check:
        files = list_files(folder)
        check.summary = f"{len(files)} files, {sum(files.values()) / 1e6:.1f} MB"
    with checklist.check("manifest", required=True) as check:
        manifest = _manifest(folder, files)
        board = registry.board(manifest.board)
        check.summary = f"SHA-256 of all {len(manifest.files)} files; board {board.id}"
    with checklist.check("source card") as check:
        card = _card(folder, manifest, files)
        check.summary = f"{card.id}, {'as registered' if card.id in registry.sources else 'new'}"
        workspace = replace(workspace, registry=with_source(registry, card))
        known = {baseline.id for baseline in own_baselines(workspace.registry, board, card)}
        for name in sorted(set(manifest.baselines) - known)[:1]:
            raise SubmissionError(
                f"{MANIFEST}: {printable(name)!r} is not the baseline on a network of {card.id!r}; "
                "pack it again"
            )
    with checklist.check("records", required=True) as check:
        records = _records(folder, board, (manifest.source, *manifest.baselines), check)
        hashes = _hashes(folder, files, records)
        check.summary = f"{len(records)} under the board's protocol, strategies, sizes and seeds"
    with checklist.check("derived files", required=True) as check:
        for name, text in derived_files(records).items():
            if name not in files or (folder / name).read_bytes() != text.encode():
                raise SubmissionError(f"{name}: does not follow from the records; it was edited")
        check.summary = "cases, coverage and environment follow from the records"
    store = store or Store(registry.folders[board.id])
    return Submission(folder, manifest, card, records, hashes, board, workspace, store)


def _manifest(folder: Path, files: Mapping[str, int]) -> Manifest:
    """The manifest, once every file was found to have the size and SHA-256 listed there."""
    if MANIFEST not in files:
        raise SubmissionError(
            f"{MANIFEST}: is missing, so this is not a pack; make one with "
            "`segtransfer submit pack`"
        )
    manifest = read_strictly(folder / MANIFEST, Manifest, "pack it again")
    listed, present = set(manifest.files), set(files) - {MANIFEST}
    for name in sorted(listed ^ present)[:1]:
        problem = "is listed but not there" if name in listed else "is not listed"
        raise SubmissionError(f"{MANIFEST}: {printable(name)} {problem}; pack it again")
    for name, packed in manifest.files.items():
        if PackedFile.of(folder / name) != packed:
            raise SubmissionError(
                f"{name}: is not the file of the manifest (size or SHA-256 differ); it was edited "
                "or damaged, pack it again"
            )
    return manifest


def _card(folder: Path, manifest: Manifest, files: Mapping[str, int]) -> SourceCard:
    if not ID.fullmatch(manifest.source):
        raise SubmissionError(
            f"source {printable(manifest.source)!r}: not an id (letters, digits, . _ -; no "
            "device of Windows)"
        )
    cards = [name for name in files if name.startswith("tasks/")]
    if cards != [card_path(manifest.source)]:
        raise SubmissionError(
            f"cards of {printable(', '.join(cards)) or 'nothing'}; expected the one of "
            f"{manifest.source!r}"
        )
    return read_card(folder / cards[0], SourceCard)


def _records(
    folder: Path, board: BoardCard, sources: tuple[str, ...], check: SubmissionCheck
) -> dict[str, RunRecord]:
    conditions = Conditions.of(board)
    records: dict[str, RunRecord] = {}
    for name in Store(folder).files():
        try:
            records[name] = record = read_record(folder / "records" / name)
            check_record(record, name, f"records/{name}", conditions)
            if (source := record.cell.source) not in sources:
                raise RecordError(f"{name}: a record of {source!r}, not of {sources[0]!r}")
        except RecordError as error:
            check.problems.append(str(error).replace(f"{folder}/", ""))
    if not any(record.cell.source == sources[0] for record in records.values()):
        check.problems.append(f"there is none of {sources[0]!r}")
    return records


def _hashes(
    folder: Path, files: Mapping[str, int], records: Mapping[str, RunRecord]
) -> dict[str, PredictionHashes]:
    """The prediction hashes of each record, with its key and its cases."""
    packed = {name for name in files if name.startswith("predictions/")}
    expected = {f"predictions/{name}" for name in records}
    maps = {name.removesuffix(".json") + ".npz" for name in expected}
    for name in sorted((expected - packed) | (packed - expected - maps))[:1]:
        raise SubmissionError(f"{printable(name)}: without a record, or a record without it")
    hashes = {name: read_hashes(folder / "predictions" / name) for name in records}
    for name, record in records.items():
        cases = set() if record.failed else {row.case for row in record.cases}
        if hashes[name].key != record.key or set(hashes[name].cases) != cases:
            raise SubmissionError(
                f"predictions/{name}: of another run or other cases than its record"
            )
    return hashes
