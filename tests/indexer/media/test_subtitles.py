"""Subtitles and lyrics of all formats, in whatever encoding, as lines with times."""

import os
from pathlib import Path

import pytest

from db.errors import DecodeError
from indexer.media import subtitles
from indexer.media.reader import probe, read_subtitle_file, read_subtitles
from indexer.media.subtitles import read_text
from indexer.media.types import Cue
from tests.support import media
from tests.support.tracks import srt, with_tracks

_ASS = r"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\p1}m 0 0 l 100 0 l 100 100{\p0}
Dialogue: 0,0:00:04.00,0:00:05.50,Default,,0,0,0,,{\an8\fs20}Later,\Nmy {\i1}friend{\i0}
Dialogue: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,Earlier
Dialogue: 1,0:00:02.00,0:00:03.00,Default,,0,0,0,,{\blur3}Earlier
Comment: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,nobody sees this
"""


@pytest.mark.parametrize(
    ("suffix", "text", "cues"),
    [
        (
            ".srt",
            "1\n00:00:00,500 --> 00:00:03,000\n"
            '<i>The pelican</i> {\\an8}of <font color="red">Samarkand</font>\n'
            "& others\n\n2\n01:00:05,000 --> 01:00:06,000\n3 < 4 {sic}\n",
            [Cue(0.5, 3.0, "The pelican of Samarkand & others"), Cue(3605.0, 3606.0, "3 < 4 {sic}")],
        ),
        (
            ".vtt",
            "WEBVTT\n\nNOTE a remark\n\n1\n00:01.000 --> 00:02.000 align:start\n"
            "<v Fred>Hello <c.yellow>there</c> &amp; you\n",
            [Cue(1.0, 2.0, "Hello there & you")],
        ),
        (".ass", _ASS, [Cue(2.0, 3.0, "Earlier"), Cue(4.0, 5.5, "Later, my friend")]),
        (".ssa", _ASS, [Cue(2.0, 3.0, "Earlier"), Cue(4.0, 5.5, "Later, my friend")]),
        (
            ".sub",
            "{25}{50}Hi|you\n{75}{100}{y:i}Again\n",
            [Cue(1, 2, "Hi you"), Cue(3, 4, "Again")],
        ),
        (".sub", "00:00:01.00,00:00:03.00\nHello[br]world\n\n", [Cue(1.0, 3.0, "Hello world")]),
        (
            ".lrc",
            "[ti:Song]\n[offset:500]\n[00:01.50]First\n[00:03.00][01:07.00]Ref<00:03.5>rain\n[00:05.00]\n",
            [Cue(1.0, 2.5, "First"), Cue(2.5, 4.5, "Refrain"), Cue(66.5, 71.5, "Refrain")],
        ),
        (".srt", "WEBVTT\n\n00:01.000 --> 00:02.000\nBy its content\n", [Cue(1.0, 2.0, "By its content")]),
        (".srt", "1\r00:00:01,000 --> 00:00:02,000\rOld Mac\r", [Cue(1.0, 2.0, "Old Mac")]),
    ],
)
def test_each_format_is_lines_with_times(suffix: str, text: str, cues: list[Cue]) -> None:
    found = read_text(text.encode(), suffix, frames_per_s=25.0)
    assert [cue.text for cue in found] == [cue.text for cue in cues]
    times = [(cue.start_s, cue.end_s) for cue in found]
    assert times == [pytest.approx((cue.start_s, cue.end_s), abs=0.002) for cue in cues]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Grüße"),
        ("utf-8-sig", "Grüße"),
        ("utf-16", "Grüße"),
        ("cp1252", "Der Bär überquert die Straße, natürlich für größere Mäuse."),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy, že jsi přišla."),
        ("cp1251", "Привет, как дела сегодня? Я не знаю, что тебе сказать."),
        ("koi8-r", "Привет, как дела сегодня? Я не знаю, что тебе сказать."),
        ("cp1253", "Καλημέρα, τι κάνεις σήμερα;"),
        ("gb18030", "你好，今天天气很好，我们去公园吧。"),
        ("shift_jis", "こんにちは、今日はいい天気ですね。"),
        ("euc-kr", "안녕하세요 오늘 날씨가 좋네요"),
    ],
)
def test_any_encoding_is_read(encoding: str, text: str) -> None:
    assert [cue.text for cue in read_text(srt((1, 2, text)).encode(encoding), ".srt")] == [text]


def test_what_is_no_text_or_has_no_times_says_so(tmp_path: Path) -> None:
    for data, says in {
        b"\x00\x00\x01\xba" + os.urandom(100): "pictures, which are not read",
        b"\x89PNG\r\n\x1a\n\0\0" + os.urandom(3000): "no text",
        b"just some words": "no lines with times",
        b"[ti:A song]\n[ar:Somebody]\n": "no lines with times",
        b"1\n00:00:01,000 --> nan\nWhen?\n": "no lines with times",
    }.items():
        with pytest.raises(DecodeError, match=says):
            read_text(data, ".srt")
    huge = tmp_path / "huge.srt"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(DecodeError, match="more than 20 MB"):
        read_subtitle_file(huge, None)


def test_times_that_cannot_be_are_left_out_or_begin_at_0() -> None:
    text = "{-50}{-25}before\n{-25}{25}across\n{50}{25}backwards\n"
    assert [cue.text for cue in read_text(text.encode(), ".sub", 25.0)] == ["across", "backwards"]
    assert all(0 <= cue.start_s < cue.end_s for cue in read_text(text.encode(), ".sub", 25.0))


def test_lines_without_end_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subtitles, "MOST_CUES", 50)
    many = srt(*((n, n + 1, f"line {n}") for n in range(200)))
    assert len(read_text(many.encode(), ".srt")) == 50


def test_tracks_of_a_film_are_read_by_their_number(tmp_path: Path) -> None:
    film = media.video(tmp_path / "film.mp4", [1], 4.0, size=(64, 64))
    german = srt((0.5, 1.5, "<i>Guten</i> Tag"), (2, 3, "Bis bald"))
    both = with_tracks(
        tmp_path / "both.mkv",
        film,
        subtitles=[
            (srt((1, 2, "Good day")), {"language": "eng", "title": "Full"}),
            (german, {"language": "ger"}),
        ],
    )
    header = probe(both)
    assert [(track.number, track.language, track.title, track.is_text) for track in header.subtitles] == [
        (0, "eng", "Full", True),
        (1, "ger", "", True),
    ]
    assert read_subtitles(both) == {
        0: [Cue(1.0, 2.0, "Good day")],
        1: [Cue(0.5, 1.5, "Guten Tag"), Cue(2.0, 3.0, "Bis bald")],
    }
    assert probe(film).subtitles == ()
    assert read_subtitles(film) == {}
