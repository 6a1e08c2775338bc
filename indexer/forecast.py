"""Time left of a run, by step: what looks probably cost, corrected by how long those that are done took.

A step is an analyser's looks at one kind of media, or the first reading of files. Each has an expectation in
seconds, by what earlier runs on this machine took, else by a typical machine. The ratio of what was measured
to what was expected corrects it: the step's own once much of it is done, before that the one of all steps so
far (shrinkage). So the time that films take is told while the pictures are read.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future

from db.catalog.switches import Switches
from db.engine.schema import MediaKind
from db.errors import MediaError
from indexer.analysers.base import Analyser
from indexer.flow import Task
from indexer.jobs import Job
from indexer.media.formats import media_kind
from indexer.media.pool import DecodePool
from indexer.media.reader import probe
from indexer.media.types import Metadata

Step = tuple[str, MediaKind]
"""The name of an analyser, or ``READING``, and the kind of the media that it looks at."""

READING = "reading"
_FINISHING: Step = ("finishing", "image")

_PRIOR_S, _KEPT_PRIOR_S = 3.0, 0.5
"""So many seconds that were expected weigh as much as as many that were measured: within a run, of whose
first files nobody knows how they are, and for what is kept for the next ones, once a step is done."""
_QUICKEST = 0.1
"""The share of the time expected that a step takes at least, for all that it says of others."""
_NOTHING_S = 1e-3
_TOLD_S = 5.0
_START_S = 0.5
"""To load the models of a step."""
_SAMPLE = 12
"""Films, and recordings, of which the headers are read before all others."""
_SAMPLE_TIMEOUT_S = 5.0
_PICTURE_S = 0.02
"""To read a picture of twelve megapixels on one of two cores, and to embed it."""
_FINISHING_S = 2.0
"""To bring the vector indexes, the null model and the events up to date."""
_HEADER_S, _BYTES_PER_S = 0.03, 400e6
"""To read the header of a film, and to hash it."""
_MINUTES_PER_BYTE: Mapping[MediaKind, float] = {"video": 1 / 40e6, "audio": 1 / 1.5e6}
"""Where no header can be read."""


class Forecast:
    """Expected seconds that are left, by step, and how long those that are done really took.

    Args:
        clock: seconds, which stand still while the run waits.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = self._noted_at = clock()
        self._left: dict[Step, float] = {}
        self._under_way: dict[Step, float] = defaultdict(float)
        self._expected: dict[Step, float] = defaultdict(float)
        self._took: dict[Step, float] = defaultdict(float)
        self._begun: set[Step] = set()

    def expect(self, left: Mapping[Step, float]) -> None:
        """Replace what is left: by step, in the order of the run, the seconds that it probably takes."""
        self._left = dict(left)

    def did(self, step: Step, expected_s: float) -> None:
        """Note that a part of a step is done, which was to take so long; ``settle`` says how long it took."""
        if expected_s <= 0:
            return
        if not self._under_way:
            self._noted_at = self._clock()
        self._under_way[step] += expected_s + (step not in self._begun) * _START_S
        self._begun.add(step)
        self._left[step] = max(0.0, self._left.get(step, 0.0) - expected_s)

    def settle(self) -> None:
        """Share the time since the last call among what was done in it, at the end of a batch."""
        before, self._since = self._since, self._clock()
        expected_s = sum(self._under_way.values())
        for step, seconds in self._under_way.items():
            if seconds > 0:
                self._expected[step] += seconds
                self._took[step] += (self._since - before) * seconds / expected_s
        self._under_way.clear()

    def settle_some(self) -> None:
        """The same within a look, which may tell of much at once: once it has told for a second."""
        if self._clock() - self._noted_at >= _TOLD_S:
            self.settle()

    def left(self) -> dict[Step, float]:
        """Seconds that each step still takes, in the order of the run; those that are done are left out."""
        return {
            step: (seconds + (step not in self._begun) * _START_S) * self._ratio(step)
            for step, seconds in self._left.items()
            if seconds > _NOTHING_S
        }

    def ratios(self) -> dict[Step, float]:
        """How many times as long as expected each step took, of those that were measured."""
        return {step: self._ratio(step, _KEPT_PRIOR_S) for step in self._took}

    def _ratio(self, step: Step, prior_s: float = _PRIOR_S) -> float:
        took, expected = self._took.get(step, 0.0), self._expected.get(step, 0.0)
        return (prior_s * self._ratio_of_all() + took) / (prior_s + expected)

    def _ratio_of_all(self) -> float:
        """How many times as long as expected steps take on this machine: their geometric mean.

        Each weighs by how much of it was measured, but no step more than another: one that was guessed badly,
        such as text in large pictures, says nothing of the others.
        """
        weights = {step: expected / (_PRIOR_S + expected) for step, expected in self._expected.items()}
        logs = (
            weight * math.log(max(_QUICKEST, self._took[step] / self._expected[step]))
            for step, weight in weights.items()
        )
        return math.exp(sum(logs) / max(1.0, sum(weights.values())))


