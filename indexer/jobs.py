"""Jobs: what is left for the analysers of what a run has read, and in which order it is done.

Of pictures come those first that look most like what an analyser looks for. Their vectors are there before
any later phase begins, so that this costs next to nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from db.catalog import analyses, assets, spaces, units
from db.catalog.switches import Switches
from db.kinds import CLIP, PICTURE, of_modality
from db.library import Library
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.embed import Embedder, Model
from indexer.flow import Task
from indexer.media.formats import media_kind
from indexer.prefetch import batched

_AT_ONCE = 2_000
"""Pictures whose vectors are in memory."""


@dataclass(frozen=True)
class Job:
    """One analyser's look at a content, by its files for which the analyser is on; or at an asset."""

    analyser: Analyser
    content_id: int
    tasks: Sequence[Task]
    asset_id: int | None = None


def jobs_left(
    library: Library,
    analysers: Sequence[Analyser],
    switched: Switches,
    contents: Mapping[int, Collection[Task]],
) -> Iterator[Job]:
    """What is left for the analysers of a run, of the contents that it has read, each with its files."""
    ours = {task.stat.path: task for tasks in contents.values() for task in tasks}
    with library.read() as session:
        files = assets.at(session, contents)
        for analyser in analysers:
            if analyser.scope == "content":
                left = analyses.left(session, work_of(analyser), within=contents)
                jobs = [Job(analyser, found, list(contents[found])) for found in left]
            else:
                mine = {found: ours[path] for found, (path, _) in files.items() if path in ours}
                left = analyses.left(session, work_of(analyser), within=mine)
                jobs = [Job(analyser, files[found][1], [mine[found]], found) for found in left]
            for job in jobs:
                if on := [task for task in job.tasks if switched.is_on(analyser.name, task.stat.path)]:
                    yield replace(job, tasks=on)


def in_order(library: Library, embedder: Embedder, jobs: Sequence[Job]) -> list[Job]:
    """The jobs by phase, pictures before films, those first that look like what is looked for.

    Of pictures what waits for others comes last: it would part those that are looked at side by side.
    """
    likely: dict[tuple[str, int], float] = {}
    for analyser in {job.analyser for job in jobs if job.analyser.first}:
        own = [job.content_id for job in jobs if job.analyser is analyser]
        with library.read() as session:
            found = likeness(session, embedder.model(CLIP), analyser.first, own)
        likely |= {(analyser.name, content_id): value for content_id, value in found.items()}

    def place(job: Job) -> tuple[int, bool, bool, float, Path]:
        is_film, path = pictures_first(job.tasks[0])
        waits = not is_film and not is_short(job)
        near = likely.get((job.analyser.name, job.content_id), -1.0)
        return job.analyser.phase, is_film, waits, -near, path

    return sorted(jobs, key=place)


def pictures_first(task: Task) -> tuple[bool, Path]:
    """The order of files: pictures before films and recordings, and by path."""
    return media_kind(task.stat.path) != "image", task.stat.path


def is_short(job: Job) -> bool:
    """Whether it is a look at a picture, and waits for no other. Some that are named so are animations."""
    analyser = job.analyser
    of_pictures = "image" in analyser.media or bool(analyser.facts)
    return of_pictures and media_kind(job.tasks[0].stat.path) == "image" and not analyser.needs


def likeness(session: Session, model: Model, text: str, content_ids: Sequence[int]) -> Mapping[int, float]:
    """How near pictures are to a text, as cosine similarity by content; those without a vector are not there.

    ``model``: of the role CLIP.

    Raises:
        ModelError: its text tower cannot be loaded.
    """
    pictures = spaces.of_contents(session, model.space.id, content_ids, of_modality(CLIP, PICTURE))
    (asked,) = model.encoder.encode_texts([text])
    found: dict[int, float] = {}
    for batch in batched(pictures.items(), _AT_ONCE):
        vectors = units.vectors(
            session, model.space.id, np.array([unit_id for _, unit_id in batch], np.int64)
        )
        found |= dict(zip([content_id for content_id, _ in batch], (vectors @ asked).tolist(), strict=True))
    return found
