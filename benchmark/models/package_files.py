"""Files of installed Python packages: found by the package's list of files, never imported."""

from importlib import metadata
from pathlib import Path

from benchmark.cards.source import PackageFile
from benchmark.errors import WeightsError


def pip_command(package: PackageFile) -> str:
    """What installs the package."""
    return f"pip install {package.name}=={package.version}"


def is_installed(package: PackageFile) -> bool:
    """Whether the package is installed in the version of the card."""
    try:
        return metadata.version(package.name) == package.version
    except metadata.PackageNotFoundError:
        return False


def package_file(package: PackageFile) -> Path:
    """Path of a file of an installed package; no code of the package is run.

    Raises:
        WeightsError: The package is not installed, of another version, or has no such file.
    """
    install = f"type `{pip_command(package)}`"
    try:
        distribution = metadata.distribution(package.name)
    except metadata.PackageNotFoundError:
        raise WeightsError(f"package {package.name} is not installed; {install}") from None
    if distribution.version != package.version:
        raise WeightsError(
            f"package {package.name} {distribution.version} is installed, its card states "
            f"{package.version}; {install}"
        )
    for file in distribution.files or ():
        if file.as_posix() == package.file:
            return Path(str(file.locate()))
    raise WeightsError(
        f"package {package.name} {package.version} has no file {package.file!r}; correct "
        "weights.package.file on the card"
    )
