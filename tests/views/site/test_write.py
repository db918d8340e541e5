"""The site: real boards first, a page per source and target, and links that lead somewhere."""

import csv
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from shutil import copy
from urllib.parse import unquote

import pytest
from support.factories import board_folder, make_record, shipped_registry
from support.pages import TARGETS, evil_board, made

from benchmark.cards.content import shipped_content
from benchmark.records.store import Store
from benchmark.views.page.charts.board import largest_settings
from benchmark.views.page.context import Context
from benchmark.views.site import boards
from benchmark.views.site.boards import SiteBoard, grouped
from benchmark.views.site.render import render_site
from benchmark.views.site.write import write_site
from benchmark.workspace import Workspace

SHIPPED = shipped_content() / "leaderboards"
BOARDS = ("quickstart_v2", "tiny_v2", "real_v2", "real_wang2023", "phantom_sequence_v2")


class Links(HTMLParser):
    """Ids and links of a page, its tables as rows of text, and the links of each row."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.rows: list[tuple[list[str], list[str]]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        if tag == "tr":
            self.rows.append(([], []))
        elif tag in ("td", "th"):
            self.rows[-1][0].append("")
        elif tag == "a":
            self.links.append(found["href"] or "")
            if self.rows:
                self.rows[-1][1].append(found["href"] or "")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1][0]:
            self.rows[-1][0][-1] += data.strip("\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    (out / "docs").mkdir()
    (out / "docs" / "index.html").touch()
    workspace = Workspace(shipped_registry(), tmp_path_factory.mktemp("home"))
    folders = {name: SHIPPED / name for name in BOARDS}
    folders["real_wang2023"] = tmp_path_factory.mktemp("none") / "real_wang2023"
    folders["real_wang2023"].mkdir()
    copy(SHIPPED / "real_wang2023" / "board.yaml", folders["real_wang2023"])
    written = [board.page for board in write_site(out, folders, workspace, with_records=True)]
    assert written == [f"{name}.html" for name in BOARDS]
    return out


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {path: Links(path) for path in site.rglob("*.html")}
    assert len(pages) > 100
    for path, page in pages.items():
        for link in page.links:
            file, _, anchor = unquote(link).partition("#")
            aim = (path.parent / file).resolve() if file else path
            assert aim.is_file(), (path, link)
            assert not anchor or anchor in pages[aim].ids, (path, link)


def test_real_boards_come_first_then_those_with_results(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    order = [text.index(f'href="{name}.html"') for name in ("real_v2", "real_wang2023",
             "quickstart_v2", "phantom_sequence_v2", "tiny_v2")]  # fmt: skip
    assert order == sorted(order)
    assert re.findall(r"<h2[^>]*>([^<]*)<", text) == [
        "Real images", "Real images, no results yet",
        "Synthetic images: how the comparison works, no evidence",
        "Synthetic images, no results yet",
    ]  # fmt: skip
    rows = shipped_rows("quickstart_v2", target="phantom_lung_ribs")
    best = [row for row in rows if row["group"]]
    names = ", ".join(row["source"] for row in best)
    setting = "phantom_lung_ribs, all training subjects"
    assert best and f">{setting}</a></dt><dd>{names}</dd>" in text
    assert 'href="docs/index.html"' in text
    assert '"docs/index.html"' in (site / "real_v2.html").read_text(encoding="utf-8")
    assert '"../docs/index.html"' in (site / "targets/fetal_head.html").read_text(encoding="utf-8")


def shipped_rows(board: str, **where: str) -> list[Mapping[str, str]]:
    with (SHIPPED / board / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    return [row for row in rows if all(row[name] == value for name, value in where.items())]


def numbers(row: Mapping[str, str]) -> str:
    gain = [float(row[name]) for name in ("gain", "gain_low", "gain_high")]
    return "{:+.3f} [{:+.3f}, {:+.3f}]".format(*gain)


def test_a_source_has_its_results_of_every_board(site: Path) -> None:
    page = Links(site / "sources" / "imagenet_mobilenet_v2.html")
    head, *rows = page.rows
    gain = head[0].index("gain")
    expected = shipped_rows("real_v2", source="imagenet_mobilenet_v2")
    assert [row[0][gain] for row in rows] == [numbers(row) for row in expected]
    assert [row[0][0] for row in rows] == [row["target"] for row in expected]
    subjects = [row[0][head[0].index("test subjects")] for row in rows]
    counts = [int(row["subjects"]) for row in expected]
    assert subjects == [f"{n} n < 50" if n < 50 else str(n) for n in counts]
    text = (site / "sources" / "scratch.html").read_text(encoding="utf-8")
    assert text.index("../real_v2.html") < text.index("../quickstart_v2.html")


def test_a_target_states_how_to_get_its_images_and_what_finding_nothing_scores(site: Path) -> None:
    for name, access in (("stroke_flair", "open"), ("hippocampus_anatomy", "data get hippocampus")):
        page = site / "targets" / f"{name}.html"
        assert access in page.read_text(encoding="utf-8")
        head, *rows = (row for row, _ in Links(page).rows)
        blank = "an empty prediction scores"
        assert (blank in head) == (name == "stroke_flair")
        if blank in head:
            assert {row[head.index(blank)] for row in rows} == {"0.391"}
    assert "data get stroke" not in (site / "targets/stroke_flair.html").read_text(encoding="utf-8")


def test_a_score_leads_to_the_record_on_the_page_of_its_board(site: Path) -> None:
    page = Links(site / "targets" / "fetal_head.html")
    cells, links = page.rows[1]
    record = next(link for link in links if "#r" in link).split("#")[1]
    board = (site / "real_v2.html").read_text(encoding="utf-8")
    row = board[board.index(f'<tr id="{record}">') :].split("</tr>")[0].split("\n")[0]
    assert f"real_v2/records/fetal_head/{cells[0]}/full/n{cells[1]}/seed0.json" in row


def test_a_source_states_licence_and_commercial_use(site: Path) -> None:
    head, *rows = (row for row, _ in Links(site / "sources.html").rows)
    licence, use = head.index("licence of the weights"), head.index("commercial use")
    by_name = {row[0].split()[0]: row for row in rows}
    assert by_name["dinov2_vit_base_reg4"][licence] == "Apache-2.0"
    assert by_name["dinov2_vit_base_reg4"][use] == "yes"
    assert by_name["imagenet_vit_base_mae"][use] == "no"
    assert by_name["scratch"][licence] == ""
    images = [row[head.index("images")] for row in rows]
    assert images == sorted(images)
    board = (site / "real_v2.html").read_text(encoding="utf-8")
    assert "commercial use" in board and 'href="sources/imagenet_mobilenet_v2.html"' in board


def test_markup_in_cards_stays_text(tmp_path: Path) -> None:
    some = evil_board()
    context = Context(some.full, some.clean, some.facts(), tmp_path, tmp_path, tmp_path / "x.html")
    out = tmp_path / "index.html"
    groups = grouped([SiteBoard("x.html", context)])
    out.write_text(render_site("index.html.j2", tmp_path, groups=groups), encoding="utf-8")
    text, page = out.read_text(encoding="utf-8"), Links(out)
    assert "<script" not in text and "<img" not in text and "alert(1)" in text
    assert set(page.links) == {
        "#main", "index.html", "sources.html", "targets.html", "x.html", "x.html#target-0",
        "x.html#target-1",
    }  # fmt: skip


def test_the_settings_with_the_most_subjects_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = made(subjects=3)
    context = Context(some.full, some.clean, some.facts(), tmp_path, tmp_path, tmp_path / "x.html")
    shown = SiteBoard("x.html", context).candidates
    assert [setting for _, setting, _ in shown] == [
        f"{target}, all training subjects" for target in TARGETS
    ]
    assert [address for address, _, _ in shown] == ["x.html#target-0", "x.html#target-1"]
    monkeypatch.setattr(boards, "MOST", 1)
    assert SiteBoard("x.html", context).candidates[1:] == [("x.html", "more settings", "1")]


def test_of_many_candidates_the_first_are_named_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = made(subjects=3)
    context = Context(some.full, some.clean, some.facts(), tmp_path, tmp_path, tmp_path / "x.html")
    board = SiteBoard("x.html", context)
    names = board.candidates[0][2].split(", ")
    assert len(names) > 1
    monkeypatch.setattr(boards, "NAMED", 1)
    ranked = some.full.ranked_rows(largest_settings(some.full)[0])
    assert board.candidates[0][2] == (
        f"{names[0]} and {len(names) - 1} more ({len(names)} of {len(ranked)} entries)"
    )


def test_any_name_of_a_folder_is_an_address(tmp_path: Path) -> None:
    folder = tmp_path / 'runs/50% "of" #1 <i>'
    folder.mkdir(parents=True)
    store = Store(board_folder(folder))
    store.write(make_record("imagenet_efficientnet_lite0", "phantom_fetal_head_64"))
    out, workspace = tmp_path / "site", Workspace(shipped_registry(), tmp_path / "home")
    (board,) = write_site(out, {folder.name: folder}, workspace)
    assert (out / unquote(board.page)).is_file()
    page = out / "sources" / "imagenet_efficientnet_lite0.html"
    links = [link for link in Links(page).links if link.startswith("../50")]
    assert len(links) == 3 and "<i>" not in page.read_text(encoding="utf-8")
    assert all((page.parent / unquote(link.partition("#")[0])).is_file() for link in links)
