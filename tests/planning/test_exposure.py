"""What a source saw, against data sets, families and subjects: a table by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.source import Exposure
from benchmark.planning.exposure import contamination, declared_exposure, unchecked
from benchmark.planning.source_weights import source_exposure
from benchmark.planning.transfers import GridSelection, plan
from benchmark.workspace import Workspace

ROWS = tuple(
    SplitRow(f"c{k}", f"s{k}", subset)  # type: ignore[arg-type]
    for k, subset in enumerate(("train", "train", "val", "test", "pretrain"))
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(content_roots())


@pytest.mark.parametrize(
    ("saw", "expected"),
    [
        (Exposure(dataset="ixi_t1", subjects="all"), ()),
        (Exposure(dataset="never_registered", subjects="unknown"), ()),
        (Exposure(dataset="neurite_oasis", subjects="pretrain"), ()),
        (Exposure(dataset="neurite_oasis", subjects="all"), ("saw neurite_oasis, all subjects",)),
        (
            Exposure(dataset="neurite_oasis", subjects="train"),
            ("saw neurite_oasis, its training subjects",),
        ),
        (
            Exposure(dataset="neurite_oasis", subjects="unknown"),
            ("saw neurite_oasis, whom is unknown",),
        ),
        (
            Exposure(dataset="oasis1_t1", subjects="train"),
            ("saw oasis1_t1, of the same family (oasis)",),
        ),
        (Exposure(dataset="oasis", subjects="all"), ("saw oasis, of the same family (oasis)",)),
        (
            Exposure(dataset="neurite_oasis", subjects=("s0", "s1", "s3", "s4")),
            ("saw neurite_oasis, 1 subjects of the test subset",),
        ),
        (
            Exposure(dataset="oasis1_t1", subjects=("s0", "s1", "s4")),
            ("saw oasis1_t1, 2 subjects of the train subset",),
        ),
        (Exposure(dataset="oasis1_t1", subjects=("s4",)), ()),  # names compare; all are reserved
        (
            Exposure(dataset="oasis1_t1", subjects=("other",)),
            ("saw oasis1_t1, of the same family (oasis)",),
        ),
        (Exposure(dataset="neurite_oasis", subjects=("elsewhere",)), ()),
    ],
)
def test_reasons(registry: Registry, saw: Exposure, expected: tuple[str, ...]) -> None:
    assert contamination([saw], registry, "neurite_oasis", ROWS) == expected


def test_without_the_split_named_subjects_of_the_data_set_count(registry: Registry) -> None:
    saw = Exposure(dataset="neurite_oasis", subjects=("a", "b"))
    assert contamination([saw], registry, "neurite_oasis") == ("saw neurite_oasis, 2 subjects",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("neurite_oasis", "oasis1_t1"),
        ("msd_liver", "chaos_ct"),
        ("msd_liver", "totalsegmentator_ct"),
        ("atlas_v2", "atlas_v1_2"),
    ],
)
def test_related_sets_share_a_family(registry: Registry, one: str, other: str) -> None:
    assert contamination([Exposure(dataset=one, subjects="all")], registry, other)
    assert contamination([Exposure(dataset=other, subjects="all")], registry, one)


def test_a_recipe_says_whom_it_sees(registry: Registry, tmp_path: Path) -> None:
    reserved = registry.source("phantom_brain_segmentation")
    assert [saw.subjects for saw in declared_exposure(reserved, registry)] == ["pretrain"]
    device_a = registry.source("phantom_ct_device_a")
    assert [saw.subjects for saw in declared_exposure(device_a, registry)] == ["train"]
    (exact,) = source_exposure(Workspace(registry, tmp_path), device_a)
    assert exact.dataset == "phantom_ct_device_a"
    assert len(exact.subjects) == 16  # its train and val subjects, 13 and 3


def test_the_plan_marks_what_the_source_saw(registry: Registry, tmp_path: Path) -> None:
    target = registry.target("phantom_fetal_head_64")
    source = registry.source("scratch").model_copy(
        update={"saw": (Exposure(dataset=target.dataset, subjects="all"),)}
    )
    told = Registry(
        datasets=registry.datasets, sources={**registry.sources, "scratch": source},
        targets=registry.targets, boards=registry.boards, folders=registry.folders,
    )  # fmt: skip
    cells = plan(
        Workspace(told, tmp_path), told.board("tiny_v2"), GridSelection(sources=("scratch",))
    )
    reasons = {cell.target.id: cell.marks.contamination for cell in cells}
    assert reasons["phantom_fetal_head_64"] == ("saw phantom_fetal_head_64, all subjects",)
    assert reasons["phantom_stroke_lesion_64"] == ()


def test_web_data_cannot_be_checked(registry: Registry) -> None:
    web = Exposure(dataset="lvd1689m", subjects="all", checkable=False)
    seen = (web, Exposure(dataset="ixi_t1", subjects="all"))
    assert contamination(seen, registry, "hc18") == ()
    assert unchecked(seen, registry, "hc18") == ("lvd1689m",)
    assert unchecked(seen, registry, "phantom_fetal_head") == ()  # drawn here, in no collection
    assert "checkable" not in seen[1].model_dump()


def test_the_plan_marks_what_cannot_be_checked(registry: Registry, tmp_path: Path) -> None:
    web = Exposure(dataset="lvd1689m", subjects="all", checkable=False)
    source = registry.source("scratch").model_copy(update={"saw": (web,)})
    synthetic = registry.dataset("phantom_fetal_head_64")
    real = synthetic.model_copy(update={"synthetic": False})
    cards = replace(
        registry,
        sources={**registry.sources, "scratch": source},
        datasets={**registry.datasets, real.id: real},
    )
    selection = GridSelection(sources=("scratch",))
    cells = plan(Workspace(cards, tmp_path), cards.board("tiny_v2"), selection)
    marks = {cell.target.id: cell.marks for cell in cells}
    assert marks["phantom_fetal_head_64"].unchecked == ("lvd1689m",)
    assert marks["phantom_fetal_head_64"].names == ["unchecked data"]
    assert "unchecked" not in marks["phantom_stroke_lesion_64"].model_dump()
