"""The names of ImageNet's thousand classes, as open_clip words them.

They are read as data from its source: importing it, and with it PyTorch, takes seconds.
"""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from db.errors import ModelMissingError
from indexer.encoders.packages import HINT

_PACKAGE = "open_clip"
_NAMES = "IMAGENET_CLASSNAMES"


@cache
def imagenet_names() -> tuple[str, ...]:
    """The names in the order of the classes.

    Raises:
        ModelMissingError: open_clip is not installed, or has no such list.
    """
    package = find_spec(_PACKAGE)
    try:
        source = Path(package.origin if package and package.origin else "").with_name("zero_shot_metadata.py")
        for statement in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == _NAMES:
                return tuple(ast.literal_eval(statement.value))
    except (OSError, SyntaxError, ValueError):
        pass
    raise ModelMissingError(f"{_PACKAGE} has no names of classes", HINT)
