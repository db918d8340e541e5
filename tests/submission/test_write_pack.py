"""A run folder becomes a pack, with the same bytes for the same run."""

import zipfile
from pathlib import Path

import pytest
from support.packs import SEED0, Machine, edit_record, make_pack

from benchmark.cards.card import read_card
from benchmark.cards.source import SourceCard
from benchmark.errors import SubmissionError
from benchmark.records.store import Store
from benchmark.submission.write_pack import pack_submission


def test_the_same_run_packs_to_the_same_bytes(machine: Machine, tmp_path: Path) -> None:
    one, two = (make_pack(machine, tmp_path / name).read_bytes() for name in ("a.zip", "b.zip"))
    assert one == two
    names = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert not any(name.endswith(".npz") for name in names)
    assert {"manifest.json", "cases.csv", "coverage.json", "environment.json"} < set(names)
    assert not any("scratch" in name for name in names)


def test_a_pack_is_a_content_folder(machine: Machine, tmp_path: Path) -> None:
    folder = make_pack(machine, tmp_path / "pack")
    card = read_card(folder / "tasks/source/own_encoder.yaml", SourceCard)
    assert card == machine.registry.source("own_encoder")


def test_what_cannot_be_packed_says_what_to_do(machine_copy: Machine, tmp_path: Path) -> None:
    store, out = Store(machine_copy.root / "run"), tmp_path / "p"
    with pytest.raises(SubmissionError, match="no record of 'scratch'"):
        pack_submission(store, machine_copy.registry.source("scratch"), out)
    with pytest.raises(SubmissionError, match="its own card"):
        pack_submission(store, machine_copy.registry.source("scratch@resnet18"), out)
    (store.folder / "predictions" / SEED0).with_suffix(".npz").unlink()
    with pytest.raises(SubmissionError, match="--save-predictions"):
        pack_submission(
            store, machine_copy.registry.source("own_encoder"), out, with_predictions=True
        )
    (store.folder / "predictions" / SEED0).unlink()
    with pytest.raises(SubmissionError, match="run the cell again"):
        pack_submission(store, machine_copy.registry.source("own_encoder"), out)
    edit_record(store.folder, SEED0, {"marks.unranked": ["trial: 3 of 60 steps"]})
    with pytest.raises(SubmissionError, match="trial: 3 of 60 steps; it is not ranked"):
        pack_submission(store, machine_copy.registry.source("own_encoder"), out)
    assert not list(tmp_path.glob("*p*"))
    out.mkdir()
    with pytest.raises(SubmissionError, match="exists already"):
        pack_submission(store, machine_copy.registry.source("own_encoder"), out)
