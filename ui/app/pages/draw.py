"""Draw page: text-to-image generation, with each picture labelled as generated."""

from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from db.errors import TroveError
from search.drawing.calls import Start
from search.drawing.folder import Drawn, drawings, new_drawing
from search.drawing.presets import BUILTIN, PRESETS, preset_of
from search.drawing.weights import chosen, installed
from ui.app import resources
from ui.app.jobs import DrawState
from ui.app.routes import media
from ui.app.views import question
from ui.wording import drew, duration, size

_NEWS_S = 1.0
_THUMBNAIL_SIDE = 320
_EXAMPLES = {BUILTIN: "A cupcake"}

# By default Streamlit drops a widget's state while another page is shown.
_PERSISTENT = {"persist_state": "session"}


def _folder() -> Path:
    return resources.library().core.paths.drawings


def _ask(busy: bool) -> None:
    if prompt := st.query_params.pop("prompt", None):
        st.session_state.prompt = prompt
        st.session_state.without = st.query_params.pop("without", "")
        nearest = st.query_params.pop("nearest", "")
        st.session_state.nearest = int(nearest) if nearest.isdecimal() else None
    generator = chosen(resources.library().settings.generator)
    st.text_area(
        "What should the picture show?",
        key="prompt",
        height=80,
        # The example is one that the model can draw.
        placeholder=_EXAMPLES.get(st.session_state.get("model") or generator, "A dog on the beach at sunset"),
        **_PERSISTENT,
    )
    names = [generator, *(name for name in PRESETS if name != generator)]
    model = st.selectbox(
        "Model",
        names,
        format_func=_describe,
        key="model",
        accept_new_options=True,
        help="A preset, the name of a diffusers model on the Hugging Face Hub, or a folder with one",
        width=340,
        **_PERSISTENT,
    )
    how = _more()
    if model == BUILTIN:
        st.caption(
            "Part of Trove: draws **pictograms** of single things, on this machine, in seconds. "
            "For photographs choose a larger model, which is downloaded once."
        )
    elif st.session_state.get("nearest") is not None:
        how["start"] = _nearest(st.session_state.nearest)
    if model:
        _start_button(model.strip(), how, busy)


def _nearest(unit_id: int) -> Start | None:
    """Offer to start from the picture that came nearest to the question; None if that is not wanted."""
    try:
        shown = media.still(media.unit(unit_id), media.VIEW_SIDE)
    except TroveError:
        return None  # taken away since
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(str(shown), width=96, alt="The nearest picture")
        wanted = st.checkbox("Start from the nearest picture", key="from_nearest", **_PERSISTENT)
        strength = st.slider(
            "How much is drawn anew",
            min_value=0.1,
            max_value=1.0,
            value=0.6,
            key="strength",
            disabled=not wanted,
            width=240,
            **_PERSISTENT,
        )
    if not wanted:
        return None
    with Image.open(shown) as picture:
        return Start(picture.convert("RGB"), strength)


