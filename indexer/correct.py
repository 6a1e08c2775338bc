"""Corrections of spoken passages: the user's words in place of what was heard."""

from pathlib import Path

from sqlalchemy import select

from db import kinds
from db.catalog import corrections, units
from db.catalog.corrections import Span
from db.engine.schema import Content
from db.errors import SettingsError
from db.library import Library


def correct_passage(library: Library, path: Path, text: str, at_s: float) -> None:
    """Give the passage that is said at a second its right words; an empty text takes it away.

    The next indexing embeds them. They outlive a new transcript, another model and a lost file.

    Raises:
        SettingsError: nothing is said there, as far as the library knows.
    """
    with library.write() as session:
        spoken = [
            row
            for row in units.rows(session, units.ids_at(session, path), among_hidden=True).values()
            if row.kind in kinds.proving("said")
            and row.text is not None
            and row.start_s is not None
            and row.end_s is not None
            and row.start_s <= at_s < row.end_s
        ]
        if not spoken:
            raise SettingsError(f"nothing is said in {path.name} at {at_s:g} s", "See: trove search")
        row = spoken[0]
        sha256 = session.scalars(select(Content.sha256).where(Content.id == row.content_id)).one()
        corrections.put(session, sha256, row.kind, text.strip(), Span(row.start_s, row.end_s, row.region))
