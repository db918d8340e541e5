"""Pages from templates: DataTables as the package itables ships it, our script, our style.

itables is found, not imported: importing it would read settings from the working folder.
"""

import base64
import hashlib
import json
import re
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

PACKAGE = "benchmark.views.page"
NO_SCRIPT = Markup("")
BUNDLE = "itables/html/dt_bundle.js"
EXPORTS = re.compile(r"\bexport\s*\{([^}]*)\};?")


@cache
def script() -> Markup:
    """DataTables, then our script that makes tables of the page's data."""
    with open(str(distribution("itables").locate_file(BUNDLE)), encoding="utf-8") as file:
        bundle = as_script(file.read())
    return Markup(f"\n{bundle}\n{_template_file('page.js')}")


@cache
def style() -> Markup:
    """The style sheet."""
    return Markup("\n" + _template_file("page.css"))


def as_script(module: str) -> str:
    """A JavaScript module as text of an inline script, its exports in the constant `bundle`.

    Raises:
        ValueError: The module exports nothing; another release of itables is installed.
    """
    lists = EXPORTS.findall(module)
    if len(lists) != 1:
        raise ValueError(f"{BUNDLE}: expected one list of exports, found {len(lists)}")
    pairs = (part.split(" as ") for part in lists[0].split(","))
    names = ",".join(f'"{pair[-1].strip()}":{pair[0].strip()}' for pair in pairs)
    text = EXPORTS.sub(lambda _: f"const bundle={{{names}}};", module)
    return inside_script(text)


def inside_script(text: str) -> str:
    """JavaScript or JSON that cannot end the script element it stands in."""
    return re.sub(r"<(?=!--|/?script)", r"\\u003c", text, flags=re.IGNORECASE)


def to_json(data: object) -> Markup:
    """Data as the content of a script element."""
    return Markup(inside_script(json.dumps(data, separators=(",", ":"), ensure_ascii=False)))


def render(template: str, code: Markup = NO_SCRIPT, package: str = PACKAGE, **values: object
           ) -> str:  # fmt: skip
    """A page whose only script is `code`; the browser may run and load nothing else.

    Args:
        template: Its file name.
        code: Runs when the page is read.
        package: Package with the template, if it is not here.
        values: What the template uses.
    """
    allowed = _source_hash(code) if code else "'none'"
    policy = (
        f"default-src 'none'; img-src data:; style-src {_source_hash(style())}; "
        f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    )
    page = _environment(package).get_template(template)
    return "".join(page.generate(**values, script=code, style=style(), policy=policy))


def _source_hash(text: str) -> str:
    """The name of an inline script or style in a content security policy."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _template_file(name: str) -> str:
    return files(PACKAGE).joinpath("templates", name).read_text("utf-8")


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in {PACKAGE, package}]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tojson"] = to_json
    return environment
