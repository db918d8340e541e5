"""What a source saw of a target's data set, or of one that shares people or images with it."""

from collections.abc import Iterable

from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.task import UNKNOWN, Saw, SourceCard

WHOM = {"train": "its training subjects", "all": "all subjects", "unknown": "whom is unknown"}


def declared_exposure(source: SourceCard, registry: Registry) -> tuple[Saw, ...]:
    """What the pretraining behind a source has seen: of its card, or of its recipe."""
    if source.pretrain is None:
        return source.saw
    name = source.pretrain.dataset
    return (Saw(dataset=name, subjects="pretrain" if _reserves(registry, name) else "train"),)


def contamination(
    seen: Iterable[Saw], registry: Registry, dataset: str, rows: Iterable[SplitRow] = ()
) -> tuple[str, ...]:
    """Why a source's result on a data set does not count as transfer from elsewhere.

    Args:
        seen: What the source saw.
        registry: Tells which data sets share a family (a pool of people or images).
        dataset: The target's data set.
        rows: The part of its split that the target uses; without it, subjects that are known by
            name cannot be compared.

    Returns:
        One reason a data set seen; empty for a clean transfer. Subjects that the data set
        reserves to pretraining (subset `pretrain`) are no contamination; data that nobody can
        name count as seen.
    """
    card, split = registry.dataset(dataset), tuple(rows)
    reasons = []
    for saw in seen:
        if saw.dataset == UNKNOWN:
            reasons.append("what it saw is unknown")
            continue
        other = registry.datasets.get(saw.dataset)
        shared = {saw.dataset, *(other.families if other else ())} & {dataset, *card.families}
        if not shared:
            continue
        if isinstance(saw.subjects, tuple) and split:
            known = {row.subject: row.subset for row in split}
            both = {name: known[name] for name in saw.subjects if name in known}
            worst = next((s for s in ("test", "val", "train") if s in both.values()), None)
            if worst:
                count = sum(subset == worst for subset in both.values())
                reasons.append(f"saw {saw.dataset}, {count} subjects of the {worst} subset")
            if both or saw.dataset == dataset:
                continue
        if saw.dataset == dataset:
            if isinstance(saw.subjects, tuple):
                reasons.append(f"saw {saw.dataset}, {len(saw.subjects)} subjects")
            elif saw.subjects != "pretrain":
                reasons.append(f"saw {saw.dataset}, {WHOM[saw.subjects]}")
        else:
            reasons.append(f"saw {saw.dataset}, of the same family ({', '.join(sorted(shared))})")
    return tuple(reasons)


def _reserves(registry: Registry, dataset: str) -> bool:
    rule = registry.dataset(dataset).split
    if rule is None:
        return any(row.subset == "pretrain" for row in registry.split(dataset))
    return "pretrain" in rule.values.values() or rule.shares.get("pretrain", 0) > 0
