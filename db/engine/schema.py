"""Tables of the library.

A *content* is what the bytes of a file show; an *asset* is a file that holds it. Moved, renamed,
copied and returning files differ only in their assets: what was decoded and embedded hangs on the
content and is never made twice. An *analysis* says that an analyser has looked at a content or an asset,
and carries the *units* (what can be found) and *facts* (date, place, camera) that it made. Ids are never
reused, since they are the labels in FAISS.
"""

from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.engine.dialect import NUMBER, TEXT, partial_index
from db.engine.pathtext import PathText

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

MediaKind = Literal["image", "video", "audio"]
UnitKind = str
"""The name of a kind of units, see ``db.kinds``: an open set."""
AssetState = Literal["indexed", "failed", "skipped", "gone", "offline", "unfinished", "left_out", "cloud"]
"""``unfinished``: it was still being written, the next run looks again; ``left_out``: a rule says that it is
not to be read, what was made of it waits until none does; ``cloud``: only a placeholder of it is on this
machine, and nothing was read."""
SpaceState = Literal["building", "active", "retired"]
AnalysisState = Literal["done", "unwanted", "failed", "retry"]
"""``unwanted``: there is nothing for the analyser in it; ``retry``: the next run looks again."""

UNIT_TOLERANCE = 1e-2
"""How far the length of a stored vector may be from 1: float16 rows round by up to 1e-3."""

LIVE: tuple[AssetState, ...] = ("indexed", "offline")
"""States of files whose units can be found; the drive of an offline file is unplugged."""


