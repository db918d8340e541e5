"""Licences of data sets that the user has accepted."""

from datetime import UTC, datetime

from pydantic import ValidationError

from benchmark.cards.card import Model
from benchmark.cards.dataset import DatasetCard
from benchmark.files import write_text
from benchmark.workspace import Workspace


class Acceptance(Model):
    """That the user accepted a licence: its text, the card's version, and when (UTC)."""

    dataset: str
    version: int
    licence: str
    accepted: str


def acceptance(card: DatasetCard, workspace: Workspace) -> Acceptance | None:
    """What was accepted for this data set; None if the card's licence has another text now."""
    try:
        known = Acceptance.model_validate_json(workspace.licence_file(card.id).read_bytes())
    except (OSError, ValidationError):
        return None
    return known if known.licence == card.licence else None


def accept(card: DatasetCard, workspace: Workspace) -> None:
    """Record that the user accepted the licence of a data set."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known = Acceptance(dataset=card.id, version=card.version, licence=card.licence, accepted=now)
    write_text(workspace.licence_file(card.id), known.model_dump_json(indent=1) + "\n")
