"""The page in a real browser: sorting, filters, payloads, keyboard, speed, accessibility.

These tests need Debian's chromium and the development packages playwright and
axe-playwright-python.
"""

import csv
import hashlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import playwright.sync_api as playwright
import pytest
from axe_playwright_python.sync_playwright import Axe
from support.cores import every_core
from support.factories import board_folder, make_record
from support.laned import lane_records, laned_board
from support.pages import TARGETS, Made, evil_board, made

from benchmark.cards.content import shipped_content
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.folder import read_folder
from benchmark.records.store import Store
from benchmark.records.trust import Trust, TrustLevel, write_trust
from benchmark.views.page.context import Context, page_records
from benchmark.views.page.write import write_page
from benchmark.views.site.boards import SiteBoard, grouped
from benchmark.views.site.write import write_index, write_site
from benchmark.workspace import Workspace

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium: install it with `apt-get install chromium`"
    ),
]
ROWS = "#target-0 .data tbody tr"
Page = "playwright.Page"


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with every_core():
        driver = playwright.sync_playwright().start()
        found = driver.chromium.launch(executable_path=CHROMIUM)
    yield found
    found.close()
    driver.stop()


@pytest.fixture
def context(browser: "playwright.Browser") -> Iterator["playwright.BrowserContext"]:
    """A browser without network; an error or a forbidden script fails the test."""
    found = browser.new_context(
        offline=True, permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce"
    )
    complaints: list[str] = []
    found.on("console", lambda message: complaints.append(message.text))
    found.on("weberror", lambda problem: complaints.append(str(problem.error)))

    def dismiss(dialog: "playwright.Dialog") -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    found.on("dialog", dismiss)
    yield found
    found.close()
    assert complaints == []


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everything")
    made().write(folder)
    store = Store(shipped_content() / "leaderboards/phantom_sequence_v2")
    found = read_folder(store)
    facts = page_records(found.records)
    write_page(folder / "sequences.html", found.full, found.clean, facts, store.folder)
    return folder / "page.html"


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evil")
    some = evil_board()
    some.write(folder)
    context = Context(some.full, some.clean, some.facts(), folder, folder, folder / "page.html")
    write_index(folder, grouped([SiteBoard("page.html", context)]))
    return folder / "page.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    folders = {name: shipped_content() / "leaderboards" / name for name in ("real_v2", "tiny_v2")}
    assert len([*write_site(out, folders, Workspace.load(out / "home"))]) == 2
    return out


@pytest.fixture
def page(context: "playwright.BrowserContext", everything: Path) -> "playwright.Page":
    return opened(context, everything)


def opened(context: "playwright.BrowserContext", path: Path) -> "playwright.Page":
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector(ROWS)
    return page


def column(page: "playwright.Page", name: str, table: str = "#target-0 .data") -> list[str]:
    """The first words of a column's visible cells."""
    script = """([table, name]) => {
        const heads = [...document.querySelectorAll(`${table} th`)];
        const index = heads.findIndex((head) => head.dataset.name === name);
        return [...document.querySelectorAll(`${table} tbody tr`)]
            .map((row) => row.cells[index].innerText.split(/\\s/)[0]);
    }"""
    found: list[str] = page.evaluate(script, [table, name])
    return found


def sorted_by(page: "playwright.Page", name: str, direction: str) -> list[str]:
    """The column once the table is sorted by it, which is not at once."""
    page.wait_for_selector(f"#target-0 th[data-name={name}][aria-sort={direction}]")
    page.wait_for_timeout(50)
    return column(page, name)


def copied(page: "playwright.Page", name: str) -> str:
    """What the button of the first target's table copies."""
    page.locator("#target-0").get_by_role("button", name=f"Copy {name}").click()
    text = ""
    for _ in range(100):
        text = page.evaluate("navigator.clipboard.readText()")
        if text:
            break
        page.wait_for_timeout(50)
    page.evaluate("navigator.clipboard.writeText('')")
    return text


