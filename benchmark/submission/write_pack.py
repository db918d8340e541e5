"""Write one source's results on a board as one folder or zip that others can check."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmark import __version__
from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint, yaml_text
from benchmark.cards.source import SourceCard
from benchmark.errors import SubmissionError
from benchmark.files import write_bytes, write_text
from benchmark.records.predictions import read_hashes
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.submission.container import list_files
from benchmark.submission.manifest import (
    ID,
    MANIFEST,
    Manifest,
    PackedFile,
    card_path,
    derived_files,
    missing_cells,
)


def pack_submission(
    store: Store,
    card: SourceCard,
    out: Path,
    *,
    baselines: Sequence[SourceCard] = (),
    with_predictions: bool = False,
) -> Manifest:
    """Pack card, records, prediction hashes and the files derived from them.

    Args:
        store: The folder that the cells were run into.
        card: Of the source.
        out: A .zip file, or a folder; it must not exist.
        baselines: Cards of the baseline on networks of the source that the board does not have.
            Their records are packed too, those with prediction hashes; others are copies of the
            board's, which it need not get again.
        with_predictions: Pack the label maps too, so that anybody can score them again.

    Returns:
        The manifest.

    Raises:
        SubmissionError: There is nothing to pack, something is missing or does not belong
            together, it is too large, or `out` exists.
        RecordError: A record in the folder is invalid.
    """
    if out.exists():
        raise SubmissionError(f"{out}: exists already; remove it or choose another --out")
    records = source_records(store, card, baselines)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
            tree = Path(temporary) / "pack"
            for name, record in records.items():
                write_bytes(tree / "records" / name, store.content(name).data)
                for path in _predictions(store, record, card.id, with_predictions):
                    target = tree / path.relative_to(store.folder)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
            manifest = _describe(tree, store.board(), card, baselines, records)
            if out.suffix == ".zip":
                _write_zip(tree, out)
            else:
                tree.chmod(0o755)
                tree.rename(out)
    except OSError as error:
        raise SubmissionError(f"{out}: cannot be written ({error.strerror or error})") from None
    return manifest


def _describe(
    tree: Path,
    board: BoardCard,
    card: SourceCard,
    baselines: Sequence[SourceCard],
    records: Mapping[str, RunRecord],
) -> Manifest:
    """Write the card, the files derived from the records and, last, the manifest."""
    sources = {record.cell.source for record in records.values()}
    packed = tuple(baseline for baseline in baselines if baseline.id in sources)
    write_text(tree / card_path(card.id), card_text(card))
    for name, text in derived_files(records).items():
        write_text(tree / name, text)
    manifest = Manifest(
        segtransfer=__version__,
        board=board.id,
        source=card.id,
        baselines=tuple(baseline.id for baseline in packed),
        missing=missing_cells(board, (card, *packed), records),
        files={name: PackedFile.of(tree / name) for name in list_files(tree)},
    )
    write_text(tree / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
    return manifest


def source_records(
    store: Store, card: SourceCard, baselines: Sequence[SourceCard] = ()
) -> dict[str, RunRecord]:
    """The records of one source and of its baselines, by path, made with the present cards.

    Raises:
        SubmissionError: There is none, one may not be ranked, or the card was edited since.
    """
    source = card.id
    if not ID.fullmatch(source):
        raise SubmissionError(
            f"{source!r}: a pack holds a source with its own card; its id has letters, digits, "
            "'.', '_' and '-' only"
        )
    cards = {source_card.id: source_card for source_card in (card, *baselines)}
    records = {
        record.cell.path: record
        for _, record in store.records()
        if record.cell.source == source or (record.cell.source in cards and _hashed(store, record))
    }
    if not any(record.cell.source == source for record in records.values()):
        raise SubmissionError(
            f"{store.folder}: no record of {source!r}; type "
            f"`segtransfer run {store.board().id} --source {source} --out {store.folder}`"
        )
    for name, record in records.items():
        if record.marks.unranked:
            raise SubmissionError(
                f"{name}: {record.marks.unranked[0]}; it is not ranked, run the full protocol"
            )
        if record.fingerprints.source != fingerprint(cards[record.cell.source].as_recorded):
            raise SubmissionError(
                f"{name}: made with another version of the card of {record.cell.source!r}; restore "
                "the card, or run the cells again"
            )
    return records


def card_text(card: SourceCard) -> str:
    """A card as YAML that reads back as the same card; comments of the file are not kept."""
    return yaml_text(card.model_dump(mode="json", exclude_defaults=True), width=100)


def _hashed(store: Store, record: RunRecord) -> bool:
    """Whether the hashes of a record's predictions are in the folder."""
    hashes = store.folder / "predictions" / record.cell.path
    return hashes.is_file() and read_hashes(hashes).key == record.key


def _predictions(store: Store, record: RunRecord, source: str, with_maps: bool) -> Iterator[Path]:
    """The files beside one record: the hashes of its predictions, and the label maps.

    Maps may be missing of a baseline only: the board keeps none of those that are copied from it.
    """
    path, hashes = store.path(record.cell), store.folder / "predictions" / record.cell.path
    maps = hashes.with_suffix(".npz")
    if not _hashed(store, record):
        raise SubmissionError(
            f"{hashes}: the hashes of this cell's predictions are missing or another run's; delete "
            f"{path} and run the cell again"
        )
    if with_maps and not maps.is_file() and record.cell.source == source:
        raise SubmissionError(
            f"{maps}: the predictions were not kept; delete {path} and run the cell again with "
            "--save-predictions, or pack without --with-predictions"
        )
    yield from (hashes, maps) if with_maps and maps.is_file() else (hashes,)


def _write_zip(tree: Path, out: Path) -> None:
    """Write a folder as a zip that has the same bytes for the same content."""
    part = tree.with_suffix(".zip")
    with zipfile.ZipFile(part, "w") as archive:
        for name in list_files(tree):
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            with (tree / name).open("rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    os.replace(part, out)
