"""The trust level in every form: the lowest of an entry's records, told where it is not lowest."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from support.factories import board_folder, make_record
from support.tables import value

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.leaderboard.folder import FolderTables, read_folder, read_leaderboard
from benchmark.records.store import Store
from benchmark.records.trust import LEVELS, Trust, TrustLevel, write_trust
from benchmark.views.csv import to_csv
from benchmark.views.json import to_json
from benchmark.views.json_schema import BoardFile
from benchmark.views.latex import to_latex
from benchmark.views.markdown import to_markdown
from benchmark.views.page.context import page_records
from benchmark.views.page.write import write_page
from benchmark.views.parquet import to_parquet
from benchmark.views.terminal import print_leaderboard

TARGETS = ("phantom_fetal_head_64", "phantom_stroke_lesion_64")
CHECKED: dict[str, tuple[TrustLevel, ...]] = {  # per source the level of each seed
    "rerun": ("re-run", "re-run"),
    "mixed": ("re-run", "re-scored"),
    "half": ("re-run", "self-reported"),
    "scratch": ("self-reported", "self-reported"),
}
LOWEST = {"rerun": "re-run", "mixed": "re-scored", "half": "self-reported",
          "scratch": "self-reported"}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(board_folder(tmp_path))
    known = {}
    for target in TARGETS:
        for source, levels in CHECKED.items():
            for seed, level in enumerate(levels):
                path = made.write(
                    make_record(source, target, seed, {"s1": 0.5 + seed / 10, "s2": 0.7})
                )
                if level != "self-reported":
                    known[name_of(made, path)] = merged(path, level)
    write_trust(made.folder, known)
    return made


def name_of(store: Store, path: Path) -> str:
    return path.relative_to(store.folder / "records").as_posix()


def merged(path: Path, level: TrustLevel) -> Trust:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Trust(sha256=sha256, level=level, by="somebody", date="2026-11-21")


def by_source(levels: "pd.Series[str]", sources: "pd.Series[str]") -> Mapping[str, set[str]]:
    return {str(name): set(part) for name, part in levels.groupby(sources)}


def test_a_row_has_the_lowest_level_of_its_records(store: Store, tmp_path: Path) -> None:
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        found = read_leaderboard(store, cache=cache)
        for table in (found.rows, found.overall):
            assert by_source(table["trust"], table["source"]) == {
                source: {level} for source, level in LOWEST.items()
            }


def test_an_edit_of_a_record_or_of_the_list_is_noticed_at_once(
    store: Store, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"

    def level() -> str:
        rows = read_leaderboard(store, cache=cache).rows.set_index(["target", "source"])
        return str(rows.loc[(TARGETS[0], "rerun"), "trust"])

    assert level() == "re-run"
    path = store.path(make_record("rerun", TARGETS[0], 1).cell)
    text = path.read_text()
    path.write_text(text.replace('"dice": 0.7', '"dice": 0.8'))
    assert level() == "self-reported"
    path.write_text(text)
    assert level() == "re-run"
    (store.folder / "trust.csv").unlink()
    assert level() == "self-reported"


def test_texts_mark_what_is_more_than_self_reported(store: Store) -> None:
    found = read_leaderboard(store)
    console = Console(file=io.StringIO(), width=200)
    print_leaderboard(found, console)
    assert isinstance(console.file, io.StringIO)
    for text in (console.file.getvalue(), to_markdown(found), to_latex(found)):
        assert text.count("rerun (re-run)") == text.count("mixed (re-scored)") == 3
        assert "half (" not in text and "scratch (" not in text
        plain = " ".join(text.split())
        assert "neither re-scored nor re-run are self-reported" in plain


def test_what_all_rows_share_stands_in_the_heading(tmp_path: Path) -> None:
    store = Store(board_folder(tmp_path))
    paths = [store.write(make_record(source)) for source in ("scratch", "a")]
    write_trust(store.folder, {name_of(store, path): merged(path, "re-run") for path in paths})
    text = to_markdown(read_leaderboard(store))
    assert "## phantom_fetal_head_64 (re-run, synthetic), 1 test subjects" in text
    assert "scratch (" not in text


def test_files_have_a_column_of_levels(store: Store) -> None:
    found = read_leaderboard(store)
    rows = pd.DataFrame(csv.DictReader(io.StringIO(to_csv(found))))
    wanted = {source: {level} for source, level in LOWEST.items()}
    assert by_source(rows["trust"], rows["source"]) == wanted
    data = BoardFile.model_validate_json(to_json(found))
    for part in (data.rows, data.overall):
        assert {(row.source, row.trust) for row in part} == set(LOWEST.items())
    assert all(row.marks == ("synthetic",) for row in data.overall)
    assert all(row.train_subjects_used == 1 and row.energy_method == "none" for row in data.rows)
    table = pd.read_parquet(io.BytesIO(to_parquet(found)))
    assert by_source(table["trust"], table["source"]) == wanted


def page(found: FolderTables, folder: Path) -> str:
    out = folder / "page.html"
    facts = page_records(found.records)
    write_page(out, found.full, found.clean, facts, folder, Registry.load(content_roots()))
    return out.read_text(encoding="utf-8")


def test_pages_mark_filter_and_list_the_levels(store: Store) -> None:
    found = read_folder(store)
    text = page(found, store.folder)
    for level in LEVELS:
        assert f"<option>{level}</option>" in text
    facts = page_records(found.records).set_index(["source", "seed"])
    for source, levels in CHECKED.items():
        for seed, level in enumerate(levels):
            assert set(value(facts, (source, seed), "trust")) == {level}
    text = re.sub('<script type="application/json">.*?</script>', "", text, flags=re.DOTALL)
    tables = {level: text.count(f">{level}</b>") for level in LEVELS}
    assert tables["self-reported"] == 0
    # per target: a row there, one of the source, and each record; the overall row once
    assert tables["re-run"] == 1 + 2 * (1 + 1 + 2 + 1 + 1) and tables["re-scored"] == 1 + 2 * 3
    assert '<b class="mark RE-RUN">RE-RUN</b> <small>2 of 8 entries</small>' in text
    assert text.count("<td>self-reported") == 2 + 4 * 2 + 2 * 3


def test_a_board_where_nobody_checked_offers_one_level(store: Store) -> None:
    (store.folder / "trust.csv").unlink()
    text = page(read_folder(store), store.folder)
    assert "<option>self-reported</option>" in text and "<option>re-run</option>" not in text


def test_without_contamination_both_tables_are_one(store: Store) -> None:
    found = read_folder(store)
    assert found.clean.clean and not found.full.clean
    pd.testing.assert_frame_equal(found.full.rows, found.clean.rows)
    clean = json.loads(to_json(found.clean))
    assert clean["clean"] and clean["rows"] == json.loads(to_json(found.full))["rows"]
