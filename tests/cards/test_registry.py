"""Cards are strict, and each kind of malformed card gives its own one-line message."""

import re
import shutil
from pathlib import Path

import pytest
from support.factories import shipped_registry

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint, read_card
from benchmark.cards.content import content_roots, shipped_content
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.registry import Registry, read_split
from benchmark.cards.source import SourceCard
from benchmark.errors import CardError

EXAMPLES = Path(__file__).parents[2] / "examples/private_cards"
SOURCE = """id: mine
version: 1
title: Mine
domain: natural
task: classification
provides: encoder
encoder: resnet18
input: {channels: 1, mean: [0.5], std: [0.25]}
weights: {file: a.pth, sha256: %s, licence: MIT}
""" % ("a" * 64)


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_card_is_read(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, SOURCE), SourceCard)
    assert card.encoder == "resnet18" and card.weights is not None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("licence: MIT", "licens: MIT", "unknown key 'licens'. Did you mean 'licence'"),
        ("encoder: resnet18", "encodr: resnet18", "unknown key 'encodr'. Did you mean 'encoder'"),
        ("title: Mine\n", "", "key 'title' is missing"),
        ("version: 1", "version: one", "key 'version' is 'one'"),
        ("domain: natural", "domain: nature", "key 'domain' is 'nature'"),
        ("id: mine", "id: yours", "id is 'yours', but the path names it 'mine'"),
        ("std: [0.25]", "std: [0.0]", "std must be above 0"),
        ("mean: [0.5]", "mean: [123.7]", "divide those of 0 to 255 by 255"),
        ("std: [0.25]", "std: [255]", "divide those of 0 to 255 by 255"),  # with a mean of 0
        ("mean: [0.5]", "mean: [-1]", "of inputs in [0, 1]"),
        ("mean: [0.5]", "mean: [0.5, 0.5]", "need 1 values each"),
        ("title: Mine", "title: [Mine", "not valid YAML"),
        ("version: 1", "version: 1\nversion: 2", "duplicate key"),
        ("title: Mine", "title: &a Mine\ncitation: *a", "aliases"),
        ("title: Mine", "title: !!python/object/apply:os.system [ls]", "mine.yaml"),
    ],
)
def test_a_malformed_card_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SOURCE
    path = write(tmp_path, SOURCE.replace(old, new))
    with pytest.raises(CardError) as error:
        read_card(path, SourceCard)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_a_key_is_named_as_it_is_written(tmp_path: Path) -> None:
    text = (shipped_content() / "datasets/hc18_fetal_head/dataset.yaml").read_text(encoding="utf-8")
    place = tmp_path / "hc18_fetal_head"
    place.mkdir()
    for old, new, key in (
        ("  images: ", "  images: 5 # ", "'layout.images' is 5"),
        ("    key: file\n", "", "'layout.table.key' is missing"),
    ):
        assert text.count(old) == 1
        path = place / "dataset.yaml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(CardError, match=re.escape(f"key {key}")):
            read_card(path, DatasetCard)


def test_small_exponents_are_numbers(tmp_path: Path) -> None:
    text = SOURCE.replace("std: [0.25]", "std: [1e-4]")
    assert read_card(write(tmp_path, text), SourceCard).input.std == (1e-4,)


def test_every_shipped_and_private_card_loads() -> None:
    registry = Registry.load(content_roots(EXAMPLES))
    assert {"tiny_v2", "quickstart_v2", "standard_v1", "real_v1"} <= set(registry.boards)
    for name, card in registry.datasets.items():
        if card.split:
            continue
        rows = registry.split(name)
        owners: dict[str, set[str]] = {}
        for row in rows:
            owners.setdefault(row.subject, set()).add(row.subset)
        assert all(len(subsets) == 1 for subsets in owners.values()), name


def test_no_python_in_content() -> None:
    root = shipped_content()
    for kind in ("datasets", "tasks", "leaderboards"):
        assert not list((root / kind).rglob("*.py"))


def test_unknown_names_answer_with_near_matches() -> None:
    registry = Registry.load(content_roots())
    with pytest.raises(CardError, match="Did you mean 'scratch'"):
        registry.source("scrach")
    with pytest.raises(CardError, match="demo_v3"):
        registry.board("demo")


def own_folders(root: Path, *titles: str) -> list[Path]:
    """Content folders, each with a source `mine` of that title."""
    folders = [root / str(number) for number in range(len(titles))]
    for folder, title in zip(folders, titles, strict=True):
        (folder / "tasks/source").mkdir(parents=True)
        write(folder / "tasks/source", SOURCE.replace("title: Mine", f"title: {title}"))
    return folders


def test_several_content_folders_are_merged(tmp_path: Path) -> None:
    folders = [EXAMPLES, *own_folders(tmp_path, "Mine", "Mine")]
    registry = Registry.load(content_roots(folders))
    assert registry.source("mine").title == "Mine"
    assert {"real_v1", "tiny_v2"} <= set(registry.boards)


