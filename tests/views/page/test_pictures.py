"""The pictures of a page: what may be shown, and no more than a phone loads."""

from pathlib import Path

import pytest
from support.factories import board, make_record, shipped_registry
from support.pages import Made

from benchmark.views.page import pictures
from benchmark.views.page.context import Context
from benchmark.views.page.pictures import PNG, Pictures


def context(folder: Path, seeds: int) -> Context:
    """A board of one entry a source, each with a picture of 100 bytes."""
    sources = [f"source {number}" for number in range(seeds)]
    made = Made(board(), [make_record(source) for source in sources])
    for record in made.records:
        path = folder / "pictures" / record.cell.path.replace(".json", ".png")
        path.parent.mkdir(parents=True)
        path.write_bytes(PNG + bytes(92))
    return Context(made.full, made.clean, made.facts(), folder, folder, folder / "page.html",
                   shipped_registry())  # fmt: skip


def test_pictures_end_where_a_page_becomes_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = context(tmp_path, 3)
    monkeypatch.setattr(pictures, "MOST_BYTES", 250)
    found = Pictures(some)
    assert len([*found.of(some.rows)]) == 2 and found.left_out == 1
    monkeypatch.setattr(pictures, "MOST_BYTES", 300)
    found = Pictures(some)
    assert len([*found.of(some.rows)]) == 3 and found.left_out == 0


def test_without_a_card_that_allows_it_no_picture_is_shown(tmp_path: Path) -> None:
    some = context(tmp_path, 1)
    alone = Context(some.board, some.clean, some.records, tmp_path, tmp_path, some.out)
    assert len([*Pictures(some).of(some.rows)]) == 1 and not [*Pictures(alone).of(alone.rows)]
