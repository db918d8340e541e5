"""The checks of a submission against cards, split, data, accepted records, and itself."""

from collections import Counter
from collections.abc import Mapping

from benchmark.errors import SubmissionError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.records.predictions import read_hashes
from benchmark.records.record import RunRecord
from benchmark.records.trust import TrustLevel
from benchmark.submission.checklist import Checklist, SubmissionCheck
from benchmark.submission.claims import (
    TargetConditions,
    card_problems,
    fingerprint_problems,
    split_problems,
)
from benchmark.submission.manifest import MANIFEST, look_alike, missing_cells
from benchmark.submission.near_copies import near_copies
from benchmark.submission.plagiarism import (
    copies,
    cost_problems,
    doubtful,
    implausible,
    iou_problems,
)
from benchmark.submission.read_pack import Submission
from benchmark.submission.rerun import mean_difference
from benchmark.submission.rescore import can_rescore, rescore_problems
from benchmark.submission.standing import Standing, placements
from benchmark.views.text import counted


def check_submission(submission: Submission, checklist: Checklist) -> Standing:
    """Make every check that needs the board, the cards or the data.

    Args:
        submission: Read without a problem; gets its accepted records.
        checklist: Gets the checks.

    Returns:
        Trust levels, tables and placements; empty if the submission is refused.
    """
    records, conditions = submission.records, dict[str, TargetConditions]()
    with checklist.check("rows of others") as check:
        _accepted(check, submission)
    with checklist.check("fingerprints") as check:
        for target_id in dict.fromkeys(record.cell.target for record in records.values()):
            conditions[target_id] = TargetConditions.of(submission, target_id)
            check.gaps += conditions[target_id].gaps
        for name, record in records.items():
            target = conditions[record.cell.target]
            check.add(name, fingerprint_problems(record, target, submission))
        check.summary = "protocol, strategy, source, weights, target, split, data, prepared data"
    with checklist.check("cards and split") as check:
        for name, record in records.items():
            if record.cell.target in conditions:
                target = conditions[record.cell.target]
                check.add(name, card_problems(record, target, submission))
                check.add(name, split_problems(record, target, submission))
        check.summary = "labels, metrics, test cases, training subjects, contamination, marks"
    with checklist.check("grid") as check:
        _grid(check, submission)
    with checklist.check("copies") as check:
        _copies(check, submission)
    with checklist.check("plausible") as check:
        check.problems += implausible(records)
        for name, record in records.items():
            check.add(name, (p for row in record.cases for p in iou_problems(row)))
            check.add(name, cost_problems(record))
        several = len({record.cell.seed for record in records.values()}) > 1
        check.summary = "not perfect, not constant" + (", seeds differ" if several else "")
    standing = Standing()
    if checklist.refused:
        return standing
    with checklist.check("scored again") as check:
        standing.levels = _rescore(check, submission, conditions)
    with checklist.check("ranks") as check:
        every = (dict(records) | submission.accepted).values()
        sources = submission.workspace.registry.sources_of(submission.board)
        standing.leaderboard = build_leaderboard(submission.board, every, sources=sources)
        standing.placements = placements(standing.leaderboard, submission.card.id)
        check.summary = f"tables made again from all records; {len(standing.placements)} new rows"
    return standing


def _accepted(check: SubmissionCheck, submission: Submission) -> None:
    """Read the accepted records, none of which a submission may change."""
    store, records, source = submission.store, submission.records, submission.card.id
    if store.board() != submission.board:
        raise SubmissionError(
            f"{store.folder}: its board is not {submission.board.id!r} as registered"
        )
    accepted = {record.cell.path: record for _, record in store.records()}
    known = {*submission.workspace.registry.sources}
    known |= {record.cell.source.partition("@")[0] for record in accepted.values()}
    if alike := look_alike(source, known):
        check.problems.append(f"the id {source!r} looks like {alike!r}; choose another")
    submission.accepted.update(accepted)
    for name in records.keys() & accepted.keys():
        new = submission.folder / "records" / name
        if store.content(name).data == new.read_bytes():
            continue
        if records[name].cell.source == source:
            check.problems.append(
                f"{name}: is on the board already with other content; a new version of a source "
                "is a source with its own id"
            )
        else:
            _compare_baseline(check, name, accepted[name], records[name])
    new_names = [
        name for name in records if name not in accepted and records[name].cell.source == source
    ]
    if new_names and any(record.cell.source == source for record in accepted.values()):
        check.warnings.append(
            f"adds {counted(len(new_names), 'record')} to a source that is on the board"
        )
    check.summary = f"of {counted(len(accepted), 'accepted record')} none is changed"