def test_sorting_by_number_keeps_what_is_missing_last(page: "playwright.Page") -> None:
    head = page.locator("#target-0 th[data-name=score] .dt-column-order")
    assert page.locator("#target-0 table:not(.sorted) tr.new").count() == 1
    head.click()
    best = sorted_by(page, "score", "descending")
    assert page.locator("#target-0 table.sorted tr.new").count() == 1
    assert best == sorted(best, reverse=True)
    head.click()
    assert sorted_by(page, "score", "ascending") == sorted(best)
    gain = page.locator("#target-0 th[data-name=gain] .dt-column-order")
    for direction in ("descending", "ascending"):
        gain.click()
        shown = sorted_by(page, "gain", direction)
        assert shown[-4:] == ["–"] * 4 and "–" not in shown[:-4]


def test_filters_and_search_act_on_every_table(page: "playwright.Page") -> None:
    assert page.locator(ROWS).count() == 16
    page.select_option("select[name=domain]", "natural")
    assert set(column(page, "source")) == {"imagenet"}
    assert set(column(page, "source", "#overall")) == {"imagenet"}
    page.select_option("select[name=strategy]", "decoder")
    page.select_option("select[name=size]", "5")
    page.select_option("select[name=task]", "classification")
    page.select_option("select[name=source]", "imagenet")
    page.select_option("select[name=trust]", "self-reported")
    assert page.locator(ROWS).count() == 1
    page.get_by_role("button", name="Reset").click()
    page.locator(ROWS).nth(15).wait_for()
    assert page.locator(ROWS).count() == 16
    page.get_by_label("clean only").check()
    assert "leak" not in column(page, "source")
    page.get_by_label("clean only").uncheck()
    page.get_by_label("Search").fill("scratch full")
    assert set(column(page, "source")) == {"scratch"} and page.locator(ROWS).count() == 2
    page.get_by_label("Search").fill("nobody")
    assert "no row passes the filters" in page.locator("#target-0 .data tbody").inner_text()


def test_the_address_keeps_the_filters(
    context: "playwright.BrowserContext", page: "playwright.Page"
) -> None:
    page.select_option("select[name=source]", "brain")
    page.select_option("select[name=columns]", "cost")
    page.get_by_label("clean only").check()
    page.get_by_label("Search").fill("full")
    page.wait_for_url(re.compile("source=brain.*search=full|search=full.*source=brain"))
    again = context.new_page()
    again.goto(page.url.replace("source=brain", "source=brain&strategy=nobody") + "#target-0")
    again.wait_for_selector(ROWS)
    assert set(column(again, "source")) == {"brain"} and again.locator(ROWS).count() == 2
    assert "training GFLOP" in again.locator("#target-0 .data th").all_inner_texts()
    assert again.get_by_label("clean only").is_checked()
    assert again.locator("select[name=strategy]").input_value() == ""
    again.get_by_role("button", name="Reset").click()
    again.wait_for_url(re.compile(r"page\.html#target-0$"))


def test_two_entries_are_compared(
    context: "playwright.BrowserContext", page: "playwright.Page"
) -> None:
    page.select_option("select[name=first-entry]", "scratch / full")
    page.select_option("select[name=second-entry]", "brain / full")
    rows = page.locator("#compare tbody tr")
    page.locator("#pair").scroll_into_view_if_needed()
    playwright.expect(rows).to_have_count(4)  # two targets with two numbers of subjects
    assert column(page, "first", "#compare") == ["brain"] * 4
    assert column(page, "second", "#compare") == ["scratch"] * 4
    assert page.locator(ROWS).count() == 16  # the other tables are as they were
    again = context.new_page()
    again.goto(page.url)
    again.locator("#pair").scroll_into_view_if_needed()
    playwright.expect(again.locator("#compare tbody tr")).to_have_count(4)
    again.get_by_role("button", name="Reset").click()
    playwright.expect(again.locator("#compare tbody tr")).to_have_count(50)


