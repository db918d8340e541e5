"""Packs that somebody made to cheat or to harm: each is refused by the check meant for it."""

import io
import json
import os
import pickle
import shutil
import stat
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from support.packs import HEAD, Place, add_source, edit, forge, packed, seal

from benchmark.records.predictions import prediction_log, prediction_sha256, read_hashes, read_map
from benchmark.records.record import CellId, Fingerprints, cell_key
from benchmark.records.store import Store
from benchmark.submission import manifest as contents
from benchmark.submission import read_pack as opening
from benchmark.submission.report import to_html, to_markdown
from benchmark.submission.verify import verified

SEED1 = HEAD.replace("seed0", "seed1")
CARD = "tasks/source/own_encoder.yaml"


def findings(here: Place, path: Path) -> dict[str, str]:
    """What each check that refuses has to say."""
    with verified(path, here.workspace, here.accepted) as verdict:
        for text in (to_markdown(verdict), to_html(verdict)):
            assert text.isprintable() or "\n" in text
        return {
            one.name: " | ".join(one.problems) for one in verdict.checklist.checks if one.problems
        }


def archive(folder: Path, path: Path, *more: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                made.write(one, one.relative_to(folder).as_posix())
        for member, data in more:
            made.writestr(member, data, zipfile.ZIP_DEFLATED)
    return path


def link() -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("records/link.json")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (zipfile.ZipInfo("../outside.json"), "outside the folder"),
        (zipfile.ZipInfo("records/../../outside.json"), "outside the folder"),
        (zipfile.ZipInfo("/tmp/outside.json"), "outside the folder"),
        (zipfile.ZipInfo("C:\\outside.json"), "outside the folder"),
        (link(), "is a link"),
        (zipfile.ZipInfo("cases.csv"), "in the zip 2 times"),
        (zipfile.ZipInfo("CASES.csv"), "in the zip 2 times"),
        (zipfile.ZipInfo("weights.pkl"), "no pack has such a file"),
        (zipfile.ZipInfo("records/a.pth"), "no pack has such a file"),
        (zipfile.ZipInfo("tasks/source/evil.py"), "no pack has such a file"),
        (zipfile.ZipInfo("\x1b[2J.json"), "no pack has such a file"),
    ],
    ids=lambda one: ascii(one.filename) if isinstance(one, zipfile.ZipInfo) else "",
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_holds_the_files_of_a_pack_and_nothing_else(
    here: Place, tmp_path: Path, member: zipfile.ZipInfo, said: str
) -> None:
    path = archive(packed(here, tmp_path / "in" / "p"), tmp_path / "p.zip", (member, b"{}"))
    found = findings(here, path)
    assert said in found.get("container", "") + found.get("files and sizes", "")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in", "p.zip"]


def test_a_bomb_is_not_unpacked(here: Place, tmp_path: Path) -> None:
    bomb = (zipfile.ZipInfo("cases.csv"), bytes(250_000_000))
    path = archive(tmp_path / "nothing", tmp_path / "p.zip", bomb)
    assert path.stat().st_size < 500_000
    assert "a bomb" in findings(here, path)["container"]


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"PK\3\4" + bytes(100), b"not a zip"])
def test_what_is_no_zip_is_refused(here: Place, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(content)
    assert "container" in findings(here, path)
    assert "container" in findings(here, tmp_path / "nowhere")


def test_links_are_not_followed(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p")
    (tmp_path / "link").symlink_to(folder)
    assert "neither a folder nor a zip" in findings(here, tmp_path / "link")["container"]
    path = folder / "records" / HEAD
    path.rename(tmp_path / "record.json")
    path.symlink_to(tmp_path / "record.json")
    assert "link" in findings(here, folder)["files and sizes"]
    shutil.rmtree(folder / "records")
    (folder / "records").symlink_to(tmp_path)
    assert "link" in findings(here, folder)["files and sizes"]
    (folder / "records").unlink()
    os.mkfifo(folder / "cases.fifo")
    assert "no file" in findings(here, folder)["files and sizes"]


def test_sizes_are_limited(here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(here, tmp_path / "p.zip")
    folder = packed(here, tmp_path / "p")
    for name in ("MAX_FILES", "MAX_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(opening, name, 3)
            assert "a pack has at most" in findings(here, path)["container"]
            assert "a pack has at most" in findings(here, folder)["files and sizes"]
    monkeypatch.setattr(opening, "MAX_TEXT_BYTES", 3)
    assert "are read" in findings(here, folder)["files and sizes"]
    assert contents.MAX_BYTES < 10**10


def rewrite(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text) and None


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (lambda folder: edit(folder, HEAD, {"cases.0.scores.dice": 0.99}), "not the file of the"),
        (remove("cases.csv"), "is listed but not there"),
        (remove("manifest.json"), "is missing"),
        (rewrite("manifest.json", "{}"), "Field required"),
        (rewrite("manifest.json", "["), "Invalid JSON"),
        (rewrite("manifest.json", '{"\x1b[31m": 1}'), "manifest.json"),
        (rewrite("records/a/b/c/d/seed0.json", "{}"), "is not listed"),
        (lambda folder: seal(folder, board="no_board"), "unknown board"),
    ],
)  # fmt: skip
def test_the_manifest_has_to_match(
    here: Place, tmp_path: Path, attack: Callable[[Path], None], said: str
) -> None:
    folder = packed(here, tmp_path / "p")
    (folder / "records/a/b/c/d").mkdir(parents=True)
    attack(folder)
    assert said in findings(here, folder)["manifest"]


def bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (bomb(), "aliases"),
        ("id: !!python/object/apply:os.system ['true']", "card"),
        ("id: other\nversion: 1\ntitle: x", "card"),
        ("[" * 5000, "card"),
        ("x" * 2_000_000, "larger than"),
    ],
    ids=["aliases", "tag", "other id", "nested", "long"],
)
def test_a_card_is_plain_data(here: Place, tmp_path: Path, card: str, said: str) -> None:
    folder = packed(here, tmp_path / "p")
    (folder / CARD).write_text(card)
    seal(folder)
    assert said in findings(here, folder)["source card"] + " card"


