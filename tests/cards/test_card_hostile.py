"""Cards that attack their reader are refused in one line."""

import time
from pathlib import Path

import pytest

from benchmark.cards.card import check_model, read_card, read_yaml
from benchmark.cards.content import content_roots
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.errors import CardError

HOSTILE = {
    "billion laughs": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "merge of an anchor": "a: &a {x: 1}\nb: {<<: *a}\n",
    "Python object": "id: !!python/object/apply:os.system ['touch executed']\n",
    "Python name": "id: !!python/name:os.system\n",
    "own tag": "id: !secret x\n",
    "nesting": "a: " + "[" * 5_000,
    "number without end": "version: " + "9" * 5000,
    "no date": "title: 2001-99-99\n",
    "tag on a wrong value": "version: !!int x\n",
    "two documents": "id: a\n---\nid: b\n",
    "key twice": "id: a\nid: b\n",
    "escape sequence": "title: '\x1b[31mred'\n",
    "escaped escape sequence": 'title: "\\e[31mred"\n',
    "escape sequence in a key": '? "\\e[2J"\n: 1\n',
    "turned direction": 'title: "abc\\u202Edcba"\n',
    "not finite": "input: {channels: 1, mean: [.nan], std: [1.0]}\n",
    "too long": "title: " + "x" * 1_000_001,
    "no text": "\x00\x01\x02",
    "number of nothing": 'version: !!int ""\n',
    "truth of another word": "version: !!bool x\n",
    "key that is a list": "[1]: 2\n",
    "pairs that are none": "a: !!omap [x, y]\n",
    "number of many digits": "version: 0x" + "f" * 20_000,
    "nested mappings": "a: " + "{b: [" * 300,
    "nested lists in a line": "- " * 1000 + "a",
    "nested keys in a line": "? " * 1000 + "a",
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_it_is_refused(attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "card.yaml"
    path.write_text(HOSTILE[attack])
    started = time.process_time()
    with pytest.raises(CardError) as caught:
        read_card(path, SourceCard)
    assert time.process_time() - started < 2  # of 0.2 s that the parser may take
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400 + len(str(path))
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("keys", ['1: 1, "1": 2', 'true: 1, "true": 2', '~: 1, "null": 2'])
def test_a_number_and_its_text_are_one_key(keys: str, tmp_path: Path) -> None:
    path = tmp_path / "dataset.yaml"
    path.write_text(f"id: a\nlabels: {{{keys}}}\n")
    with pytest.raises(CardError, match="dataset.yaml: .* comes twice"):
        check_model(read_yaml(path), DatasetCard, path)


def test_a_folder_and_bytes_are_no_card(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="cannot be read"):
        read_yaml(tmp_path)
    (tmp_path / "a.yaml").write_bytes(b"title: \xff\xfe")
    with pytest.raises(CardError, match="not UTF-8"):
        read_yaml(tmp_path / "a.yaml")


def test_text_of_several_lines_is_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("title: |\n  one\n  two\twith a tab, é and 図\n")
    assert read_yaml(tmp_path / "a.yaml")["title"].startswith("one\ntwo\t")


def test_weights_lie_in_their_folder(tmp_path: Path) -> None:
    card = Registry.load(content_roots()).source("imagenet_resnet18_torchvision")
    text = card.model_dump_json(exclude_none=True).replace("resnet18-f37072fd.pth", "..", 1)
    (tmp_path / f"{card.id}.yaml").write_text(text)
    with pytest.raises(CardError, match="names no file"):
        read_card(tmp_path / f"{card.id}.yaml", SourceCard)
