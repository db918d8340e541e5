"""Results of the first release are read for ever, and give the tables that they gave then."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import shipped_registry

from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.sequences import sequence_report
from benchmark.records.predictions import read_hashes
from benchmark.records.sequence_record import SequenceStore
from benchmark.records.store import Store
from benchmark.submission.verify import verify_submission
from benchmark.views.csv import to_csv
from benchmark.views.sequences import sequence_csv
from benchmark.workspace import Workspace

NEW_RULES = {
    "failures", "group", "low", "high", "rank_low", "rank_high", "gain_low", "gain_high",
    "standardised_low", "standardised_high",
}  # columns whose rules the statistics have changed since  # fmt: skip
GOLDEN = Path(__file__).parents[1] / "golden" / "v0.1"


def test_records_give_their_table() -> None:
    store = Store(GOLDEN / "demo")
    records = [record for _, record in store.records()]
    assert len(records) == 12
    table = to_csv(build_leaderboard(store.board(), records))
    then, now = (
        list(csv.DictReader(io.StringIO(text)))
        for text in ((store.folder / "leaderboard.csv").read_text(encoding="utf-8"), table)
    )
    assert len(then) == len(now) == 6
    for old, new in zip(then, now, strict=True):
        same = old.keys() - NEW_RULES
        assert {name: old[name] for name in same} == {name: new[name] for name in same}


def test_prediction_hashes_are_of_the_records() -> None:
    store = Store(GOLDEN / "demo")
    for path, record in store.records():
        name = path.relative_to(store.folder / "records")
        assert read_hashes(store.folder / "predictions" / name).key == record.key


def test_a_sequence_gives_its_table() -> None:
    folder = GOLDEN / "sequence"
    board = Store(folder).board()
    report = sequence_report(board, list(SequenceStore(folder).records(board)))
    texts = (
        (folder / "sequences" / "sequences.csv").read_text(encoding="utf-8"), sequence_csv(report),
    )  # fmt: skip
    then, now = (list(csv.DictReader(io.StringIO(text))) for text in texts)
    assert len(then) == len(now)
    for old, new in zip(then, now, strict=True):
        same = old.keys() - NEW_RULES
        assert {name: old[name] for name in same} == {name: new[name] for name in same}


@pytest.mark.filterwarnings("error")
def test_a_pack_is_verified(tmp_path: Path) -> None:
    store = Store(GOLDEN / "demo")  # the shipped board has another protocol since
    shipped = shipped_registry()
    registry = replace(shipped, boards={**shipped.boards, "demo_v1": store.board()})
    workspace = Workspace(registry, tmp_path)
    with verify_submission(GOLDEN / "pack.zip", workspace, store) as verdict:
        assert not verdict.refused
        assert verdict.submission is not None and len(verdict.submission.records) == 4