def test_nobody_takes_the_id_of_another(machine: Place, tmp_path: Path) -> None:
    folder = packed(machine, tmp_path / "p")
    text = (folder / CARD).read_text()
    (folder / CARD).write_text(text.replace("An encoder", "A better encoder"))
    seal(folder)
    assert "the id of another card" in findings(machine, folder)["source card"]
    (folder / CARD).rename(folder / "tasks/source/scratch.yaml")
    seal(folder, source="scratch")
    assert "source card" in findings(machine, folder)
    seal(folder, source="../../scratch")
    assert "no id" in findings(machine, folder)["source card"]


def test_rows_of_others_are_not_touched(machine: Place, tmp_path: Path) -> None:
    folder = packed(machine, tmp_path / "p")
    other = HEAD.replace("own_encoder", "scratch")
    for kind in ("records", "predictions"):
        target = folder / kind / other
        target.parent.mkdir(parents=True)
        shutil.copyfile(machine.accepted.folder / kind / other, target)
    forge(folder)
    assert "a row of 'scratch'" in findings(machine, folder)["records"]


def test_accepted_rows_are_not_replaced(machine: Place, tmp_path: Path) -> None:
    folder = packed(machine, tmp_path / "p")
    for name in (HEAD, SEED1):
        path = machine.accepted.folder / "records" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "records" / name, path)
    assert findings(machine, folder) == {}
    (machine.accepted.folder / "records" / SEED1).unlink()
    with verified(folder, machine.workspace, machine.accepted) as verdict:
        said = [one.detail for one in verdict.checklist.checks if one.state == "to look at"]
    assert said == ["adds 1 records to a source that is on the board (1 more)"]
    edit(folder, HEAD, {"started": "2026-03-03T00:00:00+00:00"})
    forge(folder)
    assert "already with other content" in findings(machine, folder)["rows of others"]


FALSE = [
    ("records", {"fingerprints.protocol": "sha256:0"}, "under protocol"),
    ("records", {"fingerprints.strategy": "sha256:0"}, "strategy 'full' is not the board's"),
    ("records", {"fingerprints.data": "sha256:0"}, "key: is not that of"),
    ("records", {"cell.seed": 1}, "path and content"),
    ("records", {"frozen_tensors_unchanged": False}, "must not move"),
    ("records", {"cases.0.scores.dice": 1.5}, "expected 0 to 1"),
    ("records", {"cases.0.scores.dice": float("nan")}, "seed0.json"),
    ("fingerprints", {"prepared_data": "sha256:0"}, "prepared_data is not that"),
    ("cards and split", {"source.title": "ImageNet"}, "are not the card's"),
    ("cards and split", {"source.domain": "ct"}, "are not the card's"),
    ("cards and split", {"marks.synthetic": False}, "marks.synthetic"),
    ("cards and split", {"marks.contamination": ["saw it all"]}, "marks.contamination"),
    ("cards and split", {"marks.unranked": ["trial"]}, "unranked"),
    ("cards and split", {"marks.partial_weights": True}, "contradict"),
    ("cards and split", {"coverage": None}, "contradict"),
    ("cards and split", {"coverage.parameter_share": 9.0}, "above 1"),
    ("cards and split", {"environment.device": "\x1b[2J"}, "no plain short text"),
    ("cards and split", {"started": "x" * 1000}, "no plain short text"),
    ("cards and split", {"main_metric": "iou"}, "not the target's"),
    ("cards and split", {"selection.learning_rate": 0.5}, "not one of the protocol's"),
    ("cards and split", {"selection.step": 10**6}, "above the protocol's"),
    ("cards and split", {"selection.train_subjects": ["s1"]}, "not those of the split"),
]


