"""A pack checked from its files alone; no code and no weights of the submitter are run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.registry import Registry
from benchmark.errors import RecordError, SubmissionError
from benchmark.planning.comparators import with_source
from benchmark.records.record import RunRecord
from benchmark.records.store import Store, read_record
from benchmark.records.validate import Conditions, check_record
from benchmark.submission.checklist import Check, Checklist
from benchmark.submission.checks import Standing, judge
from benchmark.submission.manifest import derived
from benchmark.submission.read_pack import (
    Pack,
    check_manifest,
    list_files,
    pack_card,
    pack_hashes,
    unpacked,
)
from benchmark.workspace import Workspace


@dataclass
class Verdict:
    """What was found of one submission.

    Attributes:
        checklist: Every check.
        pack: The opened pack; None where it could not be read.
        board: Of the submission.
        workspace: All cards and local data.
        store: The folder of accepted records.
        standing: Levels and rows; empty where it was refused before.
    """

    checklist: Checklist = field(default_factory=Checklist)
    pack: Pack | None = None
    board: BoardCard | None = None
    registry: Registry | None = None
    store: Store | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def refused(self) -> bool:
        """Whether it may not be merged."""
        return self.checklist.refused


@contextmanager
def verified(path: Path, workspace: Workspace, accepted: Store | None) -> Iterator[Verdict]:
    """Check a pack; it stays open while the verdict is used.

    Args:
        path: A folder or a zip.
        workspace: Our cards, and local data: what is registered there is scored again.
        accepted: The board's folder of accepted records; None takes the shipped one.
    """
    verdict = Verdict()
    with _opened(path, verdict.checklist) as folder:
        if folder is not None:
            _read(folder, verdict, workspace.registry)
        if verdict.pack and verdict.board and verdict.registry:
            verdict.store = accepted or Store(workspace.registry.folders[verdict.board.id])
            verdict.standing = judge(
                verdict.checklist,
                verdict.pack,
                verdict.board,
                Workspace(verdict.registry, workspace.home),
                verdict.store,
            )
        yield verdict


@contextmanager
def _opened(path: Path, checklist: Checklist) -> Iterator[Path | None]:
    folder = None
    with ExitStack() as stack:
        with checklist.check("container") as check:
            folder = stack.enter_context(unpacked(path))
            check.said = "a folder or a zip of plain files"
        yield folder


def _read(folder: Path, verdict: Verdict, registry: Registry) -> None:
    """Files, manifest, card and records, each only where those before it were right."""
    checklist = verdict.checklist
    with checklist.check("files and sizes") as check:
        files = list_files(folder)
        check.said = f"{len(files)} files, {sum(files.values()) / 1e6:.1f} MB"
    if checklist.refused:
        return
    with checklist.check("manifest") as check:
        manifest = check_manifest(folder, files)
        board = registry.board(manifest.board)
        check.said = f"SHA-256 of all {len(manifest.files)} files; board {board.id}"
    if checklist.refused:
        return
    with checklist.check("source card") as check:
        card = pack_card(folder, manifest, files)
        verdict.registry = with_source(registry, card)
        known = card.id in registry.sources
        check.said = f"{card.id}, " + ("as registered" if known else "new")
    with checklist.check("records") as check:
        records = _records(folder, board, manifest.source, check)
        hashes = pack_hashes(folder, records)
        check.said = f"{len(records)} under the board's protocol, strategies, sizes and seeds"
    if checklist.refused:
        return
    with checklist.check("derived files") as check:
        for name, text in derived(records).items():
            if name not in files or (folder / name).read_bytes() != text.encode():
                raise SubmissionError(f"{name}: is not what the records give; one was edited")
        check.said = "cases, coverage and environment follow from the records"
    if not checklist.refused:
        verdict.pack, verdict.board = Pack(folder, manifest, card, records, hashes), board


def _records(folder: Path, board: BoardCard, source: str, check: Check) -> dict[str, RunRecord]:
    store, wanted, found = Store(folder), Conditions.of(board), {}
    for name in store.files():
        try:
            path = folder / "records" / name
            record = read_record(path)
            check_record(record, name, f"records/{name}", wanted)
        except RecordError as error:
            check.problems.append(str(error).replace(f"{folder}/", ""))
            continue
        if record.cell.source != source:
            check.problems.append(
                f"{name}: a row of {record.cell.source!r}; a pack holds those of {source!r}"
            )
        found[name] = record
    if not found:
        check.problems.append("there is none")
    return found
