"""The page without a browser: what stands in it, that it is escaped, that its numbers are ours."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from support.factories import board, board_folder, make_record
from support.pages import TARGETS, Made, changed, evil_board, made
from support.tables import value

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.leaderboard.folder import read_folder
from benchmark.leaderboard.subgroups import registered_groups, subgroups
from benchmark.records.record import Coverage
from benchmark.records.store import Store
from benchmark.views.figures.frame import BLUE
from benchmark.views.page.context import page_records
from benchmark.views.page.pictures import PNG
from benchmark.views.page.render import as_script, script, style
from benchmark.views.page.write import write_page
from benchmark.views.subgroups import subgroup_tables


class Reader(HTMLParser):
    """A reader without JavaScript: tables as rows of text, tags, attributes, links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []  # without those behind figures
        self.charts: list[list[list[str]]] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.current = self.tables
        self.cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "figure":
            self.current = self.charts
        elif tag == "table":
            self.current.append([])
        elif tag == "tr":
            self.current[-1].append([])
        elif tag in ("td", "th"):
            self.current[-1][-1].append("")
            self.cell = True

    def handle_endtag(self, tag: str) -> None:
        self.current = self.tables if tag == "figure" else self.current
        self.cell = self.cell and tag not in ("tr", "thead", "tbody", "table")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.cell:
            self.current[-1][-1][-1] += data.strip("\n")

    def links(self) -> list[str]:
        return [value or "" for name, value in self.attributes if name == "href"]

    def table(self, number: int) -> pd.DataFrame:
        heads, *rows = self.tables[number]
        return pd.DataFrame(rows, columns=heads)


@pytest.fixture(scope="module")
def everything() -> Made:
    return made()


@pytest.fixture
def page(everything: Made, tmp_path: Path) -> Reader:
    return Reader(everything.write(tmp_path))


def test_the_numbers_are_those_of_the_table(everything: Made, page: Reader) -> None:
    rows = everything.full.rows
    first = rows[rows["target"] == TARGETS[0]].reset_index(drop=True)
    shown = page.table(1)
    assert shown["source"].tolist() == first["source"].tolist()
    assert shown["Dice ↑"].tolist() == [
        f"{row.score:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in first.itertuples()
    ]
    assert shown["failed"].tolist() == [f"{r.failures}/{r.scored}" for r in first.itertuples()]
    assert shown["seed SD"].tolist() == [f"{value:.3f}" for value in first["seed_sd"]]
    assert shown["training GFLOP"].tolist() == ["1"] * len(first)
    assert set(shown["interval covers"]) == {"subjects and seeds"}
    overall = everything.full.overall
    assert [text.split()[0] for text in page.table(0)["mean rank"]] == [
        f"{value:.3g}" for value in overall["mean_rank"]
    ]


def test_every_row_is_there_without_javascript(everything: Made, page: Reader) -> None:
    board = everything.full
    sizes = [len(table) - 1 for table in page.tables]
    by_source = board.rows.groupby("source", sort=False).size().tolist()
    pairs, sources = 2 * 2 * 28, len(by_source)
    assert sizes == [
        len(board.overall), 16, 16, pairs, sources, *by_source, len(everything.records)
    ]  # fmt: skip


def test_every_number_leads_to_its_record(everything: Made, page: Reader) -> None:
    ids = {value for name, value in page.attributes if name == "id"}
    links = page.links()
    inside = [link[1:] for link in links if link.startswith("#")]
    assert not set(inside) - ids
    assert inside.count("r0") == 2  # from its target and from its source
    files = [link for link in links if not link.startswith("#")]
    assert files == [f"records/{record.cell.path}" for record in everything.records]
    scores = page.table(-1)["score"].astype(float)
    rows = everything.full.rows
    means = scores.groupby(page.table(-1)["target"]).mean()
    assert means.to_numpy() == pytest.approx(
        rows.groupby("target")["score"].mean().reindex(means.index).to_numpy(), abs=1e-3
    )


def test_tables_of_figures_lead_to_the_sections_of_their_names(
    everything: Made, tmp_path: Path
) -> None:
    text = everything.write(tmp_path)
    figures = "".join(re.findall(r"<figure.*?</figure>", text, re.DOTALL))
    linked = dict(re.findall(r'<t[dh][^>]*><a href="#([^"]+)">(\w+)', figures))
    assert set(linked.values()) == set(everything.full.rows["source"]) | set(TARGETS)
    for anchor, name in linked.items():
        (heading,) = re.findall(f'id="{anchor}".*?<h[23].*?</h[23]>', text, re.DOTALL)
        assert name in heading


