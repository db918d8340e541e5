"""The charts of a board's page: over all targets, and of each target."""

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.views.page.charts.costs import cost_chart
from benchmark.views.page.charts.curves import size_chart
from benchmark.views.page.charts.gains import gain_chart
from benchmark.views.page.charts.spreads import spread_chart
from benchmark.views.page.charts.svg import Chart


def board_charts(board: Leaderboard) -> list[Chart]:
    """Gain maps and size curves of every lane."""
    if not len(board.rows):
        return []
    lanes = board.lanes
    sizes = sorted(
        board.sizes, key=lambda size: (lanes.index(size.lane), _all_last(size.train_subjects))
    )
    charts = [*(gain_chart(board, size) for size in sizes),
             *(size_chart(board, lane) for lane in lanes)]  # fmt: skip
    return [chart for chart in charts if chart]


def target_charts(board: Leaderboard, target: str) -> list[Chart]:
    """Spread and costs on a target, for its largest number of training subjects in each lane."""
    settings = [setting for setting in largest_settings(board) if setting.target == target]
    charts = [draw(board, setting) for setting in settings
             for draw in (spread_chart, cost_chart)]  # fmt: skip
    return [chart for chart in charts if chart]


def largest_settings(board: Leaderboard) -> list[Setting]:
    """Of each target and lane the ranked setting with the most training subjects."""
    largest: dict[tuple[str, str], Setting] = {}
    for setting in sorted(board.scores, key=lambda setting: _all_last(setting.train_subjects)):
        largest[setting.target, setting.lane] = setting
    return [setting for setting in board.scores if setting in largest.values()]


def _all_last(size: int) -> float:
    """The order of numbers of training subjects; 0 stands for all of them."""
    return size or float("inf")
