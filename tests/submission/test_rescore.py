"""Packed label maps are read without trust and scored again."""

import io
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.packs import (
    SEED0,
    SEED1,
    Machine,
    derive_again,
    edit_record,
    findings,
    make_pack,
    write_manifest,
)

from benchmark.submission.verify import verify_submission


def test_packed_label_maps_are_scored_again(machine: Machine, tmp_path: Path) -> None:
    path = make_pack(machine, tmp_path / "p.zip", maps=True)
    with verify_submission(path, machine.workspace, machine.accepted) as verdict:
        assert not verdict.refused
        assert set(verdict.standing.levels.values()) == {"re-scored"}


def test_an_edited_score_is_found_by_its_label_map(machine: Machine, tmp_path: Path) -> None:
    folder = make_pack(machine, tmp_path / "p", maps=True)
    edit_record(folder, SEED0, {"cases.0.scores.dice": 0.9, "cases.0.scores.iou": 0.9 / 1.1})
    write_manifest(folder)
    assert (
        "cases.csv: does not follow from the records" in findings(machine, folder)["derived files"]
    )
    derive_again(folder)
    assert "not those of its label map" in findings(machine, folder)["scored again"]


def test_another_label_map_is_not_that_of_the_hash(machine: Machine, tmp_path: Path) -> None:
    folder = make_pack(machine, tmp_path / "p", maps=True)
    one, two = ((folder / "predictions" / n).with_suffix(".npz") for n in (SEED0, SEED1))
    shutil.copyfile(two, one)
    write_manifest(folder)
    assert "another SHA-256" in findings(machine, folder)["scored again"]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Evil()),
        npy(np.array([Evil()], dtype=object)),
        npy(np.zeros((64, 64), np.float64)),
        npy(np.zeros((64, 65), np.uint8)),
        npy(np.zeros((64, 64), np.uint8))[:-1],
        npy(np.zeros((64, 64), np.uint8)) + b"x",
        npy(np.zeros((64, 64), np.uint8)).replace(b"(64, 64)", b"(9**99,)"),
        npy(np.zeros((64, 64), np.uint8)).replace(b"64, 64", b"10**10"),
    ],
    ids=["pickle", "object", "float", "shape", "short", "long", "code", "huge"],
)
def test_a_label_map_is_read_without_trust(
    machine: Machine, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = make_pack(machine, tmp_path / "p", maps=True)
    path = (folder / "predictions" / SEED0).with_suffix(".npz")
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("0.npy", content)
    write_manifest(folder)
    assert "map 0.npy" in findings(machine, folder)["scored again"]
    assert not (tmp_path / "executed").exists()
