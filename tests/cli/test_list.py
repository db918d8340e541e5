"""`segtransfer list` and its JSON."""

import json
from pathlib import Path

import pytest
from support.command import refusal, segtransfer


def test_boards_come_first_and_others_are_counted(shared_home: Path) -> None:
    lines = segtransfer("list", home=shared_home).stdout.splitlines()
    assert lines[0].split()[:3] == ["id", "state", "images"]
    assert any(line.split()[:3] == ["quickstart_v2", "24/24", "synthetic"] for line in lines)
    assert any(line.endswith("segtransfer list sources") for line in lines)
    assert lines[-1].startswith("one of them: segtransfer show ")


def test_a_filter_goes_on_to_the_next_command(shared_home: Path) -> None:
    output = segtransfer("list", "--domain", "ultrasound", home=shared_home).stdout
    assert "segtransfer list targets --domain ultrasound" in output
    assert "wang2023_fetal_head" in output and "zoetmulder2022_brain" not in output
    nothing = ["list", "sources", "--domain", "ultrasound", "--task", "classification"]
    expected = "no source tasks with ultrasound, classification\n"
    assert segtransfer(*nothing, home=shared_home).stdout == expected


def test_json_has_every_column(shared_home: Path) -> None:
    found = json.loads(segtransfer("list", "targets", "--json", home=shared_home).stdout)
    (head,) = (item for item in found["targets"] if item["id"] == "fetal_head_hc18")
    assert head["domain"] == "ultrasound" and head["images"] == "real"
    assert set(json.loads(segtransfer("list", "--json", home=shared_home).stdout)) == {
        "boards", "sources", "targets", "datasets",
    }  # fmt: skip


def test_an_unknown_kind_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refusal("list", "source", monkeypatch=monkeypatch, capsys=capsys)
    assert "Did you mean 'sources'" in line