class Costs:
    """Seconds that looks at files probably take.

    Args:
        known: seconds that steps took in earlier runs on this machine, by the words of a ``Step``: for a
            picture, or for a minute of a film or recording.
    """

    def __init__(self, analysers: Sequence[Analyser], known: Mapping[str, float]) -> None:
        self._analysers = {analyser.name: analyser for analyser in analysers}
        self._known = known
        self._minutes_per_byte = dict(_MINUTES_PER_BYTE)
        self._wanted: dict[Step, float] = defaultdict(lambda: 1.0)

    def sample(self, kind: MediaKind, headers: Sequence[tuple[int, Metadata]]) -> None:
        """Learn from headers of files, with their sizes, how long the others are and who wants them."""
        minutes = {id(header): (header.duration_s or 0.0) / 60 for _, header in headers}
        if not (total := sum(minutes.values())):
            return
        self._minutes_per_byte[kind] = total / max(1, sum(size for size, _ in headers))
        for name, analyser in self._analysers.items():
            if analyser.scope == "content" and kind in analyser.media:
                wanted = (minutes[id(header)] for _, header in headers if analyser.wants(header))
                self._wanted[name, kind] = sum(wanted) / total

    def of(self, step: Step, files: int, size: int) -> float:
        """Seconds that a step takes for so many files of so many bytes together."""
        name, kind = step
        each = self._each(step)
        if name == READING and kind != "image":
            return each * (files * _HEADER_S + size / _BYTES_PER_S)
        if kind == "image":
            return each * files
        return each * size * self._minutes_per_byte[kind] * self._wanted[step]

    def measured(self, ratios: Mapping[Step, float]) -> dict[str, float]:
        """What steps cost by how many times as long as expected they took: ``known`` of runs to come."""
        now = {" ".join(step): round(self._each(step) * ratio, 4) for step, ratio in ratios.items()}
        return {**self._known, **now}

    def _each(self, step: Step) -> float:
        name, kind = step
        if (known := self._known.get(" ".join(step))) is not None:
            return known
        if name == READING:
            return _PICTURE_S if kind == "image" else 1.0
        return self._analysers[name].picture_s if kind == "image" else self._analysers[name].minute_s


class Outlook:
    """How long a run takes from now on: its files and jobs, what they cost, and the forecast of that."""

    def __init__(
        self,
        analysers: Sequence[Analyser],
        switched: Switches,
        clock: Callable[[], float],
        known: Mapping[str, float],
    ) -> None:
        """``known``: the ``costs`` of an earlier run."""
        self._analysers = [analyser for analyser in analysers if analyser.scope == "content"]
        self._labels = {analyser.name: analyser.label for analyser in analysers}
        self._labels |= {READING: "reading files", _FINISHING[0]: "the search index"}
        self._switched = switched
        self._costs = Costs(analysers, known)
        self._forecast = Forecast(clock)
        self._under_way: tuple[Job | None, float] = None, 0.0

    def begin(self, pool: DecodePool, tasks: Collection[Task]) -> None:
        """Expect all steps of these files, of which none is read; of a few films the headers are."""
        files: dict[MediaKind, list[int]] = defaultdict(list)
        for task in tasks:
            files[_kind(task)].append(task.stat.size)
        for kind in files.keys() - {"image"}:
            self._costs.sample(kind, list(_headers(pool, [task for task in tasks if _kind(task) == kind])))
        steps = [(READING, kind) for kind in files]
        for analyser in sorted(self._analysers, key=lambda each: each.phase):
            if analyser.phase > 0 and self._switched.on_somewhere(analyser.name):
                steps += [(analyser.name, kind) for kind in files if kind in analyser.media]
        left = {step: self._costs.of(step, len(files[step[1]]), sum(files[step[1]])) for step in steps}
        self._forecast.expect(left | {_FINISHING: _FINISHING_S})

    def plan(self, jobs: Iterable[Job]) -> None:
        """Expect these jobs, once all files are read."""
        left: dict[Step, float] = defaultdict(float)
        for job in jobs:
            left[_step(job)] += self._cost(_step(job), job.tasks[0])
        self._forecast.expect(left | {_FINISHING: _FINISHING_S})

    def has_read(self, task: Task) -> None:
        """Note that a file was read."""
        self._forecast.did((READING, _kind(task)), self._cost((READING, _kind(task)), task))

    def has_looked(self, job: Job, share: float = 1.0) -> None:
        """Note that so much of a job is done by now, 0 to 1."""
        last, before = self._under_way
        before = before if last is job else 0.0
        self._under_way = job, max(before, share)
        self._forecast.did(_step(job), max(0.0, share - before) * self._cost(_step(job), job.tasks[0]))

    def settle_some(self) -> None:
        """Note the time of what was done so far of a job that goes on."""
        self._forecast.settle_some()

    def settle(self) -> None:
        """Note that what was done is stored: it took the time since the last call."""
        self._forecast.settle()

    def left(self) -> dict[str, float]:
        """Seconds left by what is done in them, in the order of the run; none before anything is measured."""
        if not self._forecast.ratios():
            return {}
        seconds: dict[str, float] = defaultdict(float)
        for (name, _), own in self._forecast.left().items():
            seconds[self._labels[name]] += own
        return dict(seconds)

    def costs(self) -> dict[str, float]:
        """What steps have cost, for the runs that come."""
        return self._costs.measured(self._forecast.ratios())

    def _cost(self, step: Step, task: Task) -> float:
        return self._costs.of(step, 1, task.stat.size)


def _step(job: Job) -> Step:
    return job.analyser.name, _kind(job.tasks[0])


def _kind(task: Task) -> MediaKind:
    return media_kind(task.stat.path) or "image"


def _headers(pool: DecodePool, tasks: Sequence[Task]) -> Iterable[tuple[int, Metadata]]:
    """The sizes and headers of a few files, small and large ones; those that cannot be read are left out."""
    stats = sorted((task.stat for task in tasks), key=lambda stat: stat.size)
    some = stats[:: -(-len(stats) // _SAMPLE)]
    reading: list[Future[Metadata]] = [
        pool.submit(probe, stat.path, timeout_s=_SAMPLE_TIMEOUT_S) for stat in some
    ]
    for stat, header in zip(some, reading, strict=True):
        try:
            yield stat.size, header.result()
        except MediaError:
            continue
