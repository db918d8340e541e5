"""One source's results on a board as one folder or zip that others can check."""

import os
import shutil
import tempfile
import zipfile
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from benchmark import __version__
from benchmark.cards.card import fingerprint
from benchmark.cards.registry import Registry
from benchmark.cards.task import SourceCard
from benchmark.errors import SubmissionError
from benchmark.files import write_text
from benchmark.records.predictions import read_hashes
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.submission.manifest import (
    ID,
    MANIFEST,
    Manifest,
    card_name,
    derived,
    file_facts,
    missing_cells,
)


def pack(
    registry: Registry, store: Store, source: str, out: Path, *, with_predictions: bool = False
) -> Manifest:
    """Pack card, records, prediction hashes and what follows from them.

    Args:
        registry: Holds the card.
        store: The folder that the cells were run into.
        source: Whose records.
        out: A .zip file, or a folder that is not there yet.
        with_predictions: Pack the label maps too, so that anybody can score them again.

    Returns:
        The manifest.

    Raises:
        SubmissionError: There is nothing to pack, something is missing or does not belong
            together, or `out` is there already.
        RecordError: A record in the folder is bad.
    """
    if out.exists():
        raise SubmissionError(f"{out}: is there already; remove it or choose another --out")
    records = own_records(registry, store, source)
    board = store.board()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
            tree = Path(temporary) / "pack"
            write_text(tree / card_name(source), card_text(registry.source(source)))
            for name in records:
                _copy(store.folder, tree, f"records/{name}")
                _copy_predictions(store.folder, tree, name, records[name].key, with_predictions)
            for name, text in derived(records).items():
                write_text(tree / name, text)
            files = sorted(path for path in tree.rglob("*") if path.is_file())
            manifest = Manifest(
                segtransfer=__version__,
                board=board.id,
                source=source,
                missing=missing_cells(board, source, records),
                files={path.relative_to(tree).as_posix(): file_facts(path) for path in files},
            )
            write_text(tree / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
            _finish(tree, out)
    except OSError as error:
        raise SubmissionError(f"{out}: cannot be written ({error.strerror or error})") from None
    return manifest


def own_records(registry: Registry, store: Store, source: str) -> dict[str, RunRecord]:
    """The records of one source, by path, made with the card as it is now.

    Raises:
        SubmissionError: There is none, one is a trial, or the card was edited since.
    """
    if not ID.fullmatch(source):
        raise SubmissionError(
            f"{source!r}: a pack holds a source with a card of its own; its id has letters, "
            "digits, '.', '_' and '-' only"
        )
    print_ = fingerprint(registry.source(source))
    records = {
        record.cell.path: record for _, record in store.records() if record.cell.source == source
    }
    if not records:
        raise SubmissionError(
            f"{store.folder}: no record of {source!r}; type "
            f"`segtransfer run {store.board().id} --source {source} --out {store.folder}`"
        )
    for name, record in records.items():
        if record.marks.unranked:
            raise SubmissionError(
                f"{name}: {record.marks.unranked[0]}; a trial is not ranked, run the whole protocol"
            )
        if record.fingerprints.source != print_:
            raise SubmissionError(
                f"{name}: made with another version of the card of {source!r}; restore the card, "
                "or run the cells again"
            )
    return records


def card_text(card: SourceCard) -> str:
    """A card as YAML that reads back as the same card; comments of the file are not kept."""
    text = StringIO()
    yaml = YAML()
    yaml.width = 100
    yaml.dump(card.model_dump(mode="json", exclude_defaults=True), text)
    return text.getvalue()


def _copy(source: Path, tree: Path, name: str) -> None:
    target = tree / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / name, target)


def _copy_predictions(folder: Path, tree: Path, name: str, key: str, maps: bool) -> None:
    path = folder / "predictions" / name
    packed = path.with_suffix(".npz")
    if not path.is_file() or read_hashes(path).key != key:
        raise SubmissionError(
            f"{path}: the hashes of this cell's predictions are missing or another run's; delete "
            f"{folder / 'records' / name} and run the cell again"
        )
    if maps and not packed.is_file():
        raise SubmissionError(
            f"{packed}: the predictions were not kept; delete {folder / 'records' / name} and run "
            "the cell again with --save-predictions, or pack without --with-predictions"
        )
    _copy(folder, tree, f"predictions/{name}")
    if maps:
        _copy(folder, tree, packed.relative_to(folder).as_posix())


def _finish(tree: Path, out: Path) -> None:
    """Give the tree its name, or write it as a zip that is the same for the same content."""
    if out.suffix != ".zip":
        tree.chmod(0o755)
        tree.rename(out)
        return
    part = tree.with_suffix(".zip")
    with zipfile.ZipFile(part, "w") as archive:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(path.relative_to(tree).as_posix())
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            with path.open("rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    os.replace(part, out)
