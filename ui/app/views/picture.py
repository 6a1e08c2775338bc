"""An opened picture: the file itself, the film in it, or where in it the question is met."""

import io
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

import streamlit as st

from db.catalog.units import UnitRow
from indexer.media.types import Metadata
from search.answer import Hit
from search.engine.things import Thing
from search.results.texts import Written
from ui.app import resources
from ui.app.components.picture import picture
from ui.app.routes import media
from ui.app.views import question
from ui.app.views.question import Question
from ui.app.views.texts import found_marks, text_lines, whole_text
from ui.app.views.things import boxes

_KEY = "picture"
_HEAT = "viewer_heat"
_PLAY = "viewer_play"


def forget_view() -> None:
    """Show the next picture as it is."""
    st.session_state[_HEAT] = False
    st.session_state[_PLAY] = False


def show_picture(
    row: UnitRow,
    metadata: Metadata,
    hit: Hit,
    asked: Question,
    texts: Sequence[Written],
    seen: Sequence[Thing],
    steps: Mapping[str, Hit | None],
    on_turned: Callable[[int], None],
) -> None:
    """Show a picture as large as there is room.

    Args:
        steps: the hits that people can turn to from here, by the name of the step.
        on_turned: called with the unit of the one that they turn to.
    """
    if st.session_state.get(_HEAT):
        _heat(row, metadata, asked)
        return
    if metadata.film is not None and st.session_state.get(_PLAY):
        with st.spinner("Making a film that browsers can play …"):
            film = media.clip_at(row, 0.0)
        st.video(str(film.path), autoplay=True)
        return
    file_url, kind = media.file_url(row), mimetypes.guess_type(row.path.name)[0]
    near = [other for name in ("next", "previous") if (other := steps[name]) is not None]
    data = {
        "name": row.path.name,
        "src": media.view_url(row.id),
        "thumbnail": media.thumbnail_url(row.id),
        "full": file_url if media.is_shown(kind) else media.whole_url(row.id),
        "width": metadata.width,
        "height": metadata.height,
        "file": f"{file_url}&download=1",
        "type": kind or "application/octet-stream",
        "near": [media.view_url(other.unit_id) for other in near if other.media == "image"],
        "slides": steps["next picture"] is not None,
        "marks": [*found_marks(texts, hit), *boxes(seen)],
        "lines": text_lines(texts),
        "copied": whole_text(texts),
    }

    def turn() -> None:
        step = steps.get(str(st.session_state[_KEY].turned))
        if step is not None:
            on_turned(step.unit_id)

    drawn = picture(data, key=_KEY, on_turned=turn).part
    if drawn is not None:
        _ask_part(row, drawn)


def _ask_part(row: UnitRow, drawn: Sequence[float]) -> NoReturn:
    """Ask for pictures like a part of this one, as the browser says that it was drawn."""
    made = resources.library().part(media.file_of(row), drawn)
    question.find_like(made.read_bytes(), f"a part of {row.path.name}.jpg")


def offer_views(metadata: Metadata, asked: Question) -> None:
    """Switches between the picture and what else can be shown of it."""
    if metadata.film is not None:
        st.toggle("Play", key=_PLAY, help="The film that is in this motion photo")
    if not asked.empty and asked.like is None:
        st.toggle(
            "Where in the picture it is",
            key=_HEAT,
            help="Boxes where a model finds it by its name. Without one, red is what the question looks at: "
            "covering it costs the picture most of its likeness",
        )


def _heat(row: UnitRow, metadata: Metadata, asked: Question) -> None:
    media.file_of(row)  # only the file that was indexed is shown
    with st.spinner("Looking where it is …"):
        overlay = resources.library().why(asked.query(1), row.path).overlay()
    if overlay is not None:
        data = io.BytesIO()
        overlay.save(data, "PNG")
        st.image(data.getvalue(), width=metadata.width or "content", alt=f"Where in {row.path.name} it is")
