"""Manifest, card and records of a pack are read strictly."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.packs import SEED0, Machine, derive_again, edit_record, findings, write_manifest

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.submission.manifest import ID, look_alike
from benchmark.submission.verify import verify_submission

CARD = "tasks/source/own_encoder.yaml"


def rewrite(name: str, text: str) -> Callable[[Path], None]:
    def attack(pack: Path) -> None:
        (pack / name).write_text(text)

    return attack


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (lambda pack: edit_record(pack, SEED0, {"cases.0.scores.dice": 0.99}), "not the file of"),
        (remove("cases.csv"), "is listed but not there"),
        (remove("manifest.json"), "is missing"),
        (rewrite("manifest.json", "{}"), "segtransfer: is missing"),
        (rewrite("manifest.json", "["), "Invalid JSON"),
        (rewrite("manifest.json", '{"\x1b[31m": 1}'), "manifest.json"),
        (rewrite("records/a/b/c/d/seed0.json", "{}"), "is not listed"),
        (lambda folder: write_manifest(folder, board="no_board"), "unknown board"),
    ],
)  # fmt: skip
def test_the_manifest_has_to_match(
    machine: Machine, pack: Path, attack: Callable[[Path], None], message: str
) -> None:
    (pack / "records/a/b/c/d").mkdir(parents=True)
    attack(pack)
    assert message in findings(machine, pack)["manifest"]


def bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (bomb(), "aliases"),
        ("id: !!python/object/apply:os.system ['true']", "card"),
        ("id: other\nversion: 1\ntitle: x", "card"),
        ("[" * 1000, "card"),
        ("x" * 2_000_000, "2000000 bytes; expected"),
    ],
    ids=["aliases", "tag", "other id", "nested", "long"],
)
def test_a_card_is_plain_data(machine: Machine, pack: Path, card: str, message: str) -> None:
    (pack / CARD).write_text(card)
    write_manifest(pack)
    assert message in findings(machine, pack)["source card"] + " card"


def test_nobody_takes_the_id_of_another(machine_copy: Machine, pack: Path) -> None:
    text = (pack / CARD).read_text()
    (pack / CARD).write_text(text.replace("An encoder", "A better encoder"))
    write_manifest(pack)
    assert "the id of another card" in findings(machine_copy, pack)["source card"]
    (pack / CARD).rename(pack / "tasks/source/scratch.yaml")
    write_manifest(pack, source="scratch")
    assert "source card" in findings(machine_copy, pack)
    write_manifest(pack, source="../../scratch")
    assert "not an id" in findings(machine_copy, pack)["source card"]


def test_rows_of_others_are_not_touched(machine_copy: Machine, pack: Path) -> None:
    other = SEED0.replace("own_encoder", "scratch")
    for kind in ("records", "predictions"):
        target = pack / kind / other
        target.parent.mkdir(parents=True)
        shutil.copyfile(machine_copy.accepted.folder / kind / other, target)
    derive_again(pack)
    assert "a record of 'scratch'" in findings(machine_copy, pack)["records"]


def test_the_order_of_manifest_and_json_does_not_matter(machine: Machine, pack: Path) -> None:
    data = json.loads((pack / "manifest.json").read_text())
    data["files"] = dict(reversed(data["files"].items()))
    (pack / "manifest.json").write_text(json.dumps(data))
    with verify_submission(pack, machine.workspace, machine.accepted) as verdict:
        assert not verdict.refused


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Scratch", "scratch"),
        ("imagenet_resnetl8_torchvision", "imagenet_resnet18_torchvision"),
        ("imagenet-resnet18.torchvision", "imagenet_resnet18_torchvision"),
        ("imagenet_resnet18__torchvision", "imagenet_resnet18_torchvision"),
        ("phantorn_brain", "phantom_brain"),
    ],
)
def test_ids_that_look_alike(name: str, known: str) -> None:
    assert look_alike(name, [known, name, "other"]) == known


def test_ids_of_our_own_cards_do_not_look_alike() -> None:
    known = Registry.load(content_roots()).sources
    assert not [name for name in known if look_alike(name, known)]
    assert not [name for name in ("con", "NUL", "com1.x") if ID.fullmatch(name)]
    assert ID.fullmatch("contrastive") and ID.fullmatch("com10")
    assert not ID.fullmatch("scratch.") and not ID.fullmatch("scr\u0430tch") and ID.fullmatch("a")
