"""From a run to a row: packed, verified, merged, and run again; each level of trust earned."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from support.packs import HEAD, Place, add_source, edit, forge, packed

from benchmark.cards.card import read_card
from benchmark.cards.task import SourceCard
from benchmark.errors import SubmissionError
from benchmark.records.record import RunRecord
from benchmark.records.store import Store, read_record
from benchmark.records.trust import read_trust, trust_of
from benchmark.submission.merge import card_folder, merge
from benchmark.submission.pack import pack
from benchmark.submission.report import to_html, to_markdown
from benchmark.submission.rerun import Rerun, choose, compare_cell, write_rerun
from benchmark.submission.verify import verified
from benchmark.workspace import Workspace


def test_the_same_run_packs_to_the_same_bytes(here: Place, tmp_path: Path) -> None:
    one, two = (packed(here, tmp_path / name).read_bytes() for name in ("a.zip", "b.zip"))
    assert one == two
    names = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert not any(name.endswith(".npz") for name in names)
    assert {"manifest.json", "cases.csv", "coverage.json", "environment.json"} < set(names)
    assert not any("scratch" in name for name in names)


def test_a_pack_is_a_content_folder(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "pack")
    card = read_card(folder / "tasks/source/own_encoder.yaml", SourceCard)
    assert card == here.registry.source("own_encoder")


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_an_honest_pack_stands_in_its_tie_group(here: Place, tmp_path: Path, name: str) -> None:
    path = packed(here, tmp_path / name)
    with verified(path, here.workspace, here.accepted) as verdict:
        assert not verdict.refused, verdict.checklist
        states = {one.name: one.state for one in verdict.checklist.checks}
        assert states.pop("scored again") == "not checked"
        assert set(states.values()) == {"passed"}, verdict.checklist
        assert set(verdict.standing.levels.values()) == {"self-reported"}
        (one,) = verdict.standing.placements
        assert (one.target,) == here.board.targets
        assert (
            one.rank.endswith("of 2") and one.over_imagenet == "no ImageNet entry to compare with"
        )
        assert one.over_baseline[0] in "+-" and "[" in one.over_baseline
        text = to_markdown(verdict)
        assert "own_encoder on demo_v1 (synthetic): may be merged" in text
        assert one.score in text and one.over_baseline in text
        assert "<strong>own_encoder" in to_html(verdict)


def test_the_rank_is_that_of_the_tables(here: Place, tmp_path: Path) -> None:
    with verified(packed(here, tmp_path / "p"), here.workspace, here.accepted) as found:
        rows = found.standing.leaderboard
        assert rows is not None
        both = rows.rows[rows.rows["target"] == here.board.targets[0]].set_index("source")
        gain = both.loc["own_encoder", "score"] - both.loc["scratch", "score"]
        assert found.standing.placements[0].over_baseline.startswith(f"{gain:+.3f}")


def test_packed_label_maps_are_scored_again(here: Place, tmp_path: Path) -> None:
    path = packed(here, tmp_path / "p.zip", maps=True)
    with verified(path, here.workspace, here.accepted) as verdict:
        assert not verdict.refused
        assert set(verdict.standing.levels.values()) == {"re-scored"}


def test_a_merged_pack_is_a_row_with_its_trust(machine: Place, tmp_path: Path) -> None:
    path = packed(machine, tmp_path / "p.zip", maps=True)
    store, cards = machine.accepted, card_folder(machine.accepted.folder, None)
    assert cards == machine.root / "tasks/source"
    found = []
    for _ in range(2):  # the second time changes nothing
        with verified(path, machine.workspace, store) as verdict:
            names = merge(verdict, store, cards)
        found.append({one: one.read_bytes() for one in store.folder.rglob("*.*")})
    assert found[0] == found[1] and not any(name.suffix == ".npz" for name in found[0])
    known = read_trust(store.folder)
    assert set(known) == set(names)
    assert {trust_of(store.folder, name, known) for name in names} == {"re-scored"}
    assert read_card(cards / "own_encoder.yaml", SourceCard).id == "own_encoder"
    sources = {record.cell.source for _, record in store.records()}
    assert sources == {"own_encoder", "scratch"}


def test_a_refused_pack_is_not_merged(machine: Place, tmp_path: Path) -> None:
    folder = packed(machine, tmp_path / "p")
    (folder / "notes.txt").write_text("x")
    before = sorted(machine.accepted.folder.rglob("*"))
    with verified(folder, machine.workspace, machine.accepted) as verdict:
        with pytest.raises(SubmissionError, match="nothing was merged"):
            merge(verdict, machine.accepted, machine.root / "tasks/source")
    assert sorted(machine.accepted.folder.rglob("*")) == before


def test_gaps_have_to_be_listed(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p")
    for kind in ("records", "predictions"):
        (folder / kind / HEAD).unlink()
    forge(folder)
    with verified(folder, here.workspace, here.accepted) as verdict:
        assert "not the list of cells" in grid(verdict.checklist.checks)
    forge(folder, missing=(HEAD,))
    with verified(folder, here.workspace, here.accepted) as verdict:
        assert not verdict.refused and "1 cells are missing" in grid(verdict.checklist.checks)
        assert verdict.standing.placements[0].rank == "-"


def grid(checks: list) -> str:  # type: ignore[type-arg]
    return next(one.detail for one in checks if one.name == "grid")


def test_what_cannot_be_packed_says_what_to_do(machine: Place, tmp_path: Path) -> None:
    store, out = Store(machine.root / "run"), tmp_path / "p"
    with pytest.raises(SubmissionError, match="no record of 'scratch'"):
        pack(machine.registry, store, "scratch", out)
    with pytest.raises(SubmissionError, match="a card of its own"):
        pack(machine.registry, store, "scratch@resnet18", out)
    (store.folder / "predictions" / HEAD).with_suffix(".npz").unlink()
    with pytest.raises(SubmissionError, match="--save-predictions"):
        pack(machine.registry, store, "own_encoder", out, with_predictions=True)
    (store.folder / "predictions" / HEAD).unlink()
    with pytest.raises(SubmissionError, match="run the cell again"):
        pack(machine.registry, store, "own_encoder", out)
    edit(store.folder, HEAD, {"marks.unranked": ["trial: 3 of 60 steps"]})
    with pytest.raises(SubmissionError, match="a trial is not ranked"):
        pack(machine.registry, store, "own_encoder", out)
    assert not list(tmp_path.glob("*p*"))
    out.mkdir()
    with pytest.raises(SubmissionError, match="is there already"):
        pack(machine.registry, store, "own_encoder", out)


def rerun_of(found: Place, path: Path, again: RunRecord, processor: str = "p") -> Rerun:
    with verified(path, Workspace(found.registry, found.home), found.accepted) as verdict:
        assert verdict.pack
        cell = compare_cell(verdict.pack, HEAD, again, processor)
    made = Rerun(board="demo_v1", source="own_encoder", environment=again.environment,
                 processor=processor, cells=(cell,))  # fmt: skip
    write_rerun(path.parent, made)
    return made


def changed(record: RunRecord, difference: float) -> RunRecord:
    """The record with a Dice that is so much higher in every case, made elsewhere, later."""
    rows = [
        row.model_copy(update={"scores": row.scores | {"dice": row.scores["dice"] + difference}})
        for row in record.cases
    ]
    where = record.environment.model_copy(update={"torch": "9"})
    return record.model_copy(
        update={"cases": tuple(rows), "started": "later", "environment": where}
    )


@pytest.mark.parametrize(
    ("difference", "said"), [(0.0, "identical"), (0.01, "within tolerance"), (-0.03, "DIFFERS")]
)
def test_a_rerun_earns_trust_or_refuses(
    machine: Place, tmp_path: Path, difference: float, said: str
) -> None:
    path = packed(machine, tmp_path / "p.zip")
    record = read_record(machine.root / "run/records" / HEAD)
    (cell,) = rerun_of(machine, path, changed(record, difference)).cells
    assert cell.verdict == said and cell.difference == pytest.approx(difference, abs=1e-6)
    store = machine.accepted
    with verified(path, machine.workspace, store) as verdict:
        if said == "DIFFERS":
            with pytest.raises(SubmissionError, match="another result"):
                merge(verdict, store, tmp_path / "cards", tmp_path)
            return
        merge(verdict, store, tmp_path / "cards", tmp_path)
    known = read_trust(store.folder)
    assert trust_of(store.folder, HEAD, known) == "re-run" and list(known) == [HEAD]


def test_on_the_same_machine_nothing_may_differ(machine: Place, tmp_path: Path) -> None:
    path = packed(machine, tmp_path / "p.zip")
    record = read_record(machine.root / "run/records" / HEAD)
    made_here = {"environment": record.environment}
    near = changed(record, 1e-5).model_copy(update=made_here)
    (cell,) = rerun_of(machine, path, near, "a processor").cells
    assert cell.verdict == "DIFFERS" and cell.tolerance == 0
    (cell,) = rerun_of(machine, path, near, "another processor").cells
    assert cell.verdict == "within tolerance"
    same = changed(record, 0).model_copy(update=made_here)
    (cell,) = rerun_of(machine, path, same, "a processor").cells
    assert cell.verdict == "identical"


def test_a_rerun_of_another_pack_gives_no_trust(machine: Place, tmp_path: Path) -> None:
    path = packed(machine, tmp_path / "p")
    rerun_of(machine, path, read_record(machine.root / "run/records" / HEAD))
    edit(path, HEAD, {"started": "2026-02-02T00:00:00+00:00"})
    forge(path)
    with verified(path, machine.workspace, machine.accepted) as verdict:
        assert not verdict.refused
        with pytest.raises(SubmissionError, match="not of this pack"):
            merge(verdict, machine.accepted, tmp_path / "cards", tmp_path)


def test_the_draw_of_cells_is_fixed_by_its_seed() -> None:
    names = [str(number) for number in range(20)]
    assert choose(names, 5, 0) == choose(names, 5, 0) != choose(names, 5, 1)
    assert choose(names, None, 0) == choose(names, 99, 0) == names
    assert len(set(choose(names, 5, 3))) == 5


def test_the_order_of_manifest_and_json_does_not_matter(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p")
    data = json.loads((folder / "manifest.json").read_text())
    data["files"] = dict(reversed(data["files"].items()))
    (folder / "manifest.json").write_text(json.dumps(data))
    with verified(folder, here.workspace, here.accepted) as verdict:
        assert not verdict.refused


def test_the_gain_over_imagenet_is_paired_with_the_best_one(machine: Place, tmp_path: Path) -> None:
    for name in ("natural_one", "natural_two"):
        add_source(machine, name)
        run = machine.run(name, name)
        shutil.copytree(run.folder / "records", machine.accepted.folder / "records",
                        dirs_exist_ok=True)  # fmt: skip
    path = packed(machine, tmp_path / "p")
    with verified(path, machine.workspace, machine.accepted) as verdict:
        assert verdict.standing.leaderboard is not None
        rows = verdict.standing.leaderboard.rows.set_index("source")["score"]
        (one,) = verdict.standing.placements
    best = max("natural_one", "natural_two", key=lambda name: rows[name])
    assert one.over_imagenet.endswith(f" over {best}")
    assert one.over_imagenet.startswith(f"{rows['own_encoder'] - rows[best]:+.3f} [")
    assert one.rank.endswith(" of 4")
