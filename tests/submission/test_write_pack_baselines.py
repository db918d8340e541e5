"""A source on a network of its own: packed with its baseline, verified, merged, run again."""

import json
import shutil
from pathlib import Path

import pytest
from support.packs import (
    Machine,
    add_source,
    derive_again,
    edit_record,
    findings,
    make_pack,
    write_manifest,
)

from benchmark.records.cell import cell_key
from benchmark.records.store import read_record
from benchmark.records.trust import trust_levels
from benchmark.submission.merge import merge_submission
from benchmark.submission.report import to_markdown
from benchmark.submission.rerun import Rerun, compare_cell, write_rerun
from benchmark.submission.verify import verify_submission

SOURCE, BASELINE = "other_network", "scratch@resnet18"
CELL = f"phantom_fetal_head_64/{BASELINE}/full/nall/seed0.json"


def copied(machine: Machine, root: Path) -> Machine:
    shutil.copytree(machine.root, root)
    return Machine(root, machine.registry, machine.board)


@pytest.fixture(scope="module")
def made(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with a run of a source on another network than the board's, and its baseline."""
    made = copied(machine, tmp_path_factory.mktemp("other") / "machine")
    add_source(made, SOURCE, encoder="resnet18")
    made.run("other", SOURCE, BASELINE)
    return made


@pytest.fixture
def other(made: Machine, tmp_path: Path) -> Machine:
    """A copy of that machine that may be changed."""
    return copied(made, tmp_path / "machine")


def other_pack(machine: Machine, out: Path, maps: bool = False) -> Path:
    return make_pack(machine, out, SOURCE, maps=maps, folder="other")


def accept(machine: Machine, path: Path) -> None:
    with verify_submission(path, machine.workspace, machine.accepted) as verdict:
        merge_submission(verdict, machine.root / "tasks/source")


def check_found(machine: Machine, path: Path, name: str) -> str:
    """Everything that one check of an accepted pack found."""
    with verify_submission(path, machine.workspace, machine.accepted) as verdict:
        assert not verdict.refused, verdict.checklist
        (check,) = (check for check in verdict.checklist.checks if check.name == name)
        return " | ".join([check.state, *check.findings])


def test_the_gain_is_over_the_baseline_in_the_pack(other: Machine, tmp_path: Path) -> None:
    path = other_pack(other, tmp_path / "p.zip", maps=True)
    with verify_submission(path, other.workspace, other.accepted) as verdict:
        assert not verdict.refused, verdict.checklist
        assert {one.state for one in verdict.checklist.checks} == {"passed"}
        assert verdict.submission and verdict.submission.manifest.baselines == (BASELINE,)
        assert verdict.submission.manifest.missing == ()
        means = {
            source: sum(sum(row.scores["dice"] for row in r.cases) / len(r.cases) for r in runs) / 2
            for source in (SOURCE, BASELINE)
            if (runs := [r for r in verdict.submission.records.values() if r.cell.source == source])
        }
        (placement,) = verdict.standing.placements
        gain = means[SOURCE] - means[BASELINE]
        assert placement.over_baseline.startswith(f"{gain:+.3f} [")
        assert placement.over_baseline.endswith(f" over {BASELINE}")
        assert placement.over_baseline in to_markdown(verdict)


def test_a_merge_keeps_both(other: Machine, tmp_path: Path) -> None:
    path = other_pack(other, tmp_path / "p.zip", maps=True)
    store, found = other.accepted, []
    for _ in range(2):  # the second time changes nothing
        accept(other, path)
        found.append({one: one.read_bytes() for one in store.folder.rglob("*.*")})
    assert found[0] == found[1]
    records = {record.cell.path for _, record in store.records()}
    known = trust_levels(store.folder)
    assert known == {name: "re-scored" for name in records if "scratch/" not in name}
    assert {name.split("/")[1] for name in known} == {SOURCE, BASELINE}
    # Only the submitted source has a card of its own.
    assert [card.stem for card in (other.root / "tasks/source").iterdir()] == [SOURCE]


def test_without_a_baseline_there_is_no_gain(other: Machine, tmp_path: Path) -> None:
    for kind in ("records", "predictions"):
        shutil.rmtree(other.root / "other" / kind / "phantom_fetal_head_64" / BASELINE)
    path = other_pack(other, tmp_path / "pack")
    assert "baselines" not in json.loads((path / "manifest.json").read_text())
    with verify_submission(path, other.workspace, other.accepted) as verdict:
        (placement,) = verdict.standing.placements
        assert not verdict.refused and " over " not in placement.over_baseline


def test_copies_of_accepted_baselines_need_no_hashes(other: Machine, tmp_path: Path) -> None:
    accept(other, other_pack(other, tmp_path / "first.zip"))
    (other.root / "other/predictions" / CELL).unlink()
    path = other_pack(other, tmp_path / "second", maps=False)
    assert json.loads((path / "manifest.json").read_text())["missing"] == [CELL]
    assert check_found(other, path, "grid") == "passed | complete"


@pytest.mark.parametrize(
    ("difference", "expected"),
    [(0.0, "passed"), (0.01, "differs by -0.0100"), (0.05, "more than the tolerance 0.0200")],
)
def test_a_cell_that_others_have_run_stays(
    other: Machine, tmp_path: Path, difference: float, expected: str
) -> None:
    accept(other, other_pack(other, tmp_path / "first.zip"))
    before = (other.accepted.folder / "records" / CELL).read_bytes()
    add_source(other, "third", encoder="resnet18")
    other.run("again", "third", BASELINE)
    rows = read_record(other.root / "again/records" / CELL).cases
    if difference:
        worse = [row.scores["dice"] - difference for row in rows]
        changes: dict[str, object] = {
            f"cases.{n}.scores.dice": dice for n, dice in enumerate(worse)
        }
        changes |= {f"cases.{n}.scores.iou": dice / (2 - dice) for n, dice in enumerate(worse)}
        edit_record(other.root / "again", CELL, changes)
    path = make_pack(other, tmp_path / "second", "third", folder="again")
    found = check_found(other, path, "rows of others")
    assert expected in found and ("to look at" in found) == (difference > 0.02)
    accept(other, path)
    assert (other.accepted.folder / "records" / CELL).read_bytes() == before
    assert {record.cell.source for _, record in other.accepted.records()} == {
        "scratch", SOURCE, BASELINE, "third",
    }  # fmt: skip


def test_a_cell_under_other_conditions_is_refused(other: Machine, tmp_path: Path) -> None:
    accept(other, other_pack(other, tmp_path / "first.zip"))
    record = read_record(other.accepted.folder / "records" / CELL)
    prints = record.fingerprints.model_copy(update={"source": "sha256:another"})
    key = cell_key(record.cell, prints)
    edit_record(other.accepted.folder, CELL, {"fingerprints.source": prints.source, "key": key})
    found = findings(other, other_pack(other, tmp_path / "pack"))
    assert "under other conditions" in found["rows of others"]


def test_forged_baselines_are_refused(other: Machine, tmp_path: Path) -> None:
    path = other_pack(other, tmp_path / "pack", maps=True)
    write_manifest(path, baselines=("scratch@resnet50",))
    assert "'scratch@resnet50' is not the baseline" in findings(other, path)["source card"]
    write_manifest(path, baselines=())
    assert f"a record of '{BASELINE}', not of" in findings(other, path)["records"]
    own = make_pack(other, tmp_path / "own")
    write_manifest(own, baselines=(BASELINE,))
    assert f"'{BASELINE}' is not the baseline" in findings(other, own)["source card"]
    # A baseline made worse shows a larger gain: its label maps tell.
    edit_record(path, CELL, {"cases.0.scores.dice": 0.0, "cases.0.scores.iou": 0.0})
    derive_again(path, baselines=(BASELINE,))
    assert CELL in findings(other, path)["scored again"]


def test_a_copy_of_its_own_baseline_is_refused(other: Machine, tmp_path: Path) -> None:
    path = other_pack(other, tmp_path / "pack")
    for folder, fields in (("records", ("cases",)), ("predictions", ("cases",))):
        baseline = json.loads((path / folder / CELL).read_text())
        copy = path / folder / CELL.replace(BASELINE, SOURCE)
        own = json.loads(copy.read_text())
        copy.write_text(json.dumps(own | {field: baseline[field] for field in fields}))
    derive_again(path)
    assert f"has the predictions of {CELL}" in findings(other, path)["copies"]


def test_a_rerun_of_a_baseline_earns_its_trust(other: Machine, tmp_path: Path) -> None:
    path = other_pack(other, tmp_path / "p.zip")
    with verify_submission(path, other.workspace, other.accepted) as verdict:
        assert verdict.submission
        again = read_record(other.root / "other/records" / CELL)
        cell = compare_cell(verdict.submission, CELL, again, "a processor")
        made = Rerun(board="tiny_v2", source=SOURCE, environment=again.environment,
                     processor="a processor", cells=(cell,))  # fmt: skip
        write_rerun(tmp_path, made)
        merge_submission(verdict, tmp_path / "cards", tmp_path)
    assert trust_levels(other.accepted.folder) == {CELL: "re-run"}