class Base(DeclarativeBase):
    """Base of all tables. ``Literal`` types are plain text, kept in bounds by the code that writes them."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        Path: PathText,
        int: NUMBER,
        str: TEXT,
        MediaKind: TEXT,
        AssetState: TEXT,
        SpaceState: TEXT,
        AnalysisState: TEXT,
    }

    def values(self, kind: type[T]) -> T:
        """The columns that a dataclass names, as one: rows end with their session, their values do not."""
        return kind(**{field.name: getattr(self, field.name) for field in fields(kind)})


class LibraryState(Base):
    """The one row about the library as a whole."""

    __tablename__ = "library"
    __table_args__ = (CheckConstraint("id = 1"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    """Grows with every change to what can be found; caches compare it with their own."""
    remembers_opened: Mapped[bool] = mapped_column(server_default=false())
    """Whether it is noted what people open; only they turn it on."""
    stacked: Mapped[int] = mapped_column(server_default=text("0"))
    """The revision as of which stacks were made."""
    eventful: Mapped[int] = mapped_column(server_default=text("0"))
    """The revision as of which events were made."""
    peopled: Mapped[int] = mapped_column(server_default=text("0"))
    """The revision as of which faces were put in groups."""


class Root(Base):
    """A folder, or a single file, that the user has added to the library."""

    __tablename__ = "root"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[Path] = mapped_column(unique=True)
    exclude: Mapped[str] = mapped_column(server_default=text("''"))
    """Patterns of what in it is left out, as in a ``.gitignore``, one a line."""


class Mount(Base):
    """A root, or a folder below one where another file system begins, and which one it was.

    It tells an unplugged drive, of which an empty folder may be left, from files that were deleted.
    """

    __tablename__ = "mount"

    path: Mapped[Path] = mapped_column(primary_key=True)
    volume: Mapped[str]
    """What told the file system when files of the library were last seen there, see ``indexer.drives``."""


class Content(Base):
    """The content of one or more identical files, by its SHA-256."""

    __tablename__ = "content"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    kind: Mapped[MediaKind]
    arrived: Mapped[int]
    """The revision of the library with which it came: the order in which contents were committed."""
    added_at: Mapped[datetime | None]
    """When it came, in UTC; None where nobody has noted it."""

    assets: Mapped[list["Asset"]] = relationship(back_populates="content")


class Asset(Base):
    """A file: where it is, how it looked when it was last read, how that went, and what is known of it."""

    __tablename__ = "asset"
    __table_args__ = (
        Index("asset_content", "content_id"),
        Index("asset_state", "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[Path] = mapped_column(unique=True)
    size: Mapped[int]
    """Bytes."""
    mtime_ns: Mapped[int]
    content_id: Mapped[int | None] = mapped_column(ForeignKey("content.id"))
    state: Mapped[AssetState]
    error: Mapped[str | None]
    """Why it failed or was skipped."""
    retry: Mapped[bool] = mapped_column(server_default=false())
    """Whether the next run tries again although the file has not changed."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """Failed attempts since the file last changed."""
    indexed_at: Mapped[datetime]

    # The winning facts: what filters, facets and sorting read, and nothing else. See ``db.catalog.facts``.
    taken_at: Mapped[datetime | None]
    """Local time without a zone."""
    moment: Mapped[datetime | None]
    """When it was taken or, if nobody says, when its file changed: for orders, never shown as a date."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    """The state or province."""
    country: Mapped[str | None]
    camera: Mapped[str | None]
    lens: Mapped[str | None]
    screenshot: Mapped[bool | None]
    """Whether its header says that it is a picture of the screen."""
    colours: Mapped[str | None]
    """The names of the colours that much of a picture has, with spaces between; None where nobody looked."""
    width: Mapped[int | None]
    """Pixels of the upright picture, as the height."""
    height: Mapped[int | None]
    duration_s: Mapped[float | None]
    rating: Mapped[int | None]
    """0 to 5 stars, -1 for rejected."""
    label: Mapped[str | None]
    """The name of a colour."""
    pick: Mapped[str | None]
    """``picked`` or ``rejected``."""
    favourite: Mapped[bool | None]

    content: Mapped[Content | None] = relationship(back_populates="assets")


class AssetTag(Base):
    """A tag of a file, or a level above one: of ``Places/France`` both ``Places`` and ``Places/France``.

    What all sources say of it, rewritten with its other facts.
    """

    __tablename__ = "asset_tag"
    __table_args__ = (Index("asset_tag_level", "level"),)

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str]
    """Its last level, folded for comparison."""


class Analysis(Base):
    """What became of one analyser's look at a content, or at an asset for what belongs to a file."""

    __tablename__ = "analysis"
    __table_args__ = (
        CheckConstraint("(content_id IS NULL) <> (asset_id IS NULL)"),
        Index("analysis_content", "analyser", "content_id", unique=True),
        Index("analysis_asset", "analyser", "asset_id", unique=True),
        Index("analysis_of_content", "content_id"),
        Index("analysis_of_asset", "asset_id"),
        Index("analysis_state", "state", "analyser"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    content_id: Mapped[int | None] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"))
    analyser: Mapped[str]
    fingerprint: Mapped[str]
    """That of the analyser then; another one now makes the row stale."""
    signature: Mapped[str | None]
    """Of an asset's path and companion files then; None for a content."""
    state: Mapped[AnalysisState]
    error: Mapped[str | None]
    took_ms: Mapped[int | None]
    """How long it took; None where nobody measured."""


_IS_TEXT = text("text IS NOT NULL")


class Unit(Base):
    """A searchable item: a whole picture, a video frame with its span, a spoken passage, …"""

    __tablename__ = "unit"
    __table_args__ = (
        Index("unit_content", "content_id"),
        Index("unit_analysis", "analysis_id"),
        Index("unit_asset", "asset_id"),
        partial_index("unit_language", "language", where=_IS_TEXT),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"))
    """The file that it belongs to, and with which it is found; None for what the bytes show."""
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analysis.id", ondelete="CASCADE"))
    """The analysis that made it."""
    correction_id: Mapped[int | None] = mapped_column(ForeignKey("correction.id", ondelete="SET NULL"))
    """The user's word that its text is."""
    kind: Mapped[UnitKind]
    start_s: Mapped[float | None]
    end_s: Mapped[float | None]
    at_s: Mapped[float | None]
    """Where in its span the embedded frame is."""
    x: Mapped[float | None]
    """The region that it covers, of the upright picture: left edge, 0 to 1; None for all of it."""
    y: Mapped[float | None]
    """Top edge."""
    w: Mapped[float | None]
    h: Mapped[float | None]
    text: Mapped[str | None]
    language: Mapped[str | None]
    """Of the text, by its ISO 639 code; ``und`` where it cannot be told, None where nobody has looked yet."""
    track: Mapped[int | None]
    detail: Mapped[str | None]
    """More about it as JSON, such as the boxes of a text's lines."""


class FactRow(Base):
    """One source's claim of a fact about a content or an asset, such as when it was taken."""

    __tablename__ = "fact"
    __table_args__ = (
        CheckConstraint("(content_id IS NULL) <> (asset_id IS NULL)"),
        Index("fact_content", "content_id"),
        Index("fact_asset", "asset_id"),
        Index("fact_analysis", "analysis_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    content_id: Mapped[int | None] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"))
    analysis_id: Mapped[int | None] = mapped_column(ForeignKey("analysis.id", ondelete="CASCADE"))
    """The analysis that found it; None for the user's word and for what an older schema had."""
    key: Mapped[str]
    value: Mapped[str]
    """As JSON, see ``db.catalog.facts``."""
    source: Mapped[str]


class SwitchRow(Base):
    """An analyser switched on or off, for all files or for those in a folder; the nearest folder counts."""

    __tablename__ = "switch"

    analyser: Mapped[str] = mapped_column(primary_key=True)
    folder: Mapped[Path] = mapped_column(primary_key=True)
    """The root of all paths, ``/`` or ``.``, for the whole library."""
    is_on: Mapped[bool]


class SpaceRow(Base):
    """One embedding model in one role. Vectors of different spaces are never compared."""

    __tablename__ = "space"
    __table_args__ = (UniqueConstraint("role", "model", "fingerprint"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    """What its vectors are for, see ``db.kinds``; one space a role is active."""
    model: Mapped[str]
    fingerprint: Mapped[str]
    dim: Mapped[int]
    state: Mapped[SpaceState]
    activated_at: Mapped[datetime | None]
    """When it last began to answer; None while it is first being filled."""


class Embedding(Base):
    """The vector of a unit in a space: ``dim`` little-endian float16 of unit length."""

    __tablename__ = "embedding"
    __table_args__ = (
        Index("embedding_revision", "space_id", "revision"),
        # Deleting a unit looks its vectors up by the unit alone.
        Index("embedding_unit", "unit_id"),
    )

    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int]
    """The revision of the library with which it was written: later ones are new to who knows an older one."""


class NullScoresRow(Base):
    """Null model of a space: statistics of the best similarities under background queries.

    The verdict compares an answer with it; see ``indexer.null_model``.
    """

    __tablename__ = "null_scores"

    space_id: Mapped[int] = mapped_column(ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    texts: Mapped[str]
    """Digest of the background queries."""
    pictures: Mapped[int]
    """How many pictures and frames it was fitted on."""
    revision: Mapped[int]
    """That of the library then: vectors that were written with a later one are new."""
    best_mean: Mapped[float]
    """Mean over the background queries of their best similarity."""
    best_deviation: Mapped[float]
    """Standard deviation of the same."""
    spread: Mapped[float]
    """Mean over the background queries of the standard deviation of a query's similarities."""
    near_mean: Mapped[float | None]
    """Mean over the pictures of the similarity to the nearest other picture; None for a lone one."""
    near_deviation: Mapped[float | None]
    """Standard deviation of the same."""


class RunRow(Base):
    """One indexing run, so that any process can show how far it is."""

    __tablename__ = "run"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    pid: Mapped[int]
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    total: Mapped[int]
    done: Mapped[int]
    report: Mapped[str | None]
    """As JSON the report of a finished run, or the one-line error that ended it; before that what is left."""


class StackMember(Base):
    """A content that is one thing to people with others, such as a RAW and the JPEG of the same shot.

    Worked out from the files and what is known of them (``indexer.stacks``), anew when these change.
    """

    __tablename__ = "stack_member"
    __table_args__ = (Index("stack_member_shown", "shown_id"),)

    content_id: Mapped[int] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    shown_id: Mapped[int] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    """The content that stands for the stack, itself one of its members."""
    place: Mapped[int]
    """In the order in which they would stand for it: 0 for the one that does."""
    reason: Mapped[str]
    """The name of the rule by which it belongs there."""


class EventRow(Base):
    """A journey, a party or another event: pictures and films near in time and place.

    Worked out from dates, places and what users said (``indexer.events``), anew when these change.
    """

    __tablename__ = "event"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    said_id: Mapped[int | None] = mapped_column(ForeignKey("event_said.id", ondelete="SET NULL"))
    """What users said of it; None where nobody did."""
    name: Mapped[str]
    """The users' own, or its place and days."""
    words: Mapped[str]
    """What it shows more than the rest of the library does, as far as a machine can tell; may be empty."""
    first: Mapped[datetime]
    """The local time of its first picture."""
    last: Mapped[datetime]


class EventMember(Base):
    """A content that is of an event."""

    __tablename__ = "event_member"
    __table_args__ = (Index("event_member_event", "event_id"),)

    content_id: Mapped[int] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))


class FaceGroup(Base):
    """Faces that are of one person, as far as is known.

    Worked out from the faces, the names in files and what users said (``indexer.people``).
    """

    __tablename__ = "face_group"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    """The person that users say it is; None where they said nothing."""
    name: Mapped[str | None]
    """The users' own, or one in the files; None where nobody says who it is."""


class FaceMember(Base):
    """A face of a group. It keeps its place there when another detector finds the same face anew."""

    __tablename__ = "face_member"
    __table_args__ = (
        Index("face_member_group", "group_id"),
        Index("face_member_unit", "unit_id"),
        Index("face_member_content", "content_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("face_group.id", ondelete="CASCADE"))
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id", ondelete="SET NULL"))
    """None until the face is found again."""
    at_s: Mapped[float | None]
    x: Mapped[float]
    """The region of the face, as in ``Unit``."""
    y: Mapped[float]
    w: Mapped[float]
    h: Mapped[float]
