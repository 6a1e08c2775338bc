"""Subtitles as other programs read them: what FFmpeg makes of them, widths, escapes and times."""

import io
import unicodedata
from itertools import pairwise

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.results.captions import COLUMNS, LINES, Line, as_srt, as_text, as_vtt, cues

LONG = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "and more"
)


def read(text: str, form: str) -> list[tuple[float, float, str]]:
    """(start, end, text) of each subtitle, as FFmpeg reads them."""
    with av.open(io.BytesIO(text.encode()), format=form) as container:
        return [
            (
                float(packet.pts * packet.time_base),
                float((packet.pts + packet.duration) * packet.time_base),
                bytes(packet).decode(),
            )
            for packet in container.demux()
            if packet.pts is not None and packet.time_base is not None
        ]


def test_srt_and_vtt_are_read_by_others_as_they_were_meant() -> None:
    spoken = [Line(0.59, 3.01, "This is a note."), Line(3599.9, 3661.0, "A <b> & a --> b")]
    srt, vtt = read(as_srt(spoken), "srt"), read(as_vtt(spoken), "webvtt")
    assert [one[:2] for one in srt] == [one[:2] for one in vtt] == [(0.59, 3.01), (3599.9, 3661.0)]
    assert [one[2] for one in srt] == ["This is a note.", "A <b> & a → b"]
    assert [one[2] for one in vtt] == ["This is a note.", "A &lt;b&gt; &amp; a --&gt; b"]
    assert as_vtt(spoken).startswith("WEBVTT\n\n00:00:00.590 --> 00:00:03.010\nThis is a note.\n\n")


def test_what_is_long_is_shown_in_parts_each_when_its_words_are_said() -> None:
    words = LONG.split()
    places = [LONG.index(word) for word in words]
    times = [(float(number), number + 0.8, at) for number, at in enumerate(places)]
    timed = cues([Line(0.0, 15.8, LONG, times)])
    assert [cue.lines for cue in timed] == [
        ("one two three four five six seven eight", "nine ten eleven twelve thirteen fourteen"),
        ("fifteen sixteen and more",),
    ]
    assert [(cue.start_ms, cue.end_ms) for cue in timed] == [(0, 13_800), (14_000, 17_800)]
    by_letters = cues([Line(0.0, 10.0, LONG)])
    assert [cue.lines for cue in by_letters] == [cue.lines for cue in timed]
    assert by_letters[0].end_ms == by_letters[1].start_ms == pytest.approx(7_700, abs=100)


def test_what_is_said_at_once_is_shown_one_after_the_other() -> None:
    both = cues(
        [Line(1.0, 5.0, "one"), Line(2.0, 3.0, "two"), Line(2.0, 2.5, "three"), Line(9.0, 9.0, "no time")]
    )
    assert [(cue.start_ms, cue.end_ms, *cue.lines) for cue in both] == [
        (1000, 2000, "one"),
        (2000, 2001, "three"),
        (2001, 3000, "two"),
        (9000, 9001, "no time"),
    ]


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            lambda start_s, length_s, text: Line(start_s, start_s + length_s, text),
            st.floats(0, 100),
            st.floats(0, 20),
            st.text(min_size=1, max_size=200),
        ),
        max_size=8,
    )
)
def test_whatever_is_said_fits_on_the_screen_and_overlaps_nothing(spoken: list[Line]) -> None:
    shown = cues(spoken)
    for cue in shown:
        assert 1 <= len(cue.lines) <= LINES
        for line in cue.lines:
            assert line.isprintable()
            assert sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in line) <= COLUMNS
        assert cue.start_ms < cue.end_ms
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(shown))
    said = "".join(sign for line in spoken for sign in line.text if sign.isprintable() and not sign.isspace())
    told = "".join(sign for cue in shown for line in cue.lines for sign in line if not sign.isspace())
    assert sorted(told) == sorted(said), "nothing is lost"
    assert len(read(as_srt(spoken), "srt")) == len(shown)


def test_text_has_a_paragraph_a_chapter() -> None:
    spoken = [Line(0.0, 1.0, "One\n two."), Line(1.0, 2.0, "Three."), Line(2.0, 3.0, "Four.")]
    assert as_text(spoken) == "One two. Three. Four.\n"
    assert as_text(spoken, [0.0, 2.0]) == "One two. Three.\n\nFour.\n"
    assert as_text([]) == "\n"
