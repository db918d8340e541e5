"""A package with weights, as pip leaves one; its code must not run."""

from pathlib import Path

FILE = "own_weights/models/w.pth"


def install_weights(site: Path, data: bytes) -> Path:
    """Write the package `own-weights` 1.0, whose file FILE has this content; its folder."""
    info = site / "own_weights-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-weights\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"own_weights/__init__.py,,\n{FILE},,\n")
    (site / FILE).parent.mkdir(parents=True)
    (site / FILE).write_bytes(data)
    (site / "own_weights/__init__.py").write_text("raise RuntimeError('imported')\n")
    return site