def test_links_lead_from_where_the_page_lies(everything: Made, tmp_path: Path) -> None:
    text = everything.write(tmp_path / "a board", tmp_path / "pages/p.html")
    assert '<a href="../a%20board/records/phantom_fetal_head_64/scratch/full/n5/seed0' in text


def test_marks_are_in_every_place(page: Reader) -> None:
    # title, board, overall, targets, sources; and each of five figures with its table
    assert page.text.count("SYNTHETIC") == 9 + 2 * 5
    for number in {*range(len(page.tables))} - {4}:  # all but the terms of use of the sources
        assert all("synthetic" in text for text in page.table(number)["marks"])
    target = page.table(1).set_index("source")["marks"]
    assert set(target["leak"]) == {"synthetic, contaminated"}
    assert set(target["brain"]) == {"synthetic, subset"}
    assert set(target["imagenet"]) == {"synthetic, partial weights"}
    assert "contaminated" not in "".join(page.table(2)["marks"])


def test_the_clean_rank_stands_beside_the_full_one(everything: Made, page: Reader) -> None:
    shown = page.table(1).set_index("source")
    assert set(value(shown, "leak", "rank, clean")) == {"–"}
    clean = everything.clean.rows
    found = clean[(clean["target"] == TARGETS[0]) & (clean["source"] == "brain")]
    assert [text.split()[0] for text in value(shown, "brain", "rank, clean")] == [
        f"{rank:.3g}" for rank in found["rank"]
    ]
    assert "mean rank, clean" in page.table(0)


def test_without_contamination_there_is_one_rank(tmp_path: Path) -> None:
    page = Reader(Made(board(), [make_record(seed=0), make_record(seed=1)]).write(tmp_path))
    assert not any("clean" in str(name) for name in page.table(1)) and "n" not in page.table(1)


def test_only_groups_of_columns_that_are_there_are_offered(
    everything: Made, tmp_path: Path
) -> None:
    def offered(text: str) -> list[str]:
        choice = text.split('<select name="columns">')[1].split("</select>")[0]
        return re.findall('<option value="([^"]+)"', choice)

    assert offered(everything.write(tmp_path)) == ["spread", "cost", "provenance", "*"]
    both = [
        one.model_copy(update={"cases": tuple(
            case.model_copy(update={"scores": case.scores | {"hd95_mm": 2.0}})
            for case in one.cases
        )})
        for one in everything.records
    ]  # fmt: skip
    found = offered(replace(everything, records=both).write(tmp_path))
    assert found[:2] == ["metric", "metric hd95_mm"]


def test_what_is_missing_or_unranked_is_said(everything: Made, tmp_path: Path) -> None:
    trial = changed(everything.records[0], marks={"unranked": ("trial: 1 of 2 steps",)})
    some = replace(everything, records=[trial, *everything.records[1:-1]])
    page = Reader(some.write(tmp_path))
    assert "phantom_stroke_lesion_64/leak/decoder/nall seeds 1" in page.text
    assert any("UNRANKED trial: 1 of 2 steps" in text for text in page.table(1)["marks"])
    assert any("UNRANKED lacks seed 1" in text for text in page.table(2)["marks"])
    assert any("lacks seed 1" in text for text in page.table(0)["lacks"])
    unranked = page.table(1)[page.table(1)["marks"].str.contains("UNRANKED")]
    assert set(unranked["rank"]) == {"–"}


def test_a_board_without_records_says_so(tmp_path: Path) -> None:
    card = board()
    text = Made(card, []).write(tmp_path)
    page = Reader(text)
    assert "No records yet" in page.text and not page.tables
    assert f"segtransfer run {card.id}" in page.text and "targets: 0" not in page.text
    assert f"{len(card.targets)} targets, {len(card.sources)} sources" in page.text
    assert f"missing cells: {len(card.sources) * len(card.targets) * 2}" in page.text


@pytest.fixture(scope="module")
def evil() -> Made:
    return evil_board()


def test_markup_anywhere_stays_text(everything: Made, evil: Made, tmp_path: Path) -> None:
    plain, page = Reader(everything.write(tmp_path)), Reader(evil.write(tmp_path))
    assert page.tags.count("script") == plain.tags.count("script") == 1 + len(page.tables)
    assert "img" not in page.tags and "49" not in page.table(1)["strategy"][0]
    assert {name for name, _ in page.attributes} == {name for name, _ in plain.attributes}
    assert page.text.count("alert(1)") > 50 and "{{7*7}}" in page.text
    assert not [link for link in page.links() if not re.match(r"#|records/", link)]


