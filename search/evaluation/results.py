"""Results of questions with known answers: ranks and confidence, kept as CSV without any words."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from db.errors import SettingsError
from db.files import write_atomically
from search.answer import Answer, Hit

DEPTH = 10
"""How many hits are looked through for right ones."""


@dataclass(frozen=True)
class Result:
    """The answer to one question, without its words.

    ``suite`` and ``kind`` say what is measured by it; ``question`` and ``group`` are digests of its words,
    and of what questions have in common that are not independent, such as the picture that they describe.
    ``ranks``: those of right hits among the first ten, from 1. ``right``: how many right answers there are.
    ``there``: whether the library has it; None where that is not known.
    """

    suite: str
    kind: str
    question: str
    group: str
    ranks: tuple[int, ...]
    right: int
    there: bool | None
    confidence: float
    verdict: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same question in another run."""
        return self.suite, self.kind, self.question


def digest(text: str) -> str:
    """A short name for a text that does not tell what it says: 40 bits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def right_ranks(hits: Sequence[Hit], is_right: Callable[[Hit], bool]) -> tuple[int, ...]:
    """The ranks, from 1, of the right ones among the first ten hits."""
    return tuple(rank for rank, hit in enumerate(hits[:DEPTH], start=1) if is_right(hit))


def result(
    answer: Answer,
    *,
    suite: str,
    kind: str,
    group: str,
    is_right: Callable[[Hit], bool] = lambda _hit: False,
    right: int = 0,
    there: bool | None = True,
) -> Result:
    """The result of an answer; ``group``: what its question has in common with others, in words."""
    ranks = right_ranks(answer.hits, is_right)
    # Two pictures may have the same caption.
    names = digest(f"{group}\n{answer.query}"), digest(group)
    return Result(suite, kind, *names, ranks, right, there, answer.confidence or 0.0, answer.verdict)


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write results as CSV, sorted, so that two versions of a file can be compared by lines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Result))
    for one in sorted(results, key=lambda one: one.key):
        cells = dict(zip((field.name for field in fields(Result)), astuple(one), strict=True))
        cells["ranks"] = " ".join(map(str, one.ranks))
        cells["there"] = "" if one.there is None else int(one.there)
        writer.writerow(cells.values())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.getvalue().encode())


def read_results(path: Path) -> list[Result]:
    """What ``write_results`` has written.

    Raises:
        SettingsError: the file is missing, or something else.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_read(row) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError, csv.Error) as exc:
        raise SettingsError(f"the results in {path.name} cannot be read: {exc}", "Make them again.") from exc


def _read(row: dict[str, str]) -> Result:
    return Result(
        row["suite"],
        row["kind"],
        row["question"],
        row["group"],
        tuple(map(int, row["ranks"].split())),
        int(row["right"]),
        bool(int(row["there"])) if row["there"] else None,
        float(row["confidence"]),
        row["verdict"],
    )
