"""How the files of a data set lie on disk: the kinds of `layout` on its card."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.cards.card import Model
from benchmark.cards.patterns import PathPattern, PathTemplate, Pattern, Template, check_fields


class FactTable(Model):
    """A CSV in the data set that gives facts of each case.

    `file` may be a pattern (`**/meta.csv`); the one file that matches is read. `match` builds the
    value looked up in column `key` from the named groups of the image pattern; `columns` maps a
    fact's name (`subject`, `spacing_mm`, `site`, ...) to a column.
    """

    file: PathPattern
    key: str
    match: Template
    columns: dict[str, str]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","


class FilesLayout(Model):
    """Images found by a regular expression, each with one or several mask files.

    `images` is matched against the whole path relative to the root, with `/` between folders;
    its named groups (`case`, `subject`, `session`, `site`, ...) describe the case. `masks` are
    path templates over those groups and `{folder}`, the image's own; `*` is a wildcard, and
    several masks are OR-ed. Where each label has files of its own, `masks` maps the label to its
    templates and whatever is not 0 in them is that label. Empty: the data set has no masks. `case`
    is a template that names a case where no single group does. `lists` maps a name to a text file
    with one case a line, as official lists are: the name becomes the fact `list`, and a case in no
    list is left out.
    """

    images: Pattern
    masks: tuple[PathTemplate, ...] | dict[str, tuple[PathTemplate, ...]] = ()
    case: Template | None = None
    lists: dict[str, PathPattern] = {}
    table: FactTable | None = None

    @model_validator(mode="after")
    def _templates_can_be_filled(self) -> "FilesLayout":
        known = {*re.compile(self.images).groupindex, "path", "folder"}
        check_fields("case", [self.case] if self.case else [], known)
        known |= {"case"} | ({"list"} if self.lists else set())
        if self.table:
            check_fields("table.match", [self.table.match], known)
            known |= self.table.columns.keys()
        masks = self.masks.values() if isinstance(self.masks, dict) else [self.masks]
        check_fields("masks", (template for group in masks for template in group), known)
        return self


class PairedImages(FilesLayout):
    """2-D pictures (PNG, JPEG, TIFF) with mask pictures of the same size.

    `threshold` is for masks with soft edges: what reaches it is the label, the rest background.
    """

    kind: Literal["paired_images"]
    spacing_mm: Annotated[float, Field(gt=0, lt=1000)] | None = None
    fill_outline: bool = False
    threshold: Annotated[int, Field(ge=1, le=255)] | None = None


class PairedNifti(FilesLayout):
    """NIfTI images (or Analyze pairs, by their `.img`) with masks on the same grid; BIDS included.

    With `single_slice` each file holds one slice, and its case is a picture.
    """

    kind: Literal["paired_nifti"]
    single_slice: bool = False


class DicomSeries(FilesLayout):
    """Folders of DICOM files, one file a slice; `images` matches the files.

    All files of a folder are one volume. `masks` are NIfTI volumes on the same grid, or pictures,
    one a slice, paired with the DICOM files by the numbers in both names. The header's
    manufacturer and model become facts.
    """

    kind: Literal["dicom_series"]


class MsdLayout(Model):
    """Medical Segmentation Decathlon or nnU-Net folder, described by its dataset.json.

    The dataset.json lies in the data set's root or below it. `channel` is that of the images, from
    0; it must be given where there are several. `subject` matches the name of each label file.
    """

    kind: Literal["msd"]
    channel: Annotated[int, Field(ge=0, le=9999)] = 0
    subject: Pattern = r"(?P<subject>.+)"

    @model_validator(mode="after")
    def _subject_is_named(self) -> "MsdLayout":
        if not re.compile(self.subject).groupindex:
            raise ValueError("subject has no named group; `(?P<subject>P\\d+)_.*` has one")
        return self


class ManifestLayout(Model):
    """A CSV with one row per case: columns case, subject, image, mask and optional facts.

    Paths are absolute, or relative to the data set's root. An image may be a folder of DICOM
    slices.
    """

    kind: Literal["manifest"]
    file: PathPattern = "manifest.csv"


class PhantomLayout(Model):
    """Synthetic cases, made when they are read; nothing lies on disk."""

    kind: Literal["phantom"]
    generator: str
    generator_version: int
    seed: int
    size: Annotated[int, Field(ge=8, le=1024)]
    cases: Annotated[int, Field(ge=1, le=20_000)]
    device: str | None = None


DatasetLayout = Annotated[
    PairedImages | PairedNifti | DicomSeries | MsdLayout | ManifestLayout | PhantomLayout,
    Field(discriminator="kind"),
]
