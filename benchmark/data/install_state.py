"""Which downloads a data set's folder holds already, as a file in it."""

from pathlib import Path

from pydantic import ValidationError

from benchmark.cards.card import Model
from benchmark.cards.dataset import DatasetCard, Download
from benchmark.errors import DataError
from benchmark.files import write_text

STATE = "segtransfer.json"


class InstalledDownload(Model):
    """What one download has put into the folder, as the card described it then."""

    bytes: int | None
    md5: str | None
    sha256: str | None
    into: str
    nested: str | None


class InstallState(Model):
    """What a folder holds, by the name of the file that it came in."""

    dataset: str
    placed: dict[str, InstalledDownload]

    def is_installed(self, download: Download, root: Path) -> bool:
        """Whether a download is in the folder already.

        Raises:
            DataError: It is, but the card describes it differently now.
        """
        installed = self.placed.get(download.file)
        for fact, then in installed or ():
            now = getattr(download, fact)
            if None not in (then, now) and then != now:
                raise DataError(
                    f"{root}: {download.file} was downloaded when the card had {fact} {then!r}, "
                    f"it now has {now!r}; remove that folder, or choose another with --to, to "
                    "download it again"
                )
        return installed is not None

    def add(self, download: Download, size: int | None, root: Path) -> None:
        """Record that a download of so many bytes (None if unknown) is in the folder."""
        facts = download.model_dump(include={"md5", "sha256", "into", "nested"})
        self.placed[download.file] = InstalledDownload(bytes=download.bytes or size, **facts)
        write_text(root / STATE, self.model_dump_json(indent=1) + "\n")


def read_state(card: DatasetCard, root: Path) -> InstallState:
    """What a folder holds of a data set; nothing if it has no state file.

    Raises:
        DataError: The file is damaged, or the folder is another data set's.
    """
    path = root / STATE
    try:
        state = InstallState.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return InstallState(dataset=card.id, placed={})
    except ValidationError:
        raise DataError(f"{path}: damaged; remove {root} and type the same command again") from None
    if state.dataset != card.id:
        raise DataError(f"{root}: holds {state.dataset}; choose another folder with --to")
    return state
