"""Proposed labels as a data set of their own, for a person to correct and then to import.

Label maps lie in `labels/`; here are written what their numbers mean, how sure the network was, a
manifest that pairs them with their images, and a card.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from benchmark.cards.dataset import DatasetCard, ManifestLayout, SplitRule
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
    """What was proposed for a case.

    Attributes:
        case: Whose label map it is.
        mean_probability: Of the proposed label, mean over the pixels that have one; None where
            nothing was found.
        area_cm2: Per label the mean area on the slices where it was found, 0 where nowhere; None
            where the pixel spacing is unknown.
        spacing_mm: Of a picture's pixels; None where unknown, and for volumes, which know it.
    """

    case: Case
    mean_probability: float | None
    area_cm2: dict[str, float | None]
    spacing_mm: float | None


def refuse_corrected(out: Path) -> None:
    """Refuse a folder that holds proposals: a person may have corrected them.

    Raises:
        DataError: It holds a manifest.
    """
    if (out / MANIFEST).exists():
        raise DataError(f"{out}: holds label maps that may be corrected; choose another --out")


def write_data_set(
    out: Path, name: str, card: DatasetCard, transfer: Transfer, proposals: Sequence[Proposal]
) -> None:
    """Write all but the label maps; the manifest last, whose presence says that all is there.

    Args:
        out: Folder of the new data set.
        name: Its id.
        card: Of the data set whose problem it is.
        transfer: The cell whose network proposed the labels.
        proposals: The least sure first.

    Raises:
        RecordError: The disk refused.
    """
    labels = tuple(transfer.target.labels)
    write_label_names(out / "labels", labels)
    write_text(out / CERTAINTY, _certainty(proposals, labels))
    write_text(out / "datasets" / name / "dataset.yaml", _card(card, transfer, name))
    write_text(out / MANIFEST, _manifest(proposals, out))


def _certainty(proposals: Sequence[Proposal], labels: Sequence[str]) -> str:
    heads = ["case", "subject", "mean_probability", *(f"{label}_area_cm2" for label in labels)]
    rows = [
        [one.case.case, one.case.subject, _number(one.mean_probability, 6),
         *(_number(one.area_cm2[label], 3) for label in labels)]
        for one in proposals
    ]  # fmt: skip
    return csv_text([heads, *rows])


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _manifest(proposals: Sequence[Proposal], out: Path) -> str:
    own = ("case", "subject", "image", "mask", "path", "folder", "list", "spacing_mm")
    facts = sorted({fact for one in proposals for fact in one.case.facts} - set(own))
    rows = []
    for one in sorted(proposals, key=lambda one: one.case.case):
        assert one.case.image is not None
        image = (one.case.image.parent if one.case.series else one.case.image).resolve()
        if image.is_relative_to(out.resolve()):
            image = image.relative_to(out.resolve())
        rows.append([
            one.case.case, one.case.subject, str(image), f"labels/{label_file(one.case)}",
            "" if one.spacing_mm is None else repr(one.spacing_mm),
            *(one.case.facts.get(fact, "") for fact in facts),
        ])  # fmt: skip
    return csv_text([["case", "subject", "image", "mask", "spacing_mm", *facts], *rows])


def _card(card: DatasetCard, transfer: Transfer, name: str) -> str:
    """The card of the proposals: the problem that the network was fine-tuned for."""
    target = transfer.target
    asked = {fact: getattr(target, fact) for fact in Problem.model_fields}
    new = DatasetCard(
        id=name,
        version=1,
        title=f"{card.title}: pre-labelled for {target.id}",
        domain=card.domain,
        synthetic=card.synthetic,
        licence=card.licence,
        access=card.access,
        citation=card.citation,
        homepage=card.homepage,
        group_by="subject",
        labels={label: number for number, label in enumerate(target.labels, start=1)},
        channels=card.channels,
        families=card.families,
        layout=ManifestLayout(kind="manifest", file=MANIFEST),
        split=SplitRule(),
        target=Problem(**{**asked, "labels": {}, "where": {}}),
        known_issues=(
            f"Labels were proposed by a network ({transfer.cell.path}) and are no reference until "
            "a person has corrected every case.",
        ),
    )
    text = StringIO()
    YAML().dump(new.model_dump(mode="json", exclude_defaults=True), text)
    return text.getvalue()
