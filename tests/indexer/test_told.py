"""Languages of texts whose makers did not tell them."""

from sqlalchemy import select

from db.catalog import fulltext, revision
from db.engine.schema import Unit
from db.library import Library
from db.settings import Settings
from indexer.told import tell_languages
from tests.support.rows import Drafted, add_file

TEXTS = {
    "/sign.png": ("text", ["Alle Häuser", "am Wasser sind zu vermieten", "Badestrand"]),
    "/menu.png": ("text", ["Soup of the day", "Fish and chips with peas"]),
    "/name.png": ("text", ["Xk 9"]),
    "/memo.wav": ("speech", ["犬が海辺を走る"]),
}


def test_what_is_in_one_file_is_told_together_and_found_by_its_forms(settings: Settings) -> None:
    with Library(settings) as library:
        with library.write() as session:
            for path, (kind, texts) in TEXTS.items():
                drafts = [Drafted(kind, None, 0.0, 1.0, text=text) for text in texts]
                add_file(session, path, drafts, "audio" if kind == "speech" else "image")
            heard = Drafted("speech", None, 0.0, 1.0, text="so and so", language="de")
            add_file(session, "/heard.wav", [heard], "audio")
            assert not fulltext.match_words(session, "ein Haus", 9)
        tell_languages(library)
        with library.read() as session:
            told = dict(session.execute(select(Unit.text, Unit.language)).all())
            found = fulltext.match_words(session, "ein Haus", 9)
            then = revision.current(session)
        tell_languages(library)
        with library.read() as session:
            assert revision.current(session) == then, "nothing is left to be told"
    assert told == {
        "Alle Häuser": "de",
        "am Wasser sind zu vermieten": "de",
        "Badestrand": "de",
        "Soup of the day": "en",
        "Fish and chips with peas": "en",
        "Xk 9": "und",
        "犬が海辺を走る": "ja",
        "so and so": "de",
    }
    assert [match.words for match in found] == [("haus",)]
