"""What is known of an opened hit: its facts, what is written or said in it, its place, why it is a hit."""

from collections.abc import Sequence

import streamlit as st

from db import kinds
from db.catalog import facets
from db.catalog.facts import Fact
from db.catalog.units import UnitRow
from indexer.media.types import Metadata
from search.answer import Evidence, Hit
from ui.app import resources
from ui.app.components.copytext import copy_text
from ui.app.geo import place
from ui.app.views import question, where
from ui.reasons import reason
from ui.wording import (
    OFFLINE,
    clock,
    fact,
    is_of_machine,
    kind_label,
    size,
    source,
)

_MAP_PX = 260


def show_known(row: UnitRow | None, metadata: Metadata | None, hit: Hit) -> None:
    """A table of what is known of a hit, with why it is one, and the map where its place is."""
    shown: dict[str, str] = {}
    if hit.start_s is not None:
        end = f" to {clock(hit.end_s)}" if hit.end_s is not None and hit.end_s - hit.start_s >= 1 else ""
        shown["Moment"] = f"{clock(hit.start_s)}{end}"
    shown |= written_or_said(row, hit)
    known = resources.library().facts(hit.path)
    shown |= _known(known)
    for name in ("lens", "exposure"):
        if value := getattr(metadata, name, None):
            shown[name.capitalize()] = value
    try:
        shown["Size"] = size(hit.path.stat().st_size)
    except OSError:
        shown["Size"] = OFFLINE
    if hit.why:
        shown["Why"] = "; ".join(dict.fromkeys(map(_reason_there, _telling(hit.why))))
    rows = {resources.plain(name): resources.plain(value) for name, value in shown.items()}
    st.table(
        {"": list(rows), " ": list(rows.values())}, border="horizontal", hide_index=True, hide_header=True
    )
    for item in known:
        if item.key == "place" and isinstance(item.value, tuple):
            _place((float(item.value[0]), float(item.value[1])))


def written_or_said(row: UnitRow | None, hit: Hit) -> dict[str, str]:
    """All texts of a hit by what they are; not what is said in a film or recording: the player has it all."""
    texts = {
        evidence.text: (evidence.kind, evidence.corrected)
        for evidence in hit.why
        if evidence.text and evidence.kind
    }
    if hit.text:
        texts.setdefault(hit.text, (hit.kind, False))
    said = kinds.proving("said")
    is_played = row is not None and row.media != "image"
    shown: dict[str, str] = {}
    for text, (kind, corrected) in texts.items():
        if is_played and kind in said:
            continue
        label = "Said" if kind in said else kind_label(kind)
        if is_of_machine(kind, corrected=corrected):
            label = f"{label}, by a machine"
        shown[label] = f"{shown[label]} · {text}" if label in shown else text
    return shown


def _known(facts: Sequence[Fact]) -> dict[str, str]:
    """The facts in words, each with who says so where it was not measured."""
    shown: dict[str, str] = {}
    for item in facts:
        name, value = fact(item.key, item.value)
        told = value if item.source == "decoder" else f"{value} · {source(item)}"
        shown[name] = f"{shown[name]}; {told}" if name in shown else told
    return shown


def _place(here: tuple[float, float]) -> None:
    with resources.read() as session:
        others = facets.places(session)
    name = place.in_words(here)
    with st.container(horizontal=True):
        st.image(place.region(here, others), width=_MAP_PX, alt=f"Around the place, {name}")
        st.image(place.world(here, others), width=2 * _MAP_PX, alt=f"On the earth: {place.written(here)}")
    st.caption("Red: here. Blue: other pictures of yours. Towns: GeoNames, CC BY 4.0. Land: Natural Earth.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/location_on: {resources.plain(name)} ({place.written(here)})", width="content"
        )
        copy_text(f"{here[0]:.6f},{here[1]:.6f}", "the place", key="viewer_position")
        if st.button(
            "Taken around here",
            icon=":material/near_me:",
            key="viewer_near",
        ):
            question.find(f'near:"{here[0]:.4f},{here[1]:.4f},10km"')
        if st.button("On the map", icon=":material/public:", key="viewer_map"):
            where.show_on_map(here)
        st.link_button(
            "OpenStreetMap",
            place.map_link(here),
            icon=":material/map:",
            type="tertiary",
            help="Tells openstreetmap.org the place",
        )


def _telling(why: Sequence[Evidence]) -> Sequence[Evidence]:
    """Without what a list of all that meets the conditions says of a hit, where they are named, too."""
    return [evidence for evidence in why if evidence.source != "listed"] or why[:1]


def _reason_there(evidence: Evidence) -> str:
    """Why a hit is there, with the file of its stack that it was found in where that is another one."""
    return reason(evidence) + (f", in {evidence.path.name}" if evidence.path else "")
