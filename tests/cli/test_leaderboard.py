"""`leaderboard` and `compare` as a user meets them."""

import hashlib
import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.factories import board_folder
from support.simulated import simulated_board, simulated_records
from typer.testing import CliRunner, Result

from benchmark.cli.main import app
from benchmark.errors import BenchmarkError
from benchmark.records.store import Store
from benchmark.records.trust import Trust, write_trust

CARD = simulated_board(
    ["scratch", "natural_restoration", "t1_brain_restoration"],
    ["stroke_atlas_v2", "ms_mslesseg"],
    seeds=(0, 1),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with one contaminated cell, below runs/ of the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    run = tmp_path / "runs/mine"
    run.mkdir(parents=True)
    with (run / "board.yaml").open("w") as file:
        YAML(typ="safe", pure=True).dump(json.loads(CARD.model_dump_json()), file)
    for record in simulated_records(CARD, 6):
        leaks = record.cell.target == "stroke_atlas_v2" and record.cell.source.startswith("t1")
        marks = record.marks.model_copy(update={"contamination": ("saw it",) if leaks else ()})
        Store(run).write(record.model_copy(update={"marks": marks}))
    return run


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def error(*words: str) -> str:
    found = call(*words)
    assert isinstance(found.exception, BenchmarkError), found.exception
    assert len(str(found.exception).splitlines()) == 1
    return str(found.exception)


def test_every_format_is_written_and_printed(folder: Path) -> None:
    starts = {"md": "# Smallest", "csv": "target,", "tex": "% Small", "json": "{", "txt": "Small"}
    for ending, start in starts.items():
        assert call("leaderboard", "mine", "--out", f"x.{ending}").exit_code == 0
        assert Path(f"x.{ending}").read_text(encoding="utf-8").startswith(start), ending
    assert "Domain versus task" in Path("x.md").read_text(encoding="utf-8")
    assert "\x1b" not in Path("x.txt").read_text(encoding="utf-8")
    printed = call("leaderboard", "mine", "--format", "json").stdout
    assert printed == Path("x.json").read_text(encoding="utf-8")
    assert not (folder / "README.md").exists()
    assert call("leaderboard", "mine", "--out", "x.parquet").exit_code == 0
    assert Path("x.parquet").read_bytes().startswith(b"PAR1")


def test_the_table_has_domain_versus_task_and_clean_leaves_no_trace(folder: Path) -> None:
    assert call("leaderboard", "mine", "--clean").exit_code == 0
    assert not (folder / "README.md").exists()
    found = call("leaderboard", "mine")
    assert found.exit_code == 0 and "Domain versus task" in found.stdout
    assert "contaminated" in (folder / "README.md").read_text(encoding="utf-8")
    clean = json.loads(call("leaderboard", "mine", "--clean", "--format", "json").stdout)
    assert clean["clean"] and len(clean["rows"]) == 5


def test_one_target_alone_is_the_tables_of_the_whole_without_those_over_targets(
    folder: Path,
) -> None:
    call("leaderboard", "mine", "--out", "whole.json")
    whole = json.loads(Path("whole.json").read_text(encoding="utf-8"))
    found = call("leaderboard", "mine", "--target", "ms_mslesseg", "--format", "json")
    own = json.loads(found.stdout)
    assert own["rows"] == [row for row in whole["rows"] if row["target"] == "ms_mslesseg"] != []
    assert own["overall"] == [] != whole["overall"]
    said = call("leaderboard", "mine", "--target", "ms_mslesseg").stdout
    assert "ms_mslesseg" in said and "Domain versus task" not in said
    assert all(name not in said for name in CARD.targets if name != "ms_mslesseg")
    assert not (folder / "README.md").exists()


def test_figures_and_what_is_not_drawn(folder: Path) -> None:
    found = call("leaderboard", "mine", "--figures", "f")
    assert found.exit_code == 0 and "not drawn: size_curves: no target" in found.stdout
    assert (Path("f") / "gain_nall.svg").is_file() and (Path("f") / "gain_nall.png").is_file()
    assert "Smallest board" not in found.stdout


def test_one_page_is_written(folder: Path) -> None:
    found = call("leaderboard", "mine", "--html", "page.html")
    assert found.exit_code == 0, found.exception
    assert "<html" in Path("page.html").read_text(encoding="utf-8")[:500]


def test_compare_says_the_difference_and_draws_it(folder: Path) -> None:
    found = call("compare", "t1_brain_restoration", "scratch", "--target", "ms_mslesseg",
                 "--figure", "pair.svg", "--cases", "2")  # fmt: skip
    assert found.exit_code == 0, found.exception
    said = found.stdout
    assert "t1_brain_restoration/full/nall against scratch/full/nall: ms_mslesseg" in said
    assert "SYNTHETIC" in said and "mean over subjects: +0." in said and "95 % over" in said
    assert (
        "candidates for the best of their table (group a): t1_brain_restoration/full/nall" in said
    )
    assert sum(line.strip().startswith("p0") for line in said.splitlines()) == 2
    assert "ms_mslesseg" in Path("pair.svg").read_text(encoding="utf-8")
    whole = call("compare", "t1_brain_restoration", "scratch", "--board", str(folder)).stdout
    assert "contaminated (saw it)" in whole and all(name in whole for name in CARD.targets)


def test_compare_names_the_trust_in_both_entries(folder: Path) -> None:
    words = ("compare", "t1_brain_restoration", "scratch", "--target", "ms_mslesseg")
    assert "t1_brain_restoration/full/nall self-reported" in " ".join(call(*words).stdout.split())
    records = folder / "records"
    write_trust(folder, {
        path.relative_to(records).as_posix(): Trust(
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            level="re-run", by="us", date="2026-11-21",
        )
        for path in records.glob("ms_mslesseg/t1_brain_restoration/**/*.json")
    })  # fmt: skip
    said = " ".join(call(*words).stdout.split())
    assert "t1_brain_restoration/full/nall re-run, scratch/full/nall self-reported" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["leaderboard", "mine", "--format", "jsn"], "Did you mean 'json'"),
        (["leaderboard", "mine", "--format", "parquet"], "add --out FILE.parquet"),
        (["leaderboard", "mine", "--out", "x.doc"], "add --format"),
        (["leaderboard", "mine", "--out", "runs/mine/board.yaml/x.csv"], "cannot be written"),
        (["leaderboard", "nothing"], "unknown board 'nothing'"),
        (["leaderboard", "mine", "--target", "mslesseg"], "Did you mean 'ms_mslesseg'"),
        (["leaderboard", "mine", "--target", "ms_mslesseg", "--html", "x.html"], "leave out"),
        (["compare", "scrach", "scratch"], "Did you mean 'scratch'"),
        (["compare", "scratch", "scratch"], "name two"),
        (["compare", "scratch", "natural_restoration", "--target", "mslesseg"], "ms_mslesseg"),
        (["compare", "scratch", "natural_restoration", "--figure", "x.pdf"], ".svg or .png"),
        (["compare", "scratch", "natural_restoration", "--board", "tiny_v2"], "no records yet"),
    ],
)
def test_errors_are_one_line(words: list[str], message: str, folder: Path) -> None:
    assert message in error(*words)


def test_which_board_is_asked_where_there_are_several(folder: Path) -> None:
    (folder.parent / "other").mkdir()
    board_folder(folder.parent / "other")
    assert "which board? runs/ holds mine, other" in error("compare", "scratch", "x")


@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "latex", "json"])
def test_a_board_without_records_is_a_table_without_rows(format_: str, folder: Path) -> None:
    found = call("leaderboard", "tiny_v2", "--clean", "--format", format_)
    assert found.exit_code == 0, found.exception
    assert "nan" not in found.stdout.lower().replace("nance", "")
