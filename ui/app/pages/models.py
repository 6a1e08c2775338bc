"""Model page: the active embedding model, a comparison with others, and switching without downtime."""

import streamlit as st

from db.catalog import spaces
from db.engine.schema import Space
from db.errors import TroveError
from indexer.encoders.registry import PRESETS, ModelInfo
from ui.app import resources
from ui.app.views import indexing
from ui.wording import size


def _current(active: Space) -> None:
    info = _known(active.model)
    st.markdown(f"Your library answers with **{resources.plain(active.model)}**.")
    if info is not None:
        st.caption(f"{info.note} Understands {info.languages}.")


def _known(model: str) -> ModelInfo | None:
    return next((info for info in PRESETS.values() if info.model == model), None)


def _offers(active: Space) -> None:
    st.header("What others would give")
    st.table(
        {
            "Preset": [
                f"{info.name}{' (yours)' if info.model == active.model else ''}" for info in PRESETS.values()
            ],
            "Right at once": [_figure(info.coco_r1) for info in PRESETS.values()],
            "On Flickr30k": [_figure(info.flickr_r1) for info in PRESETS.values()],
            "Download": [size(info.size_mb * 1e6) for info in PRESETS.values()],
            "Languages": [info.languages for info in PRESETS.values()],
            "Licence": [
                info.licence.partition(";")[0] + ("" if info.commercial_use else " (not commercial)")
                for info in PRESETS.values()
            ],
            "For": [info.note for info in PRESETS.values()],
        },
        border="horizontal",
        hide_index=True,
    )
    st.caption(
        "Right at once: of a hundred captions of COCO, for how many the first of 5,000 pictures is the one "
        "that was described (R@1, text to picture). Published figures: "
        + "; ".join(sorted({info.source for info in PRESETS.values() if info.coco_r1}))
        + ". The builtin ones are measured on other pictures: see docs/models.md."
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def _change(active: Space) -> None:
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
            disabled=not chosen,
            on_click=_use,
            args=(chosen or "",),
        )
    info = PRESETS.get(chosen or "")
    if info is not None and not info.commercial_use:
        st.warning(f"{info.licence}: not for commercial use.")


def _use(name: str) -> None:
    try:
        resources.index_job().use_model(name.strip())
    except TroveError as exc:
        resources.explain(exc)


def _stored_models(vector_counts: dict[Space, int]) -> None:
    if len(vector_counts) < 2:
        return
    st.header("In this library")
    words = {"active": "answers", "retired": "answered before", "building": "not complete yet"}
    for space, count in vector_counts.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{resources.plain(space.model)}** · {words[space.state]} · "
                f"{count:,} pictures, moments and texts",
                width="content",
            )
            if space.state != "active":
                st.button(
                    "Go on" if space.state == "building" else "Use it again",
                    key=f"again_{space.id}",
                    on_click=_use,
                    args=(space.model,),
                )
                st.button(
                    "Drop", key=f"drop_{space.id}", type="tertiary", on_click=_drop, args=(space.model,)
                )


def _drop(name: str) -> None:
    try:
        resources.library().models.drop(name)
    except TroveError as exc:
        resources.explain(exc)
    else:
        st.toast(f"Dropped {resources.plain(name)}.")


st.title("Model")
with resources.read() as session:
    active = spaces.active(session)
    vector_counts = spaces.every(session)
if active is None:
    st.info("The first folder that is indexed chooses the model: see the Library page.")
else:
    _current(active)
    if not indexing.progress():
        _change(active)
        _stored_models(vector_counts)
    _offers(active)