def test_two_cards_of_one_id_are_refused(tmp_path: Path) -> None:
    folders = own_folders(tmp_path, "Mine", "Yours")
    with pytest.raises(CardError) as error:
        Registry.load(content_roots(folders))
    assert all(str(folder / "tasks/source/mine.yaml") in str(error.value) for folder in folders)


def test_a_data_set_with_another_split_is_another_card(tmp_path: Path) -> None:
    shipped = next(shipped_content().glob("datasets/*/splits.csv")).parent
    copy = Path(shutil.copytree(shipped, tmp_path / "datasets" / shipped.name))
    Registry.load(content_roots(tmp_path))
    (copy / "splits.csv").write_text("case,subject,subset\na,s,train\n")
    with pytest.raises(CardError, match="is another card of the id"):
        Registry.load(content_roots(tmp_path))


def test_a_board_is_synthetic_by_its_targets() -> None:
    registry = Registry.load(content_roots())
    assert registry.is_synthetic(registry.board("tiny_v2"))
    assert not registry.is_synthetic(registry.board("wang2023_fetal_head"))


def test_a_content_folder_without_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="datasets, tasks, leaderboards"):
        content_roots(tmp_path)


def test_somebody_elses_datasets_folder_is_never_taken(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "benchmark"
    package.mkdir(parents=True)
    (tmp_path / "site-packages" / "datasets").mkdir()
    with pytest.raises(CardError, match="no content folders"):
        shipped_content(package)
    (package / "_content").mkdir()
    assert shipped_content(package) == package / "_content"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case,subset\na,train\n", "columns are"),
        ("case,subject,subset\na,s,train\na,s,train\n", "listed twice"),
        ("case,subject,subset\na,s,tran\n", "Did you mean 'train'"),
        ("case,subject,subset\n", "has no rows"),
    ],
)
def test_a_malformed_split_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "splits.csv"
    path.write_text(text)
    with pytest.raises(CardError, match=message):
        read_split(path)


def test_the_fingerprint_changes_with_every_value_and_not_with_order() -> None:
    board = Registry.load(content_roots()).board("tiny_v2")
    assert board.protocol.steps is not None
    changed = board.protocol.model_copy(update={"steps": board.protocol.steps + 1})
    assert fingerprint(board.protocol) != fingerprint(changed)
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert BoardCard.model_validate(board.model_dump()) == board


def test_a_layout_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    text = (shipped_content() / "datasets/phantom_lung_ribs/dataset.yaml").read_text()
    path = folder / "dataset.yaml"
    path.write_text(text.replace("id: phantom_lung_ribs", "id: mine").replace("seed:", "sead:"))
    with pytest.raises(CardError, match="seed"):
        read_card(path, DatasetCard)


def test_a_source_on_another_network() -> None:
    cards = Registry.load(content_roots())
    assert cards.source("scratch@resnet18").encoder == "resnet18"
    assert cards.source("scratch@resnet18").input.channels == 3
    vnet = cards.source("phantom_ct_device_a@monai-vnet")
    assert (vnet.id, vnet.input.channels) == ("phantom_ct_device_a@monai-vnet", 1)
    with pytest.raises(CardError, match="has weights for 'resnet18' only"):
        cards.source("imagenet_resnet18_torchvision@resnet34")
    with pytest.raises(CardError, match="Did you mean 'scratch'"):
        cards.source("scrath@resnet18")


@pytest.mark.parametrize("name", ["nan", "NULL", "None", "-1", "=cmd", "+web", "@x", ".hidden"])
def test_ids_that_programs_read_otherwise_are_refused(name: str, tmp_path: Path) -> None:
    """To `pandas.read_csv` a source `nan` is none, to the command line `-1` is an option."""
    path = tmp_path / f"{name}.yaml"
    path.write_text(SOURCE.replace("id: mine", f"id: {name!r}"))
    with pytest.raises(CardError, match=r"would be read as an option, a formula or a missing"):
        read_card(path, SourceCard)


def test_ids_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tasks/source"
    folder.mkdir(parents=True)
    for name in ("mine", "Mine"):
        (folder / f"{name}.yaml").write_text(SOURCE.replace("id: mine", f"id: {name}"))
    with pytest.raises(CardError, match="the ids 'Mine' and 'mine' differ in case only"):
        Registry.load((tmp_path,))


def test_sources_of_a_board_have_those_on_other_networks() -> None:
    registry = shipped_registry()
    board = registry.board("real_v2")
    found = registry.sources_of(board)
    assert set(board.sources) < found.keys() and registry.sources.keys() < found.keys()
    assert found["scratch@tu-mobilenetv2_100"].encoder == "tu-mobilenetv2_100"
