"""Unlabelled cases: the images of a folder in a data set's layout, without masks."""

from pathlib import Path

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import (
    FilesLayout,
    ManifestLayout,
    MsdLayout,
    PairedNifti,
    PhantomLayout,
)
from benchmark.data.cases import Case
from benchmark.data.layouts.manifest import manifest_rows
from benchmark.data.layouts.registry import find_cases
from benchmark.errors import DataError


def unlabelled_cases(card: DatasetCard, root: Path) -> tuple[DatasetCard, list[Case]]:
    """The images of a folder, and the data set's card without masks, with which they are read.

    The data set's patterns and tables are used, its masks, lists and classes are not. Images are
    `imagesTs` of a Decathlon or nnU-Net folder, and all rows of a manifest (columns case, image
    and the one that groups cases).

    Raises:
        DataError: The folder has no such image, or the layout cannot be labelled.
    """
    layout = card.layout
    if isinstance(layout, PhantomLayout):
        raise DataError(f"{card.id} is synthetic; there is no folder of images to label")
    if isinstance(layout, PairedNifti) and layout.single_slice:
        raise DataError(f"{card.id}: NIfTI files of one slice cannot be labelled; convert to PNG")
    unmasked = card.model_copy(update={"classes": (), "same_subject": ()})
    if isinstance(layout, ManifestLayout):
        return unmasked, _manifest_cases(card, layout, root)
    if isinstance(layout, MsdLayout):
        layout = _test_images(layout, root)
    assert isinstance(layout, FilesLayout)
    unmasked = unmasked.model_copy(
        update={"layout": layout.model_copy(update={"masks": (), "lists": {}})}
    )
    return unmasked, find_cases(unmasked, root)


def _test_images(layout: MsdLayout, root: Path) -> PairedNifti:
    """The test images, named as in the Decathlon or nnU-Net (`CASE_0000`, one file per channel)."""
    channels = any(root.rglob("imagesTs/*_0000.nii*"))
    channel = f"_{layout.channel:04d}" if channels else ""
    images = rf"(?:.*/)?imagesTs/(?P<case>{layout.subject}){channel}\.nii(?:\.gz)?"
    return PairedNifti(kind="paired_nifti", images=images)


def _manifest_cases(card: DatasetCard, layout: ManifestLayout, root: Path) -> list[Case]:
    cases = [
        Case(case=row["case"], subject=row[card.group_by], image=image, series=series,
             facts={fact: value for fact, value in row.items() if value})
        for row, image, series in manifest_rows(root, layout, (card.group_by,))
    ]  # fmt: skip
    return sorted(cases, key=lambda case: case.case)
