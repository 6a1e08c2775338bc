"""Transcripts of rows: what is one text and what are two, and when words are said."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.catalog import corrections
from db.catalog.corrections import Span
from db.engine.schema import Unit
from db.errors import SettingsError
from db.library import Library
from search.results.transcript import Word, transcripts
from tests.support.rows import Drafted, add_file, add_units

TALK = Path("/talk.ogg")
SHA = b"/talk.ogg".ljust(32, b"\0")


def said(start_s: float, text: str, **more: Any) -> Drafted:
    return Drafted("speech", None, start_s, start_s + 4.0, text=text, **more)


def test_what_nobody_said_or_knows_is_told(library: Library) -> None:
    with pytest.raises(SettingsError, match="is not in the library"):
        transcripts(library, TALK)
    with library.write() as session:
        add_file(session, str(TALK), [Drafted("frame", None, 0.0, 2.0)], "video")
    with pytest.raises(SettingsError, match=r"nothing is said in talk.ogg, as far as is known") as caught:
        transcripts(library, TALK)
    assert "trove analysers" in caught.value.hint


def test_tracks_and_languages_said_at_once_are_texts_of_their_own(library: Library) -> None:
    german = [said(5.0 * n, f"hallo {n}", language="de", track=0) for n in range(4)]
    english = [said(5.0 * n + 0.5, f"hello {n}", language="en", track=1) for n in range(4)]
    other = [said(5.0 * n, f"salut {n}", language="fr", track=1) for n in range(4)]
    with library.write() as session:
        add_file(session, str(TALK), [*other, *english, *german], "audio")
    every = transcripts(library, TALK)
    assert [(one.track, one.language, one.passages[0].text) for one in every] == [
        (0, "de", "hallo 0"),
        (1, "fr", "salut 0"),
        (1, "en", "hello 0"),
    ]


def test_what_has_a_name_is_a_text_by_it_also_where_it_was_corrected(library: Library) -> None:
    with library.write() as session:
        both = [said(5.0 * (n // 2), f"text {n}", language="en") for n in range(6)]
        add_file(session, str(TALK), both, "audio")
        for n, unit in enumerate(session.scalars(select(Unit).order_by(Unit.id)).all()):
            unit.detail = json.dumps({"track": "subtitles a.srt" if n % 2 else "sound in English"})
            unit.track = n % 2
        session.flush()
        corrections.put(session, SHA, "speech", "my own", Span(5.0, 9.0, track=1, language="en"))
    every = transcripts(library, TALK)
    assert [(one.name, [passage.text for passage in one.passages]) for one in every] == [
        ("sound in English", ["text 0", "text 2", "text 4"]),
        ("subtitles a.srt", ["text 1", "my own", "text 5"]),
    ]


def test_a_talk_that_changes_its_language_is_one(library: Library) -> None:
    with library.write() as session:
        both = [said(5.0 * n, str(n), language="de" if n % 2 else "en") for n in range(6)]
        add_file(session, str(TALK), both, "audio")
    (only,) = transcripts(library, TALK)
    assert (only.language, len(only.passages)) == (None, 6)


@pytest.mark.parametrize(
    "detail", [{"words": [[0, 1]]}, {"words": "no"}, {"words": [[0, 1, 99]]}, {"words": 7}, {}]
)
def test_words_have_their_times_where_they_can_be_true(library: Library, detail: dict[str, Any]) -> None:
    timed = {"words": [[0.0, 0.4, 0], [0.6, 1.0, 6]]}
    with library.write() as session:
        add_file(session, str(TALK), [said(5.0, "Hello there"), said(10.0, "and others")], "audio")
        first, second = session.scalars(select(Unit).order_by(Unit.id)).all()
        first.detail, second.detail = json.dumps(timed), json.dumps(detail)
    (only,) = transcripts(library, TALK)
    assert only.passages[0].words == (Word(5.0, 5.4, 0), Word(5.6, 6.0, 6))
    assert only.passages[1].words == ()
    told = only.as_json()["passages"][0]
    assert [word["text"] for word in told["words"]] == ["Hello", "there"]
    assert "00:00:05.000 --> 00:00:06.000\nHello there\n" in only.export("vtt")
    with library.write() as session:
        corrections.put(session, SHA, "speech", "Hello, you", Span(5.0, 9.0))
    (only,) = transcripts(library, TALK)
    assert (only.passages[0].text, only.passages[0].is_corrected, only.passages[0].words) == (
        "Hello, you",
        True,
        (),
    )
    assert "00:00:05.000 --> 00:00:09.000\nHello, you\n" in only.export("vtt"), "those were of other words"


def test_chapters_are_told_by_their_first_words(library: Library) -> None:
    sea = "The harbour and the boats, the sailors, their anchors and all the waves of the storm at sea"
    cake = "Take flour and butter for the cake, and bake the dough with sugar in the oven of the kitchen"
    with library.write() as session:
        drafts = [said(5.0 * n, f"{sea if n < 40 else cake} {n}.") for n in range(80)]
        add_file(session, str(TALK), drafts, "audio")
    (only,) = transcripts(library, TALK)
    assert [(one.start_s, one.end_s) for one in only.chapters] == [(0.0, 200.0), (200.0, 399.0)]
    assert only.chapters[1].title == "Take flour and butter for the cake, and bake the dough with …"
    assert len(only.export("txt").split("\n\n")) == 2
    with library.write() as session:
        titles = [Drafted("caption", None, at, at + 100.0, text=f"Part {at:g}") for at in (0.0, 100.0, 300.0)]
        add_units(session, 1, titles)
    (only,) = transcripts(library, TALK)
    assert [chapter.title for chapter in only.chapters] == ["Part 0", "Part 100", "Part 300"], "people know"
