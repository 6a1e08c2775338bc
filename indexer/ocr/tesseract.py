"""Optical character recognition with Tesseract, a program that may be installed or not.

It is run without a shell, in one process for all lines of a picture, which it gets as the pages of one TIFF
through a pipe and answers with a table: no file is written, and a model is loaded once.
"""

import csv
import io
import logging
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from db.errors import DecodeError, ModelError
from indexer.media.types import Picture
from indexer.ocr.scripts import Script, available

log = logging.getLogger(__name__)

_HINT = "Install it again, or remove it: then other scripts are left unread."
_LIST_TIMEOUT_S = 20.0
_ONE_LINE = "7"
"""Tesseract's page segmentation mode for pictures of single lines."""
_WORD = "5"
"""The level of words in its table."""


@dataclass(frozen=True)
class Word:
    """A word as it was read: how sure, 0 to 1, and where it begins and ends, in pixels from the left."""

    text: str
    confidence: float
    left: int
    right: int


def program() -> str | None:
    """Where Tesseract is, None where it is not installed."""
    return shutil.which("tesseract")


def models(path: str | None) -> frozenset[str]:
    """The names of the trained models that the Tesseract there has, ``rus`` or ``Cyrillic``; none without it.

    What is installed later is seen by the next process.
    """
    if path is None:
        return frozenset()
    try:
        return _listed(path)
    except (OSError, subprocess.SubprocessError) as exc:
        log.warning("Tesseract does not say what it can read, and is not used: %s", exc)
        return frozenset()


@cache
def _listed(path: str) -> frozenset[str]:
    listed = _run([path, "--list-langs"], b"", _LIST_TIMEOUT_S)
    # The first line is a heading; some list "script/Cyrillic", by the folder that it is in.
    return frozenset(listed.splitlines()[1:])


def readable() -> dict[Script, tuple[str, ...]]:
    """The scripts that it reads on this machine, and with which models; none without it."""
    return available(models(program()))


def read(strips: Sequence[Picture], names: Sequence[str], timeout_s: float) -> list[list[Word]]:
    """The words of pictures of one line each, read with these models together.

    Words are in logical order: those of Arabic and Hebrew from the right.

    Args:
        strips: (height, width, 3) uint8, RGB, the line level and upright.
        names: of installed models.

    Raises:
        ModelError: Tesseract, or one of the models, does not work.
        DecodeError: it takes too long, or crashes at these pictures.
    """
    if not strips:
        return []
    path = program()
    if path is None:
        raise ModelError("Tesseract is not installed any more", _HINT)
    command = [
        path,
        "stdin",
        "stdout",
        "-l",
        "+".join(names),
        "--psm",
        _ONE_LINE,
        "tsv",
    ]
    try:
        table = _run(command, _tiff(strips), timeout_s)
    except subprocess.TimeoutExpired as exc:
        raise DecodeError("Tesseract takes too long to read it") from exc
    except subprocess.CalledProcessError as exc:
        if exc.returncode < 0:  # a signal: some pictures break its assertions
            raise DecodeError("Tesseract crashes when it reads it") from exc
        said = exc.stderr.decode(errors="replace").strip().splitlines()
        raise ModelError(f"Tesseract does not work: {said[0] if said else exc}", _HINT) from exc
    except OSError as exc:
        raise ModelError(f"Tesseract cannot be started: {exc.strerror}", _HINT) from exc
    return words(table, len(strips))


def words(table: str, pages: int) -> list[list[Word]]:
    """The words of each page of a table as Tesseract writes it."""
    found: list[list[Word]] = [[] for _ in range(pages)]
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["level"] == _WORD and row["text"].strip():
            left = int(row["left"])
            confidence = min(1.0, max(0.0, float(row["conf"]) / 100))
            found[int(row["page_num"]) - 1].append(
                Word(row["text"].strip(), confidence, left, left + int(row["width"]))
            )
    return found


def _tiff(strips: Sequence[Picture]) -> bytes:
    from PIL import Image

    first, *others = [Image.fromarray(strip).convert("L") for strip in strips]
    stream = io.BytesIO()
    first.save(stream, "TIFF", save_all=True, append_images=others)
    return stream.getvalue()


def _run(command: list[str], sent: bytes, timeout_s: float) -> str:
    # One thread: pictures are read side by side, and more do not make lines faster.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(  # noqa: S603 - no shell, and no argument comes from a file
        command, input=sent, capture_output=True, timeout=timeout_s, check=True, env=environment
    )
    return done.stdout.decode("utf-8", errors="replace")
