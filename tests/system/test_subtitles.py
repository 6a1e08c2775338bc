"""Subtitles and lyrics, from films and files beside them to answers: found by what is said, told apart."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import trove as face
from db.settings import Settings
from indexer.analysers import whisper
from indexer.analysers.whisper import Passage
from indexer.media.types import Samples
from tests.support import media
from tests.support.command import as_json, trove
from tests.support.tracks import srt, with_tracks
from ui.wording import words_found


class Heard:
    """Hears the same words in whatever sounds, and counts how often it was asked."""

    name = "heard"
    asked = 0

    def transcribe(
        self, read: Callable[[float, float], Samples], duration_s: float, *_: object
    ) -> Iterator[Passage]:
        """One passage."""
        Heard.asked += 1
        if len(read(0.0, duration_s)):
            yield Passage(0.5, 1.5, "a ferryman was heard", "en")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film with two languages in it and three files beside it, another film, and a song with lyrics."""
    there = tmp_path_factory.mktemp("subtitles") / "media"
    there.mkdir()
    plain = media.video(there.parent / "plain.mp4", [1], 8.0, size=(64, 64), fps=2, audio=media.tone(8.0))
    with_tracks(
        there / "film.mkv",
        plain,
        sounds=[(media.tone(8.0), {})],
        subtitles=[
            (
                srt(
                    (0.5, 1.5, "<i>Marmalade</i> for"), (1.6, 3.0, "the vicar."), (5.0, 6.0, "Nothing else.")
                ),
                {"language": "eng"},
            ),
            (srt((0.5, 3.0, "Marmelade für den Pfarrer")), {"language": "ger", "title": "Ganz"}),
            (srt((0.5, 3.0, "Marmelade für den Pfarrer")), {"language": "ger"}),
        ],
    )
    shutil.copyfile(plain, there / "other.mp4")
    (there / "other.de.srt").write_bytes(srt((1, 2, "Der Bär grüßt schön")).encode("cp1252"))
    (there / "other.pt-BR.forced.vtt").write_text(
        "WEBVTT\n\n00:04.000 --> 00:05.000\nO pelicano de Samarcanda\n"
    )
    (there / "other.2.srt").write_text(srt((1, 2, "of another film")))
    (there / "other.en.sub").write_bytes(b"\x00\x00\x01\xba" + bytes(range(256)))
    (there / "other.fr.srt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\0")
    media.sound(there / "song.wav", media.tone(8.0))
    (there / "song.lrc").write_text("[00:01.00]Ferry me over\n[00:04.00]Quist my dear\n")
    return there


@pytest.fixture(scope="module")
def settings(folder: Path, cache: Path) -> Settings:
    """Settings of a library of the folder, which the tests here go on with one after the other."""
    library, off = folder.with_name("library"), ("text", "names")
    return Settings(library=library, cache=cache, device="cpu", whisper="builtin", off=off)


@pytest.fixture(scope="module", autouse=True)
def heard() -> Iterator[type[Heard]]:
    """The words that are heard."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whisper, "load_transcriber", lambda *_args, **_more: Heard())
        yield Heard


@pytest.fixture
def library(settings: Settings) -> Iterator[face.Library]:
    """The library, open."""
    with face.Library.of(settings) as opened:
        yield opened


def said(library: face.Library, query: str) -> set[tuple[str, str | None, float | None]]:
    """File, kind and second of what says something."""
    return {(hit.path.name, hit.kind, hit.start_s) for hit in library.search(f"said:{query}").hits}


def test_subtitles_of_each_language_are_found_at_their_second(library: face.Library, folder: Path) -> None:
    report = library.index([folder])
    assert (report.indexed, report.failed) == (3, 0)
    assert report.units["subtitle"] == 5, "the track that says the same again is left out"
    assert report.units["lyric"] == 2
    assert said(library, '"marmalade for the vicar"') == {("film.mkv", "subtitle", 0.5)}
    assert said(library, "Pfarrer") == {("film.mkv", "subtitle", 0.5)}
    assert said(library, "nothing") == {("film.mkv", "subtitle", 5.0)}
    assert said(library, "Bär") == {("other.mp4", "subtitle", 1.0)}
    assert said(library, "Samarcanda") == {("other.mp4", "subtitle", 4.0)}
    assert said(library, "quist") == {("song.wav", "lyric", 4.0)}
    assert said(library, '"another film"') == set(), "its name is no language"
    assert {name for name, *_ in said(library, "ferryman")} == {"film.mkv", "other.mp4", "song.wav"}
    assert {hit.kind for hit in library.search("type:subtitle").hits} == {"subtitle"}


def test_an_answer_says_what_was_heard_and_what_was_read(
    settings: Settings, library: face.Library, folder: Path
) -> None:
    found = as_json(trove(settings, "search", "said:vicar", "--json"))["hits"]
    assert [fact["track"] for fact in found[0]["evidence"]] == ["subtitle track 1 (English)"]
    for words, file, says in (
        ("said:vicar marmalade", "film.mkv", "said in subtitle track 1 (English)"),
        ("Pfarrer", "film.mkv", "said in subtitle track 2, Ganz (German)"),
        ("Bär grüßt", "other.mp4", "said in other.de.srt"),
        ("quist", "song.wav", "said in song.lrc"),
        ("a ferryman", "other.mp4", "words were said: ferryman"),
    ):
        reasons = library.why(words, folder / file)
        assert says in "; ".join(map(words_found, reasons.why)), words


def test_what_is_not_read_is_named_with_its_reason(library: face.Library, folder: Path) -> None:
    (fact,) = (fact for fact in library.facts(folder / "other.mp4") if fact.key == "subtitles")
    assert fact.value == (
        "other.en.sub is not read: its subtitles are pictures, which are not read; "
        "other.fr.srt is not read: it is no text"
    )


def test_files_beside_a_film_come_and_go_while_it_is_not_opened(
    library: face.Library, folder: Path, heard: type[Heard]
) -> None:
    assert library.index().indexed == 0
    before = heard.asked
    beside = folder / "other.de.srt"
    kept = beside.read_bytes()
    beside.write_text(srt((3, 4, "Der Wolf lacht")))
    library.index()
    assert said(library, "Bär") == set()
    assert said(library, "Wolf") == {("other.mp4", "subtitle", 3.0)}
    beside.unlink()
    library.index()
    assert said(library, "Wolf") == set()
    assert said(library, "Samarcanda") == {("other.mp4", "subtitle", 4.0)}
    beside.write_bytes(kept)
    library.index()
    assert said(library, "Bär") == {("other.mp4", "subtitle", 1.0)}
    assert heard.asked == before


def test_a_library_from_before_reads_subtitles_and_hears_nothing_again(
    settings: Settings, heard: type[Heard]
) -> None:
    with closing(sqlite3.connect(settings.paths.database)) as connection:
        connection.executescript(
            "PRAGMA foreign_keys = ON;DELETE FROM analysis WHERE analyser IN ('subtitles', 'subtitle_files');"
        )
    before = heard.asked
    with face.Library.of(settings) as later:
        assert said(later, "vicar") == set()
        later.index()
        assert said(later, "vicar") == {("film.mkv", "subtitle", 0.5)}
        assert said(later, "quist") == {("song.wav", "lyric", 4.0)}
    assert heard.asked == before


def test_what_is_switched_off_is_not_found(library: face.Library) -> None:
    library.analysers.off("subtitles")
    assert said(library, "vicar") == set()
    assert said(library, "Bär") == {("other.mp4", "subtitle", 1.0)}
    library.analysers.on("subtitles")
    assert said(library, "vicar") == {("film.mkv", "subtitle", 0.5)}
