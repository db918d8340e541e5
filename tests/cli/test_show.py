"""`segtransfer show` and its JSON."""

import json
from pathlib import Path

from support.command import segtransfer


def test_several_cards_of_one_id_are_shown(shared_home: Path) -> None:
    output = segtransfer("show", "phantom_ct_device_a", home=shared_home).stdout
    kinds = ("source", "target", "data set")
    assert all(f"{kind} phantom_ct_device_a" in output.splitlines() for kind in kinds)


def test_json_holds_the_card(shared_home: Path) -> None:
    (found,) = json.loads(segtransfer("show", "scratch", "--json", home=shared_home).stdout)
    assert found["kind"] == "source" and found["card"]["provides"] == "nothing"
    assert found["facts"]["network"] == ["that of the board"]


def test_what_a_source_saw_is_stated(shared_home: Path) -> None:
    shown = segtransfer("show", "imagenet_mobilenet_v2", home=shared_home).stdout
    assert "saw             imagenet, subjects: all" in shown
    assert "no data set is named" not in segtransfer("show", "scratch", home=shared_home).stdout
