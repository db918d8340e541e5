"""`source new`: from a checkpoint to a card that boards run, in one command."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from support.factories import workspace_at
from typer.testing import CliRunner

from benchmark.cards.card import read_card
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.cli.main import app
from benchmark.errors import BenchmarkError, CardError, WeightsError
from benchmark.files import sha256_of
from benchmark.models import timm_models
from benchmark.models.vision_libraries import timm
from benchmark.models.weight_store import stored_weights
from benchmark.models.weights import save_tensors
from benchmark.records.store import Store
from benchmark.sources import checkpoint_origin
from benchmark.sources.mini_board import MiniBoard
from benchmark.sources.statements import check_new_name, new_card_path, parse_exposure

FACTS = ["--domain", "natural", "--task", "self_supervised", "--licence", "MIT", "--title", "Mine",
         "--citation", "us"]  # fmt: skip
STATISTICS = ["--mean", "0.5", "--std", "0.25"]
TIMM_MEAN = timm.models.get_pretrained_cfg("test_resnet").mean
SAW = ["--saw", "ixi_t1:all", "--saw", "in_house:p1, p2"]


def checkpoint(path: Path, channels: int = 3) -> Path:
    classifier = timm.create_model("test_resnet", pretrained=False, in_chans=channels)
    state = {f"module.backbone.{k}": v for k, v in classifier.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 1}, path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*words: str, origin: str = "a.pth", name: str = "mine") -> None:
    app(["--home", "home", "source", "new", name, "--from", origin, "--out", "cards", *words],
        standalone_mode=False)  # fmt: skip


def drafted(folder: Path, name: str = "mine") -> SourceCard:
    return read_card(folder / "cards/tasks/source" / f"{name}.yaml", SourceCard)


def test_a_drafted_source_is_run_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint(folder / "a.pth")
    new(*FACTS, *STATISTICS, *SAW)
    output, card = capsys.readouterr().out, drafted(folder)
    assert "stripped from names: module.backbone." in output and "full coverage" in output
    assert "opened: state_dict" in output
    assert "in_house is not in the registry" in output and "ixi_t1 is not" not in output
    assert (card.encoder, card.provides, card.input.mean) == (
        "tu-test_resnet",
        "encoder",
        (0.5,) * 3,
    )
    assert card.saw[1].subjects == ("p1", "p2") and card.weights is not None
    assert (
        stored_weights(card, workspace_at(folder / "home"))
        .path(workspace_at(folder / "home"))
        .suffix
        == ".safetensors"
    )
    app(["--home", "home", "--content", "cards", "run", "tiny_v2", "--sources", "mine", "--targets",
         "phantom_fetal_head_64", "--seeds", "0", "--limit-steps", "2", "--no-pictures"],
        standalone_mode=False)  # fmt: skip
    (_, record), = Store(folder / "runs/tiny_v2_trial2").records()  # fmt: skip
    assert record.coverage is not None and record.coverage.parameter_share > 0.99
    assert record.fingerprints.weights == f"sha256:{card.weights.sha256}"


def test_a_grey_stem_is_stated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint(folder / "a.pth", channels=1)
    new(*FACTS, *STATISTICS, "--saw", "unknown")
    output, card = capsys.readouterr().out, drafted(folder)
    assert "1 channel; colour images are averaged" in output
    assert card.input.channels == 1 and card.input.std == (0.25,)
    assert "stays out of every clean ranking" in output
    assert card.saw[0].dataset == card.saw[0].subjects == "unknown"


def test_the_attention_heads_are_stated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    transformer = timm.create_model("test_vit", pretrained=False)
    torch.save(transformer.state_dict(), folder / "a.pth")
    new(*FACTS, *STATISTICS, *SAW, "--encoder", "test_vit")
    heads = transformer.blocks[0].attn.num_heads
    assert f"attention heads: {heads} in a block of tu-test_vit;" in capsys.readouterr().out
    checkpoint(folder / "b.pth")
    new(*FACTS, *STATISTICS, *SAW, origin="b.pth", name="other")
    assert "attention heads" not in capsys.readouterr().out


def test_missing_options_are_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint(folder / "a.pth")
    words = ["--home", "home", "source", "new", "mine", "--from", "a.pth", "--out", "cards"]
    refused = CliRunner().invoke(app, [*words, *FACTS[:4]])
    assert isinstance(refused.exception, CardError)
    assert str(refused.exception).endswith("give --saw, --title, --licence, --citation")
    assert not (folder / "cards").exists()
    monkeypatch.setattr("benchmark.cli.source_new.interactive", lambda: True)
    answers = "ixi_t1:train\nA title\nMIT\nus\n\n0.2,0.2,0.3\n"
    done = CliRunner().invoke(app, [*words, *FACTS[:4]], input=answers)
    assert done.exit_code == 0, done.output
    card = drafted(folder)
    assert card.title == "A title" and (card.input.mean, card.input.std[2]) == (TIMM_MEAN, 0.3)
    assert card.input.std == (0.2, 0.2, 0.3) and card.saw[0].subjects == "train"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--mean", "0.5,0.5"], "need 3 values"),
        (["--part", "nothing"], "unknown part of the checkpoint"),
        (["--encoder", "resnet18"], "have no tensor of resnet18 in its shape; leave --enc"),
        (["--encoder", "resnet_18"], "unknown encoder 'resnet_18'. Did you mean"),
        (["--encoder", "levit_128"], "levit_128 gives no feature pyramid .lane unet. and is no"),
        (["--encoder", "test_resnet.mae"], "unknown tag of timm's test_resnet 'mae'"),
    ],
)
def test_a_wrong_option_is_one_line_and_writes_nothing(
    folder: Path, words: list[str], message: str
) -> None:
    checkpoint(folder / "a.pth")
    with pytest.raises(BenchmarkError, match=message) as caught:
        new(*FACTS, *STATISTICS, *SAW, *words)
    assert "\n" not in str(caught.value) and not (folder / "cards").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--domain", "moon"], "--domain: unknown value 'moon'"),
        (["--task", "classify"], "--task: unknown value 'classify'. Did you mean 'classification'"),
        (["--mean", "half"], "--mean 'half': expected finite numbers"),
        (["--std", "nan"], "--std 'nan': expected finite numbers"),
        (["--provides", "everything"], "--provides: unknown value 'everything'"),
        (["--saw", ":all"], "expected DATASET:SUBJECTS"),
    ],
)
def test_what_is_stated_is_checked_before_the_file_is_read(
    folder: Path, words: list[str], message: str
) -> None:
    (folder / "a.pth").write_bytes(b"no checkpoint")
    with pytest.raises(CardError, match=message):
        new(*FACTS, *STATISTICS, *SAW, *words)


def test_several_mistakes_are_named_in_the_order_in_which_they_matter(folder: Path) -> None:
    words = ["--home", "home", "source", "new", "My-Encoder", "--from", "nope.pth"]
    mistakes = [("'My-Encoder' is not an id", ("My-Encoder", "mine")),
                ("nope.pth: no such file", ("nope.pth", "a.pth")),
                ("not interactive; give --domain", ("", ""))]  # fmt: skip
    for message, (wrong, right) in mistakes:
        with pytest.raises(BenchmarkError, match=message):
            app(words, standalone_mode=False)
        words = [right if word == wrong else word for word in words]
        (folder / "a.pth").touch()


def test_names_are_ids_and_new(tmp_path: Path) -> None:
    registry = Registry.load(content_roots())
    for name in ("../x", "A", "a@b", "", "x\x1b[31m", "<b>"):
        with pytest.raises(CardError, match="is not an id"):
            check_new_name(registry, name)
    with pytest.raises(CardError, match="there is a source task 'scratch'"):
        check_new_name(registry, "scratch")
    path = new_card_path("mine", tmp_path)
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(CardError, match="there is a source task 'mine'"):
        new_card_path("mine", tmp_path)


def test_exposure_is_parsed() -> None:
    assert parse_exposure(["none"]) == ()
    exposure = parse_exposure(["a:all", "b", "c: x , y", "unknown"])
    assert [(saw.dataset, saw.subjects) for saw in exposure] == [
        ("a", "all"), ("b", "unknown"), ("c", ("x", "y")), ("unknown", "unknown")
    ]  # fmt: skip
    with pytest.raises(CardError, match="expected DATASET"):
        parse_exposure(["none", "a:all"])


COMMIT = "c" * 40


@pytest.fixture
def hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Repositories by file name; every revision is one commit."""
    files: dict[str, Path] = {}

    def fetch(repo: str, file: str, revision: str | None, home: Path) -> tuple[Path, str]:
        if file not in files:
            raise WeightsError(f"{repo}, {file}: cannot be fetched (not here)")
        return files[file], COMMIT

    monkeypatch.setattr(checkpoint_origin, "fetch_from_hub", fetch)
    return files