def test_trust_is_marked_and_filtered(context: "playwright.BrowserContext", tmp_path: Path) -> None:
    store, known = Store(board_folder(tmp_path)), {}
    levels: dict[str, TrustLevel | None] = {"scratch": None, "a": "re-scored", "b": "re-run"}
    for source, level in levels.items():
        for seed in (0, 1):
            path = store.write(make_record(source, seed=seed, dice={"s1": 0.5, "s2": 0.6}))
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            if level:
                known[path.relative_to(tmp_path / "records").as_posix()] = Trust(
                    sha256=sha256, level=level, by="x", date="2026-11-21"
                )
    write_trust(tmp_path, known)
    found = read_folder(store)
    facts = page_records(found.records)
    write_page(tmp_path / "page.html", found.full, found.clean, facts, tmp_path)
    page = opened(context, tmp_path / "page.html")
    options = page.locator("select[name=trust] option").all_inner_texts()
    assert options == ["any", "self-reported", "re-scored", "re-run"]
    for source, level in levels.items():
        page.select_option("select[name=trust]", level or "self-reported")
        assert column(page, "source") == [source]
        marked = page.locator(ROWS).first.inner_text()
        assert (level in marked) if level else ("self-reported" not in marked)


def test_the_lane_filter_shows_one_lane(
    context: "playwright.BrowserContext", tmp_path: Path
) -> None:
    card = laned_board(("unet", "dpt"), train_subjects=(0,))
    scores = {"scratch": (0.2, 0.3), "other": (0.3, 0.4)}
    laned = Made(card, [r for lane in card.lanes for r in lane_records(card, lane, scores)])
    laned.write(tmp_path)
    page = opened(context, tmp_path / "page.html")
    lanes = {lane: page.locator(f"[data-lane={lane}]:visible") for lane in card.lanes}
    page.locator("select[name=lane]").select_option("dpt")
    playwright.expect(lanes["unet"]).to_have_count(0)
    playwright.expect(lanes["dpt"]).to_have_count(1 + len(card.targets))
    page.locator("#sources summary").first.press("Enter")  # the page may still move
    page.wait_for_selector("#source-0 tbody tr")
    assert set(column(page, "lane", "#source-0")) == {"dpt"}
    page.get_by_role("button", name="Reset").click()
    playwright.expect(lanes["unet"]).to_have_count(1 + len(card.targets))


def test_columns_are_shown_on_demand(page: "playwright.Page") -> None:
    heads = page.locator("#target-0 .data th")
    assert "seed SD" not in heads.all_inner_texts()
    page.select_option("select[name=columns]", "spread")
    assert {"seed SD", "interval covers"} <= set(heads.all_inner_texts())
    page.select_option("select[name=columns]", "*")
    assert {"training GFLOP", "seed SD", "trust"} <= set(heads.all_inner_texts())


def test_a_score_leads_to_its_record(page: "playwright.Page") -> None:
    page.select_option("select[name=source]", "brain")
    link = page.locator(f"{ROWS} td a[href^='#r']").nth(3)
    score = link.inner_text()
    link.click()
    row = page.locator("#records tr.wanted")
    row.wait_for(state="visible")
    assert score in row.inner_text().split() and "brain" in row.inner_text()
    href = row.locator("a", has_text="seed").get_attribute("href") or ""
    assert href.startswith("records/phantom_fetal_head_64/brain/") and href.endswith("seed1.json")


def test_a_link_to_a_source_unfolds_it(
    context: "playwright.BrowserContext", everything: Path
) -> None:
    page = context.new_page()
    page.goto(everything.as_uri() + "#source-2")
    page.wait_for_selector("#source-2 tbody tr")
    top = page.locator("#source-2").bounding_box()
    assert top is not None and 0 <= top["y"] < 400
    assert page.locator("#source-2 svg.curve").count() == 8


