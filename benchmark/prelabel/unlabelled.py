"""Cases that wait for labels: the images of a folder in a data set's layout, without masks."""

from pathlib import Path

from benchmark.cards.dataset import (
    DatasetCard,
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
    """The images of a folder, and the data set's card as it reads them: without masks.

    Patterns and tables count as they do for the data set, its masks, lists and classes do not. Of
    a Decathlon or nnU-Net folder these are `imagesTs`, of a manifest all rows (columns case, image
    and the one that groups cases).

    Raises:
        DataError: The folder holds no such image, or the layout cannot be labelled.
    """
    layout = card.layout
    if isinstance(layout, PhantomLayout):
        raise DataError(f"{card.id} is synthetic; there is no folder of images to label")
    if isinstance(layout, PairedNifti) and layout.single_slice:
        raise DataError(f"{card.id}: NIfTI files of one slice cannot be labelled; convert to PNG")
    bare = card.model_copy(update={"classes": (), "same_subject": ()})
    if isinstance(layout, ManifestLayout):
        return bare, _manifest_cases(card, layout, root)
    if isinstance(layout, MsdLayout):
        layout = _test_images(layout, root)
    assert isinstance(layout, FilesLayout)
    bare = bare.model_copy(update={"layout": layout.model_copy(update={"masks": (), "lists": {}})})
    return bare, find_cases(bare, root)


def _test_images(layout: MsdLayout, root: Path) -> PairedNifti:
    """The test images, in the Decathlon's naming or nnU-Net's (`CASE_0000`, a file a channel)."""
    channels = any(root.rglob("imagesTs/*_0000.nii*"))
    channel = f"_{layout.channel:04d}" if channels else ""
    images = rf"(?:.*/)?imagesTs/(?P<case>{layout.subject}){channel}\.nii(?:\.gz)?"
    return PairedNifti(kind="paired_nifti", images=images)


def _manifest_cases(card: DatasetCard, layout: ManifestLayout, root: Path) -> list[Case]:
    cases = [
        Case(
            case=row["case"],
            subject=row[card.group_by],
            image=image,
            series=series,
            facts={fact: value for fact, value in row.items() if value},
        )
        for row, image, series in manifest_rows(root, layout, (card.group_by,))
    ]
    return sorted(cases, key=lambda case: case.case)
