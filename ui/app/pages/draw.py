"""Draw page: pictures, clips, sounds and music from words, each labelled as generated."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import streamlit as st

from db.errors import ModelMissingError, TroveError
from search.drawing.folder import drawings, new_drawing
from search.drawing.memory import least_bytes
from search.drawing.presets import AUTO, BUILTIN, PRESETS, SEEN, Makes, preset_of
from search.drawing.weights import chosen, installed
from ui.app import resources
from ui.app.views.drawn import show_gallery, show_progress
from ui.app.views.starting import has_start, offer_start, take_start
from ui.wording import duration, size

_NEWS_S = 1.0
_EXAMPLES = {
    BUILTIN: "A cupcake",
    "picture": "A dog on the beach at sunset",
    "clip": "A dog running along the beach",
    "sound": "Waves on a beach, and gulls",
    "music": "A slow waltz for piano",
}
_TITLES: Mapping[Makes, str] = MappingProxyType(
    {"picture": "Picture", "clip": "Clip", "sound": "Sound", "music": "Music"}
)

# By default Streamlit drops a widget's state while another page is shown.
_PERSISTENT = {"persist_state": "session"}


def _folder() -> Path:
    return resources.library().core.paths.drawings


def _ask(busy: bool) -> None:
    if (prompt := st.query_params.pop("prompt", None)) is not None:
        st.session_state.prompt = prompt
        st.session_state.without = st.query_params.pop("without", "")
        take_start()
    makes = st.segmented_control(
        "What to make",
        list(_TITLES),
        format_func=_TITLES.__getitem__,
        default="picture",
        required=True,
        key="makes",
        label_visibility="collapsed",
        **_PERSISTENT,
    )
    generator = _generator(makes)
    st.text_area(
        _asked(makes),
        key="prompt",
        height=80,
        # The example is one that the model can draw.
        placeholder=_EXAMPLES.get(st.session_state.get(f"model_{makes}") or generator, _EXAMPLES[makes]),
        **_PERSISTENT,
    )
    fit = (info.name for info in PRESETS.values() if info.makes == makes)
    names = [generator, *(name for name in fit if name != generator)]
    model = st.selectbox(
        "Model",
        names,
        format_func=_describe,
        key=f"model_{makes}",
        accept_new_options=True,
        help="A preset, the name of a diffusers model on the Hugging Face Hub, or a folder with one",
        width=340,
        **_PERSISTENT,
    )
    how = _more(makes)
    if model == BUILTIN:
        st.caption(
            "Part of Trove: draws **pictograms** of single things, on this machine, in seconds. "
            "For photographs choose a larger model, which is downloaded once."
            + (" Only a larger one starts from a picture." if has_start() else "")
        )
    elif makes in SEEN:
        how["start"] = offer_start(makes)
    if model:
        _start_button(model.strip(), makes, how, busy)


def _asked(makes: Makes) -> str:
    return f"What should the {makes} show?" if makes in SEEN else "What should be heard?"


def _generator(makes: Makes) -> str:
    """The model that is offered first: of pictures that of the settings, else one that is here."""
    if makes == "picture":
        return chosen(resources.library().settings.generator)
    try:
        return chosen(AUTO, makes)
    except ModelMissingError:
        return next(info.name for info in PRESETS.values() if info.makes == makes)


def _more(makes: Makes) -> dict[str, Any]:
    """What few need to choose: what to leave out, how long it is, steps and seed."""
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
        length_s = _seconds() if makes != "picture" else None
        count = _count() if makes == "picture" else 1
        steps = _steps()
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
    return {
        "without": left_out or "",
        "length_s": length_s,
        "count": count,
        "steps": steps,
        "seed": seed,
    }


def _count() -> int:
    return st.number_input(
        "How many",
        min_value=1,
        max_value=8,
        value=1,
        help="One after the other, with seeds that follow each other",
        key="count",
        width=130,
        **_PERSISTENT,
    )


def _steps() -> int | None:
    return st.number_input(
        "Steps",
        min_value=1,
        max_value=200,
        value=None,
        placeholder="Auto",
        key="steps",
        width=130,
        **_PERSISTENT,
    )


def _seconds() -> float | None:
    return st.number_input(
        "Seconds",
        min_value=0.1,
        max_value=300.0,
        value=None,
        placeholder="Auto",
        help="As near as the model can; most make a few seconds",
        key="length_s",
        step=1.0,
        format="%g",
        width=150,
        **_PERSISTENT,
    )


def _describe(model: str) -> str:
    info = PRESETS.get(model)
    if info is None:
        return model
    kind = "pictograms" if model == BUILTIN else "photographs" if info.makes == "picture" else ""
    amount = f"{size(1e9 * info.download_gb)}" if info.download_gb else ""
    time = f"{duration(info.cpu_s)} on two cores" if info.cpu_s else ""
    told = (kind, amount, info.licence.partition(";")[0], time)
    told_parts = "; ".join(part for part in told if part)
    return f"{model} ({told_parts})" if told_parts else model


def _start_button(model: str, makes: Makes, how: dict[str, Any], busy: bool) -> None:
    label = "Draw" if makes == "picture" else "Make it"
    if not installed(model):
        info = preset_of(model)
        amount = size(1e9 * info.download_gb) if info and info.download_gb else "several GB"
        needed = least_bytes(info) if info else None
        takes = f" and takes at least {size(needed)} of memory" if needed else ""
        st.info(
            f"**{resources.plain(model)} is not on this machine yet.** Drawing with it downloads {amount} "
            f"once{takes}. Nothing of yours is sent." + (f" {resources.plain(info.note)}" if info else ""),
            icon=":material/download:",
        )
        label = f"Download {amount} and {'draw' if makes == 'picture' else 'make it'}"
    if st.button(label, type="primary", icon=":material/brush:", key="draw", disabled=busy):
        prompt = (st.session_state.prompt or "").strip()
        # A picture to start from is enough: some models vary one, and take no words.
        if not prompt and how.get("start") is None:
            st.warning(f"Say in a few words: {_asked(makes)}")
            return
        path = new_drawing(_folder(), prompt, makes)
        resources.draw_job().start(resources.drawer(model, makes), prompt, path, **how)
        st.rerun()


busy = resources.draw_job().state.active
try:
    _ask(busy)
except TroveError as exc:
    resources.explain(exc)
st.fragment(show_progress, run_every=_NEWS_S if busy else None)(busy)
if made := drawings(_folder()):
    show_gallery(made)
