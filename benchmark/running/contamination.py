"""What a source saw of a target's data set, or of one that shares people or images with it."""

from collections.abc import Iterable

from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.task import Saw, SourceCard


def seen_by(source: SourceCard, registry: Registry) -> tuple[Saw, ...]:
    """What the pretraining behind a source has seen: of its card, or of its recipe."""
    if source.pretrain is None:
        return source.saw
    name = source.pretrain.dataset
    return (Saw(dataset=name, subjects="pretrain" if _reserves(registry, name) else "train"),)


def contamination(
    source: SourceCard, registry: Registry, dataset: str, rows: Iterable[SplitRow] = ()
) -> tuple[str, ...]:
    """Why this source's result on a data set does not count as transfer from elsewhere.

    Args:
        source: The source.
        registry: Tells which data sets share a family (a pool of people or images).
        dataset: The target's data set.
        rows: Its split; without it, subjects that a card lists by name cannot be compared.

    Returns:
        One reason a data set seen; empty for a clean transfer. Subjects that the data set
        reserves to pretraining (subset `pretrain`) are no contamination.
    """
    card = registry.dataset(dataset)
    reasons = []
    for saw in seen_by(source, registry):
        other = registry.datasets.get(saw.dataset)
        if saw.dataset == dataset:
            reasons += _same(saw, tuple(rows))
        elif shared := {saw.dataset, *(other.families if other else ())} & set(card.families):
            reasons.append(f"saw {saw.dataset}, of the same family ({', '.join(sorted(shared))})")
    return tuple(reasons)


def _same(saw: Saw, rows: tuple[SplitRow, ...]) -> list[str]:
    if saw.subjects == "pretrain":
        return []
    if not isinstance(saw.subjects, tuple):
        whom = {"train": "its training subjects", "all": "all subjects"}.get(saw.subjects, "whom")
        return [f"saw {saw.dataset}, {whom}{' is unknown' if whom == 'whom' else ''}"]
    for subset in ("test", "val", "train"):
        if both := {row.subject for row in rows if row.subset == subset} & set(saw.subjects):
            return [f"saw {saw.dataset}, {len(both)} of its {subset} subjects"]
    return [] if rows else [f"saw {saw.dataset}, {len(saw.subjects)} subjects"]


def _reserves(registry: Registry, dataset: str) -> bool:
    rule = registry.dataset(dataset).split
    if rule is None:
        return any(row.subset == "pretrain" for row in registry.split(dataset))
    return "pretrain" in rule.values.values() or rule.shares.get("pretrain", 0) > 0
