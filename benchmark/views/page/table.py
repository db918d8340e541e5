"""A table of a page: columns of ready cells, and what a reader can do with each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from benchmark.views.page.cells import Cells

INTERVAL = "low high"
RANK = "group low high"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: What the filters know it by.
        title: Heading.
        cells: Its cells.
        number: Whether it is sorted as numbers.
        best_first: Whether a first click on the heading puts the largest on top.
        group: Shown only when the reader asks for this group of columns; "" is always shown.
        parts: What stands beside the value within a cell; columns of its own in a CSV copy.
        drawn: A picture: neither sorted nor copied.
    """

    name: str
    title: str
    cells: Cells
    number: bool = False
    best_first: bool = False
    group: str = ""
    parts: str = ""
    drawn: bool = False


@dataclass(frozen=True)
class PageTable:
    """A table with its caption; `anchors` are ids of rows, one a row or none at all."""

    caption: str
    columns: Sequence[Column]
    anchors: Sequence[str] = field(default_factory=tuple)

    @property
    def head(self) -> Markup:
        """The heading cells."""
        return Markup("").join(_heading(column) for column in self.columns)

    @property
    def body(self) -> Markup:
        """All rows, each on a line of its own that begins with `<tr`."""
        rows = zip(*(column.cells for column in self.columns), strict=True)
        if not self.anchors:
            return Markup("".join(["\n<tr>" + "".join(row) for row in rows]))
        named = zip(self.anchors, rows, strict=True)
        return Markup("".join([f'\n<tr id="{name}">' + "".join(row) for name, row in named]))


def _heading(column: Column) -> Markup:
    words = "".join(
        Markup(' data-{}="{}"').format(name, value)
        for name, value in (
            ("name", column.name),
            ("group", column.group),
            ("parts", column.parts),
            ("best", "desc" if column.best_first else ""),
        )
        if value
    )
    kind = "num" if column.number else "drawn" if column.drawn else "text"
    words = f' class="{kind}"' + words
    return Markup('<th scope="col"{}>{}').format(Markup(words), escape(column.title))
