"""Types of the public interface, which `__init__.py` imports lazily."""

from benchmark.errors import BenchmarkError as BenchmarkError
from benchmark.leaderboard.advice import Advice as Advice
from benchmark.leaderboard.advice import AdviceQuestion as AdviceQuestion
from benchmark.leaderboard.advice import advise as advise
from benchmark.leaderboard.build import Leaderboard as Leaderboard
from benchmark.leaderboard.compare import compare_entries as compare_entries
from benchmark.leaderboard.comparison import Comparison as Comparison
from benchmark.leaderboard.folder import find_leaderboard as find_leaderboard
from benchmark.leaderboard.folder import load_leaderboard as load_leaderboard
from benchmark.leaderboard.published import compare_with_published as compare_with_published
from benchmark.models.weight_store import import_weights as import_weights
from benchmark.planning.transfers import GridSelection as GridSelection
from benchmark.planning.transfers import Transfer as Transfer
from benchmark.planning.transfers import plan as plan
from benchmark.records.store import Store as Store
from benchmark.running.board import run_board as run_board
from benchmark.running.board import run_board_sequences as run_board_sequences
from benchmark.running.options import RayTask as RayTask
from benchmark.running.options import RunMonitor as RunMonitor
from benchmark.running.options import RunOptions as RunOptions
from benchmark.sources.check import check_source as check_source
from benchmark.submission.merge import merge_submission as merge_submission
from benchmark.submission.verify import verify_submission as verify_submission
from benchmark.submission.write_pack import pack_submission as pack_submission
from benchmark.views.board import BoardView as BoardView
from benchmark.views.cards.find import summarise_cards as summarise_cards
from benchmark.views.cards.lists import list_cards as list_cards
from benchmark.workspace import Workspace as Workspace
from benchmark.workspace import load_registry as load_registry

__version__: str
