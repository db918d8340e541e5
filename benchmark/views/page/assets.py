"""What is inlined into a page: DataTables as the package itables ships it, our glue, our style.

The package is found, not imported: importing it would read settings from the working folder.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files

from markupsafe import Markup

BUNDLE = "itables/html/dt_bundle.js"
EXPORTS = re.compile(r"\bexport\s*\{([^}]*)\};?")


@cache
def script() -> Markup:
    """DataTables, then the glue that turns the page's tables into sortable ones."""
    text = str(distribution("itables").locate_file(BUNDLE))
    with open(text, encoding="utf-8") as file:
        bundle = as_script(file.read())
    return Markup(f"\n{bundle}\n{_own('page.js')}")


@cache
def style() -> Markup:
    """The style sheet."""
    return Markup("\n" + _own("page.css"))


def as_script(module: str) -> str:
    """A JavaScript module as text of an inline script, its exports in the constant `bundle`.

    Raises:
        ValueError: The module exports nothing; another release of itables is installed.
    """
    found = EXPORTS.findall(module)
    if len(found) != 1:
        raise ValueError(f"{BUNDLE}: expected one list of exports, found {len(found)}")
    pairs = (part.split(" as ") for part in found[0].split(","))
    names = ",".join(f'"{pair[-1].strip()}":{pair[0].strip()}' for pair in pairs)
    text = EXPORTS.sub(lambda _: f"const bundle={{{names}}};", module)
    return re.sub(r"<(?=!--|/?script)", r"\\x3c", text, flags=re.IGNORECASE)


def source_hash(text: str) -> str:
    """What a content security policy calls this inline script or style."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _own(name: str) -> str:
    return files("benchmark.views.page").joinpath("templates", name).read_text("utf-8")