def test_a_repository_of_the_hub_is_pinned_to_its_commit(folder: Path, hub: Any) -> None:
    classifier = timm.create_model("test_resnet", pretrained=False)
    hub["model.safetensors"] = folder / "model.safetensors"
    save_tensors(hub["model.safetensors"], classifier.state_dict(), {})
    new(*FACTS, *STATISTICS, *SAW, origin="hf:owner/name@main")
    weights = drafted(folder).weights
    assert weights is not None and weights.hub is not None
    assert (weights.hub.repo, weights.hub.revision) == ("owner/name", COMMIT)
    assert weights.sha256 == sha256_of(hub["model.safetensors"])  # the very file, not a copy
    for wrong in ("hf:owner/name", "hf:name@main", "hf:@"):
        with pytest.raises(WeightsError, match="expected hf:OWNER/NAME@REVISION"):
            new(*FACTS, *STATISTICS, *SAW, origin=wrong, name="other")
    with pytest.raises(WeightsError, match="weights.bin: cannot be fetched"):
        new(*FACTS, *STATISTICS, *SAW, origin="hf:owner/name@v1:weights.bin", name="other")


def test_a_pickle_of_the_hub_is_kept_as_safetensors(folder: Path, hub: Any) -> None:
    hub["pytorch_model.bin"] = checkpoint(folder / "model.bin")
    new(*FACTS, *STATISTICS, *SAW, origin="hf:owner/name@v1")
    weights = drafted(folder).weights
    assert weights is not None and weights.hub is None and weights.file == "mine.safetensors"