def test_the_page_needs_nothing_else_and_forbids_it(everything: Made, tmp_path: Path) -> None:
    text = everything.write(tmp_path)
    page = Reader(text)
    assert not {"link", "iframe", "img", "object"} & set(page.tags)
    assert "src" not in {name for name, _ in page.attributes}
    policy = next(value or "" for name, value in page.attributes if name == "content")
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "© SpryMedia" in text


def test_a_script_cannot_be_left_from_within() -> None:
    code = as_script('a="<!-- <script> </SCRIPT>";export{b as default,c};')
    assert code == 'a="\\u003c!-- \\u003cscript> \\u003c/SCRIPT>";const bundle={"default":b,"c":c};'
    assert not re.search(r"<(!--|/?script)", script(), re.IGNORECASE)
    with pytest.raises(ValueError, match="list of exports"):
        as_script("a=1")


def test_sources_show_card_coverage_curves_and_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    curve = ((1e-3, 1, 0.25), (3e-4, 1, 0.9), (1e-3, 2, 0.375))
    report = Coverage(
        matched=3, missing=("a",), mismatched=(), unused=("b", "c"), parameter_share=0.5
    )
    record = changed(make_record("phantom_brain_segmentation"), selection={"curve": curve})
    record = record.model_copy(update={"coverage": report})
    picture = folder / "pictures" / record.cell.path.replace(".json", ".png")
    picture.parent.mkdir(parents=True)
    picture.write_bytes(PNG + b"...")
    some = Made(board(), [record])
    registry = Registry.load(content_roots())
    write_page(
        tmp_path / "p.html", some.full, some.clean, some.facts(),
        folder, registry,
    )  # fmt: skip
    page = Reader((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert "3 tensors loaded (50.00% of the parameters); 1 missing in the" in page.text
    assert page.table(3)["validation Dice, one line per seed"].tolist() == [" 0.375"]
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert "validation Dice by step; at the last one 0.375" in labels
    assert registry.source("phantom_brain_segmentation").title in page.text
    assert "data set: licence" in page.text
    images = [value or "" for name, value in page.attributes if name == "src"]
    assert len(images) == 1 and images[0].startswith("data:image/png;base64,")
    assert "Best, median and worst case of phantom_fetal_head_64" in page.text
    assert "data:image" not in some.write(folder)  # no card says that anybody may have the data
    picture.write_bytes(b"<svg onload=alert(1)>")
    write_page(tmp_path / "p.html", some.full, some.clean, some.facts(), folder, registry)
    assert "data:image" not in (tmp_path / "p.html").read_text(encoding="utf-8")


def test_the_facts_of_records_are_those_of_their_files(tmp_path: Path) -> None:
    store = Store(board_folder(tmp_path))
    path = store.write(make_record(dice={"s1": 0.5, "s2": 0.75}))
    found = read_folder(store)
    facts = page_records(found.records).iloc[0]
    assert facts["score"] == 0.625 and facts["trust"] == "self-reported"
    assert json.loads(path.read_text())["cell"]["seed"] == facts["seed"]


def test_the_same_records_give_the_same_page(everything: Made, tmp_path: Path) -> None:
    assert everything.write(tmp_path) == everything.write(tmp_path)


def test_the_accent_is_the_blue_of_the_figures() -> None:
    assert f"--accent: {BLUE};" in style()


def test_groups_of_subjects_stand_on_the_page(everything: Made, tmp_path: Path) -> None:
    registry = Registry.load(content_roots())
    dataset = registry.target(TARGETS[0]).dataset
    rows = "".join(f"s{k},{'<small>' if k < 4 else 'large'}\n" for k in range(12))
    (tmp_path / "groups.csv").write_text(f"subject,size\n{rows}")
    registry = replace(registry, folders={**registry.folders, dataset: tmp_path})
    some = everything
    write_page(tmp_path / "p.html", some.full, some.clean, some.facts(), tmp_path, registry)
    page = Reader((tmp_path / "p.html").read_text(encoding="utf-8"))
    tables = [table for table in page.tables if "size" in table[0]]
    wanted = subgroup_tables([*subgroups(some.full, registered_groups(registry))])
    assert tables == [[[*table.columns], *table.rows] for table in wanted] and len(tables) == 1
    assert "#groups" in page.links()
