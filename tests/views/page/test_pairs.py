"""The comparison of two entries on a page."""

from pathlib import Path

from support.pages import EVIL, Made, evil_board, made

from benchmark.views.page.context import Context
from benchmark.views.page.pairs import PairSection, pair_section


def section(some: Made, folder: Path) -> PairSection:
    found = pair_section(
        Context(some.full, some.clean, some.facts(), folder, folder, folder / "page.html")
    )
    assert found is not None
    return found


def test_entries_to_choose_are_those_of_the_table(tmp_path: Path) -> None:
    found = section(made(), tmp_path)
    columns = {column.name: column.cells.html for column in found.table.columns}
    assert set(found.entries) == {*columns["first"], *columns["second"]}
    assert "brain / decoder" in found.entries and len(found.entries) == 8
    assert all("n &lt; 50" in cell for cell in columns["subjects"])
    assert len(columns["target"]) == 2 * 2 * 28 and not found.left_out


def test_markup_in_names_stays_text(tmp_path: Path) -> None:
    found = section(evil_board(), tmp_path)
    assert EVIL not in found.table.rows and "&lt;script&gt;" in found.table.rows


def test_without_two_entries_there_is_no_section(tmp_path: Path) -> None:
    some = made()
    one = Made(some.card, [record for record in some.records if record.cell.source == "none"])
    context = Context(one.full, one.clean, one.facts(), tmp_path, tmp_path, tmp_path / "page.html")
    assert pair_section(context) is None
