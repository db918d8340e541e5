"""A table of a page: its columns as HTML for readers without JavaScript, and as data for others."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from benchmark.views.page.cells import ColumnCells


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Its name in the filters.
        title: Heading.
        cells: Its cells.
        best_first: Whether a first click on the heading puts the largest on top.
        group: Shown only when the reader asks for this group of columns; "" is always shown.
        drawn: A picture: neither sorted nor copied.
    """

    name: str
    title: str
    cells: ColumnCells
    best_first: bool = False
    group: str = ""
    drawn: bool = False

    @property
    def kind(self) -> str:
        """Class of its cells in the style sheet."""
        return "drawn" if self.drawn else "text" if self.cells.keys is None else "num"


@dataclass(frozen=True)
class PageTable:
    """A table with its caption; `anchors` are ids of rows, one per row or none at all."""

    caption: str
    columns: Sequence[Column]
    anchors: Sequence[str] = ()

    @property
    def rows(self) -> Markup:
        """All rows as HTML."""
        kinds = (" class=num" if column.kind == "num" else "" for column in self.columns)
        line = "".join(f"<td{kind}>%s" for kind in kinds)
        line = ('\n<tr id="%s">' if self.anchors else "\n<tr>") + line
        columns = [column.cells.html for column in self.columns]
        columns = [self.anchors, *columns] if self.anchors else columns
        return Markup("".join([line % row for row in zip(*columns, strict=True)]))

    @property
    def data(self) -> dict[str, object]:
        """The same for the page's script."""
        columns = [
            {"name": column.name, "title": column.title, "kind": column.kind,
             "best_first": column.best_first, "group": column.group, **column.cells.data()}
            for column in self.columns
        ]  # fmt: skip
        return {
            "caption": self.caption,
            "rows": len(self.columns[0].cells.html),
            "columns": columns,
        }
