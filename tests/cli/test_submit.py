"""The commands from a checkpoint to a row, with a network that is really trained."""

import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import save_file
from support.packs import CARD, SEED0, Machine, edit_record, make_pack

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cli.main import app
from benchmark.errors import SubmissionError
from benchmark.files import sha256_of
from benchmark.models.networks import build_network
from benchmark.records.trust import read_trust


def small_board(folder: Path) -> None:
    """A content folder whose board is the demo's with few steps and one target."""
    card = Registry.load(content_roots()).board("tiny_v2")
    protocol = card.protocol.model_copy(update={"steps": 4, "evaluations": 1})
    small = {"id": "small_v1", "protocol": protocol, "targets": card.targets[:1]}
    path = folder / "leaderboards/small_v1/board.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(card.model_copy(update=small).model_dump_json())


def checkpoint(folder: Path) -> Path:
    """A card and the weights it names; the path of the card."""
    protocol = Registry.load(content_roots()).board("tiny_v2").protocol
    network = build_network(
        "tu-test_resnet", channels=1, classes=2, input_size=protocol.input_size,
        decoder=protocol.decoders["unet"],
        normalisation_mean=(0.5,), normalisation_std=(0.25,),
    )  # fmt: skip
    weights = folder / "own_encoder.safetensors"
    save_file(network.encoder.state_dict(), weights)
    card = folder / "cards/tasks/source/own_encoder.yaml"
    card.parent.mkdir(parents=True)
    sha256 = sha256_of(weights)
    card.write_text(
        CARD.format(name="own_encoder", title="An encoder", encoder="tu-test_resnet", sha256=sha256)
    )
    return card


def test_from_a_checkpoint_to_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    card = checkpoint(tmp_path)
    small_board(tmp_path / "content")

    def type_(*words: object, content: str = "content") -> str:
        start = ["--home", str(tmp_path / "home"), "--content", content]
        app([*start, *map(str, words)], standalone_mode=False)
        return capsys.readouterr().out

    type_("source", "import", "own_encoder", "--from", "own_encoder.safetensors", content="cards")
    words = ("run", "small_v1", "--seeds", "0", "--source", card, "--save-predictions",
             "--no-pictures")  # fmt: skip
    type_(*words, "--dry-run")
    assert not (tmp_path / "runs").exists()
    assert "own_encoder" in type_(*words)
    assert "already done: 2 cells" in type_(*words)
    said = type_("submit", "pack", "runs/small_v1", "--source", card, "--with-predictions")
    assert "missing, and listed as such: 1 cell of the board" in said
    path, board = "small_v1_own_encoder.zip", tmp_path / "content/leaderboards/small_v1"
    with monkeypatch.context() as narrow:
        narrow.setenv("COLUMNS", "80")
        said = type_("submit", "verify", path, "--html", "v.html", "--markdown", "v.md")
    assert "phantom_fetal_head_64" in said
    assert "may be merged" in said and "1 re-scored" in said
    assert "may be merged" in Path("v.md").read_text()

    said = type_("run", "small_v1", "--rerun-of", path, "--cells", 1, "--no-pictures")
    assert "identical" in said and "1 of 1 cell confirmed" in said
    said = type_("submit", "merge", path, "--rerun", "runs/small_v1_rerun_own_encoder")
    assert "merged 1 record;" in said
    assert [one.level for one in read_trust(board).values()] == ["re-run"]
    assert (tmp_path / "content/tasks/source/own_encoder.yaml").is_file()
    assert "own_encoder" in (board / "README.md").read_text()


def test_verify_imports_no_torch_and_says_why_it_refuses(
    machine: Machine, shared_home: Path, tmp_path: Path
) -> None:
    folder = make_pack(machine, tmp_path / "p")
    edit_record(folder, SEED0, {"started": "x"})
    code = (
        "import sys; sys.argv = ['segtransfer', *sys.argv[1:]]\n"
        "from benchmark.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 1\n"
        "heavy = {'torch', 'monai', 'timm'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    words = ["--home", str(shared_home), "submit", "verify", str(folder)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "REFUSED" in done.stdout and "was edited" in " ".join(done.stdout.split())


def test_what_is_refused_is_neither_run_again_nor_merged(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p").mkdir()
    for words in (["run", "tiny_v2", "--rerun-of", "p"], ["submit", "merge", "p"]):
        with pytest.raises(SubmissionError, match="was refused"):
            app(["--home", str(tmp_path / "home"), *words], standalone_mode=False)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home", "p"]
