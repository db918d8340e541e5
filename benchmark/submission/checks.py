"""A pack that was read, judged: against cards, split, data, accepted records, and itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmark.cards.board import BoardCard
from benchmark.errors import SubmissionError
from benchmark.leaderboard.build import Leaderboard
from benchmark.records.predictions import PredictionHashes, read_hashes
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.records.trust import TrustLevel
from benchmark.submission.checklist import Check, Checklist
from benchmark.submission.claims import (
    TargetConditions,
    all_facts,
    card_problems,
    fingerprint_problems,
    split_problems,
)
from benchmark.submission.manifest import MANIFEST, missing_cells
from benchmark.submission.plagiarism import copies, doubtful, implausible
from benchmark.submission.read_pack import Pack
from benchmark.submission.rescore import can_rescore, rescored
from benchmark.submission.standing import Placement, leaderboard_with, placements
from benchmark.workspace import Workspace


@dataclass
class Standing:
    """Trust level of each record, and the tables with the submission's rows among the others."""

    levels: dict[str, TrustLevel] = field(default_factory=dict)
    leaderboard: Leaderboard | None = None
    placements: list[Placement] = field(default_factory=list)


def judge(
    checklist: Checklist, pack: Pack, board: BoardCard, workspace: Workspace, store: Store
) -> Standing:
    """Make every check that needs the board, the cards or the data.

    Args:
        checklist: Gets the checks.
        pack: Read and found whole.
        board: Of the submission.
        workspace: All cards and local data.
        store: The folder of accepted records.
    """
    standing = Standing()
    accepted: dict[str, RunRecord] = {}
    with checklist.check("rows of others") as check:
        accepted = _accepted(check, pack, board, store)
    facts: dict[str, TargetConditions] = {}
    with checklist.check("fingerprints") as check:
        facts = all_facts(workspace, board, pack.records, accepted.values())
        for record in pack.records.values():
            check.problems += fingerprint_problems(record, facts[record.cell.target], pack.card)
        check.gaps += [gap for one in facts.values() for gap in one.gaps]
        check.said = "protocol, strategy, source, weights, target, split, data, prepared data"
    if len(facts) < len({record.cell.target for record in pack.records.values()}):
        return standing
    with checklist.check("cards and split") as check:
        for record in pack.records.values():
            one = facts[record.cell.target]
            check.problems += card_problems(record, one, pack.card, board, workspace.registry)
            check.problems += split_problems(record, one, pack.card, workspace)
        check.said = "labels, metrics, test cases, training subjects, contamination, marks"
    with checklist.check("grid") as check:
        _grid(check, pack, board)
    with checklist.check("copies") as check:
        others = [
            (one, _kept(store, one)) for one in accepted.values() if one.cell.source != pack.card.id
        ]
        check.problems += copies(pack.records, pack.hashes, others)
        check.warnings += doubtful(pack.records, [one for one, _ in others])
        check.said = f"no predictions and no scores of {len(others)} records of other sources"
    with checklist.check("plausible") as check:
        check.problems += implausible(pack.records)
        check.said = "not perfect, not constant, seeds differ"
    if checklist.refused:
        return standing
    with checklist.check("scored again") as check:
        standing.levels = _rescore(check, pack, facts)
    with checklist.check("ranks") as check:
        standing.leaderboard = leaderboard_with(board, pack.records, accepted.values())
        standing.placements = placements(standing.leaderboard, pack.card.id)
        check.said = f"tables made again from all records; {len(standing.placements)} new rows"
    return standing


def _accepted(check: Check, pack: Pack, board: BoardCard, store: Store) -> dict[str, RunRecord]:
    """The accepted records, none of which a submission may change."""
    if store.board() != board:
        raise SubmissionError(f"{store.folder}: is not of board {board.id!r} as registered")
    accepted = {record.cell.path: record for _, record in store.records()}
    for name in pack.records.keys() & accepted.keys():
        old = (store.folder / "records" / name).read_bytes()
        if old != (pack.folder / "records" / name).read_bytes():
            check.problems.append(
                f"{name}: is on the board already with other content; a new version of a source "
                "is a source with an id of its own"
            )
    own = any(record.cell.source == pack.card.id for record in accepted.values())
    if own and (new := pack.records.keys() - accepted.keys()):
        check.warnings.append(f"adds {len(new)} records to a source that is on the board")
    check.said = f"none of the {len(accepted)} accepted records is touched"
    return accepted


def _grid(check: Check, pack: Pack, board: BoardCard) -> None:
    missing = missing_cells(board, pack.card.id, pack.records)
    if set(missing) != set(pack.manifest.missing):
        raise SubmissionError(f"{MANIFEST}: missing: is not the list of cells without a record")
    extra = sorted({r.cell.target for r in pack.records.values()} - set(board.targets))
    check.said = "complete" if not missing else ""
    if missing:
        some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        check.warnings.append(f"{len(missing)} cells are missing, as listed: {some}")
    if extra:
        check.warnings.append(f"not targets of the board: {', '.join(extra)}")


def _kept(store: Store, record: RunRecord) -> PredictionHashes | None:
    path = store.folder / "predictions" / record.cell.path
    return read_hashes(path) if path.is_file() else None


def _rescore(
    check: Check, pack: Pack, facts: Mapping[str, TargetConditions]
) -> dict[str, TrustLevel]:
    levels: dict[str, TrustLevel] = dict.fromkeys(pack.records, "self-reported")
    lacking: dict[str, int] = {}
    for name, record in pack.records.items():
        one = facts[record.cell.target]
        if not pack.maps(name).is_file():
            why = "label maps are not packed"
        elif not can_rescore(record, one.opened):
            why = f"the data of {record.cell.target} are not on this machine"
        else:
            problems = list(rescored(pack, name, one))
            check.problems += problems
            levels[name] = "self-reported" if problems else "re-scored"
            continue
        lacking[why] = lacking.get(why, 0) + 1
    done = sum(level == "re-scored" for level in levels.values())
    check.said = f"{done} of {len(pack.records)} records: every score as reported" if done else ""
    check.gaps += [f"{count} records: {why}" for why, count in lacking.items()]
    return levels
