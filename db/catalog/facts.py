"""Facts about contents and files, such as when a picture was taken: who claims them, and which claim wins.

Several sources may claim a fact; the first in ``PRECEDENCE`` wins. The winners of each file are kept in its
own row (``Asset``), rewritten in the transaction of the claim: filters, facets and sorting read only that.
Functions take an open session.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from db import zones
from db.catalog import tags
from db.engine.schema import Analysis, Asset, Content, FactRow
from db.engine.users import Correction
from db.gazetteer import known_by

log = logging.getLogger(__name__)

Source = Literal[
    "user",
    "sidecar",
    "exif",
    "xmp",
    "iptc",
    "tags",
    "apple",
    "container",
    "takeout",
    "name",
    "modified",
    "decoder",
    "first edition",
    "gazetteer",
    "outlines",
    "machine",
    "events",
]
"""Who claims a fact, the most trusted first.

``user``: the user's own word; ``sidecar``: an XMP or AAE file beside it; ``exif``, ``xmp``, ``iptc``:
embedded in the file; ``tags``: the tags of a film or recording, the texts of a PNG; ``apple``,
``container``: in a film, with Apple's own date or the container's in UTC;
``takeout``: Google's JSON; ``name``: a pattern in the file's name; ``modified``: EXIF's ModifyDate, the day
of editing; ``decoder``: measured while decoding; ``first edition``: from a library without sources;
``gazetteer``: the nearest town to a place; ``outlines``: those of time zones, by a place; ``machine``: the
settings of this machine, where nobody else says anything; ``events``: what was taken near it in time and
place, which is told of a file and never claimed.
"""

PRECEDENCE: tuple[Source, ...] = get_args(Source)

Value = str | float | datetime | tuple[float, float] | tuple[int, int] | tuple[str, ...]

Key = Literal[
    "taken_at",
    "zone",
    "place",
    "city",
    "state",
    "country",
    "camera",
    "lens",
    "screenshot",
    "colours",
    "size",
    "duration",
    "note",
    "subtitles",
    "live",
    "burst",
    "film",
    "title",
    "description",
    "artist",
    "album",
    "tags",
    "rating",
    "label",
    "pick",
    "favourite",
    "edited",
    "uploaded_as",
    "put_away",
    "event",
]

IN_UTC: frozenset[Source] = frozenset({"container", "takeout", "name"})
"""They may keep a moment in UTC, without the zone that it was taken in: this is told by the place."""

UNITED: frozenset[Key] = frozenset({"tags"})
"""Of these no source is the right one: what all of them say holds together."""


@dataclass(frozen=True)
class Fact:
    """What a source claims.

    ``value`` by ``key``: ``taken_at`` a ``datetime`` of local time, with its offset from UTC where somebody
    says it; ``zone`` the name of a time zone, ``Europe/Lisbon``; ``place`` (latitude, longitude) in degrees;
    ``city``, ``state``, ``country``, ``camera`` and ``lens`` text; ``screenshot`` that it is one; ``colours``
    their names with spaces between; ``size`` (width, height) in pixels of the upright picture; ``duration``
    seconds; ``note`` what is to be known of what is shown, as that a picture is cut short;
    ``subtitles`` what of them is not read, and why; ``live`` and
    ``burst`` the identifier that a live photo shares with its film, and a picture with the others of its
    burst; ``film`` where the film of a motion photo is, (first byte, bytes). Nobody
    filters by these four, so that they have no column. What people wrote: ``title``,
    ``description``, ``artist`` and ``album`` text; ``tags`` some, each with the levels above it,
    ``Places/France/Paris``; ``rating`` 0 to 5, -1 for rejected; ``label`` a colour; ``pick`` ``picked`` or
    ``rejected``; ``favourite`` that it is. Of exports: ``edited`` the name of Apple's file that says how,
    ``uploaded_as`` the name that a file had, ``put_away`` whether it was ``archived`` there or
    ``in the trash``, which changes nothing here; ``event`` the name of the event that it is of, see
    ``db.catalog.events``. ``said_by``: the user whose word it is, None where that is who asks.
    """

    key: Key
    value: Value
    source: Source
    said_by: str | None = None


@dataclass(frozen=True)
class Claims:
    """Facts about a content, or about an asset, and the analysis that found them."""

    facts: Sequence[Fact]
    content_id: int | None = None
    asset_id: int | None = None
    analysis_id: int | None = None


def claim(session: Session, facts: Sequence[Fact], **of: int | None) -> None:
    """As ``claim_all`` for one set of claims, by its fields."""
    claim_all(session, [Claims(facts, **of)])


def claim_all(session: Session, claims: Iterable[Claims]) -> None:
    """Store claims about contents or assets; ``refresh`` afterwards."""
    rows = [
        {
            "content_id": of.content_id,
            "asset_id": of.asset_id,
            "analysis_id": of.analysis_id,
            "key": fact.key,
            "value": as_json(fact.value),
            "source": fact.source,
        }
        for of in claims
        for fact in of.facts
    ]
    if rows:
        session.execute(insert(FactRow), rows)


def unclaim(session: Session, content_ids: Collection[int], source: Source, key: str | None = None) -> None:
    """Delete the claims of a source about contents, all or of one key; ``refresh`` afterwards.

    Not those that an analysis has found, in what somebody exported.
    """
    statement = delete(FactRow).where(FactRow.content_id.in_(content_ids), FactRow.source == source)
    statement = statement.where(FactRow.analysis_id.is_(None))
    session.execute(statement if key is None else statement.where(FactRow.key == key))


def refresh(session: Session, content_ids: Iterable[int], asset_ids: Iterable[int] = ()) -> None:
    """Rewrite the effective facts of all files with these contents, and of these files."""
    assets = session.execute(
        select(Asset.id, Asset.content_id, Asset.mtime_ns).where(
            or_(Asset.content_id.in_(set(content_ids)), Asset.id.in_(set(asset_ids)))
        )
    ).all()
    claims = _claims(session, assets)
    rows = []
    tagged: dict[int, tuple[str, ...]] = {}
    for asset_id, content_id, mtime_ns in assets:
        facts = effective([*claims["content", content_id], *claims["asset", asset_id]])
        rows.append({"id": asset_id, **_columns(facts, mtime_ns)})
        tagged[asset_id] = _tags(facts.get("tags"))
    if rows:
        session.execute(update(Asset), rows)
        tags.keep(session, tagged)


def winners(claims: Iterable[Fact]) -> dict[Key, Fact]:
    """The claim of the most trusted source for each key; among equals the last one.

    What is ``UNITED`` is what all sources claim, as a claim of the most trusted one.
    """
    best: dict[Key, Fact] = {}
    for fact in claims:
        known = best.get(fact.key)
        if known is None or PRECEDENCE.index(fact.source) <= PRECEDENCE.index(known.source):
            first, second = fact, known
        else:
            first, second = known, fact
        if second is not None and fact.key in UNITED:
            first = replace(first, value=tags.united([*_tags(first), *_tags(second)]))
        best[fact.key] = first
    return best


def effective(claims: Iterable[Fact]) -> dict[Key, Fact]:
    """The winners, with the date by the clock of where it was, and the names of the place.

    A moment in UTC is brought into the zone that the user names, or else that of the place, or else this
    machine's, which is then a fact, too. The user's zone counts for whatever has an offset. What nobody says
    is named by the nearest town; of a place that the user says, whatever others say.
    """
    facts = winners(claims)
    _name(facts)
    _localise(facts)
    return facts


_IN_TOWN_KM, _IN_COUNTRY_KM = 30.0, 100.0
"""How far from a town a place may be to be named by it, and by its country."""


def _name(facts: dict[Key, Fact]) -> None:
    if (place := facts.get("place")) is None:
        return
    town, away_km = known_by(_place(place))
    names: tuple[tuple[Key, str, float], ...] = (
        ("city", town.name, _IN_TOWN_KM),
        ("country", town.country, _IN_COUNTRY_KM),
    )
    for key, name, most_km in names:
        known = facts.get(key)
        if known is not None and (place.source != "user" or known.source == "user"):
            continue
        facts.pop(key, None)
        if name and away_km <= most_km:
            facts[key] = Fact(key, name, "gazetteer")


def _localise(facts: dict[Key, Fact]) -> None:
    taken, place, named = (facts.get(key) for key in _OF_TIME)
    if taken is None or not isinstance(taken.value, datetime) or taken.value.tzinfo is None:
        return
    there = None if named is None else zones.zone(str(named.value))
    if there is None:
        if taken.source not in IN_UTC or taken.value.utcoffset():
            return
        if place is not None and (there := zones.zone_at(_place(place))) is not None:
            facts["zone"] = Fact("zone", there.key, "outlines")
        else:
            here = zones.local(taken.value, None).tzname()
            facts["zone"] = Fact("zone", str(here), "machine")
    facts["taken_at"] = replace(taken, value=zones.local(taken.value, there))


_OF_TIME: tuple[Key, ...] = ("taken_at", "place", "zone")


def _place(fact: Fact) -> tuple[float, float]:
    latitude, longitude = _pair(fact.value)
    return float(str(latitude)), float(str(longitude))


def _tags(fact: Fact | None) -> tuple[str, ...]:
    value = () if fact is None else fact.value
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def of_file(session: Session, path: Path) -> dict[Key, Fact]:
    """The winning facts of the file at a path, each with its source; empty where it is not in the library."""
    return effective(claimed(session, path))


def told(session: Session, path: Path) -> list[Fact]:
    """The winning facts of the file at a path as ``of_file``; what is ``UNITED`` by each of its sources.

    Of what users say it is told which one does.
    """
    claims = claimed(session, path)
    by = _authors(session, path) if any(claim.source == "user" for claim in claims) else {}
    facts = [
        replace(fact, said_by=by.get(fact.key)) if fact.source == "user" else fact
        for fact in effective(claims).values()
        if fact.key not in UNITED
    ]
    said: tuple[str, ...] = ()
    for claim in claims:
        if claim.key in UNITED:
            more = tags.united([*said, *_tags(claim)])
            if own := tuple(tag for tag in more if tag not in said):
                facts.append(replace(claim, value=own))
            said = more
    return facts


def _authors(session: Session, path: Path) -> dict[str, str | None]:
    """The other users who corrected facts of the file at a path, by the key of the fact."""
    statement = (
        select(Correction.subject, Correction.said_by)
        .join(Content, Content.sha256 == Correction.sha256)
        .join(Asset, Asset.content_id == Content.id)
        .where(Asset.path == path)
    )
    return dict(session.execute(statement).all())


def claimed(session: Session, path: Path) -> list[Fact]:
    """All that is claimed of the file at a path, the most trusted source first."""
    assets = session.execute(
        select(Asset.id, Asset.content_id, Asset.mtime_ns).where(Asset.path == path)
    ).all()
    claims = [fact for claims in _claims(session, assets).values() for fact in claims]
    return sorted(claims, key=lambda fact: PRECEDENCE.index(fact.source))


def without_colours(session: Session, analyser: str) -> dict[tuple[int, int], Path]:
    """A path of each picture that an analyser has looked at and of which nobody has named the colours.

    By the ids of its content and of that analysis; only those that can be read now.
    """
    statement = (
        select(Analysis.content_id, Analysis.id, func.min(Asset.path))
        .join(Asset, Asset.content_id == Analysis.content_id)
        .where(Analysis.analyser == analyser, Analysis.state == "done")
        .where(Asset.state == "indexed", Asset.colours.is_(None))
        .group_by(Analysis.id)
    )
    return {
        (content_id, analysis_id): path
        for content_id, analysis_id, path in session.execute(statement)
        if content_id is not None
    }


_Claims = defaultdict[tuple[str, int | None], list[Fact]]


def _claims(session: Session, assets: Sequence[Row[int, int | None, int]]) -> _Claims:
    claims: _Claims = defaultdict(list)
    statement = select(FactRow).where(
        or_(
            FactRow.content_id.in_({content_id for _, content_id, _ in assets}),
            FactRow.asset_id.in_([asset_id for asset_id, _, _ in assets]),
        )
    )
    for row in session.scalars(statement.order_by(FactRow.id)):
        owner = ("asset", row.asset_id) if row.content_id is None else ("content", row.content_id)
        if (fact := sound(row.key, row.value, row.source)) is not None:
            claims[owner].append(fact)
    return claims


def sound(key: str, value: str, source: str) -> Fact | None:
    """The claim that a row holds; None for a damaged one, of which the log tells."""
    try:
        return from_json(key, value, source)
    except ValueError as exc:
        log.warning("a damaged fact is left out: %s", exc)
        return None


def _columns(facts: dict[Key, Fact], mtime_ns: int) -> dict[str, object]:
    values = {key: fact.value for key, fact in facts.items()}
    latitude, longitude = _pair(values.get("place"))
    width, height = _pair(values.get("size"))
    taken_at = values.get("taken_at")
    if isinstance(taken_at, datetime):
        taken_at = taken_at.replace(tzinfo=None)
    return {
        "taken_at": taken_at,
        "moment": taken_at or _changed(mtime_ns),
        "latitude": latitude,
        "longitude": longitude,
        "city": values.get("city"),
        "region": values.get("state"),
        "country": values.get("country"),
        "camera": values.get("camera"),
        "lens": values.get("lens"),
        "screenshot": values.get("screenshot"),
        "colours": values.get("colours"),
        "width": width,
        "height": height,
        "duration_s": values.get("duration"),
        "rating": values.get("rating"),
        "label": values.get("label"),
        "pick": values.get("pick"),
        "favourite": values.get("favourite"),
    }


def _pair(value: object) -> tuple[object, object]:
    return (value[0], value[1]) if isinstance(value, tuple) else (None, None)


def _changed(mtime_ns: int) -> datetime | None:
    """Local time of a file's change; None where the file system says something absurd."""
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9)
    except (OverflowError, ValueError, OSError):
        return None


def as_json(value: Value) -> str:
    """The value as a row holds it, and a correction."""
    return json.dumps(value.isoformat(" ") if isinstance(value, datetime) else value)


def from_json(key: str, value: str, source: str) -> Fact:
    """The claim that a row holds.

    Raises:
        ValueError: the value is damaged, or there is no such source.
    """
    parsed = json.loads(value)
    if source not in PRECEDENCE:
        raise ValueError(f"there is no source {source!r}")
    if key == "taken_at":
        parsed = datetime.fromisoformat(str(parsed))
    elif isinstance(parsed, list):
        parsed = tuple(parsed)
    return Fact(key, parsed, source)  # type: ignore[arg-type]