@pytest.mark.parametrize(("check", "change", "said"), FALSE, ids=lambda x: str(x)[:40])
def test_false_claims_are_refused(
    here: Place, tmp_path: Path, check: str, change: dict[str, object], said: str
) -> None:
    folder = packed(here, tmp_path / "p")
    edit(folder, HEAD, change)
    (seal if check == "records" else forge)(folder)
    assert said in findings(here, folder)[check]


@pytest.mark.parametrize("field", ["target", "splits", "data", "source", "weights"])
def test_a_forged_key_does_not_hide_other_conditions(
    here: Place, tmp_path: Path, field: str
) -> None:
    folder = packed(here, tmp_path / "p")
    edit(folder, HEAD, {f"fingerprints.{field}": "sha256:" + 64 * "0"})
    data = json.loads((folder / "records" / HEAD).read_text())
    key = cell_key(CellId(**data["cell"]), Fingerprints(**data["fingerprints"]))
    edit(folder, HEAD, {"key": key})
    hashes = folder / "predictions" / HEAD
    hashes.write_text(json.dumps(json.loads(hashes.read_text()) | {"key": key}))
    forge(folder)
    assert f"fingerprints.{field} is not" in findings(here, folder)["fingerprints"]


def test_left_out_cases_are_missed(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p")
    data = json.loads((folder / "records" / HEAD).read_text())
    worst = min(data["cases"], key=lambda row: row["scores"]["dice"])
    data["cases"].remove(worst)
    (folder / "records" / HEAD).write_text(json.dumps(data))
    seal(folder)
    assert "other cases" in findings(here, folder)["records"]
    hashes = json.loads((folder / "predictions" / HEAD).read_text())
    del hashes["cases"][worst["case"]]
    (folder / "predictions" / HEAD).write_text(json.dumps(hashes))
    forge(folder)
    assert "of the test subset" in findings(here, folder)["cards and split"]


def test_an_edited_score_is_found_by_its_label_map(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p", maps=True)
    edit(folder, HEAD, {"cases.0.scores.dice": 0.9})
    seal(folder)
    assert "cases.csv: is not what the records give" in findings(here, folder)["derived files"]
    forge(folder)
    assert "not those of its label map" in findings(here, folder)["scored again"]


def test_another_label_map_is_not_that_of_the_hash(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p", maps=True)
    one, two = ((folder / "predictions" / n).with_suffix(".npz") for n in (HEAD, SEED1))
    shutil.copyfile(two, one)
    seal(folder)
    assert "another SHA-256" in findings(here, folder)["scored again"]


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
    here: Place, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = packed(here, tmp_path / "p", maps=True)
    path = (folder / "predictions" / HEAD).with_suffix(".npz")
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("0.npy", content)
    seal(folder)
    assert "map 0.npy" in findings(here, folder)["scored again"]
    assert not (tmp_path / "executed").exists()


def test_a_volume_of_labels_comes_back(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).integers(0, 3, (4, 5, 6)).astype(np.uint8)
    with prediction_log(tmp_path / "a.json", "sha256:key", "cpu", True) as keep:
        keep("../case", volume)
        keep("b", volume.T.copy())
    assert np.array_equal(read_map(tmp_path / "a.npz", 0, (4, 5, 6)), volume)
    hashes = read_hashes(tmp_path / "a.json")
    assert hashes.cases["../case"] == prediction_sha256(volume) != hashes.cases["b"]
    with prediction_log(tmp_path / "a.json", "sha256:key", "cpu", False) as keep:
        keep("b", volume)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.json"]


def test_copies_of_other_entries_are_found(machine: Place, tmp_path: Path) -> None:
    accepted = machine.accepted
    folder = packed(machine, tmp_path / "p")
    theirs = json.loads((accepted.folder / "records" / HEAD.replace("own_encoder", "scratch"))
                        .read_text())  # fmt: skip
    edit(folder, HEAD, {"cases": theirs["cases"]})
    forge(folder)
    assert "has the scores of" in findings(machine, folder)["copies"]
    path = Path("predictions") / HEAD.replace("own_encoder", "scratch")
    shutil.copyfile(folder / "predictions" / HEAD, accepted.folder / path)
    for row in theirs["cases"]:
        row["scores"]["dice"] = 0.5
    edit(accepted.folder, HEAD.replace("own_encoder", "scratch"), {"cases": theirs["cases"]})
    assert "has the predictions of" in findings(machine, folder)["copies"]


def test_the_weights_of_another_source_are_pointed_at(machine: Place, tmp_path: Path) -> None:
    theirs = HEAD.replace("own_encoder", "scratch")
    weights = json.loads((machine.root / "run/records" / HEAD).read_text())["fingerprints"]
    data = json.loads((machine.accepted.folder / "records" / theirs).read_text())
    data["fingerprints"]["weights"] = weights["weights"]
    data["key"] = cell_key(CellId(**data["cell"]), Fingerprints(**data["fingerprints"]))
    (machine.accepted.folder / "records" / theirs).write_text(json.dumps(data))
    (machine.accepted.folder / "records" / theirs.replace("seed0", "seed1")).unlink()
    path = packed(machine, tmp_path / "p")
    with verified(path, machine.workspace, machine.accepted) as verdict:
        (found,) = (one for one in verdict.checklist.checks if one.name == "copies")
        assert found.state == "to look at" and "weights are those of 'scratch'" in found.detail


def scored(values: list[float]) -> Callable[[dict[str, object]], dict[str, object]]:
    def change(row: dict[str, object]) -> dict[str, object]:
        return row | {"scores": dict(zip(row["scores"], values, strict=True))}  # type: ignore[call-overload]

    return change


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], "segmented perfectly"),
        ([0.9, 0.8, 0.9, 2.0, 1.0, 1.0, 1.0], "every case has the same scores"),
    ],
)
def test_results_too_good_to_be_true(
    here: Place, tmp_path: Path, values: list[float], said: str
) -> None:
    folder = packed(here, tmp_path / "p")
    rows = json.loads((folder / "records" / HEAD).read_text())["cases"]
    edit(folder, HEAD, {"cases": list(map(scored(values), rows))})
    forge(folder)
    assert said in findings(here, folder)["plausible"]


