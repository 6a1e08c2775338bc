"""Tables of what users made, which nobody but they could make again.

They are keyed by the hash of the content, and the second or region in it, so that they outlive files, models
and transcripts. ``db.engine.backups`` names them, with folders and switches, and copies them.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column

from db.engine.dialect import another_user
from db.engine.schema import Base, UnitKind


class Owned:
    """What belongs to a user, or to all."""

    owner: Mapped[str] = mapped_column(server_default=text("''"))
    """To whom it belongs, a user of the server; empty for all, as where there are no users."""


class Authored(Owned):
    """What is to all, or may be, and says of whom it is.

    The server notes who stores a row; who changes what one says has to say so, by ``db.engine.dialect.ME``.
    """

    author: Mapped[str] = mapped_column(server_default=text("''"))
    """The user of the server who said it last; empty where there are no users, or nobody has noted it."""

    @declared_attr
    def said_by(cls) -> Mapped[str | None]:  # noqa: N805 - as SQLAlchemy calls it
        """The author, where it is another one than who asks; else None."""
        return column_property(another_user(cls.author))  # type: ignore[arg-type]


class SavedSearchRow(Authored, Base):
    """A query that a user has saved under a name."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("owner", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    query: Mapped[str]
    """In the language of the query box."""
    kind: Mapped[UnitKind | None]
    created_at: Mapped[datetime]
    seen: Mapped[int]
    """The revision of the library that was looked at last: contents that arrived later are new."""


class Judgement(Owned, Base):
    """A thumb up or down on a hit of a saved search.

    It refers to a content hash and a time or region, not to a unit or a vector: so it outlives its file, a
    new transcript and another model.
    """

    __tablename__ = "judgement"
    __table_args__ = (Index("judgement_saved", "saved_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    saved_id: Mapped[int] = mapped_column(ForeignKey("saved_search.id", ondelete="CASCADE"))
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[UnitKind]
    start_s: Mapped[float | None]
    """Where the unit began; None for what has no time."""
    x: Mapped[float | None]
    """The region that the unit covered, as in ``Unit``; None for all of the picture."""
    y: Mapped[float | None]
    w: Mapped[float | None]
    h: Mapped[float | None]
    up: Mapped[bool]
    path: Mapped[Path]
    """Where the file was when it was judged."""


class Correction(Authored, Base):
    """A user's word on a passage or a fact, applied again whenever units or facts are made anew.

    Keyed by the content's hash and the span or region, as a judgement is.
    """

    __tablename__ = "correction"
    __table_args__ = (Index("correction_content", "sha256"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    subject: Mapped[str]
    """The kind of the units, such as ``speech``, or the key of the fact, such as ``taken_at``."""
    start_s: Mapped[float | None]
    end_s: Mapped[float | None]
    x: Mapped[float | None]
    y: Mapped[float | None]
    w: Mapped[float | None]
    h: Mapped[float | None]
    track: Mapped[int | None]
    """The track that the unit is of; None for the first one, and where there are none."""
    language: Mapped[str | None]
    """Of the unit, as in ``Unit``."""
    value: Mapped[str]
    """The text of the unit, or the fact as JSON; an empty text takes the unit away."""
    replaced: Mapped[str | None]
    """The units that stood there as they were made, as JSON, for when it is taken back; None if unknown."""
    created_at: Mapped[datetime]


class OpenedRow(Owned, Base):
    """A hit that was opened among the answers of a question in words, noted only where that was asked for.

    Keyed by the content's hash and the second in it, as a judgement is.
    """

    __tablename__ = "opened"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    query: Mapped[str]
    """In the language of the query box."""
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    start_s: Mapped[float | None]
    """Where the moment began; None for what has no time."""
    rank: Mapped[int]
    """Its place among the hits then, from 1."""
    opened_at: Mapped[datetime]
    """In UTC."""


class StackChoice(Authored, Base):
    """A user's word that a content is to stand for its stack; the latest of several in a stack counts.

    Keyed by the content's hash, as a judgement is.
    """

    __tablename__ = "stack_choice"
    __table_args__ = (UniqueConstraint("owner", "sha256"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    chosen_at: Mapped[datetime]
    """In UTC."""


class HiddenRow(Authored, Base):
    """A content, or a folder, that a user has hidden: it is found only where hidden things are asked for.

    A content is keyed by its hash, as a judgement is, so that it stays hidden wherever its files go.
    """

    __tablename__ = "hidden"
    __table_args__ = (Index("hidden_content", "sha256"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the content; None for a folder."""
    path: Mapped[Path]
    """The folder, or where the file was when it was hidden."""
    hidden_at: Mapped[datetime]
    """In UTC."""


class EventSaid(Authored, Base):
    """An event that a user has named, or has put together otherwise than Trove would; it stays so."""

    __tablename__ = "event_said"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    """None for that of its place and days."""
    said_at: Mapped[datetime]
    """In UTC."""


class EventPicture(Authored, Base):
    """A content that is of an event that users made, or of none.

    Keyed by the content's hash, as a judgement is. What arrives later joins the nearest of its neighbours.
    """

    __tablename__ = "event_picture"
    __table_args__ = (
        UniqueConstraint("owner", "sha256"),
        Index("event_picture_event", "event_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event_said.id", ondelete="CASCADE"))
    """None for what was taken out of its event."""
    sha256: Mapped[bytes] = mapped_column(LargeBinary)


class PersonRow(Authored, Base):
    """Somebody whom users know in pictures: named, hidden, or put together otherwise than Trove would."""

    __tablename__ = "person"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    """None while nobody gave one."""
    hidden: Mapped[bool] = mapped_column(server_default=false())
    """Whether they are left out wherever people are listed."""
    said_at: Mapped[datetime]
    """In UTC."""


class PersonFace(Authored, Base):
    """A user's word that a face is a person's, or is not.

    Keyed by the content's hash, the second and the region, as a judgement is: a face that another detector
    finds at the same place is the same one.
    """

    __tablename__ = "person_face"
    __table_args__ = (
        Index("person_face_person", "person_id"),
        Index("person_face_content", "sha256"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    is_theirs: Mapped[bool]
    shown: Mapped[bool] = mapped_column(server_default=false())
    """Whether it is the one that stands for the person."""
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    at_s: Mapped[float | None]
    x: Mapped[float]
    """The region of the face, as in ``Unit``."""
    y: Mapped[float]
    w: Mapped[float]
    h: Mapped[float]


METADATA = Base.metadata
"""All tables: these, and those that Trove fills by itself."""
