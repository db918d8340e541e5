"""How long a page takes in the browser, against its number of rows.

Run `python tests/speed/page.py`; it needs chromium and prints a Markdown table. Seconds are of this
machine; compare the rows of one run.
"""

import sys
import tempfile
import time
from pathlib import Path

ROWS = (100, 1_000, 10_000)
ACTION = """async (action) => {
    const start = performance.now();
    const search = document.querySelector("input[name=search]");
    if (action === "sort") document.querySelector("th[data-name=gain] .dt-column-order").click();
    else search.value = '"source 7"';
    search.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return (performance.now() - start) / 1000;
}"""


def main() -> None:
    """Print seconds to load, sort and search a table."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import pandas as pd
    from playwright.sync_api import sync_playwright
    from views.page.test_write_browser import CHROMIUM, large

    from benchmark.views.page.write import write_page

    print("| rows | load s | sort s | search s |\n|---|---|---|---|")
    with sync_playwright() as browsers, tempfile.TemporaryDirectory() as folder:
        browser = browsers.chromium.launch(executable_path=CHROMIUM)
        for rows in ROWS:
            board, path = large(rows), Path(folder) / f"{rows}.html"
            write_page(path, board, board, pd.DataFrame(), Path(folder))
            page = browser.new_page()
            start = time.perf_counter()
            page.goto(path.as_uri(), wait_until="commit")
            page.wait_for_selector("#target-0 .dt-info")
            load = time.perf_counter() - start
            sort, search = (page.evaluate(ACTION, action) for action in ("sort", "search"))
            print(f"| {rows} | {load:.2f} | {sort:.2f} | {search:.2f} |")
        browser.close()


if __name__ == "__main__":
    main()
