"""Contact sheets: which cases, what each tile says, and where the outlines are drawn."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from benchmark.cards.content import content_roots
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.problem import Intensity
from benchmark.cards.registry import Registry
from benchmark.data.cases import Case, MaskFile
from benchmark.data.layouts.registry import load_case
from benchmark.data.local_copies import register
from benchmark.errors import DataError, RecordError
from benchmark.views.figures import preview as preview_module
from benchmark.views.figures.contact_sheet import Tile, contact_sheet, label_styles
from benchmark.views.figures.frame import LABEL_COLOURS
from benchmark.views.figures.preview import evenly, grey_window, make_tile, preview
from benchmark.workspace import Workspace

WINDOW = Intensity(kind="range", low=0, high=100)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(content_roots())


@pytest.fixture
def card(registry: Registry) -> DatasetCard:
    facts = {"id": "mine", "title": "Mine $x$", "labels": {"head": 1, "cord": 2, "rib": 7},
             "ignore_value": 9, "synthetic": False, "licence": "CC0"}  # fmt: skip
    return registry.dataset("phantom_fetal_head").model_copy(update=facts)


def volume_case(card: DatasetCard, folder: Path, mask: npt.NDArray[Any]) -> Case:
    """A volume (20, 10, 6) that grows along z, with voxels of 1 x 2 x 5 mm."""
    image = np.broadcast_to(np.arange(6) * 20.0, (20, 10, 6)).astype(np.float32)
    for name, values in (("image", image), ("mask", mask.astype(np.uint8))):
        nib.save(nib.Nifti1Image(values, np.diag([1, 2, 5, 1.0])), folder / f"{name}.nii")
    return Case(case="c1", subject="s", image=folder / "image.nii",
                masks=(MaskFile(folder / "mask.nii"),))  # fmt: skip


@pytest.fixture
def volumes(card: DatasetCard) -> DatasetCard:
    layout = {"kind": "paired_nifti", "images": "x"}
    return DatasetCard.model_validate(card.model_dump() | {"layout": layout})


def test_cases_are_chosen_evenly_from_first_to_last() -> None:
    names = [f"{k:02d}" for k in range(20)]
    assert evenly(names, 3) == ["00", "10", "19"]
    assert evenly(names, 20) == evenly(names, 99) == names and evenly(names, 1) == ["00"]


def test_a_volume_shows_its_slice_with_the_most_mask(volumes: DatasetCard, tmp_path: Path) -> None:
    mask = np.zeros((20, 10, 6))
    mask[3, 3, 1] = mask[2:8, 1:3, 4] = 1
    tile = make_tile(volumes, volume_case(volumes, tmp_path, mask), WINDOW)
    assert tile.title == (
        "c1", "20 x 10 x 6 voxels", "1 x 2 x 5 mm", "axial 5 of 6, left on left",
    )  # fmt: skip
    assert tile.image.shape == (10, 20) and tile.aspect == 2 and (tile.image == 0.8).all()
    assert (tile.labels == np.rot90(mask[..., 4])).all()


def test_a_volume_without_mask_shows_its_middle(volumes: DatasetCard, tmp_path: Path) -> None:
    case = volume_case(volumes, tmp_path, np.zeros((20, 10, 6)))
    tile = make_tile(volumes, case, WINDOW)
    assert tile.title[-1] == "axial 4 of 6, left on left" and not tile.labels.any()


def test_a_picture_says_when_its_spacing_is_unknown(registry: Registry, tmp_path: Path) -> None:
    layout = {"kind": "paired_images", "images": "x"}
    card = DatasetCard.model_validate(
        registry.dataset("phantom_fetal_head").model_dump() | {"layout": layout}
    )
    Image.fromarray(np.full((30, 40), 50, np.uint8)).save(tmp_path / "a.png")
    case = Case(case="a", subject="s", image=tmp_path / "a.png", facts={"class": "fetus"})
    tile = make_tile(card, case, WINDOW)
    assert tile.title == ("a", "40 x 30 px", "spacing unknown", "class fetus")
    assert tile.aspect == 1 and (tile.image == 0.5).all()


def test_the_grey_window_is_the_target_tasks(registry: Registry) -> None:
    target = registry.target("phantom_abdomen_ct")
    assert grey_window(registry, target.dataset) == target.intensity
    alone = grey_window(registry, "mine")
    assert (alone.kind, alone.low, alone.high) == ("percentile", 1, 99)


def pixels(figure: Figure) -> npt.NDArray[np.int64]:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(np.int64)


def colours_near(
    figure: Figure, drawn: npt.NDArray[np.int64], axes: int, point: tuple[float, float]
) -> set[str]:
    """Which label colours are within two pixels of a point, given in a tile's pixels."""
    at = figure.axes[axes].transData.transform(point)
    column, row = int(at[0]), int(drawn.shape[0] - at[1])
    around = drawn[row - 2 : row + 3, column - 2 : column + 3]
    return {
        colour
        for colour in LABEL_COLOURS
        if (np.abs(around - np.round(255 * np.array(to_rgb(colour)))).max(-1) < 20).any()
    }


def make_sheet(card: DatasetCard, labels: npt.NDArray[np.uint8], tiles: int = 1) -> Figure:
    picture = np.full(labels.shape, 0.4, np.float32)
    title = ("$a_1$", "20 x 30 px", "0.1 x 0.2 mm")
    return contact_sheet(card, "val", [Tile(picture, labels, 1.5, title)] * tiles, 40)


