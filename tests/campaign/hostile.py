"""Submissions made to deceive or to break the checks: each has to be refused, with a report.

    PYTHONPATH=tests python -m campaign.hostile

Prints what was made, which check refused it and with which words; ends with status 1 if one was
not refused, if a check crashed, or if an honest pack was refused.
"""

import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from support.packs import (
    SEED0,
    SEED1,
    Machine,
    add_source,
    derive_again,
    edit_record,
    make_machine,
    make_pack,
    simulated_record,
    write_manifest,
)

from benchmark.data.layouts.registry import load_case
from benchmark.data.resolve import resolve_target
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.predictions import prediction_log, read_hashes, read_map
from benchmark.running.case_scores import score_case
from benchmark.submission.report import to_html, to_markdown
from benchmark.submission.verify import verify_submission

Attack = Callable[[Machine, Path], Path | None]
"""Changes an unpacked pack with maps, or returns another file that is submitted."""
THEIRS = SEED0.replace("own_encoder", "scratch")
CARD = "tasks/source/own_encoder.yaml"


def record(**change: object) -> Attack:
    """Facts of a record changed, everything derived again."""

    def attack(machine: Machine, pack: Path) -> None:
        edit_record(pack, SEED0, {key.replace("__", "."): value for key, value in change.items()})
        derive_again(pack)

    return attack


def unreadable(**change: object) -> Attack:
    """The same for records that no reader takes: only the manifest is made again."""

    def attack(machine: Machine, pack: Path) -> None:
        edit_record(pack, SEED0, {key.replace("__", "."): value for key, value in change.items()})
        write_manifest(pack)

    return attack


def file(name: str, content: bytes | str) -> Attack:
    """A file replaced or added, the manifest made again."""

    def attack(machine: Machine, pack: Path) -> None:
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        if name != "manifest.json":
            write_manifest(pack)

    return attack


def maps_with(member: bytes) -> Attack:
    """Label maps of which the first is these bytes."""

    def attack(machine: Machine, pack: Path) -> None:
        with zipfile.ZipFile((pack / "predictions" / SEED0).with_suffix(".npz"), "w") as archive:
            archive.writestr("0.npy", member)
        write_manifest(pack)

    return attack


def npy(header: str, data: bytes = b"") -> bytes:
    """A .npy file with any header."""
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def named(name: str) -> Attack:
    """An honest pack of a source with this id."""

    def attack(machine: Machine, pack: Path) -> Path:
        add_source(machine, name)
        machine.run(f"run {name}", name)
        return make_pack(machine, pack.with_name("other"), name, folder=f"run {name}")

    return attack


def renamed(name: str) -> Attack:
    """The pack with another id in its manifest, whatever its content."""

    def attack(machine: Machine, pack: Path) -> None:
        write_manifest(pack, source=name)

    return attack


