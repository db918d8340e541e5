"""Cards that are kept parsed are the cards that are read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.cards import card
from benchmark.cards.card_cache import ParsedCards
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry


def test_kept_cards_are_those_that_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "home" / "cards.json"
    first = Registry.load(content_roots(), ParsedCards(file))
    read: list[object] = []

    def texts(data: object) -> Iterator[str]:
        read.append(data)
        return iter(())

    monkeypatch.setattr(card, "_texts", texts)
    card._plain_data.cache_clear()
    assert Registry.load(content_roots(), ParsedCards(file)) == first
    few = len(read)
    assert Registry.load(content_roots()) == first
    assert few < 0.2 * sum(1 for _ in first.cards()) < len(read)
    everything = len(read)
    assert Registry.load(content_roots()) == first and len(read) == everything


def test_an_edited_card_is_read_again(tmp_path: Path) -> None:
    path, parsed = tmp_path / "a.yaml", ParsedCards(tmp_path / "cards.json")
    path.write_text("title: one\n")
    assert card.read_yaml(path, parsed) == {"title": "one"}
    path.write_text("title: two\n")
    assert card.read_yaml(path, parsed) == {"title": "two"}


@pytest.mark.parametrize("text", ["a: 2026-11-21\n", "a: {0: 400}\n"])
def test_what_json_would_change_is_not_kept(tmp_path: Path, text: str) -> None:
    path, parsed = tmp_path / "a.yaml", ParsedCards(tmp_path / "cards.json")
    path.write_text(text)
    assert card.read_yaml(path, parsed) == card.read_yaml(path)
    assert parsed.find(text) is None


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "cards.json"
    file.write_bytes(content)
    parsed = ParsedCards(file)
    assert parsed.find("a: 1\n") is None
    parsed.keep("a: 1\n", {"a": 1})
    parsed.save()
    assert ParsedCards(file).find("a: 1\n") == {"a": 1}


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    parsed = ParsedCards(tmp_path / "home" / "cards.json")
    parsed.keep("a: 1\n", {"a": 1})
    parsed.save()
    assert parsed.find("a: 1\n") == {"a": 1}
    assert (tmp_path / "home").read_text() == "no folder"
