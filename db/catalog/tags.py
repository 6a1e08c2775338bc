"""Tags of files, with the levels above them: ``Places/France/Paris``. Functions take an open session."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from db.engine.dialect import id_table
from db.engine.schema import Asset, AssetTag
from db.words.forms import fold

LEVEL = "/"
"""Between the levels of a tag."""


def levels(tag: str) -> list[str]:
    """A tag and those above it, the highest first: Places, Places/France, Places/France/Paris."""
    return list(accumulate(tag.split(LEVEL), lambda above, name: f"{above}{LEVEL}{name}"))


def united(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags of several sources together, each once whatever its case and accents.

    ``Paris`` and ``Places`` say nothing beside ``Places/France/Paris``: programs write them all.
    """
    own = list({fold(tag): tag for tag in reversed(list(tags))}.values())[::-1]
    # What stands below others, or is a level of one by itself, is said by these.
    said = {fold(part) for tag in own if LEVEL in tag for part in (*levels(tag)[:-1], *tag.split(LEVEL))}
    return tuple(tag for tag in own if fold(tag) not in said)


def keep(session: Session, tagged: Mapping[int, Iterable[str]]) -> None:
    """Write the tags of files, by the id of the asset, in place of what they had."""
    ids = id_table(list(tagged))
    session.execute(delete(AssetTag).where(AssetTag.asset_id.in_(select(ids.c.value))))
    rows = [row for asset_id, tags in tagged.items() for row in _rows(asset_id, tags)]
    if rows:
        session.execute(insert(AssetTag), rows)


def _rows(asset_id: int, tags: Iterable[str]) -> Iterator[dict[str, object]]:
    for part in {fold(part): part for tag in tags for part in levels(tag)}.values():
        yield {"asset_id": asset_id, "tag": part, "level": fold(part.rpartition(LEVEL)[2])}


def tagged(asset_id: ColumnElement[int], value: str) -> ColumnElement[bool]:
    """SQL condition on files: they have a tag of which ``value`` is a level, or the last of several.

    ``value``: ``Paris``, ``France/Paris``, ``par*``; case and accents do not matter.
    """
    wanted = fold(value.strip(LEVEL))
    begun = wanted.removesuffix("*")
    last = begun.rpartition(LEVEL)[2]
    if begun == wanted:
        conditions, end = [AssetTag.level == last], LEVEL
    else:
        conditions, end = [AssetTag.level >= last, AssetTag.level < last + "\U0010ffff"], ""
    if LEVEL in wanted:
        path = LEVEL + func.trove_fold(AssetTag.tag) + LEVEL
        conditions.append(func.instr(path, LEVEL + begun + end) > 0)
    return asset_id.in_(select(AssetTag.asset_id).where(*conditions))


def counts(session: Session, counted: Iterable[ColumnElement[bool]]) -> dict[str, int]:
    """How many contents have each tag, or one below it, those that most have first.

    As most write it. ``counted``: conditions on the files.
    """
    number = func.count(Asset.content_id.distinct())
    statement = (
        select(AssetTag.tag, number)
        .join(Asset, Asset.id == AssetTag.asset_id)
        .where(*counted)
        .group_by(AssetTag.tag)
        .order_by(number.desc(), AssetTag.tag)
    )
    written: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for tag, files in session.execute(statement):
        numbers[written.setdefault(fold(tag), tag)] += files
    return dict(numbers.most_common())
