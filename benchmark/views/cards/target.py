"""The summary of a target task."""

from collections.abc import Iterator, Sequence

from benchmark.cards.registry import Registry
from benchmark.cards.target import TargetCard
from benchmark.planning.exposure import contamination, declared_exposure
from benchmark.scoring.metrics import METRICS
from benchmark.views.cards.here import dataset_is_here, how_to_get_data
from benchmark.views.cards.results import board_results, leaders
from benchmark.views.cards.summary import CardSummary
from benchmark.views.text import listed
from benchmark.workspace import Workspace


def target_summary(workspace: Workspace, card: TargetCard) -> CardSummary:
    """The problem of a target, its data, and the boards that rank sources on it."""
    data = workspace.registry.dataset(card.dataset)
    every = board_results(workspace)
    boards = [results.board.id for results in every if card.id in results.board.targets]
    here = dataset_is_here(workspace, data)
    facts = target_facts(workspace.registry, card)
    facts["data set"] = [*facts["data set"], f"{'' if here else 'not '}on this machine"]
    facts |= {
        "boards": [listed(boards) or "none"],
        "leaders": leaders(every, card.id) or ["no results yet"],
    }
    commands = [] if here else [how_to_get_data(data)]
    board = (boards or ["quickstart_v2"])[0]
    commands.append(
        f"segtransfer run {board} --targets {card.id} --sources scratch --limit-steps 2"
    )
    return CardSummary("target", card, facts, commands=commands)


def target_facts(registry: Registry, card: TargetCard) -> dict[str, Sequence[str]]:
    """What the card states, the same on every machine: lines of text by what they are about."""
    data = registry.dataset(card.dataset)
    return {
        "problem": _problem(card),
        "labels": [
            name if merged == (name,) else f"{name}: {', '.join(merged)}"
            for name, merged in card.labels.items()
        ],
        "data set": [
            f"{data.id}: {data.title}",
            f"domain {data.domain}, {'synthetic' if data.synthetic else 'real images'}",
        ],
        "metrics": [_metrics(card), _tolerance(card)],
        "contaminated": [*_contaminated(registry, card)] or ["no source, by what the cards state"],
    }


def _problem(card: TargetCard) -> list[str]:
    slices = f"volumes, cut into {card.slice_axis} slices" if card.slice_axis else "2-D images"
    intensity = card.intensity
    bounds = {
        "range": "grey values",
        "window": "HU",
        "percentile": "percentiles of non-zero voxels",
    }
    scaled = f"{bounds[intensity.kind]} {intensity.low:g} to {intensity.high:g} become 0 to 1"
    lines = [f"segmentation of {slices}", f"intensities: {scaled}"]
    if card.where:
        lines.append("cases with " + ", ".join(f"{k} {v}" for k, v in card.where.items()))
    if card.fold:
        lines.append(f"fold {card.fold.number} of {card.fold.of} is tested, by subject")
    return lines


def _metrics(card: TargetCard) -> str:
    others = [METRICS[name].title for name in card.metrics if name != card.main_metric]
    return f"ranked by {METRICS[card.main_metric].title}; also {'; '.join(others)}"


def _tolerance(card: TargetCard) -> str:
    """The tolerance of the surface Dice, if the target has one."""
    labels = {label: card.tolerance_of(label) for label in card.labels}
    values = {
        value: [k for k, v in labels.items() if v == value] for value in labels.values() if value
    }
    if len(values) == 1:
        text = f"{next(iter(values)):g} mm"
    else:
        text = ", ".join(
            f"{value:g} mm for {' and '.join(names)}" for value, names in values.items()
        )
    return f"tolerance {text} ({card.tolerance_source})" if values else ""


def _contaminated(registry: Registry, card: TargetCard) -> Iterator[str]:
    """Each source that saw data of the target, and why."""
    for source in registry.sources.values():
        exposure = declared_exposure(source, registry)
        for reason in contamination(exposure, registry, card.dataset):
            yield f"{source.id}: {reason}"