def test_seeds_that_are_the_same_run(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p")
    rows = json.loads((folder / "records" / HEAD).read_text())["cases"]
    edit(folder, SEED1, {"cases": rows})
    forge(folder)
    assert "another seed" in findings(here, folder)["plausible"]


def test_missing_everything_is_no_copy(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p")
    for name in (HEAD, SEED1):
        rows = json.loads((folder / "records" / name).read_text())["cases"]
        empty = [
            scored([0.0, 0.0, 0.5, 90.0, 90.0, -90.0, 90.0])(row) | {"prediction_empty": True}
            for row in rows
        ]
        edit(folder, name, {"cases": empty})
    forge(folder)
    assert findings(here, folder) == {}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag, *(name for name, _ in attrs)]


EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](http://e.x) @all | `a`"


def test_texts_of_a_card_do_nothing_in_a_report(machine: Place, tmp_path: Path) -> None:
    plain = packed(machine, tmp_path / "plain")
    add_source(machine, "evil", f'"{EVIL}"')
    shutil.rmtree(machine.root / "run")
    machine.run("run", "evil")
    path = packed(machine, tmp_path / "p", "evil")
    for name in Store(path).files():
        edit(path, name, {"environment.device": EVIL, "started": EVIL})
    forge(path, segtransfer="<b>1</b>\x1b[2J")
    pages = []
    for one in (plain, path):
        with verified(one, machine.workspace, machine.accepted) as verdict:
            assert not verdict.refused, verdict.checklist
            tags, page = Tags(), to_html(verdict)
            tags.feed(page)
            pages.append(set(tags.found))
            text = to_markdown(verdict)
            for written in (page, text):
                assert "\x1b" not in written and "<script" not in written.lower()
    assert pages[0] == pages[1] and "onerror" not in pages[1]


def test_what_a_refusal_repeats_does_nothing(here: Place, tmp_path: Path) -> None:
    folder = packed(here, tmp_path / "p")
    seal(folder, board=EVIL + "\x1b[2J")
    with verified(folder, here.workspace, here.accepted) as verdict:
        assert verdict.refused
        page, text = to_html(verdict), to_markdown(verdict)
    assert "<script>alert" not in page and "<img" not in page
    assert "\x1b" not in page + text and "<script" not in text and "](http" not in text
