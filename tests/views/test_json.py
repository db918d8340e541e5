"""JSON, Parquet, LaTeX and CSV: the numbers of the board, marks, and nothing that takes effect."""

import csv
import io
import json
import re
import sys

import pandas as pd
import pytest
from support.factories import board as demo
from support.factories import make_record
from support.simulated import DOMAINS, simulated_board, simulated_records

from benchmark.cards.card import fingerprint
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.leaderboard.match import match_views
from benchmark.leaderboard.subgroups import subgroups
from benchmark.records.record import RunRecord
from benchmark.views.csv import to_csv
from benchmark.views.json import to_json
from benchmark.views.json_schema import BoardFile
from benchmark.views.latex import latex_escape, to_latex
from benchmark.views.markdown import to_markdown
from benchmark.views.match import match_table
from benchmark.views.parquet import to_parquet

CARD = simulated_board(["scratch", "t1_brain_segmentation", "natural_restoration"], seeds=(0, 1))


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    records = simulated_records(CARD, 12)
    records = [
        record.model_copy(
            update={"marks": record.marks.model_copy(update={"contamination": ("saw it",)})}
        )
        if (record.cell.target, record.cell.source) == ("stroke_atlas_v2", "t1_brain_segmentation")
        else record
        for record in records[:-1]
    ]
    return build_leaderboard(CARD, records)


