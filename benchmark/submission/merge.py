"""Copy a verified pack into a leaderboard: card, records, prediction hashes, trust."""

from datetime import UTC, datetime
from pathlib import Path

from benchmark import __version__
from benchmark.errors import SubmissionError
from benchmark.files import sha256_of, write_bytes
from benchmark.records.trust import LEVELS, Trust, level_of, read_trust, write_trust
from benchmark.submission.manifest import card_path
from benchmark.submission.rerun import confirmed
from benchmark.submission.verify import Verdict


def card_folder(board_folder: Path, cards: Path | None) -> Path:
    """Folder for the card of a merged source: `tasks/source` of the board's content folder.

    Raises:
        SubmissionError: The board's folder is not in a content folder, and `cards` is None.
    """
    if cards is not None:
        return cards
    if board_folder.resolve().parent.name != "leaderboards":
        raise SubmissionError(
            f"{board_folder}: is not in a folder leaderboards/; give the folder of the source card "
            "with --cards DIR"
        )
    return board_folder.resolve().parents[1] / "tasks" / "source"


def merge_submission(verdict: Verdict, cards: Path, rerun: Path | None = None) -> list[str]:
    """Copy a pack that may be merged into the board's folder; a second time changes nothing.

    Args:
        verdict: Of the pack, which is still open.
        cards: Folder of source cards.
        rerun: Folder of a re-run of this pack.

    Returns:
        Paths of the records, below `records/`.

    Raises:
        SubmissionError: It was refused, or the re-run is of another pack or contradicts it.
        RecordError: A file cannot be written.
    """
    submission = verdict.submission
    if verdict.refused or submission is None:
        raise SubmissionError("the submission was refused; nothing was merged")
    board_folder, pack = submission.store.folder, submission.folder
    ours = f"segtransfer {__version__}"
    names = submission.merged
    trusted = {name: (level, ours) for name, level in verdict.standing.levels.items()}
    if rerun is not None:
        report = confirmed(submission, rerun)
        trusted |= {cell.record: ("re-run", report.by) for cell in report.cells}
    card = cards / f"{submission.card.id}.yaml"
    if not card.exists():
        write_bytes(card, (pack / card_path(submission.card.id)).read_bytes())
    for name in names:
        for kind in ("predictions", "records"):
            write_bytes(board_folder / kind / name, (pack / kind / name).read_bytes())
    trust = read_trust(board_folder)
    date = datetime.now(UTC).date().isoformat()
    for name, (level, by) in ((name, trusted[name]) for name in names if name in trusted):
        sha256 = sha256_of(board_folder / "records" / name)
        if LEVELS.index(level) > LEVELS.index(level_of(sha256, trust.get(name))):
            trust[name] = Trust(sha256=sha256, level=level, by=by, date=date)
    if trust:
        write_trust(board_folder, trust)
    return list(names)
