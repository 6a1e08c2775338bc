"""Choosing models beside the one that answers, each for what it alone can tell, such as what looks alike.

A library does without them until somebody wants one, and may drop it again at any time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from db import kinds
from db.catalog.spaces import Space
from db.errors import ModelError, TroveError
from db.kinds import MOTION, SIMILAR, SOUND
from indexer.pretrained.presets import PRESETS, PretrainedInfo, of_task
from indexer.pretrained.weights import is_here
from search.evaluation.measured import Measured
from ui.app import resources
from ui.quality import takes
from ui.wording import units_in_words


@dataclass(frozen=True)
class _Role:
    """A role in words. ``gives``: what its models do."""

    heading: str
    gives: str


_ROLES: Mapping[str, _Role] = {
    SIMILAR: _Role(
        "What looks alike",
        "A model of pictures alone knows no words, and compares by looks: *Similar* and the page Duplicates "
        "go by it while the library has one. Questions are answered as before.",
    ),
    SOUND: _Role(
        "What it sounds like",
        "A model of sounds and words finds recordings and moments of films by what they sound like: by words "
        "such as *a dog barking*, and by a sound that you give. It listens with the next refresh of the "
        "library.",
    ),
    MOTION: _Role(
        "What happens",
        "A model of clips and words finds moments of films by what happens in them, such as *opening a "
        "door*, beside single pictures. It looks with the next refresh of the library.",
    ),
}
_SUCH = "A preset, a name on the Hugging Face Hub, or a folder with a model"


def show_beside(vector_counts: Mapping[Space, int], measured: Mapping[str, Measured], *, busy: bool) -> None:
    """A section for each role: what the library has of it, what else there is, and changing it."""
    for name, role in _ROLES.items():
        st.header(role.heading)
        st.markdown(role.gives)
        own = {space: count for space, count in vector_counts.items() if space.role == name}
        if not own:
            st.caption("Your library has none.")
        for space, count in own.items():
            _held(space, count, busy=busy)
        _offers(name, measured)
        _choose(name, role, busy=busy)


def _held(space: Space, count: int, *, busy: bool) -> None:
    words = {"active": "in use", "retired": "used before", "building": "not complete yet"}
    with st.container(horizontal=True, vertical_alignment="center"):
        (kind, *more) = kinds.embedded(space.role)
        what = "pictures and moments" if more else kinds.named(kind).plural
        told = f"**{resources.plain(_called(space.model))}** · {words[space.state]} · {count:,} {what}"
        st.markdown(told, width="content")
        if space.state != "active":
            st.button(
                "Go on" if space.state == "building" else "Use it again",
                key=f"again_{space.id}",
                disabled=busy,
                on_click=use,
                args=(space.model, space.role),
            )
        st.button(
            "Drop",
            key=f"drop_{space.id}",
            type="tertiary",
            disabled=busy,
            on_click=drop,
            args=(space.model, space.role),
        )


def _offers(role: str, measured: Mapping[str, Measured]) -> None:
    infos = [info for info in PRESETS.values() if role in info.tasks]
    with st.container(key=f"offers_{role}"):
        st.table(
            {
                "Model": [info.name for info in infos],
                "Published": [info.figure or "–" for info in infos],
                "Time, here": [_time(info, measured) for info in infos],
                "Download": [_download(info) for info in infos],
                "Licence": [
                    info.licence + ("" if info.commercial_use else " (not for everybody's commercial use)")
                    for info in infos
                ],
                "For": [info.note or "–" for info in infos],
            },
            border="horizontal",
            hide_index=True,
        )


def _time(info: PretrainedInfo, measured: Mapping[str, Measured]) -> str:
    known = measured.get(info.name) or measured.get(info.repository) or Measured()
    return takes(known.speed) or "not measured"


def _download(info: PretrainedInfo) -> str:
    if is_here(info):
        return "none: it is here"
    return f"{info.download_gb:g} GB" if info.download_gb else "size not known"


def _choose(role: str, words: _Role, *, busy: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            words.heading,
            [info.name for info in of_task(role)],  # type: ignore[arg-type]
            index=None,
            key=f"new_{role}",
            accept_new_options=True,
            placeholder=_SUCH,
            label_visibility="collapsed",
            width=420,
        )
        st.button(
            "Use this model",
            key=f"use_{role}",
            type="primary",
            icon=":material/swap_horiz:",
            disabled=busy or not chosen,
            on_click=use,
            args=(chosen or "", role),
        )
    if chosen:
        _cost(chosen.strip(), role)


def _cost(name: str, role: str) -> None:
    """What it takes to use a model, before that is begun."""
    counts = resources.counts(among_hidden=True)
    own = {kind: counts[kind] for kind in kinds.embedded(role)}
    looked_at = f"It takes {units_in_words(own)}" if any(own.values()) else "Nothing is there for it yet"
    try:
        costs = resources.library().models.costs(name, role=role)
    except ModelError as exc:
        resources.explain(exc)
        return
    told = resources.plain(f"{looked_at}; {costs}.")
    st.caption(f"{told} The library stays as it is until all is done.")


def _called(model: str) -> str:
    """A model by its name alone where it is a folder."""
    return model.rstrip("/").rpartition("/")[2] if model.startswith("/") else model


def use(name: str, role: str) -> None:
    """Begin to change the model of a role; for callbacks."""
    try:
        resources.index_job().use_model(name.strip(), role=role)
    except TroveError as exc:
        resources.explain(exc)


def drop(name: str, role: str) -> None:
    """Delete the vectors of a model; for callbacks."""
    try:
        resources.library().models.drop(name, role=role)
    except TroveError as exc:
        resources.explain(exc)
    else:
        st.toast(f"Dropped {resources.plain(_called(name))}.")
