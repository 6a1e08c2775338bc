"""Figures of models that were measured last in one library: how well each finds here, and how fast it is.

They are kept in a file of the library's folder, without words, for the page Model and ``trove model list``.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from db import kinds
from db.catalog import runs, units
from db.engine.clock import utc_now
from db.files import write_atomically
from db.kinds import CLIP, PASSAGE, PICTURE
from db.library import Library
from indexer.runs import computer
from search.evaluation.comparison import Line

log = logging.getLogger(__name__)

ENOUGH = 20
"""Questions from which a figure is told to people: of fewer, its interval is more than half of the scale."""
_FEWEST_CHANGED = 200
"""Units of a change of the model from which it tells a rate: else most of the time went into loading it."""


@dataclass(frozen=True)
class Figure:
    """A figure of so many questions of a kind with its 95 % interval, as a ``Line`` has it."""

    kind: str
    measure: str
    questions: int
    value: float
    low: float
    high: float

    @property
    def enough(self) -> bool:
        """Whether there are enough questions to tell it to people."""
        return self.questions >= ENOUGH


@dataclass(frozen=True)
class Speed:
    """What a model takes for this library: ``seconds`` for all pictures, moments and texts that it has now.

    ``by``: the rate is that of a ``sample`` of its pictures, or that of a ``change`` to the model; ``at``:
    when that was, in UTC.
    """

    seconds: float
    by: Literal["sample", "change"]
    at: datetime


@dataclass(frozen=True)
class Measured:
    """What was measured of a model in this library. ``at``: when the figures were, in UTC."""

    figures: tuple[Figure, ...] = ()
    at: datetime | None = None
    speed: Speed | None = None

    def figure(self, kind: str, measure: str) -> Figure | None:
        """The figure of a kind of questions, where there were any."""
        return next((it for it in self.figures if (it.kind, it.measure) == (kind, measure)), None)


def measured(library: Library) -> dict[str, Measured]:
    """What is known of each model of which something is, by its stored name."""
    kept = _read(library)
    try:
        figures = {model: _figures(one) for model, one in kept.get("figures", {}).items()}
        rates = [_rates(model, one) for model, one in kept.get("speed", {}).items()]
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        log.warning("the figures of models are left out: %s", exc)
        figures, rates = {}, []
    with library.read() as session:
        speeds = _speeds(session, rates)
    return {
        model: replace(figures.get(model, Measured()), speed=speeds.get(model))
        for model in {**figures, **speeds}
    }


def keep_figures(library: Library, lines: Mapping[str, Sequence[Line]]) -> None:
    """Keep the figures of models, in place of earlier ones of theirs."""
    now = utc_now().isoformat()
    figures = {model: [asdict(_figure(line)) for line in own] for model, own in lines.items()}
    _keep(library, "figures", {model: {"at": now, "figures": own} for model, own in figures.items()})


def forget_figures(library: Library, kind: str) -> None:
    """Delete the figures of a kind of questions."""
    left = {
        model: {
            "at": known.at.isoformat(),
            "figures": [asdict(figure) for figure in known.figures if figure.kind != kind],
        }
        for model, known in measured(library).items()
        if known.at is not None
    }
    if left:
        _keep(library, "figures", left)


def keep_speed(library: Library, model: str, pictures_per_s: float, texts_per_s: float) -> None:
    """Keep the rates of a model on this computer, in place of earlier ones."""
    rates = {"pictures_per_s": pictures_per_s, "texts_per_s": texts_per_s}
    _keep(library, "speed", {model: {"at": utc_now().isoformat(), "computer": computer(), **rates}})


def to_embed(session: Session) -> tuple[int, int]:
    """How many pictures and moments, and how many texts, the library has that a model looks at."""
    counts = units.counts(session, among_hidden=True)
    pictures, texts = (
        sum(counts[kind] for kind in kinds.of_modality(CLIP, modality)) for modality in (PICTURE, PASSAGE)
    )
    return pictures, texts


def _count(session: Session, role: str) -> int:
    """How many units the library has that a model of a role looks at."""
    counts = units.counts(session, among_hidden=True)
    return sum(counts[kind] for kind in kinds.embedded(role))


def _figure(line: Line) -> Figure:
    return Figure(line.kind, line.measure.name, line.count, line.value, line.low, line.high)


def _figures(kept: Mapping[str, Any]) -> Measured:
    return Measured(tuple(Figure(**one) for one in kept["figures"]), datetime.fromisoformat(kept["at"]))


@dataclass(frozen=True)
class _Rates:
    model: str
    computer: str
    pictures_per_s: float
    texts_per_s: float
    at: datetime


def _rates(model: str, kept: Mapping[str, Any]) -> _Rates:
    numbers = float(kept["pictures_per_s"]), float(kept["texts_per_s"])
    if min(numbers) <= 0:
        raise ValueError(f"{model} has no rate")
    return _Rates(model, kept["computer"], *numbers, datetime.fromisoformat(kept["at"]))


def _speeds(session: Session, rates: Iterable[_Rates]) -> dict[str, Speed]:
    """The latest of each model, of those that are of this computer."""
    pictures, texts = to_embed(session)
    speeds = [
        (one.model, Speed(pictures / one.pictures_per_s + texts / one.texts_per_s, "sample", one.at))
        for one in rates
        if one.computer == computer()
    ]
    for run in runs.changes(session):
        report = run.told
        if report.get("computer") == computer() and report["embedded"] >= _FEWEST_CHANGED and run.finished_at:
            took_s = (run.finished_at - run.started_at).total_seconds()
            seconds = _count(session, report.get("role", CLIP)) * took_s / report["embedded"]
            speeds.append((report["model"], Speed(seconds, "change", run.finished_at)))
    return dict(sorted(speeds, key=lambda it: it[1].at))


def _read(library: Library) -> dict[str, Any]:
    try:
        kept = json.loads(library.paths.measured.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        log.warning("the figures of models are left out: %s", exc)
        return {}
    parts = kept.items() if isinstance(kept, dict) else ()
    return {name: part for name, part in parts if isinstance(part, dict)}


def _keep(library: Library, part: str, entries: Mapping[str, Any]) -> None:
    kept = _read(library)
    kept[part] = {**kept.get(part, {}), **entries}
    try:
        write_atomically(library.paths.measured, json.dumps(kept, indent=1).encode())
    except OSError as exc:
        log.warning("the figures of models are not kept: %s", exc)
