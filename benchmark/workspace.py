"""The workspace: all cards, and every place where local data, weights and caches are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cards.card_cache import ParsedCards
from benchmark.cards.content import content_roots, default_home
from benchmark.cards.registry import Registry
from benchmark.errors import CardError


def load_registry(content: Path | Sequence[Path] | None = None) -> Registry:
    """All shipped cards, and those of private folders.

    Raises:
        CardError: A card is malformed, a private folder holds none, or an id has two cards.
    """
    return Registry.load(content_roots(content))


@dataclass(frozen=True)
class Workspace:
    """The cards that are known, and the folder below which everything local is kept.

    Attributes:
        registry: All cards.
        home: Folder of local data, weights and caches.
    """

    registry: Registry
    home: Path

    @classmethod
    def load(
        cls, home: Path | None = None, content: Path | Sequence[Path] | None = None
    ) -> "Workspace":
        """Read the shipped cards and those of private folders.

        Args:
            home: Folder of local data; None stands for SEGTRANSFER_HOME or the user's cache.
            content: Private folder, or several, with `datasets/`, `tasks/` or `leaderboards/`.

        Raises:
            CardError: A card is malformed, a private folder holds none, or an id has two cards.
        """
        home = home or default_home()
        parsed = ParsedCards(home / "cards.json")
        return cls(Registry.load(content_roots(content), parsed), home)

    def leaderboard_folder(self, name: str | Path) -> Path:
        """The leaderboard folder of that path, below `runs/`, or of the board of that id.

        Raises:
            CardError: There is none of that name.
        """
        for folder in (Path(name), Path("runs") / name):
            if (folder / "board.yaml").is_file():
                return folder
            if folder.is_dir() and str(name) not in self.registry.boards:
                raise CardError(
                    f"{folder}: has no board.yaml; type the folder of a run, or a board of "
                    "`segtransfer list`"
                )
        return self.registry.folders[self.registry.board(str(name)).id]

    @property
    def caches(self) -> tuple[Path, ...]:
        """Folders of what the suite made itself, and could make again."""
        return tuple(self.home / name for name in ("prepared", "pretrained", "sequences", "tables"))

    @property
    def downloads(self) -> Path:
        """Folder of downloads that are under way."""
        return self.home / "downloads"

    @property
    def hub_cache(self) -> Path:
        """Cache of files from the Hugging Face Hub."""
        return self.home / "hub"

    @property
    def table_cache(self) -> Path:
        """Cache of what was read from records, and of their statistics."""
        return self.home / "tables"

    @property
    def prepared(self) -> Path:
        """Folder of prepared arrays."""
        return self.home / "prepared"

    def dataset_folder(self, dataset: str) -> Path:
        """Where `data get` places a data set."""
        return self.home / "datasets" / dataset

    def local_copy_file(self, dataset: str) -> Path:
        """What is known of the registered local copy of a data set."""
        return self.home / "data" / f"{dataset}.json"

    def licence_file(self, dataset: str) -> Path:
        """Which licence of a data set was accepted, and when."""
        return self.home / "licences" / f"{dataset}.json"

    def pretrained_folder(self, source: str, fingerprint: str) -> Path:
        """Weights of an in-suite source; `fingerprint` is `sha256:<hex>` of all conditions."""
        return self.home / "pretrained" / f"{source}-{fingerprint[7:23]}"

    def weights_file(self, sha256: str, name: str) -> Path:
        """A checkpoint by the SHA-256 of its content."""
        return self.home / "weights" / sha256 / name

    def weights_record(self, source: str) -> Path:
        """Which checkpoint a source task has on this machine."""
        return self.home / "weights" / f"{source}.json"

    def sequence_checkpoint(self, key: str) -> Path:
        """Where a stopped sequence goes on; `key` is `sha256:<hex>` of all conditions."""
        return self.home / "sequences" / f"{key.removeprefix('sha256:')}.pt"
