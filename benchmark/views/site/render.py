"""Pages of a site that are not boards: plain tables, and a search as their only script."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from benchmark.views.page.context import DOCS
from benchmark.views.page.render import NO_SCRIPT, render

PACKAGE = "benchmark.views.site"


@cache
def search_script() -> Markup:
    """Shows what contains every word that is typed, and keeps the words in the address."""
    return Markup("\n" + files(PACKAGE).joinpath("templates", "search.js").read_text("utf-8"))


def render_site(
    template: str, out: Path, *, root: str = "", search: bool = False, **values: object
) -> str:
    """A page of the site.

    Args:
        template: Its file name.
        out: The site's folder; documentation that lies in it is linked.
        root: Address of the site's folder, seen from the page; "" or "../".
        search: Whether it has a search field.
        values: What the template uses.
    """
    script = search_script() if search else NO_SCRIPT
    docs = (out / DOCS).is_file()
    return render(template, script, PACKAGE, site=root, docs=docs, **values)
