"""Proposed labels as a new data set, for a person to correct and then to import.

Label maps are in `labels/`; this module writes the names of their labels, the certainty of the
network, a manifest that pairs them with their images, and a card.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cards.card import yaml_text
from benchmark.cards.dataset import DatasetCard, SplitRule
from benchmark.cards.layouts import ManifestLayout
from benchmark.cards.problem import Problem
from benchmark.data.cases import Case
from benchmark.data.readers.label_maps import label_file, write_label_names
from benchmark.errors import DataError
from benchmark.files import csv_text, write_text
from benchmark.planning.transfers import Transfer

MANIFEST = "manifest.csv"
CERTAINTY = "least_sure_first.csv"


@dataclass(frozen=True)
class Proposal:
    """The proposed label map of a case.

    Attributes:
        case: The case.
        mean_probability: Of the proposed label, mean over the pixels that have one; None if no
            pixel has.
        area_cm2: Per label the mean area on the slices that have it, 0 if none has; None if the
            pixel spacing is unknown.
        spacing_mm: Pixel spacing of a picture; None if unknown, and for volumes, whose files
            hold it.
    """

    case: Case
    mean_probability: float | None
    area_cm2: dict[str, float | None]
    spacing_mm: float | None


def refuse_corrected(out: Path) -> None:
    """Refuse a folder with proposals, which a person may have corrected.

    Raises:
        DataError: It has a manifest.
    """
    if (out / MANIFEST).exists():
        raise DataError(f"{out}: holds label maps that may be corrected; choose another --out")


def write_data_set(
    out: Path, name: str, card: DatasetCard, transfer: Transfer, proposals: Sequence[Proposal]
) -> None:
    """Write everything except the label maps; the manifest last, so that it marks a complete set.

    Args:
        out: Folder of the new data set.
        name: Its id.
        card: Of the data set whose problem it is.
        transfer: The cell whose network proposed the labels.
        proposals: The least certain first.

    Raises:
        RecordError: The folder cannot be written or the disk is full.
    """
    labels = tuple(transfer.target.labels)
    write_label_names(out / "labels", labels)
    write_text(out / CERTAINTY, _certainty(proposals, labels))
    write_text(out / "datasets" / name / "dataset.yaml", _card(card, transfer, name))
    write_text(out / MANIFEST, _manifest(proposals, out))


def _certainty(proposals: Sequence[Proposal], labels: Sequence[str]) -> str:
    def number(value: float | None, digits: int) -> str:
        """A number; empty where it is unknown."""
        return "" if value is None else f"{value:.{digits}f}"

    columns = ["case", "subject", "mean_probability", *(f"{label}_area_cm2" for label in labels)]
    rows = [[p.case.case, p.case.subject, number(p.mean_probability, 6),
             *(number(p.area_cm2[label], 3) for label in labels)] for p in proposals]  # fmt: skip
    return csv_text([columns, *rows])


def _manifest(proposals: Sequence[Proposal], out: Path) -> str:
    """Cases with their images, relative to the folder if inside it, and their facts."""
    columns = ("case", "subject", "image", "mask", "spacing_mm")
    reserved = {*columns, "path", "folder", "list"}
    facts = sorted({fact for proposal in proposals for fact in proposal.case.facts} - reserved)
    rows = []
    for proposal in sorted(proposals, key=lambda proposal: proposal.case.case):
        case, folder = proposal.case, out.resolve()
        assert case.image is not None
        image = (case.image.parent if case.series else case.image).resolve()
        if image.is_relative_to(folder):
            image = image.relative_to(folder)
        spacing = "" if proposal.spacing_mm is None else repr(proposal.spacing_mm)
        rows.append([case.case, case.subject, str(image), f"labels/{label_file(case)}", spacing,
                     *(case.facts.get(fact, "") for fact in facts)])  # fmt: skip
    return csv_text([[*columns, *facts], *rows])


def _card(card: DatasetCard, transfer: Transfer, name: str) -> str:
    """The card of the proposals: the problem that the network was fine-tuned for."""
    target = transfer.target
    problem = {field: getattr(target, field) for field in Problem.model_fields}
    kept = ("domain", "synthetic", "licence", "access", "citation", "homepage", "channels",
            "families")  # fmt: skip
    new = DatasetCard(
        id=name,
        version=1,
        title=f"{card.title}: pre-labelled for {target.id}",
        group_by="subject",
        labels={label: number for number, label in enumerate(target.labels, start=1)},
        layout=ManifestLayout(kind="manifest", file=MANIFEST),
        split=SplitRule(),
        target=Problem(**{**problem, "labels": {}, "where": {}}),
        known_issues=(
            f"Labels were proposed by a network ({transfer.cell.path}) and are not a reference "
            "until a person has corrected every case.",
        ),
        **{field: getattr(card, field) for field in kept},
    )
    return yaml_text(new.model_dump(mode="json", exclude_defaults=True))
