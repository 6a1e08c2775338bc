"""Find the builtin weights in installed packages, without importing these.

Importing such a package may pull in torch; looking into its list of files does not.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from db.errors import ModelMissingError

HINT = 'Install them with: pip install "trove-search[builtin]"'


def package_file(package: str, ending: str) -> Path:
    """The one file of an installed package whose path ends with ``ending``.

    Raises:
        ModelMissingError: the package, or that file of it, is not installed.
    """
    return _find(package, ending)[0]


def package_hash(package: str, ending: str) -> str:
    """Hash of that file's content as the installer recorded it; its size where none is recorded."""
    path, recorded = _find(package, ending)
    return recorded or str(path.stat().st_size)


def _find(package: str, ending: str) -> tuple[Path, str]:
    try:
        files = distribution(package).files or []
    except PackageNotFoundError as exc:
        raise ModelMissingError("the weights of the builtin model are not installed", HINT) from exc
    for file in files:
        path = Path(str(file.locate()))
        if str(file).endswith(ending) and path.is_file():
            return path, file.hash.value if file.hash else ""
    raise ModelMissingError(f"the package {package} has lost its file {ending}", HINT)