def _compare_baseline(
    check: SubmissionCheck, name: str, accepted: RunRecord, packed: RunRecord
) -> None:
    """Compare a cell of a baseline with the accepted one, which stays on the board."""
    if accepted.key != packed.key:
        check.problems.append(f"{name}: is on the board already, made under other conditions")
        return
    difference, tolerance = mean_difference(accepted, packed)
    text = f"{name}: stays as it is on the board; the one in the pack differs by {difference:+.4f}"
    if abs(difference) > tolerance:
        check.warnings.append(f"{text}, more than the tolerance {tolerance:.4f}; run it again")
    else:
        check.gaps.append(text)


def _grid(check: SubmissionCheck, submission: Submission) -> None:
    records, board = submission.records, submission.board
    missing = missing_cells(board, submission.sources, records)
    if set(missing) != set(submission.manifest.missing):
        raise SubmissionError(f"{MANIFEST}: missing: is not the list of cells without a record")
    missing = tuple(name for name in missing if name not in submission.accepted)
    if missing:
        examples = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        check.warnings.append(f"missing, as listed: {counted(len(missing), 'cell')}: {examples}")
    if extra := sorted({record.cell.target for record in records.values()} - set(board.targets)):
        check.warnings.append(f"not targets of the board: {', '.join(extra)}")
    check.summary = "" if missing else "complete"


def _copies(check: SubmissionCheck, submission: Submission) -> None:
    """Compare with the accepted records of other sources, and with their prediction hashes."""
    source, folder = submission.card.id, submission.store.folder / "predictions"
    others = [record for record in submission.accepted.values() if record.cell.source != source]
    paths = [folder / record.cell.path for record in others]
    hashes = [read_hashes(path) if path.is_file() else None for path in paths]
    accepted = [*zip(others, hashes, strict=True)]
    baselines = [
        (record, submission.hashes[name])
        for name, record in submission.records.items()
        if record.cell.source != source
    ]
    check.problems += copies(submission.records, submission.hashes, [*accepted, *baselines])
    check.warnings += doubtful(submission.records, others)
    registry = submission.workspace.registry
    packed = {
        name: (record, submission.maps(name), submission.hashes[name])
        for name, record in submission.records.items()
    }
    targets = {record.cell.target for record in submission.records.values()}
    labels = {target: tuple(registry.target(target).labels) for target in targets}
    theirs = [(other, path.with_suffix(".npz")) for other, path in zip(others, paths, strict=True)]
    for sure, text in near_copies(packed, theirs, labels):
        (check.problems if sure else check.warnings).append(text)
    check.summary = (
        f"no predictions and no scores of {counted(len(others), 'record')} of other sources, and "
        "none nearly so"
    )


def _rescore(
    check: SubmissionCheck, submission: Submission, conditions: Mapping[str, TargetConditions]
) -> dict[str, TrustLevel]:
    """Score all packed label maps again if their references are on this machine."""
    levels: dict[str, TrustLevel] = dict.fromkeys(submission.records, "self-reported")
    reasons: Counter[str] = Counter()
    for name, record in submission.records.items():
        target = conditions[record.cell.target]
        if not submission.maps(name).is_file():
            reasons["label maps are not packed"] += 1
        elif not can_rescore(record, target.data):
            reasons[f"the data of {record.cell.target} are not on this machine"] += 1
        elif not check.add(name, rescore_problems(submission, name, target)):
            levels[name] = "re-scored"
    if count := sum(level == "re-scored" for level in levels.values()):
        check.summary = f"{count} of {counted(len(levels), 'record')}: every score as reported"
    check.gaps += [f"{counted(count, 'record')}: {reason}" for reason, count in reasons.items()]
    return levels
