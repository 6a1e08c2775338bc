"""The names of ImageNet's thousand classes, as open_clip words them.

They are read as data from its source: importing it, and with it PyTorch, takes seconds.
"""

import ast
from functools import cache

from db.errors import ModelMissingError
from indexer.encoders.packages import HINT, package_file

_PACKAGE = "open_clip_torch"
_FILE = "open_clip/zero_shot_metadata.py"
_NAMES = "IMAGENET_CLASSNAMES"


@cache
def imagenet_names() -> tuple[str, ...]:
    """The names in the order of the classes.

    Raises:
        ModelMissingError: open_clip is not installed, or has no such list.
    """
    try:
        source = package_file(_PACKAGE, _FILE).read_text(encoding="utf-8")
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == _NAMES:
                return tuple(ast.literal_eval(statement.value))
    except (OSError, SyntaxError, ValueError):
        pass
    raise ModelMissingError(f"{_PACKAGE} has no names of classes", HINT)
