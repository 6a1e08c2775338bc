"""Model page: how well the active embedding model finds here, what others would give, changing it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from db import kinds
from db.catalog import revision, spaces
from db.catalog.spaces import Space
from db.kinds import CLIP
from indexer.encoders.registry import PRESETS, ModelInfo, better_than, preset_of
from search.evaluation.measured import ENOUGH, Measured
from ui.app import resources
from ui.app.views import indexing
from ui.app.views.beside import drop, show_beside, use
from ui.quality import COUNTED, NOT_THE_SAME, day, found, found_first, lacking, ready, takes
from ui.wording import size, units_in_words

_NEWS_S = 1.0
_SAMPLE = 20


def _current(active: Space) -> None:
    info = preset_of(active.model)
    st.markdown(f"Your library answers with **{resources.plain(active.model)}**.")
    if info is not None:
        st.caption(f"{info.note} Understands {info.languages}.")
    if better := better_than(active.model):
        st.info(
            f"**{better}** finds more and needs no download. Change to it below.", icon=":material/upgrade:"
        )


def _found_here(known: Measured, *, busy: bool) -> None:
    st.header("How well it finds, here")
    counts = _questions()
    missing = [lacking(kind, count, ENOUGH) for kind, count in counts.items()]
    for sentence in filter(None, (found(known, kind) for kind in COUNTED)):
        st.markdown(sentence.replace(" %", "\xa0%"))
    if known.at is not None:
        st.caption(f"Measured on {day(known)}.")
    elif all(missing):
        st.markdown("Too little is known yet to say how well it finds what you look for:")
    enough = [] if known.at else [ready(kind, count, ENOUGH) for kind, count in counts.items()]
    for sentence in filter(None, [*enough, *missing]):
        st.markdown(f"- {sentence}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if not all(missing):
            st.button(
                "Measure it again" if known.at else "Measure it",
                icon=":material/target:",
                key="measure_quality",
                disabled=busy,
                on_click=_measure_quality,
            )
        _remember()
    _measuring("quality", "Asking for what is known to be right …")


def _questions() -> Mapping[str, int]:
    library = resources.library()
    with resources.read() as session:
        now = revision.current(session)
    return _counts(now, library.openings.count(), sum(one.up for one in library.saved.every()))


@st.cache_data(show_spinner="Counting what it can be measured by …", max_entries=2)
def _counts(revision: int, opened: int, up: int) -> Mapping[str, int]:  # noqa: ARG001 - when to count again
    return resources.library().questions()


def _remember() -> None:
    openings = resources.library().openings
    st.session_state.remember_opened = openings.remembered
    st.toggle(
        "Remember what I open",
        key="remember_opened",
        help="Which hits you open for which question, in this library and nowhere else, to measure how well "
        "your questions find. Off until you want it.",
        on_change=_turn_remembering,
    )
    if count := openings.count():
        with st.popover(f"Forget the {count:,} remembered", type="tertiary"):
            st.markdown("What you opened is then **deleted**, and nothing more is remembered.")
            st.button("Forget it", key="forget_opened", type="primary", on_click=_forget_opened)


def _turn_remembering() -> None:
    with resources.explained():
        resources.library().openings.remember(st.session_state.remember_opened)


def _forget_opened() -> None:
    with resources.explained():
        resources.library().openings.forget()


def _measure_quality() -> None:
    with resources.explained():
        resources.measure_job().quality()


def _measure_speed(models: Sequence[str]) -> None:
    with resources.explained():
        resources.measure_job().speed(models, _SAMPLE)


def _measuring(what: str, words: str) -> None:
    """Show that something is measured, until it is, or why it could not be."""
    state = resources.measure_job().state()
    if state.what == what:
        st.fragment(_measurement, run_every=_NEWS_S if state.active else None)(state.active, words)


def _measurement(was_active: bool, words: str) -> None:
    state = resources.measure_job().state()
    if was_active != state.active:
        st.rerun()  # there are other figures
    if state.active:
        st.info(words, icon="spinner")
    elif state.error:
        error = resources.plain(resources.sentence(state.error))
        st.error(f"**That could not be measured.** {error}", icon=":material/error:")


def _offers(active: Space, measured: Mapping[str, Measured], *, busy: bool) -> None:
    st.header("What others would give")
    infos = list(PRESETS.values())
    known = [measured.get(info.model, Measured()) for info in infos]
    with st.container(key="offers"):
        st.table(
            {
                "Model": [f"{info.name}{' (yours)' if info.model == active.model else ''}" for info in infos],
                "Right at once, published": [_published(info) for info in infos],
                "Right at once, here": [_whole(found_first(one)) or "–" for one in known],
                "Time, here": [_whole(takes(one.speed)) or "not measured" for one in known],
                "Download": [size(info.size_mb * 1e6) if info.repository else "none" for info in infos],
                "Languages": [info.languages for info in infos],
                "Licence": [
                    info.licence.partition(";")[0] + ("" if info.commercial_use else " (not commercial)")
                    for info in infos
                ],
                "For": [info.note for info in infos],
            },
            border="horizontal",
            hide_index=True,
        )
    st.caption(
        "Right at once: of how many descriptions the first answer is the picture that was described (R@1, "
        "text to picture). Published: of captions of COCO, among 5,000 pictures, and of Flickr30k, "
        "among 1,000 ("
        + "; ".join(sorted({info.source for info in infos if info.coco_r1}))
        + "). Here: of what somebody wrote about your own pictures, with its 95 % interval. "
        + NOT_THE_SAME
    )
    _hours(busy=busy)


def _published(info: ModelInfo) -> str:
    figures = {"COCO": info.coco_r1, "Flickr30k": info.flickr_r1}
    parts = (f"{name} {value:.1f} %" for name, value in figures.items() if value is not None)
    return ", ".join(map(_whole, parts)) or "–"


def _whole(figure: str) -> str:
    """A figure that is not broken into lines, but for what is in brackets."""
    return figure.replace(" ", "\xa0").replace("\xa0(", " (")


def _hours(*, busy: bool) -> None:
    models = resources.library().models.ready()
    counts = resources.counts(among_hidden=True)
    looked_at = {kind: counts[kind] for kind in kinds.embedded(CLIP)}
    all_of_it = units_in_words(looked_at)
    st.caption(
        f"Time, here: how long a model would look at all that you have, {all_of_it}, going by the time that "
        "some of your pictures take on this computer, or that changing to it took. What has to be downloaded "
        "first cannot be timed."
    )
    st.button(
        f"Measure on {_SAMPLE} of your pictures",
        icon=":material/timer:",
        key="measure_speed",
        disabled=busy or not any(looked_at.values()),
        help=f"Times the models that are on this computer: {', '.join(map(_name, models))}",
        on_click=_measure_speed,
        args=(models,),
    )
    _measuring("speed", f"Timing {', '.join(map(_name, models))} …")


def _name(model: str) -> str:
    info = preset_of(model)
    return resources.plain(model if info is None else info.name)


def _change(active: Space, *, busy: bool) -> None:
    st.header("Change it")
    st.markdown(
        "Every picture, moment and passage is looked at again with the new model, while the old one goes on "
        "answering. When all is done the new one takes over; until you drop the old one you can go back."
    )
    names = [info.name for info in PRESETS.values() if info.model != active.model]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Model",
            names,
            index=None,
            key="new_model",
            accept_new_options=True,
            placeholder="A preset, MODEL/TAG of open_clip, or a folder with a model",
            width=420,
        )
        st.button(
            "Use it",
            type="primary",
            icon=":material/swap_horiz:",
            disabled=busy or not chosen,
            on_click=use,
            args=((chosen or "").strip(), CLIP),
        )
    info = PRESETS.get(chosen or "")
    if info is not None and not info.commercial_use:
        st.warning(f"{info.licence}: not for commercial use.")


def _stored_models(vector_counts: dict[Space, int], measured: Mapping[str, Measured]) -> None:
    if len(vector_counts) < 2:
        return
    st.header("In this library")
    words = {"active": "answers", "retired": "answered before", "building": "not complete yet"}
    for space, count in vector_counts.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{resources.plain(space.model)}** · {words[space.state]} · "
                f"{count:,} pictures, moments and texts{_short(measured.get(space.model))}",
                width="content",
            )
            if space.state != "active":
                st.button(
                    "Go on" if space.state == "building" else "Use it again",
                    key=f"again_{space.id}",
                    on_click=use,
                    args=(space.model, CLIP),
                )
                st.button(
                    "Drop", key=f"drop_{space.id}", type="tertiary", on_click=drop, args=(space.model, CLIP)
                )


def _short(known: Measured | None) -> str:
    first = "" if known is None else found_first(known)
    return f" · {first} described ones found first" if first else ""


st.title("Model")
with resources.read() as session:
    active = spaces.active(session)
    vector_counts = spaces.every(session)
if active is None:
    st.info("The first folder that is indexed chooses the model: see the Library page.")
else:
    measured = resources.library().models.measured()
    _current(active)
    changing, measuring = indexing.progress(), resources.measure_job().state().active
    _found_here(measured.get(active.model, Measured()), busy=changing or measuring)
    _offers(active, measured, busy=changing or measuring)
    if not changing:
        _change(active, busy=measuring)
        own = {space: count for space, count in vector_counts.items() if space.role == CLIP}
        _stored_models(own, measured)
    show_beside(vector_counts, measured, busy=changing or measuring)
