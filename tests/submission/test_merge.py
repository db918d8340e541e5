"""A verified pack becomes rows of the board, with their trust levels."""

from pathlib import Path

import pytest
from support.packs import Machine, make_pack

from benchmark.cards.card import read_card
from benchmark.cards.source import SourceCard
from benchmark.errors import SubmissionError
from benchmark.records.trust import trust_levels
from benchmark.submission.merge import card_folder, merge_submission
from benchmark.submission.verify import verify_submission


def test_a_merged_pack_is_a_row_with_its_trust(machine_copy: Machine, tmp_path: Path) -> None:
    path = make_pack(machine_copy, tmp_path / "p.zip", maps=True)
    store, cards = machine_copy.accepted, card_folder(machine_copy.accepted.folder, None)
    assert cards == machine_copy.root / "tasks/source"
    found = []
    for _ in range(2):  # the second time changes nothing
        with verify_submission(path, machine_copy.workspace, store) as verdict:
            names = merge_submission(verdict, cards)
        found.append({one: one.read_bytes() for one in store.folder.rglob("*.*")})
    assert found[0] == found[1] and not any(name.suffix == ".npz" for name in found[0])
    assert trust_levels(store.folder) == dict.fromkeys(names, "re-scored")
    assert read_card(cards / "own_encoder.yaml", SourceCard).id == "own_encoder"
    sources = {record.cell.source for _, record in store.records()}
    assert sources == {"own_encoder", "scratch"}


def test_a_refused_pack_is_not_merged(machine_copy: Machine, pack: Path) -> None:
    (pack / "notes.txt").write_text("x")
    before = sorted(machine_copy.accepted.folder.rglob("*"))
    with verify_submission(pack, machine_copy.workspace, machine_copy.accepted) as verdict:
        with pytest.raises(SubmissionError, match="nothing was merged"):
            merge_submission(verdict, machine_copy.root / "tasks/source")
    assert sorted(machine_copy.accepted.folder.rglob("*")) == before
