"""Pictures that people search with: kept in a folder of their own until the app ends."""

import secrets
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MOST_BYTES = 50_000_000
_MOST_KEPT = 64


@dataclass(frozen=True)
class Given:
    """A picture that somebody gave; ``name``: what it was called there."""

    path: Path
    name: str


class Pictures:
    """Pictures by token. The oldest make room for new ones. Safe to share between threads."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="trove-", ignore_cleanup_errors=True)
        self._kept: OrderedDict[str, Given] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, data: bytes, name: str) -> str:
        """Keep a picture; returns the token by which it is asked for."""
        token = secrets.token_urlsafe(12)
        # The ending decides between decoders; the rest of a stranger's name is no path of ours.
        suffix = Path(name).suffix.lower()
        path = Path(self._folder.name) / f"{token}{suffix if suffix[1:].isalnum() else ''}"
        path.write_bytes(data)
        with self._lock:
            self._kept[token] = Given(path, Path(name).name or "picture")
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)[1].path.unlink(missing_ok=True)
        return token

    def get(self, token: str) -> Given | None:
        """The picture, or None where it is no more."""
        return self._kept.get(token)


@cache
def pictures() -> Pictures:
    """Those of this process."""
    return Pictures()
