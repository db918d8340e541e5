"""Forecasts of the sources of a board on its targets, and the file that keeps them."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from benchmark.cards.board import BoardCard
from benchmark.cards.card import Model, fingerprint
from benchmark.errors import RecordError
from benchmark.files import write_text
from benchmark.forecast.scores import SCORES
from benchmark.forecast.trivial import TRIVIAL
from benchmark.reading import read_text

FILE = "forecast.json"
TITLES: dict[str, str] = {name: one.title for name, one in (SCORES | TRIVIAL).items()}
"""Titles of all forecasts: transferability scores first, then trivial ones."""


class SourceForecast(Model):
    """All forecasts of one source on one target; None where one has no value.

    Attributes:
        source: Its id.
        encoder: Its network.
        values: By the name of the forecast; higher is better.
        seconds: Reading the weights, features and scores.
    """

    source: str
    encoder: str
    values: dict[str, float | None]
    seconds: float


class TargetForecast(Model):
    """The forecasts of several sources on one target.

    Attributes:
        target: Its id.
        data: Fingerprint of the data set.
        synthetic: Whether its images are.
        cases: Training cases that were used.
        pixels: Sampled pixels.
        sources: One per source.
    """

    target: str
    data: str
    synthetic: bool
    cases: int
    pixels: int
    sources: tuple[SourceForecast, ...]

    @property
    def sample(self) -> tuple[str, int, int]:
        """What all sources have to share to be compared."""
        return self.data, self.cases, self.pixels


class BoardForecasts(Model):
    """What the file holds.

    Attributes:
        board: Id of the board.
        protocol: Fingerprint of its protocol, which sets input size and networks.
        targets: One per target.
    """

    board: str
    protocol: str
    targets: tuple[TargetForecast, ...]

    def joined(self, other: TargetForecast) -> "BoardForecasts":
        """These forecasts with others of a target; later ones replace earlier ones.

        Sources that are forecast from other data or pixels of that target are left out.
        """
        targets = {target.target: target for target in self.targets}
        known = targets.get(other.target)
        if known is not None and known.sample == other.sample:
            sources = {forecast.source: forecast for forecast in (*known.sources, *other.sources)}
            other = other.model_copy(update={"sources": tuple(sources.values())})
        targets[other.target] = other
        return self.model_copy(update={"targets": tuple(targets.values())})


def no_forecasts(board: BoardCard) -> BoardForecasts:
    """Of a board, before any is made."""
    return BoardForecasts(board=board.id, protocol=fingerprint(board.protocol), targets=())


def read_forecasts(path: Path, board: BoardCard) -> BoardForecasts:
    """Read a file of forecasts.

    Raises:
        RecordError: It is missing or damaged, names a forecast that is not known, or was made for
            another board or protocol.
    """
    try:
        forecasts = BoardForecasts.model_validate_json(read_text(path, RecordError))
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise RecordError(f"{path}: damaged ({reason}); write it with --out again") from None
    names = {
        name
        for target in forecasts.targets
        for forecast in target.sources
        for name in forecast.values
    }
    if unknown := names - TITLES.keys():
        raise RecordError(f"{path}: unknown forecasts {', '.join(sorted(unknown))}")
    empty = no_forecasts(board)
    if (forecasts.board, forecasts.protocol) != (empty.board, empty.protocol):
        raise RecordError(
            f"{path}: holds forecasts for another board or protocol than that of {board.id}; name "
            "another file with --out"
        )
    return forecasts


def write_forecasts(path: Path, forecasts: BoardForecasts) -> None:
    """Write a file of forecasts, atomically."""
    text = json.dumps(forecasts.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def ranks(values: Mapping[str, float | None]) -> dict[str, int]:
    """Rank of each source from 1, the highest value; equal ones share the better, None has none."""
    known = {source: value for source, value in values.items() if value is not None}
    return {source: 1 + sum(other > value for other in known.values())
            for source, value in known.items()}  # fmt: skip