def zipped(change: Callable[[zipfile.ZipFile], None]) -> Attack:
    """The pack as a zip, with more members."""

    def attack(machine: Machine, pack: Path) -> Path:
        path = pack.with_suffix(".zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in sorted(p for p in pack.rglob("*") if p.is_file()):
                archive.write(one, one.relative_to(pack).as_posix())
            change(archive)
        return path

    return attack


def copied(jitter: float = 0.0, lost: int = 0, maps: bool = False) -> Attack:
    """The results of another entry, its scores moved or a few pixels of its maps deleted."""

    def attack(machine: Machine, pack: Path) -> None:
        if not maps:
            (pack / "predictions" / SEED0).with_suffix(".npz").unlink()
            path = machine.accepted.folder / "records" / THEIRS
            rows = json.loads(path.read_text())["cases"]
            for number, row in enumerate(rows):
                dice = row["scores"]["dice"] + jitter * (-1) ** number
                row["scores"] |= {"dice": dice, "iou": dice / (2 - dice)}
        else:
            rows = _deleted(machine, pack, lost)
        edit_record(pack, SEED0, {"cases": rows})
        derive_again(pack)

    return attack


def _deleted(machine: Machine, pack: Path, lost: int) -> list[dict[str, object]]:
    target = machine.registry.target("phantom_fetal_head_64")
    opened = resolve_target(machine.workspace, target)
    theirs = (machine.accepted.folder / "predictions" / THEIRS).with_suffix(".npz")
    own = read_hashes(pack / "predictions" / SEED0)
    cases = []
    with prediction_log(pack / "predictions" / SEED0, own.key, "cpu", maps=True) as keep:
        for number, case in enumerate(read_hashes(theirs.with_suffix(".json")).cases):
            loaded = load_case(opened.card, opened.cases[case])
            labels = read_map(theirs, number, loaded.mask.shape).copy()
            labels.flat[np.flatnonzero(labels)[:lost]] = 0
            keep(case, labels)
            cases += score_case(target, opened.card, opened.cases[case], loaded, labels)
    return [row.model_dump(mode="json") for row in cases]


def every_row(**scores: float) -> Attack:
    """The same scores in every row."""

    def attack(machine: Machine, pack: Path) -> None:
        rows = json.loads((pack / "records" / SEED0).read_text())["cases"]
        edit_record(pack, SEED0, {"cases": [row | {"scores": row["scores"] | scores}
                                            for row in rows]})  # fmt: skip
        derive_again(pack)

    return attack


def dropped(machine: Machine, pack: Path) -> None:
    """The worst case left out."""
    rows = json.loads((pack / "records" / SEED0).read_text())["cases"]
    edit_record(pack, SEED0, {"cases": sorted(rows, key=lambda row: row["scores"]["dice"])[1:]})
    path = pack / "predictions" / SEED0
    hashes = json.loads(path.read_text())
    hashes["cases"] = {row["case"]: hashes["cases"][row["case"]] for row in rows[1:]}
    path.write_text(json.dumps(hashes))
    derive_again(pack)


def seeds_swapped(machine: Machine, pack: Path) -> None:
    """One seed's rows as another's."""
    rows = json.loads((pack / "records" / SEED0).read_text())["cases"]
    edit_record(pack, SEED1, {"cases": rows})
    derive_again(pack)


def maps_swapped(machine: Machine, pack: Path) -> None:
    """The maps of another seed."""
    one, two = ((pack / "predictions" / name).with_suffix(".npz") for name in (SEED0, SEED1))
    shutil.copyfile(two, one)
    write_manifest(pack)


def linked(machine: Machine, pack: Path) -> None:
    """A record that is a link to a file of the machine."""
    (pack / "records" / SEED0).unlink()
    (pack / "records" / SEED0).symlink_to("/etc/passwd")


def truncated(machine: Machine, pack: Path) -> Path:
    """The first half of a zip."""
    path = zipped(lambda archive: None)(machine, pack)
    assert path is not None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def _bomb(archive: zipfile.ZipFile) -> None:
    for number in range(40):
        archive.writestr(f"records/a/b/c/d/seed{number}.json", bytes(80_000_000))


def _nested(archive: zipfile.ZipFile) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as inside:
        inside.writestr("a", "b")
    archive.writestr("more.zip", inner.getvalue())


ATTACKS: dict[str, Attack] = {
    "score edited, manifest as it was": lambda m, p: edit_record(p, SEED0, {"main_metric": "iou"}),
    "score edited, all derived again": record(cases__0__scores__dice=0.99),
    "score edited with its IoU": record(
        cases__0__scores__dice=0.9, cases__0__scores__iou=0.9 / 1.1
    ),
    "IoU as high as Dice": every_row(iou=0.9, dice=0.9),
    "every score perfect": every_row(dice=1.0, iou=1.0),
    "the same scores in every case": every_row(dice=0.9, iou=0.9 / 1.1),
    "Dice of 1.5": record(cases__0__scores__dice=1.5),
    "score that is no number": unreadable(cases__0__scores__dice="NaN"),
    "worst case left out": dropped,
    "one seed as two": seeds_swapped,
    "maps of another seed": maps_swapped,
    "copy of another entry": copied(),
    "copy, scores moved by 1e-5": copied(jitter=1e-5),
    "copy of maps": copied(maps=True),
    "copy of maps, a pixel less each": copied(maps=True, lost=1),
    "copy of maps, three pixels less each": copied(maps=True, lost=3),
    "id of an accepted source": renamed("scratch"),
    "id in capitals": named("Scratch"),
    "id with 1 for l": named("imagenet_resnetl8_torchvision"),
    "id with another separator": named("imagenet-resnet18-torchvision"),
    "id with a final dot": renamed("own_encoder."),
    "id with a Cyrillic letter": renamed("scr\u0430tch"),
    "id that is a path": renamed("../../own"),
    "id of a device on Windows": renamed("nul"),
    "another protocol": record(fingerprints__protocol="sha256:" + "0" * 64),
    "weights of nobody": record(fingerprints__weights="sha256:" + "0" * 64),
    "contamination hidden": record(marks__contamination=["none"]),
    "trial shown as a run": record(marks__unranked=["trial"]),
    "step -7": unreadable(selection__step=-7),
    "validation Dice -5": unreadable(selection__validation_dice=-5.0),
    "curve of 99": unreadable(selection__curve=[[0.001, 1, 99.0]]),
    "more parameters trained than there are": record(cost__trainable_parameters=2**52),
    "run shorter than its fine-tuning": record(cost__total_seconds=0.0),
    "escape sequence in a text": record(environment__device="\x1b[2J"),
    "long text": record(started="x" * 5000),
    "card nested deeply": file(CARD, "a: " + "[" * 3000),
    "card with aliases": file(CARD, "a: &a [x]\nb: [*a, *a]\n"),
    "card with a Python tag": file(CARD, "id: !!python/object/apply:os.system ['touch x']\n"),
    "card with an empty number": file(CARD, 'a: !!int ""\n'),
    "card with a list as key": file(CARD, "[1]: 2\n"),
    "card with a pattern that takes for ever": file(CARD, "rename: [['(a+)+$', 'b']]\n"),
    "manifest nested deeply": file("manifest.json", "[" * 100_000),
    "manifest with a number of 5000 digits": file("manifest.json", "9" * 5000),
    "empty manifest": file("manifest.json", ""),
    "file that no pack has": file("records/run.py", "import os\n"),
    "record nested deeply": file(f"records/{SEED0}", "[" * 100_000),
    "map with an open bracket": maps_with(npy("(" * 3000)),
    "map with an open text": maps_with(npy("{'descr': '")),
    "map of objects": maps_with(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n")),
    "map of 2^60 pixels": maps_with(npy(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1073741824, 1073741824), }\n")),
    "map that is code": maps_with(npy("__import__('os').system('touch x')\n")),
    "member outside the folder": zipped(lambda archive: archive.writestr("../evil", "x")),
    "member with a full path": zipped(lambda archive: archive.writestr("/tmp/evil", "x")),
    "zip in the zip": zipped(_nested),
    "zip bomb": zipped(_bomb),
    "name twice in capitals": zipped(lambda archive: archive.writestr("MANIFEST.JSON", "{}")),
    "truncated zip": truncated,
    "record that is a link": linked,
}  # fmt: skip
HONEST: dict[str, Attack] = {
    "folder with maps": lambda machine, pack: None,
    "zip with maps": zipped(lambda archive: None),
    "without maps": lambda machine, pack: make_pack(machine, pack.with_name("plain")),
}


def make_context(root: Path) -> tuple[Machine, Path]:
    """A machine with an accepted entry that has label maps, and an honest pack with maps."""
    machine = make_machine(root)
    (transfer, *_) = plan(machine.workspace, machine.board, GridSelection(sources=("scratch",)))
    machine.accepted.write(simulated_record(machine, transfer, machine.accepted, maps=True))
    add_source(machine, "own_encoder")
    machine.run("run", "own_encoder")
    return machine, make_pack(machine, root / "pack", maps=True)


def verdict_on(attack: Attack, machine: Machine, pack: Path, scratch: Path) -> str:
    """The first problem of a submission with the name of its check; empty if it may be merged."""
    root = Path(shutil.copytree(machine.root, scratch / "machine"))
    copy = Machine(root, machine.registry, machine.board)
    folder = Path(shutil.copytree(pack, scratch / "pack"))
    submitted = attack(copy, folder) or folder
    copy.registry = machine.registry
    with verify_submission(submitted, copy.workspace, copy.accepted) as verdict:
        for text in (to_markdown(verdict), to_html(verdict)):
            assert text.replace("\n", "").isprintable()
        checks = [check for check in verdict.checklist.checks if check.problems]
        return f"{checks[0].name}: {checks[0].findings[0]}" if checks else ""


def main() -> int:
    """Make and check every submission."""
    faults = 0
    print("| submission | result |\n|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        machine, pack = make_context(Path(temporary) / "context")
        for name, attack in {**ATTACKS, **HONEST}.items():
            with tempfile.TemporaryDirectory() as scratch:
                found = verdict_on(attack, machine, pack, Path(scratch))
            wrong = bool(found) == (name in HONEST) or "--debug" in found
            faults += wrong
            shown = found.replace("|", "/")[:160] or "may be merged"
            print(f"| {name} | {'WRONG: ' if wrong else ''}{shown} |", flush=True)
    print(f"\n{len(ATTACKS)} hostile and {len(HONEST)} honest submissions, {faults} wrong.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
