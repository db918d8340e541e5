"""What is stated about a new source, checked before its checkpoint is read or fetched."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from benchmark.cards.registry import Registry
from benchmark.cards.source import UNKNOWN, Exposure, SourceCard
from benchmark.errors import CardError, WeightsError, unknown_name
from benchmark.files import printable

GROUPS = ("all", "train", "pretrain", "unknown")
REMOTE = ("timm:", "hf:")


def check_new_name(registry: Registry, name: str) -> None:
    """Check the name of a new source.

    Raises:
        CardError: It is not an id, or a source has it.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", name):
        raise CardError(f"{printable(name)!r} is not an id; use a-z, digits and underscores")
    if name in registry.sources:
        raise CardError(f"there is a source task {name!r} already; choose another name")


def check_address(address: str) -> None:
    """Check where a checkpoint is; an address of timm or Hugging Face is not asked yet.

    Raises:
        WeightsError: There is no such file.
    """
    if not address.startswith(REMOTE) and not Path(address).is_file():
        raise WeightsError(f"{printable(address)}: no such file; or write timm:NAME or hf:REPO@REV")


def check_choices(**chosen: str) -> None:
    """Check domain, task and provides, where given.

    Raises:
        CardError: A card does not admit one of them.
    """
    for key, value in chosen.items():
        known = get_args(SourceCard.model_fields[key].annotation)
        if value and value not in known:
            raise CardError(f"--{key}: {unknown_name('value', value, known)}")


def new_card_path(name: str, folder: Path) -> Path:
    """The path of a new card below a folder of cards.

    Raises:
        CardError: There is such a file.
    """
    path = folder / "tasks" / "source" / f"{name}.yaml"
    if path.exists():
        raise CardError(f"there is a source task {name!r} already; choose another name")
    return path


def parse_exposure(texts: Sequence[str]) -> tuple[Exposure, ...]:
    """The pretraining data from `DATASET:SUBJECTS`, `unknown` or `none`.

    SUBJECTS is all, train, pretrain, unknown (also if left out), or comma-separated names.

    Raises:
        CardError: A data set is empty, or `none` is given with others.
    """
    if tuple(texts) == ("none",):
        return ()
    exposure = []
    for text in texts:
        dataset, _, subjects = (part.strip() for part in text.partition(":"))
        if not dataset or dataset == "none":
            expected = "expected DATASET:SUBJECTS, unknown or none"
            raise CardError(f"--saw {printable(text)!r}: {expected}")
        names = tuple(name.strip() for name in subjects.split(",") if name.strip())
        group: Any = subjects if subjects in GROUPS else names or UNKNOWN
        exposure.append(Exposure(dataset=dataset, subjects=group))
    return tuple(exposure)


def parse_values(option: str, text: str) -> tuple[float, ...]:
    """The comma-separated numbers of an option.

    Raises:
        CardError: A part is not a finite number.
    """
    try:
        values = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise CardError(f"{option} {text!r}: expected finite numbers, comma-separated")
    return values
