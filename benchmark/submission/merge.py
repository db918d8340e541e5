"""A verified pack copied into a leaderboard: card, records, prediction hashes, trust."""

from datetime import UTC, datetime
from pathlib import Path

from benchmark import __version__
from benchmark.errors import SubmissionError
from benchmark.files import sha256_of, write_text
from benchmark.records.store import Store
from benchmark.records.trust import LEVELS, Trust, TrustLevel, level_of, read_trust, write_trust
from benchmark.submission.manifest import card_name
from benchmark.submission.rerun import confirmed
from benchmark.submission.verify import Verdict


def card_folder(board_folder: Path, cards: Path | None) -> Path:
    """Where the card of a merged source goes: `tasks/source` of the same content folder.

    Raises:
        SubmissionError: The board's folder is not in a content folder, and no other is named.
    """
    if cards is not None:
        return cards
    if board_folder.resolve().parent.name != "leaderboards":
        raise SubmissionError(
            f"{board_folder}: is not in a folder leaderboards/; say with --cards DIR where the "
            "source card goes"
        )
    return board_folder.resolve().parents[1] / "tasks" / "source"


def merge(verdict: Verdict, store: Store, cards: Path, rerun: Path | None = None) -> list[str]:
    """Copy a pack that may be merged; to do it twice changes nothing.

    Args:
        verdict: Of the pack, which is still open.
        store: The board's folder.
        cards: Folder of source cards.
        rerun: Folder of a re-run of this pack.

    Returns:
        Paths of the records, below `records/`.

    Raises:
        SubmissionError: It was refused, or the re-run is of another pack or contradicts it.
        RecordError: The disk refused.
    """
    pack, levels, by = verdict.pack, dict(verdict.standing.levels), f"segtransfer {__version__}"
    if verdict.refused or pack is None:
        raise SubmissionError("the submission was refused; nothing was merged")
    makers = dict.fromkeys(levels, by)
    if rerun is not None:
        found, names = confirmed(pack, rerun)
        levels |= dict.fromkeys(names, "re-run")
        makers |= dict.fromkeys(names, found.by)
    card = card_name(pack.card.id)
    if not (cards / Path(card).name).exists():
        write_text(cards / Path(card).name, _text(pack.folder / card))
    for name in pack.records:
        for kind in ("predictions", "records"):
            write_text(store.folder / kind / name, _text(pack.folder / kind / name))
    known = read_trust(store.folder)
    date = datetime.now(UTC).date().isoformat()
    for name, level in levels.items():
        sha256 = sha256_of(store.folder / "records" / name)
        if _higher(level, level_of(sha256, known.get(name))):
            known[name] = Trust(sha256=sha256, level=level, by=makers[name], date=date)
    if known:
        write_trust(store.folder, known)
    return list(pack.records)


def _higher(one: TrustLevel, two: TrustLevel) -> bool:
    return LEVELS.index(one) > LEVELS.index(two)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8")
