"""Missing cells of a board, gathered by entry so that a long list stays readable."""

from collections.abc import Iterable


def by_entry(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Entries as `target/source/strategy/n..`, each with its missing seeds."""
    found: dict[str, list[str]] = {}
    for path in paths:
        entry, _, name = path.rpartition("/")
        found.setdefault(entry, []).append(name.removesuffix(".json").removeprefix("seed"))
    return [(entry, ", ".join(seeds)) for entry, seeds in found.items()]
