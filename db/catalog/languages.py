"""Languages of texts: which nobody has told yet, and telling them. Functions take an open session."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.catalog import revision
from db.engine.batches import chunks
from db.engine.schema import Unit, UnitKind


class Texts(NamedTuple):
    """What is said, or written, in one content: it is taken to be in one language."""

    content_id: int
    kind: UnitKind
    text: str


def untold(session: Session) -> Iterator[Texts]:
    """The texts whose language nobody has told yet, those of a content and kind together."""
    statement = select(Unit.content_id, Unit.kind, Unit.text)
    statement = statement.where(Unit.text.is_not(None), Unit.language.is_(None))
    rows = session.execute(statement.order_by(Unit.content_id, Unit.kind, Unit.id)).all()
    for (content_id, kind), own in groupby(rows, key=lambda row: (row[0], row[1])):
        yield Texts(content_id, kind, "\n".join(text or "" for _, _, text in own))


def tell(session: Session, languages: Mapping[tuple[int, UnitKind], str]) -> None:
    """Store the languages, by ISO 639 code, of all texts of a content and kind that have none yet."""
    by_language = sorted(languages, key=lambda place: (languages[place], place[1]))
    for (language, kind), own in groupby(by_language, key=lambda place: (languages[place], place[1])):
        for batch in chunks([content_id for content_id, _ in own]):
            untold_in = Unit.content_id.in_(batch), Unit.kind == kind, Unit.language.is_(None)
            session.execute(update(Unit).where(*untold_in, Unit.text.is_not(None)).values(language=language))
    revision.touch(session)