def test_copies(page: "playwright.Page") -> None:
    page.select_option("select[name=source]", "leak")
    rows = list(csv.DictReader(io.StringIO(copied(page, "CSV"))))
    assert len(rows) == 4 and {row["source"] for row in rows} == {"leak"}
    assert {row["marks"] for row in rows} == {"synthetic, contaminated"}
    assert all(
        float(row["Dice ↑ low"]) <= float(row["Dice ↑"]) <= float(row["Dice ↑ high"])
        for row in rows
    )
    assert rows[0]["rank"] == "1" and rows[0]["rank group"] == "a" and rows[0]["gain"][0] == "+"
    text = copied(page, "LaTeX")
    assert text.startswith("\\begin{tabular}{l") and "self\\_supervised" in text
    assert text.count("\\\\") == 5 and "Dice $\\uparrow$" in text


def test_everything_is_there_without_javascript(
    browser: "playwright.Browser", everything: Path
) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(everything.as_uri())
    assert page.locator(ROWS).count() == 16 and page.locator(ROWS).first.is_visible()
    assert page.locator("#records tbody tr").count() == 64
    assert not page.locator("#filters").is_visible()
    context.close()


def test_payloads_stay_text(context: "playwright.BrowserContext", evil: Path) -> None:
    page = opened(context, evil)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.select_option("select[name=columns]", "*")
    page.locator("#records").scroll_into_view_if_needed()
    page.wait_for_selector("#records tbody tr")
    page.get_by_label("Search").fill("alert(1)")
    options = page.locator("select[name=strategy] option").all_inner_texts()
    assert len(options) == 3 and "<script>" in options[1]
    page.select_option("select[name=strategy]", label=options[1])
    assert 0 < page.locator(ROWS).count() < 16
    assert (
        page.locator("img").count() == 0
        and page.locator('script:not([type="application/json"])').count() == 1
    )
    assert "<script>alert(1)" in copied(page, "CSV")
    assert "\\textless{}script\\textgreater{}alert(1)" in copied(page, "LaTeX")
    page.goto((evil.parent / "index.html").as_uri())
    page.get_by_label("Search boards").fill("alert(1)")
    assert page.locator("img").count() == 0 and page.locator("script").count() == 1
    playwright.expect(page.locator(".match:visible")).to_have_count(1)


def test_a_formula_is_no_formula_in_a_copy(
    context: "playwright.BrowserContext", tmp_path: Path
) -> None:
    some = made(subjects=3)
    names = {"brain": "=HYPERLINK(0)", "leak": '+cmd|"x"', "imagenet": "50%_{a}\\b", "scratch": ""}
    records = [
        one.model_copy(update={"cell": one.cell.model_copy(
            update={"source": names[one.cell.source] or "scratch"})})
        for one in some.records
    ]  # fmt: skip
    Made(some.card, records).write(tmp_path)
    page = opened(context, tmp_path / "page.html")
    rows = csv.DictReader(io.StringIO(copied(page, "CSV")))
    assert {"'=HYPERLINK(0)", '\'+cmd|"x"', "scratch"} < {row["source"] for row in rows}
    assert "50\\%\\_\\{a\\}\\textbackslash{}b" in copied(page, "LaTeX")


def test_the_keyboard_is_enough(page: "playwright.Page") -> None:
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the tables"
    seen = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.closest('th')?.dataset.name"))
        if page.evaluate("!!document.activeElement.closest('#target-0 th[data-name=score]')"):
            break
    style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert style == "solid" and {"rank", "source"} <= seen
    page.keyboard.press("Enter")
    shown = sorted_by(page, "score", "descending")
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize("width", [320, 390, 1360])
def test_the_page_itself_never_scrolls_sideways(page: "playwright.Page", width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.select_option("select[name=columns]", "*")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#target-0 .dt-layout-table").evaluate(
        "(e) => e.scrollWidth > e.clientWidth"
    )