def test_timm_states_statistics_and_licence(
    folder: Path, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = SimpleNamespace(hf_hub_id="timm/test", hf_hub_filename=None, mean=(0.1, 0.2, 0.3),
                            std=(0.3, 0.2, 0.1), license="apache-2.0")  # fmt: skip
    monkeypatch.setattr(checkpoint_origin, "timm_weights", lambda name: facts)
    classifier = timm.create_model("test_resnet", pretrained=False)
    hub["model.safetensors"] = folder / "model.safetensors"
    save_tensors(hub["model.safetensors"], classifier.state_dict(), {})
    words = [word for word in FACTS if word not in ("--licence", "MIT")]
    new(*words, *SAW, origin="timm:test_resnet.r160_in1k")
    card = drafted(folder)
    assert card.encoder == "tu-test_resnet" and card.input.mean == (0.1, 0.2, 0.3)
    assert card.weights is not None and card.weights.licence == "apache-2.0"


def test_an_unknown_timm_model_answers_with_near_ones() -> None:
    with pytest.raises(WeightsError, match="Did you mean .*resnet18"):
        timm_models.timm_weights("resnet_18")


def test_statistics_of_the_architecture_are_stated_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint(folder / "a.pth")
    new(*FACTS, *SAW)
    assert "those of timm for all published weights of test_resnet, not stated by the file" in (
        capsys.readouterr().out
    )
    assert drafted(folder).input.mean == TIMM_MEAN
    checkpoint(folder / "grey.pth", channels=1)
    with pytest.raises(CardError, match="no statistics are known for 1 input channel; give"):
        new(*FACTS, *SAW, origin="grey.pth", name="grey")


def test_progress_is_shown_without_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint(folder / "a.pth")
    new(*FACTS, *SAW, "--encoder", "test_resnet")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["reading the checkpoint ...", "looking up names and shapes ...",
                     "comparing with tu-test_resnet ..."]  # fmt: skip


def test_names_of_transformers_are_converted_when_they_are_loaded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = transformers.ConvNextConfig(hidden_sizes=[24, 32, 48, 64], depths=[1, 2, 4, 2])
    model = transformers.ConvNextForImageClassification(config)
    torch.save(model.state_dict(), folder / "a.pth")
    new(*FACTS, *STATISTICS, *SAW)
    card = drafted(folder)
    assert "converted by hf_convnext; full coverage" in capsys.readouterr().out
    assert card.weights is not None
    assert (card.encoder, card.weights.convert) == ("tu-test_convnext", "hf_convnext")
    assert (card.weights.key_prefix, card.weights.rename) == ("convnext.", ())
    coverage = MiniBoard(workspace_at(folder / "home"), card).coverage()
    assert coverage.complete and coverage.parameter_share == 1
    modules = {name.rpartition(".")[0] for name in coverage.unused}
    assert modules == {"classifier", "model.layernorm"}
