"""Making forecasts: features of frozen encoders at pixels of training cases, no fine-tuning."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from benchmark.cards.board import BoardCard
from benchmark.cards.source import SourceCard
from benchmark.errors import WeightsError
from benchmark.forecast.features import pixel_features
from benchmark.forecast.forecasts import SourceForecast, TargetForecast
from benchmark.forecast.pixels import SlicePixels, sample_pixels
from benchmark.forecast.scores import SCORES
from benchmark.forecast.trivial import TRIVIAL, KnownOfSource
from benchmark.models.networks import parameter_counts
from benchmark.planning.source_weights import source_weights
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.running.setup import set_up
from benchmark.running.target_data import TargetData, load_target
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace


def forecast_target(
    workspace: Workspace,
    board: BoardCard,
    target: str,
    sources: Sequence[str],
    device: torch.device,
    progress: Progress = no_progress,
) -> tuple[TargetForecast, dict[str, str]]:
    """Forecasts of sources on a target, from its training cases alone.

    Networks are those of the first lane that a source can enter. Of a target in folds, the training
    cases of the first fold are used.

    Args:
        workspace: All cards, local data and weights.
        board: Its protocol sets input size and networks.
        target: Any target task.
        sources: Any source tasks.
        device: Where features are computed.
        progress: Called with each stage.

    Returns:
        The forecasts, and for each source without one the reason.

    Raises:
        CardError: The target or a source is not in the registry.
        DataError: The target's data are not on this machine, or hold fewer than two classes.
    """
    transfers: list[Transfer] = []
    why_not: dict[str, str] = {}
    for name in sources:
        try:
            source = workspace.registry.source(name)
            transfers += plan(workspace, board, _one_cell(board, target, source))
        except WeightsError as error:
            why_not[name] = str(error)
    if not transfers:
        raise WeightsError(f"{target}: nothing to forecast ({'; '.join(why_not.values())})")
    data = load_target(transfers[0], workspace, progress).folds[0]
    sample = sample_pixels(data.prepared, data.dataset.names("train"))
    made = []
    for transfer in transfers:
        try:
            made.append(_of_source(workspace, data, transfer, sample, device, progress))
        except WeightsError as error:
            why_not[transfer.source.id] = str(error)
    forecast = TargetForecast(
        target=target,
        data=data.dataset.fingerprint,
        synthetic=data.dataset.card.synthetic,
        cases=len({pixels.case for pixels in sample}),
        pixels=sum(len(pixels.labels) for pixels in sample),
        sources=tuple(made),
    )
    return forecast, why_not


def _one_cell(board: BoardCard, target: str, source: SourceCard) -> GridSelection:
    """A cell of the source's first lane; the size of the training set does not matter."""
    lanes = board.lanes_of(source)[:1] or board.lanes  # none at all: refused by `plan`
    strategies = [name for name in board.strategies if lanes[0] in board.lanes_of_strategy(name)]
    return GridSelection(
        sources=(source.id,),
        targets=(target,),
        lanes=lanes,
        strategies=(strategies[0],),
        train_subjects=(board.sizes_of(target)[-1],),
        seeds=board.seeds[:1],
    )


def _of_source(
    workspace: Workspace,
    data: TargetData,
    transfer: Transfer,
    sample: Sequence[SlicePixels],
    device: torch.device,
    progress: Progress,
) -> SourceForecast:
    """All forecasts of one source; a value that is not finite is None."""
    start = time.perf_counter()
    network = set_up(replace(data, transfer=transfer), workspace, device).network
    pixels = pixel_features(network, data.prepared, sample, progress)
    values: dict[str, float | None] = {name: score.of(pixels) for name, score in SCORES.items()}
    seconds = time.perf_counter() - start
    known = KnownOfSource(
        transfer.source,
        parameter_counts(network.encoder)[0],
        source_weights(workspace, data.board, transfer.source).pretraining_items,
        data.dataset.card.domain,
    )
    values |= {name: trivial.of(known) for name, trivial in TRIVIAL.items()}
    finite = {name: value if value is not None and math.isfinite(value) else None
              for name, value in values.items()}  # fmt: skip
    return SourceForecast(
        source=transfer.source.id,
        encoder=transfer.encoder,
        values=finite,
        seconds=round(seconds, 2),
    )
