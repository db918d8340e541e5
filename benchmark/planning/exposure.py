"""Contamination: which part of a target's data, or of related data, a source was pretrained on."""

from collections.abc import Iterable

from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.source import UNKNOWN, Exposure, SourceCard

# The texts of reasons stand in the marks of records and must not change.
SUBJECTS = {"train": "its training subjects", "all": "all subjects", "unknown": "whom is unknown"}


def declared_exposure(source: SourceCard, registry: Registry) -> tuple[Exposure, ...]:
    """The pretraining data that a source's card names, or that its recipe uses."""
    if source.pretrain is None:
        return source.saw
    name = source.pretrain.dataset
    return (Exposure(dataset=name, subjects="pretrain" if _reserves(registry, name) else "train"),)


def contamination(
    exposure: Iterable[Exposure], registry: Registry, dataset: str, rows: Iterable[SplitRow] = ()
) -> tuple[str, ...]:
    """Why a source's result on a data set does not count as transfer to unseen data.

    Args:
        exposure: Pretraining data of the source.
        registry: Gives the families of data sets that share subjects or images.
        dataset: The target's data set.
        rows: The part of its split that the target uses; without it, subjects given by name
            cannot be compared.

    Returns:
        One reason per data set of the exposure; empty for a clean transfer. Subjects that the
        data set reserves for pretraining (subset `pretrain`) are no contamination; unknown
        pretraining data count as contamination.
    """
    card, split = registry.dataset(dataset), tuple(rows)
    reasons = (_reason(seen, registry, card.id, card.families, split) for seen in exposure)
    return tuple(reason for reason in reasons if reason)


def unchecked(exposure: Iterable[Exposure], registry: Registry, dataset: str) -> tuple[str, ...]:
    """Pretraining data that nobody outside can compare with a target's data set.

    They are neither clean nor contaminated. Images that the suite draws itself are in no
    collection, so nothing is unchecked for a synthetic data set.
    """
    if registry.dataset(dataset).synthetic:
        return ()
    return tuple(seen.dataset for seen in exposure if not seen.checkable)


def _reason(
    seen: Exposure,
    registry: Registry,
    dataset: str,
    families: tuple[str, ...],
    split: tuple[SplitRow, ...],
) -> str:
    if seen.dataset == UNKNOWN:
        return "what it saw is unknown"
    other = registry.datasets.get(seen.dataset)
    shared = {seen.dataset, *(other.families if other else ())} & {dataset, *families}
    if not shared:
        return ""
    if isinstance(seen.subjects, tuple) and split:
        subsets = {row.subject: row.subset for row in split}
        common = [subsets[name] for name in dict.fromkeys(seen.subjects) if name in subsets]
        for subset in ("test", "val", "train"):
            if count := common.count(subset):
                return f"saw {seen.dataset}, {count} subjects of the {subset} subset"
        if common or seen.dataset == dataset:
            return ""
    if seen.dataset != dataset:
        return f"saw {seen.dataset}, of the same family ({', '.join(sorted(shared))})"
    if isinstance(seen.subjects, tuple):
        return f"saw {seen.dataset}, {len(seen.subjects)} subjects"
    return "" if seen.subjects == "pretrain" else f"saw {seen.dataset}, {SUBJECTS[seen.subjects]}"


def _reserves(registry: Registry, dataset: str) -> bool:
    rule = registry.dataset(dataset).split
    if rule is None:
        return any(row.subset == "pretrain" for row in registry.split(dataset))
    return "pretrain" in rule.values.values() or rule.shares.get("pretrain", 0) > 0
