"""What is said in an opened film or recording: shown beside it, put right, and taken elsewhere."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from db.catalog import revision
from db.catalog.units import UnitRow
from db.errors import SettingsError, TroveError
from indexer.correct import Earlier
from search.results.transcript import Transcript
from ui.app import resources
from ui.app.views.undoing import note, note_error
from ui.highlight import spans_of
from ui.wording import capital, clock, told_transcript, whose


def transcripts(path: Path) -> Sequence[Transcript]:
    """The transcripts of a file; empty where nothing is said, as far as is known."""
    with resources.read() as session:
        return _transcripts(path, revision.current(session))


@st.cache_resource(show_spinner=False, max_entries=4)
def _transcripts(path: Path, revision: int) -> Sequence[Transcript]:  # noqa: ARG001
    try:
        return resources.library().transcripts(path)
    except SettingsError:
        return ()


def shown_first(texts: Sequence[Transcript], row: UnitRow) -> int:
    """The number of the transcript that has a hit; of a hit that is none of them the first."""
    having = (nth for nth, text in enumerate(texts) if any(one.unit_id == row.id for one in text.passages))
    return next(having, 0)


def as_texts(texts: Sequence[Transcript], asked: set[str]) -> list[dict[str, Any]]:
    """The transcripts as the player takes them, with the places of the words that were asked for."""
    return [_as_text(text, asked) for text in texts]


def _as_text(text: Transcript, asked: set[str]) -> dict[str, Any]:
    passages = text.passages
    spans = spans_of([one.text for one in passages], asked, [one.language for one in passages])
    return {
        "name": told_transcript(text),
        "chapters": [{"start_s": chapter.start_s, "title": chapter.title} for chapter in text.chapters],
        "passages": [
            {
                "unit": one.unit_id,
                "start_s": one.start_s,
                "end_s": one.end_s,
                "text": one.text,
                "asked": own,
                "corrected": capital(f"{whose(one.said_by)} words") if one.is_corrected else "",
                "words": one.words,
            }
            for one, own in zip(passages, spans, strict=True)
        ],
    }


def offer_transcript(row: UnitRow) -> None:
    """Take what is said elsewhere, as subtitles or text."""
    texts = transcripts(row.path)
    if not texts:
        return
    asked = st.popover("Transcript", icon=":material/subtitles:", key="viewer_said", on_change="rerun")
    if not asked.open:
        return
    with asked:
        chosen = texts[0]
        if len(texts) > 1:
            chosen = st.selectbox("Of", texts, format_func=told_transcript, key=f"viewer_said_{row.id}")
        forms = {
            "srt": (chosen.export("srt"), "Subtitles for players (SRT)"),
            "vtt": (chosen.export("vtt"), "Subtitles for browsers (WebVTT)"),
            "txt": (chosen.export("txt"), "Text"),
            "json": (
                json.dumps(chosen.as_json(), ensure_ascii=False, indent=2),
                "All times, for programs (JSON)",
            ),
        }
        for ending, (text, label) in forms.items():
            st.download_button(
                label,
                text,
                f"{row.path.stem}.{ending}",
                "text/plain" if ending != "json" else "application/json",
                key=f"viewer_said_{ending}",
                icon=":material/download:",
                on_click="ignore",
            )


def put_right(path: Path, told: dict[str, Any]) -> None:
    """Give a passage the words that were typed in the player."""
    corrections = resources.library().corrections
    try:
        changed = corrections.passage(path, str(told["text"]), unit_id=int(told["unit"]))
    except TroveError as exc:
        note_error(exc)
        return
    if not changed:
        return
    when = clock(changed[0].span.start_s)
    if str(told["text"]).strip():
        _note(
            changed,
            f"Put right at {when}. It is found by these words now, by their meaning after the next indexing.",
        )
    else:
        _note(changed, f"Taken away at {when}.")


def as_heard(path: Path, told: dict[str, Any]) -> None:
    """Let a passage be as it was heard."""
    try:
        changed = resources.library().corrections.take_back_passage(path, unit_id=int(told["unit"]))
    except TroveError as exc:
        note_error(exc)
        return
    _note(changed, f"As it was heard at {clock(changed[0].span.start_s)}.")


def _note(changed: Sequence[Earlier], told: str) -> None:
    note(told, partial(resources.library().corrections.undo, changed))