def test_outlines_lie_on_the_borders_in_their_labels_colours(card: DatasetCard) -> None:
    labels = np.zeros((30, 20), np.uint8)
    labels[5:15, 4:12], labels[20:28, 10:20] = 1, 7
    figure = make_sheet(card, labels, tiles=6)
    drawn, styles = pixels(figure), label_styles(card)
    head, rib = styles[1][0], styles[7][0]
    assert head != rib
    for axes in (0, 5):
        for point in ((3.5, 10), (11.5, 10), (8, 4.5), (8, 14.5)):
            assert colours_near(figure, drawn, axes, point) == {head}
        for point in ((9.5, 24), (19.5, 24), (15, 19.5), (15, 27.5)):
            assert colours_near(figure, drawn, axes, point) == {rib}
        for point in ((8, 10), (15, 10), (15, 24)):
            assert colours_near(figure, drawn, axes, point) == set()


@pytest.mark.parametrize("rows, columns", [(30, 20), (20, 40), (20, 800)])
def test_the_physical_aspect_is_kept(card: DatasetCard, rows: int, columns: int) -> None:
    figure = make_sheet(card, np.zeros((rows, columns), np.uint8))
    pixels(figure)
    box = figure.axes[0].get_window_extent()
    assert box.height / box.width == pytest.approx(1.5 * rows / columns, rel=0.01)


def texts(figure: Figure) -> str:
    legend = [text.get_text() for found in figure.legends for text in found.get_texts()]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    return "\n".join([*(text.get_text() for text in figure.texts), *legend, *titles])


def test_what_a_sheet_says(card: DatasetCard) -> None:
    labels = np.zeros((30, 20), np.uint8)
    labels[:10], labels[20:] = 7, 9
    said = texts(make_sheet(card, labels)).splitlines()
    assert said == [
        "mine, val: 1 of 40 cases",
        "not on this sheet: head, cord",
        "Mine $x$; licence CC0",
        "rib",
        "ignored",
        "$a_1$",
        "20 x 30 px",
        "0.1 x 0.2 mm",
    ]
    synthetic = card.model_copy(update={"synthetic": True, "labels": {}})
    said = texts(make_sheet(synthetic, np.zeros((30, 20), np.uint8))).splitlines()
    assert said[1:3] == ["no masks", "Mine $x$; licence CC0; synthetic"]


def test_many_labels_stay_apart_and_inside_the_figure(card: DatasetCard) -> None:
    many = card.model_copy(update={"labels": {f"left_upper_lobe_of_{k}": k for k in range(1, 61)},
                                   "ignore_value": None})  # fmt: skip
    labels = np.repeat(np.arange(50, dtype=np.uint8)[:, None], 20, axis=1)
    figure = make_sheet(many, labels)
    drawn = pixels(figure)
    assert len({style for value, style in label_styles(many).items() if value <= 28}) == 28
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 28
    box, said = legend.get_window_extent(), texts(figure)
    assert 0 <= box.x0 and box.x1 <= drawn.shape[1] and box.y1 <= figure.axes[0].bbox.y0
    note = figure.texts[1].get_window_extent()
    assert note.y1 <= box.y0 and note.x1 <= drawn.shape[1] and note.y0 >= 0
    assert "left_upper_lobe_of_49" in said and "not on this sheet: left_upper_lobe_of_50" in said


def test_sheets_of_a_phantom_set_read_only_their_cases(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def load(card: DatasetCard, case: Case) -> Any:
        read.append(case.case)
        return load_case(card, case)

    monkeypatch.setattr(preview_module, "load_case", load)
    events: list[tuple[str, int, int]] = []
    out = tmp_path / "new/out"
    paths = preview(
        Workspace(registry, tmp_path), "phantom_lung_ribs", out, 2, lambda *e: events.append(e)
    )
    assert [path.name for path in paths] == [
        f"phantom_lung_ribs_{subset}.png" for subset in ("train", "val", "test")
    ]
    assert len(read) == 6 and [event[1:] for event in events] == [(k, 6) for k in range(1, 7)]
    for path in paths:
        with Image.open(path) as picture:
            assert picture.format == "PNG" and min(picture.size) > 200


def test_a_registered_copy_of_volumes(tmp_path: Path) -> None:
    folder = tmp_path / "content/datasets/mine"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text(
        "id: mine\nversion: 1\ntitle: Mine\ndomain: ct\nlicence: none\naccess: open\n"
        "citation: none\nhomepage: none\ngroup_by: subject\nlabels: {liver: 1}\n"
        "layout: {kind: paired_nifti, images: '(?P<case>(?P<subject>\\d))/image\\.nii', "
        "masks: ['{case}/mask.nii']}\n"
    )
    (folder / "splits.csv").write_text("case,subject,subset\n0,0,pretrain\n1,1,test\n")
    rng = np.random.default_rng(0)
    for name in "01":
        (tmp_path / name).mkdir()
        image = rng.normal(size=(16, 16, 4)).astype(np.float32)
        for kind, values in (("image", image), ("mask", (image > 2).astype(np.uint8))):
            nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / name / f"{kind}.nii")
    registry = Registry.load((tmp_path / "content",))
    with pytest.raises(DataError, match="segtransfer data get mine"):
        preview(Workspace(registry, tmp_path), "mine", tmp_path)
    register(Workspace(registry, tmp_path), "mine", tmp_path)
    paths = preview(Workspace(registry, tmp_path), "mine", tmp_path)
    assert [path.name for path in paths] == ["mine_test.png", "mine_pretrain.png"]
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be written"):
        preview(Workspace(registry, tmp_path), "mine", tmp_path / "file")
