"""Words said or written in any language, found in a library by their forms."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, func, select, update
from sqlalchemy.orm import Session

from db.catalog import fulltext, languages
from db.engine import migrations
from db.engine.database import Database
from db.engine.schema import Unit
from db.engine.sqlite import SqliteDatabase
from db.words.spans import spans as spans_of
from tests.support.rows import Drafted, add_file


def _say(session: Session, languages: Mapping[str, str | None]) -> None:
    """Recordings of these texts, each in its language."""
    for text, language in languages.items():
        unit = Drafted("speech", None, 0.0, 1.0, text=text, language=language)
        add_file(session, f"/{text}.wav", [unit], "audio")


def _matches(database: Database, query: str) -> dict[str, fulltext.WordMatch]:
    """What is found, best first, by its text."""
    with database.read() as session:
        texts = dict(session.execute(select(Unit.id, Unit.text)).all())
        return {texts[match.unit_id]: match for match in fulltext.match_words(session, query, 500)}


@pytest.mark.parametrize(
    ("language", "said", "asked", "words"),
    [
        ("de", "Der Hund läuft über die Straße", "Hunde", ("hunde",)),
        ("de", "die Hauser am Wasser", "Häuser", ("häuser",)),
        ("ru", "мы видели собаку на пляже", "собаки", ("собаки",)),
        ("uk", "ми бачили собаку", "собака", ("собака",)),
        ("es", "los niños corrieron a las playas", "playa", ("playa",)),
        ("es", "corrió a casa", "corrio", ("corrio",)),
        ("fr", "sous l’arbre, des chevaux", "les arbres", ("arbres",)),
        ("tr", "köpeklerimiz evlerde", "köpek", ("köpek",)),
        ("ar", "رأيت الكَلْب في الحديقة", "كلب", ("كلب",)),
        ("ar", "رأيت كلب", "والكلب", ("والكلب",)),
        ("ko", "개가 해변산책을 한다", "개는", ("개는",)),
        ("ko", "개가 해변산책을 한다", "해변에서", ("해변에서",)),
        ("ja", "犬が海辺を走った", "走る犬", ("走", "犬")),
        ("ja", "ﾊﾞｽに乗る", "バス", ("バス",)),
        ("zh", "一只狗在沙滩上跑", "沙滩的狗", ("沙滩", "狗")),
        ("th", "สุนัขบนชายหาด", "สุนัข", ("สุนัข",)),
        ("hi", "कुत्ते समुद्र के पास", "कुत्ता", ("कुत्ता",)),
        ("en", "Ｈａｒｂｏｕｒ ５０ metres", "harbours 50", ("harbours", "50")),
        ("und", "Mein Hund says hello", "hund saying", ("hund", "saying")),
        ("sw", "mbwa anakimbia ufukweni", "Mbwa", ("mbwa",)),
        (None, "we heard dogs", "a dog", ("dog",)),
    ],
)
def test_words_are_found_and_marked_by_their_forms_in_the_language_of_the_text(
    database: Database, language: str | None, said: str, asked: str, words: tuple[str, ...]
) -> None:
    others = {"nothing of it": "en", "ganz anderes": "de", "다른 말": "ko", "别的话": "zh"}
    with database.write() as session:
        _say(session, {**others, said: language})
    match = _matches(database, asked)[said]
    assert match.words == words
    (marked,) = spans_of([said], match.words, [language])
    assert len(marked) == len(words)


def test_stems_of_one_language_say_nothing_in_another(database: Database) -> None:
    with database.write() as session:
        _say(session, {"eine Marke": "de", "a mark": "en"})
    assert set(_matches(database, "Marken")) == {"eine Marke"}
    assert set(_matches(database, "marking")) == {"a mark"}


def test_common_words_of_the_language_of_the_question_are_not_looked_up(database: Database) -> None:
    with database.write() as session:
        _say(session, {"der Hund ist da": "de", "wir sind am Strand": "de", "the day is short": "en"})
        found = fulltext.match_words(session, "der Hund am Strand", 9, language="de")
    assert sorted(match.words for match in found) == [("hund",), ("strand",)]


def test_a_text_is_found_by_its_new_words_and_language_alone(database: Database) -> None:
    with database.write() as session:
        _say(session, {"Die Häuser": None})
    assert not _matches(database, "Haus")
    with database.write() as session:
        session.execute(update(Unit).values(language="de"))
    assert _matches(database, "Haus")
    with database.write() as session:
        session.execute(update(Unit).values(text="Die Gärten"))
    assert not _matches(database, "Haus")
    assert _matches(database, "Garten")
    with database.write() as session:
        session.execute(delete(Unit))
        assert session.execute(select(func.count()).select_from(fulltext.PASSAGE)).scalar_one() == 0


def test_an_older_library_is_asked_at_once_and_in_its_languages_once_they_are_told(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrations.migrate(connection, 11)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "INSERT INTO content (sha256, kind) VALUES (zeroblob(32), 'audio');"
            "INSERT INTO asset (path, size, mtime_ns, content_id, state, indexed_at) "
            "  VALUES ('/a.wav', 1, 2, 1, 'indexed', '2026-01-02 03:04:05.000000');"
            "INSERT INTO analysis (content_id, analyser, fingerprint, state) "
            "  VALUES (1, 'speech', '1', 'done');"
            "INSERT INTO unit (content_id, analysis_id, kind, start_s, end_s, text) VALUES "
            "  (1, 1, 'speech', 0, 1, 'the dogs barked'), (1, 1, 'speech', 1, 2, 'Die Häuser am Wasser');"
        )
    with closing(SqliteDatabase(path)) as database:
        assert set(_matches(database, "a barking dog")) == {"the dogs barked"}
        assert set(_matches(database, "hauser")) == {"Die Häuser am Wasser"}
        assert not _matches(database, "ein Haus")
        with database.write() as session:
            languages.tell(session, {(1, "speech"): "de"})
            assert not list(languages.untold(session))
        assert set(_matches(database, "ein Haus")) == {"Die Häuser am Wasser"}