Scheme = Literal["light", "dark"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["page.html", "sequences.html", "index.html"])
def test_axe_finds_nothing(
    browser: "playwright.Browser",
    evil: Path,
    everything: Path,
    scheme: Literal["light", "dark"],
    name: str,
) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto((evil if name == "index.html" else everything).with_name(name).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    if name == "page.html":
        page.select_option("select[name=columns]", "*")
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_selector("#records tbody tr")
        page.wait_for_selector("#source-3 tbody tr")
    found = Axe().run(page)
    context.close()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", ["index.html", "sources.html", "sources/scratch.html", "targets/fetal_head.html"]
)
def test_a_site_fits_a_phone_and_axe_finds_nothing(
    browser: "playwright.Browser", site: Path, scheme: Literal["light", "dark"], name: str
) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto((site / name).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(page)
    context.close()
    assert found.violations_count == 0, found.generate_report()


def test_a_search_is_kept_in_the_address(context: "playwright.BrowserContext", site: Path) -> None:
    page = context.new_page()
    page.goto((site / "sources.html").as_uri() + "?search=CC-BY-NC")
    rows = page.locator("tbody tr:visible")
    assert rows.count() == 2 and "mae" in " ".join(rows.all_inner_texts())
    page.get_by_label("Search").fill("imagenet RESNET50 torchvision")
    playwright.expect(rows).to_have_count(1)
    page.wait_for_url(re.compile("search=imagenet"))
    page.get_by_label("Search").fill("")
    page.wait_for_url(re.compile(r"sources\.html$"))
    page.goto((site / "index.html").as_uri())
    page.get_by_label("Search boards").fill("fetal_head caltech_classification")
    playwright.expect(page.locator(".match:visible")).to_have_count(1)


def test_ten_thousand_rows_are_sorted_and_filtered(
    context: "playwright.BrowserContext", tmp_path: Path
) -> None:
    """How long it takes is printed by `tests/speed/page.py`."""
    board = large(10_000)
    write_page(tmp_path / "p.html", board, board, pd.DataFrame(), tmp_path)
    page = context.new_page()
    page.goto((tmp_path / "p.html").as_uri())
    info = page.locator("#target-0 .dt-info")
    playwright.expect(info).to_contain_text("of 10,000")
    heading = page.locator("#target-0 th[data-name=gain]").first
    heading.locator(".dt-column-order").click()
    playwright.expect(heading).to_have_attribute("aria-sort", re.compile("ascending|descending"))
    page.fill("input[name=search]", '"source 7"')
    page.wait_for_function(
        "document.querySelector('#target-0 .dt-info').innerText.includes('filtered from 10,000')"
    )


def large(count: int) -> Leaderboard:
    """A leaderboard of so many made-up entries of one target."""
    one = made(subjects=3)
    row = one.full.rows[one.full.rows["target"] == TARGETS[0]].iloc[0].to_dict()
    rng = np.random.default_rng(0)
    rows = pd.DataFrame([row]).loc[np.zeros(count, dtype=int)].reset_index(drop=True)
    number = np.arange(count)
    rows["source"] = [f"source {k % 100}" for k in number]
    rows["strategy"] = [f"strategy {k // 100}" for k in number]
    rows["train_subjects"] = 0
    rows["score"] = np.sort(rng.uniform(0.3, 0.9, count))[::-1]
    rows["low"], rows["high"] = rows["score"] - 0.05, rows["score"] + 0.05
    rows["gain"] = rng.normal(0, 0.1, count)
    rows["rank"], rows["group"] = number + 1.0, number // 10 + 1
    rows["records"] = [(f"t/source {k % 100}/strategy {k // 100}/nall/seed0.json",) for k in number]
    rows[["marks", "contamination", "unranked"]] = ["synthetic", "", ""]
    return Leaderboard(one.card, rows, pd.DataFrame())