def _more() -> dict[str, Any]:
    """What few need to choose: what to leave out, steps and seed."""
    with (
        st.expander("More", icon=":material/tune:"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        left_out = st.text_input(
            "Without",
            key="without",
            placeholder="People",
            help="What it should not show; not every model takes such words",
            width=240,
            **_PERSISTENT,
        )
        steps = st.number_input(
            "Steps",
            min_value=1,
            max_value=200,
            value=None,
            placeholder="Auto",
            key="steps",
            width=130,
            **_PERSISTENT,
        )
        seed = st.number_input(
            "Seed",
            min_value=0,
            value=None,
            placeholder="Random",
            key="seed",
            width=150,
            step=1,
            **_PERSISTENT,
        )
    return {"without": left_out or "", "steps": steps, "seed": seed}


def _describe(model: str) -> str:
    info = PRESETS.get(model)
    if info is None:
        return model
    kind = "pictograms" if model == BUILTIN else "photographs"
    amount = f"{size(1e9 * info.download_gb)}" if info.download_gb else ""
    time = f"{duration(info.cpu_s)} on two cores" if info.cpu_s else ""
    told = (kind, amount, info.licence.partition(";")[0], time)
    return f"{model} ({'; '.join(part for part in told if part)})"


def _start_button(model: str, how: dict[str, Any], busy: bool) -> None:
    label = "Draw"
    if not installed(model):
        info = preset_of(model)
        amount = size(1e9 * info.download_gb) if info and info.download_gb else "several GB"
        st.info(
            f"**{resources.plain(model)} is not on this machine yet.** Drawing with it downloads {amount} "
            "once. Nothing of yours is sent." + (f" {resources.plain(info.note)}" if info else ""),
            icon=":material/download:",
        )
        label = f"Download {amount} and draw"
    if st.button(label, type="primary", icon=":material/brush:", key="draw", disabled=busy):
        prompt = (st.session_state.prompt or "").strip()
        if not prompt:
            st.warning("Say in a few words what the picture should show.")
            return
        resources.draw_job().start(resources.drawer(model), prompt, new_drawing(_folder(), prompt), **how)
        st.rerun()


def _progress(was_active: bool) -> None:
    state = resources.draw_job().state
    if was_active and not state.active:
        st.rerun()
    if state.active:
        resources.draw_job().spare()
        text = f"Drawing: step {state.done} of {state.total}" if state.total else "Loading the model …"
        st.progress(state.done / state.total if state.total else 0.0, text)
        if state.preview is not None:
            st.image(state.preview, width=384, alt=f"How it looks so far: {state.prompt}")
            st.caption(":material/auto_awesome: Being generated, not a photo of yours.")
        if st.button("Stop", icon=":material/stop_circle:", key="stop_drawing"):
            resources.draw_job().stop()
    elif state.error is not None:
        resources.explain(state.error)
    elif state.drawing is not None:
        _result(state)


def _result(state: DrawState) -> None:
    drawing = state.drawing
    if drawing is None or not drawing.path.exists():
        return
    with st.container(border=True):
        st.image(str(drawing.path), width=min(512, max(256, drawing.width)), alt=f"Drawing: {drawing.prompt}")
        st.markdown(f"**{resources.plain(drawing.prompt)}**")
        st.caption(_label(drawing.model) + f" Seed {drawing.seed}, {drawing.seconds:.1f} s.")
        if drawing.model == BUILTIN:
            st.caption(drew(drawing.concept, emphasis="*"))
        _search_button(drawing.path, "result")


def _label(model: str) -> str:
    return f":material/auto_awesome: Generated by {resources.plain(model)}, not a photo of yours."


def _search_button(path: Path, key: str) -> None:
    if st.button(
        "Search with it",
        icon=":material/image_search:",
        key=f"search_{key}",
    ):
        question.find_similar(path)


def _gallery(pictures: list[Drawn]) -> None:
    st.header("Drawings")
    with st.container(horizontal=True, gap="medium"):
        for drawn in pictures:
            with st.container(width=220), resources.explained():
                _tile(drawn)


def _tile(drawn: Drawn) -> None:
    small = resources.library().thumbnail(drawn.path, None, side=_THUMBNAIL_SIDE)
    st.image(str(small), width="stretch", alt=f"Drawing: {drawn.prompt}")
    st.markdown(resources.plain(drawn.prompt))
    st.caption(f"{_label(drawn.model)} Seed {drawn.seed}, {drawn.steps} steps.")
    with st.container(horizontal=True):
        _search_button(drawn.path, drawn.path.name)
        st.button(
            "Delete",
            icon=":material/delete:",
            type="tertiary",
            key=f"delete_{drawn.path.name}",
            on_click=_delete,
            args=(drawn.path,),
        )


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)


busy = resources.draw_job().state.active
try:
    _ask(busy)
except TroveError as exc:
    resources.explain(exc)
st.fragment(_progress, run_every=_NEWS_S if busy else None)(busy)
if pictures := drawings(_folder()):
    _gallery(pictures)
