"""The library's own words are known, and offered."""

from db.engine.database import Database
from search.query.query import Query
from search.understanding.asked import Known
from search.understanding.library_words import FileWords, LibraryWords
from search.understanding.reading import understanding
from tests.support.rows import Drafted, add_file


def test_what_texts_and_paths_have_is_known(database: Database) -> None:
    with database.write() as session:
        said = Drafted("speech", None, 0.0, 1.0, text="we flew to Grünwaldia with quidditches")
        add_file(session, "/pictures/Flumserberg/img_zorbing.jpg", [said], "audio")
    with database.read() as session:
        words = LibraryWords(session, FileWords())
        known = Known(model="builtin-2", words=(words,))

        assert all(
            word in words for word in ("quidditch", "Quidditches", "grunwaldia", "flumserberg", "zorbing")
        )
        assert all(word not in words for word in ("umserberg", "quiddit", "犬"))
        assert not understanding(Query("quidditch"), known).notes
        assert understanding(Query("quidditch"), Known(model="builtin-2")).notes
        assert understanding(Query("quiditches"), known).notes[0].offers[0] == "quidditches"
        assert understanding(Query("qiudditches"), known).notes[0].offers[0] == "quidditches"


def test_words_of_files_are_read_once_until_the_library_changes(database: Database) -> None:
    files = FileWords()
    with database.write() as session:
        add_file(session, "/pictures/Flumserberg/a.jpg", [], "image")
    with database.read() as session:
        before = files.at(session)
        assert files.at(session) is before
    with database.write() as session:
        add_file(session, "/pictures/Köln/b.jpg", [], "image")
    with database.read() as session:
        assert "koln" not in before
        assert "koln" in LibraryWords(session, files)
        assert "Köln" in LibraryWords(session, files)
