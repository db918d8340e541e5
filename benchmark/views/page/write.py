"""Write the page of a board."""

from pathlib import Path

import pandas as pd

from benchmark.cards.registry import Registry
from benchmark.files import write_text
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.match import registered_match_views
from benchmark.leaderboard.subgroups import registered_groups, subgroups
from benchmark.records.trust import LEVELS
from benchmark.views.footnotes import method, stability
from benchmark.views.match import match_tables
from benchmark.views.metric_ranks import agreement_tables
from benchmark.views.page import sections
from benchmark.views.page.charts.board import board_charts
from benchmark.views.page.columns import column_groups
from benchmark.views.page.context import NO_CARDS, Context
from benchmark.views.page.pairs import pair_section
from benchmark.views.page.render import NO_SCRIPT, render, script
from benchmark.views.page.tables import overall_tables, records_table, source_overview
from benchmark.views.sequences import footer, sequence_tables
from benchmark.views.subgroups import METHOD, subgroup_tables

FILTERS = (("domain", "Domain"), ("task", "Task"), ("source", "Source"), ("strategy", "Strategy"))


def write_page(
    out: Path,
    board: Leaderboard,
    clean: Leaderboard,
    records: pd.DataFrame,
    folder: Path,
    registry: Registry = NO_CARDS,
    files_in: Path | None = None,
    *,
    site: bool = False,
) -> Context:
    """Write one board as one self-contained HTML file; returns its content and links.

    Args:
        out: The file.
        board: Its tables.
        clean: Its tables without contaminated cells.
        records: Its records, one row each, as `page_records` makes them.
        folder: Where its records and pictures lie; links to records are relative to `out`.
        registry: Cards of the sources, targets and data sets. Pictures are shown only of data
            sets that may be passed on.
        files_in: Folder of the records that are linked, if they have been copied.
        site: Whether the page is one of a site: then it links to the site's other pages.

    Raises:
        RecordError: The file cannot be written.
    """
    context = Context(board, clean, records, folder, files_in or folder, out, registry, site)
    write_text(out, render_page(context))
    return context


def render_page(context: Context) -> str:
    """The page of one board as text."""
    board, sequences = context.board, context.sequences
    return render(
        "board.html.j2",
        script() if len(board.rows) else NO_SCRIPT,
        site="" if context.site else None,
        docs=context.docs,
        board=board,
        marks=sections.mark_counts(board.rows),
        overall=overall_tables(context),
        ranked_overall=len(board.overall) > 0 and board.overall["mean_rank"].notna().any(),
        stability=stability(board),
        charts_of_board=board_charts(board),
        anchors={**context.targets, **context.sources},
        pairs=pair_section(context),
        target_names=context.targets,
        target_sections=sections.target_sections(context),
        matches=match_tables(registered_match_views(board, context.registry)),
        agreement=agreement_tables(board),
        groups=subgroup_tables([*subgroups(board, registered_groups(context.registry))]),
        group_method=METHOD,
        source_names=context.sources,
        source_overview=lambda: source_overview(context),
        source_sections=sections.source_sections(context),
        caution=board.caution or ("SYNTHETIC" if sequences and sequences.synthetic else ""),
        sequences=sequences,
        sequence_marks=sections.sequence_marks(sequences),
        sequence_tables=sequence_tables(sequences) if sequences else (),
        sequence_method=footer(sequences) if sequences else "",
        record_count=len(context.records),
        records=lambda: records_table(context),
        protocol=sections.protocol_facts(context),
        missing=sections.missing_by_entry(board.missing),
        method=method(board),
        filters=[(name, title, _options(board.rows, name)) for name, title in FILTERS],
        lanes=board.lanes if context.laned else (),
        sizes=sorted(board.rows["train_subjects"].unique()) if context.sized else (),
        trust=[level for level in LEVELS if level in _options(board.rows, "trust")],
        columns=column_groups(context),
    )


def _options(rows: pd.DataFrame, name: str) -> list[str]:
    return sorted(str(value) for value in rows[name].unique()) if len(rows) else []