def strict(text: str) -> dict[str, object]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} in JSON")

    found = json.loads(text, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def test_json_is_the_board_and_checks_itself(board: Leaderboard) -> None:
    text = to_json(board, match_views(board, DOMAINS))
    data = strict(text)
    whole = BoardFile.model_validate_json(text, strict=True)
    assert data.pop("fingerprint") == whole.fingerprint == fingerprint(data)
    assert whole.synthetic and whole.protocol == fingerprint(CARD.protocol)
    rows = {(row.target, row.source): row for row in whole.rows}
    leak = rows["stroke_atlas_v2", "t1_brain_segmentation"]
    assert leak.marks == ("synthetic", "contaminated") and leak.contamination == "saw it"
    table = board.rows.set_index(["target", "source"])
    for place, row in rows.items():
        assert row.score and row.score.value == table.loc[place, "score"]
        assert row.seeds and len(row.records) == len(row.seeds)
    lacking = rows["ms_mslesseg", "natural_restoration"]
    assert lacking.rank is None and lacking.why_unranked == "lacks seed 1"
    assert any(row.lacks == "ms_mslesseg: lacks seed 1" for row in whole.overall)
    assert whole.domain_versus_task and whole.missing


def test_json_has_the_groups_of_subjects(board: Leaderboard) -> None:
    names = next(iter(board.scores.values())).subjects
    sizes = {name: "small" if k == 0 else "large" for k, name in enumerate(names)}
    found = list(subgroups(board, {"stroke_atlas_v2": {"size": sizes}}))
    whole = BoardFile.model_validate_json(to_json(board, groups=found), strict=True)
    small, large = (
        [row for row in whole.groups if row.part == part] for part in ("small", "large")
    )
    assert len(small) == len(large) == len(found) / 2 > 1
    for row, other in zip(small, large, strict=True):
        assert (row.source, row.strategy) == (other.source, other.strategy)
        assert (row.subjects, row.rest, row.unknown) == (1, len(names) - 1, 0)
        assert row.difference.value == pytest.approx(row.mean.value - other.mean.value)
        assert row.mean.low is None  # one subject
    assert not BoardFile.model_validate_json(to_json(board)).groups


@pytest.mark.parametrize(
    "records",
    [[], [make_record()], [make_record(s, seed=k, dice={"s1": 0.5, "s2": 0.5})
                           for s in ("scratch", "x") for k in (0, 1)]],
)  # fmt: skip
def test_small_boards_export_without_nan(records: list[RunRecord]) -> None:
    found = build_leaderboard(demo(), records)
    assert len(strict(to_json(found))["rows"]) == len(found.rows)  # type: ignore[arg-type]
    for text in (to_latex(found), to_csv(found)):
        assert not re.search(r"\b(nan|inf)\b", text, re.IGNORECASE)
    assert ("no records yet" in to_latex(found)) == (not records)


def test_parquet_has_fixed_types_and_says_what_it_is(board: Leaderboard) -> None:
    found = pd.read_parquet(io.BytesIO(to_parquet(board)))
    assert found.attrs["board"] == CARD.id and found.attrs["synthetic"] is True
    assert found["score"].tolist() == board.rows["score"].tolist()
    assert list(found["records"].iloc[0]) == list(board.rows["records"].iloc[0])
    small = pd.read_parquet(io.BytesIO(to_parquet(build_leaderboard(demo(), [make_record()]))))
    shared = [name for name in small.columns if name in found.columns]
    assert len(shared) > 30
    assert small.dtypes[shared].to_dict() == found.dtypes[shared].to_dict()


def test_parquet_without_pyarrow_is_one_line(
    board: Leaderboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pandas.io.parquet", None)
    with pytest.raises(BenchmarkError, match=r"pip install segtransfer\[parquet\]"):
        to_parquet(board)
    with pytest.raises(BenchmarkError, match="no records yet"):
        to_parquet(build_leaderboard(demo(), []))


def test_latex_has_the_numbers_and_bold_leaders(board: Leaderboard) -> None:
    text = to_latex(board, [match_table(match_views(board, DOMAINS))])
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 5
    for _, row in board.rows.iterrows():
        line = next(
            line for line in text.split(row["target"].replace("_", r"\_"))[1].splitlines()
            if row["source"].replace("_", r"\_") in line
        )  # fmt: skip
        value = f"{row['score']:.3f}"
        assert (rf"\textbf{{{value}}} [" in line) == (row["group"] == 1)
        assert f"{value} [{row['low']:.3f}, {row['high']:.3f}]" in line.replace(
            rf"\textbf{{{value}}}", value
        )
    assert r"fetal\_head\_hc18 (synthetic)" in text and "(contaminated)" in text
    assert r"Dice $\uparrow$ [95 \%]" in text and "Domain versus task" in text
    for line in text.splitlines():
        plain = re.sub(r"\\.", "", line)
        assert plain.count("{") == plain.count("}"), line
    widths = {
        line.count(" & ")
        for line in text.split(r"\begin{tabular}")[1].splitlines()
        if line.endswith(r"\\")
    }
    assert len(widths) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("50 % & a_b #1 $x$ ^ ~", r"50 \% \& a\_b \#1 \$x\$ \textasciicircum{} "
         r"\textasciitilde{}"),
        ("a\nb\x00c", "a b c"),
        ("-0.5 [-1, n-1]", "$-$0.5 [$-$1, n-1]"),
        ("a---b", "a-{}-{}-b"),
        ("é ↑ −", r"é $\uparrow$ $-$"),
    ],
)  # fmt: skip
def test_latex_is_escaped(text: str, expected: str) -> None:
    assert latex_escape(text) == expected


def test_csv_holds_no_formula_and_keeps_its_numbers() -> None:
    bad = ('=HYPERLINK("http://x","y")', "+x", "-x", "@x", "\t=x", " =x")
    records = [make_record(name, seed=k, dice={"s1": 0.5, "s2": 0.1}) for name in (*bad, "scratch")
               for k in (0, 1)]  # fmt: skip
    board = build_leaderboard(demo(), records)
    rows = list(csv.DictReader(io.StringIO(to_csv(board))))
    assert {row["source"] for row in rows} == {*("'" + name for name in bad), "scratch"}
    assert len(rows) == 7 and all(float(row["score"]) == 0.3 for row in rows)
    worse = build_leaderboard(
        demo(),
        [make_record(s, seed=k, dice=d) for k in (0, 1)
         for s, d in (("scratch", {"a": 0.5, "b": 0.6}), ("x", {"a": 0.1, "b": 0.3}))],
    )  # fmt: skip
    gains = [row["gain"] for row in csv.DictReader(io.StringIO(to_csv(worse))) if row["gain"]]
    assert gains == ["-0.350000"]


def test_markdown_takes_further_tables(board: Leaderboard) -> None:
    text = to_markdown(board, [match_table(match_views(board, DOMAINS))])
    assert "## Domain versus task" in text
