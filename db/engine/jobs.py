"""Tables of a run that several machines share: its jobs, and who works on them.

They are in libraries on a server alone, and empty but for runs in progress: nothing refers to them, and a
library that is copied goes without.
"""

from pathlib import Path

from sqlalchemy import Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.engine.dialect import partial_index
from db.engine.schema import Base


class QueueBase(DeclarativeBase):
    """Base of these tables, with the types of the others."""

    type_annotation_map = Base.type_annotation_map


class WorkerRow(QueueBase):
    """A process that works on jobs, on whichever machine."""

    __tablename__ = "worker"

    id: Mapped[int] = mapped_column(primary_key=True)
    machine: Mapped[str]
    surveys: Mapped[bool]
    """Whether it is the one that shares the jobs out: more may come as long as it is there."""
    alive_until: Mapped[float]
    """By the server's clock, in seconds since 1970; from then on others may take its jobs."""


_IS_OPEN = text("word IS NULL")


class JobRow(QueueBase):
    """A file to be read, or one analyser's look at a content or an asset."""

    __tablename__ = "job"
    __table_args__ = (
        partial_index("job_open", "holder", "id", where=_IS_OPEN),
        Index("job_path", "path"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    """In the order in which jobs are done."""
    run_id: Mapped[int]
    analyser: Mapped[str]
    """Empty where a file is to be read for the first time."""
    needs: Mapped[str]
    """Analysers and models by their fingerprints, without which a machine leaves it alone."""
    root: Mapped[Path]
    """The folder without which it does, too."""
    path: Mapped[Path]
    size: Mapped[int]
    mtime_ns: Mapped[int]
    asset_id: Mapped[int | None]
    content_id: Mapped[int | None]
    may_be_copy: Mapped[bool]
    """Whether there is another file of its size."""
    files: Mapped[int]
    """How many files are done with it."""
    holder: Mapped[int | None]
    """The worker that has it."""
    attempts: Mapped[int]
    """How many workers have gone with it in their hands."""
    word: Mapped[str | None]
    """What became of it, such as ``indexed``; None as long as it is to be done."""
