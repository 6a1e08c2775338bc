"""What people wrote about pictures: titles and descriptions, by the pictures that they are of."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import kinds
from db.catalog import switches
from db.catalog.facts import Fact, sound, winners
from db.engine.schema import LIVE, Asset, Content, FactRow, Unit
from db.kinds import CLIP, PICTURE


def of_pictures(session: Session, least_words: int) -> Mapping[str, list[frozenset[int]]]:
    """The pictures that have each text, as the ids of what can be found of one, a set for each picture.

    A picture has its description or, where that is shorter than so many words, its title; else none.
    """
    found: dict[str, list[frozenset[int]]] = defaultdict(list)
    for unit_ids, claims in _claims(session):
        said = winners(claims)
        texts = (str(said[key].value) for key in ("description", "title") if key in said)
        text = next((text for text in texts if len(text.split()) >= least_words), None)
        if text is not None:
            found[" ".join(text.split())].append(unit_ids)
    return found


def _claims(session: Session) -> list[tuple[frozenset[int], list[Fact]]]:
    """What can be found of each picture that has words of people, and all that they say of it."""
    said = select(FactRow.key, FactRow.value, FactRow.source, Content.id)
    said = said.where(FactRow.key.in_(("title", "description")), Content.kind == "image")
    of_file = said.join(Asset, Asset.id == FactRow.asset_id).where(Asset.state.in_(LIVE))
    claims: dict[int, list[Fact]] = defaultdict(list)
    for statement in (
        said.join(Content, Content.id == FactRow.content_id),
        of_file.join(Content, Content.id == Asset.content_id),
    ):
        for key, value, source, content_id in session.execute(statement.order_by(FactRow.id)):
            if (fact := sound(key, value, source)) is not None:
                claims[content_id].append(fact)
    units: dict[int, set[int]] = defaultdict(set)
    of_kinds = kinds.of_modality(CLIP, PICTURE)
    shown = select(Unit.content_id, Unit.id).where(Unit.kind.in_(of_kinds), switches.findable(session))
    for content_id, unit_id in session.execute(shown):
        if content_id in claims:
            units[content_id].add(unit_id)
    return [(frozenset(unit_ids), claims[content_id]) for content_id, unit_ids in sorted(units.items())]
