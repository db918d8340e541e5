"""A table of a page: its columns as HTML for readers without JavaScript, and as data for others."""

from collections.abc import Collection, Sequence
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
    """A table.

    Attributes:
        caption: Its name.
        columns: All of the same length.
        anchors: Ids of the rows, one per row or none at all.
        breaks: Rows at which another setting begins, while the table is not sorted.
    """

    caption: str
    columns: Sequence[Column]
    anchors: Sequence[str] = ()
    breaks: Collection[int] = ()

    @property
    def rows(self) -> Markup:
        """All rows as HTML."""
        kinds = (" class=num" if column.kind == "num" else "" for column in self.columns)
        line = "".join(f"<td{kind}>%s" for kind in kinds)
        line = ('\n<tr id="%s">' if self.anchors else "\n<tr>") + line
        columns = [column.cells.html for column in self.columns]
        columns = [self.anchors, *columns] if self.anchors else columns
        rows = [line % row for row in zip(*columns, strict=True)]
        for number in self.breaks:
            rows[number] = rows[number].replace("<tr", "<tr class=new", 1)
        return Markup("".join(rows))

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
            "breaks": sorted(self.breaks),
            "columns": columns,
        }
