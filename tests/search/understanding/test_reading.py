"""What of a question is understood, with the real word lists and the real model of languages."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.errors import QueryError
from indexer.encoders.registry import PRESETS
from search.answer import Note, Understanding
from search.query.asking import asked_for
from search.query.language import Term, parse
from search.query.query import Query
from search.understanding.asked import Asked, Finding, Known, readers
from search.understanding.codes import is_code
from search.understanding.emojis import spelled_out
from search.understanding.reading import hinders, understanding

BUILTIN = Known(model="builtin-2", today=date(2026, 2, 1))


MULTILINGUAL = Known(model=PRESETS["multilingual"].model, asked_for=asked_for)
ASKING = Known(model="builtin-2", asked_for=asked_for)


class Names:
    """The names of somebody's people."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __contains__(self, word: object) -> bool:
        return word in self._names

    def near(self, word: str, distance: int) -> Iterable[str]:
        return [name for name in self._names if abs(len(name) - len(word)) < distance]


def read(text: str, known: Known = BUILTIN) -> Understanding:
    return understanding(Query(text), known)


def about(text: str, known: Known = BUILTIN) -> list[str]:
    return [note.about for note in read(text, known).notes]


def offers(text: str, known: Known = BUILTIN) -> tuple[str, ...]:
    return tuple(offer for note in read(text, known).notes for offer in note.offers)


PLAIN = """
bmx; a German shepherd
dog; Dog; a dog on the beach; DOGS; a woman's hat; t-shirt; colorful airplane; traveling; sushi
Kindergarten; café; déjà vu; Rio de Janeiro; rio de janeiro; Tour de France; San Francisco; Nikon
IKEA; BMW; dachshund; selfie; Hogwarts; a 5 year old boy; a no smoking sign; best friends
a 4x4 in mud; the 1st; party at 5pm; type:video; "red car" +"at night"*0.5; beach 😍; rose; Rose
Summer
""".strip().replace("\n", "; ")


@pytest.mark.parametrize("text", PLAIN.split("; "))
def test_plain_questions_are_understood(text: str) -> None:
    assert read(text) == Understanding()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("dgo runing on grass", "dog running on grass"),
        ("teh brithday cake", "the birthday cake"),
        ("elepant", "elephant"),
        ("colorfull kite", "colorful kite"),
        ("dogrunning", "dog running"),
        ("Sunet at the beach", "sunset at the beach"),
        ("baech type:video", "beach type:video"),
        ("beach -poeple", "beach -people"),
        ("beach OR sunet", "beach OR sunset"),
    ],
)
def test_a_misspelt_word_is_offered_as_it_was_meant(text: str, first: str) -> None:
    found = read(text)

    assert [note.about for note in found.notes] == ["unknown word"]
    assert found.notes[0].offers[0] == first
    assert hinders(found)


def test_nothing_is_understood_where_no_word_is_known() -> None:
    assert read("brithday cake").level == "partly"
    assert read("brithday").level == "no"
    assert read("asdfghjkl").level == "no"
    assert read("brithday type:video").level == "no"
    assert read("brithday OR cake").level == "partly"


@pytest.mark.parametrize("text", ["...", "the", "???", "what is this"])
def test_questions_that_name_nothing_are_not_understood(text: str) -> None:
    found = read(text)

    assert (found.level, [note.about for note in found.notes]) == ("no", ["empty"])
    assert hinders(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ein hund auf der wiese", "Read as German: “dog meadow”."),
        ("Hunde am Strand", "Read as German: “dog beach”."),
        ("bilder vom strand", "Read as German: “beach”."),
        ("der Strand", "Read as German: “beach”."),
        ("waar is mijn hond", "Read as Dutch: “dog”."),
        ("où sont mes chats ?", "Read as French: “cat”."),
        ("¿dónde está mi perro?", "Read as Spanish: “dog”."),
        ("la casa", "Read as Spanish: “house”."),
        ("собака на пляже", "Read as Russian: “dog beach”."),
        ("犬がいる", "Read as Japanese: “dog”."),
        ("개", "Read as Korean: “dog”."),
        ("köpek", "Read as Turkish: “dog”."),
        ("o cachorro", "Read as Portuguese: “dog”."),
    ],
)
def test_a_language_that_the_model_does_not_speak_is_looked_up(text: str, says: str) -> None:
    found = read(text, ASKING)

    assert (found.level, found.notes) == ("yes", (Note("reading", says),))
    assert not hinders(found)


@pytest.mark.parametrize(
    ("text", "language", "level"),
    [
        ("koira rannalla", "Finnish", "no"),
        ("σκύλος στην παραλία", "Greek", "no"),
        ("สุนัข", "Thai", "no"),
        ("開業", "Chinese", "no"),
        ("das Grundgesetz", "German", "partly"),
        ("Der Richter erläutert einem Hund seine Rechtsauffassung", "German", "partly"),
    ],
)
def test_what_cannot_be_looked_up_is_told(text: str, language: str, level: str) -> None:
    found = read(text, ASKING)

    assert (found.level, [note.about for note in found.notes]) == (level, ["language"])
    assert language in found.notes[0].says
    assert "multilingual (1.5 GB)" in found.notes[0].says
    assert hinders(found)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("koira rannalla", "Finnish"),
        ("σκύλος στην παραλία", "Greek"),
        ("Der Richter erläutert einem Hund seine Rechtsauffassung", "German"),
    ],
)
def test_sentences_that_are_read_by_their_meaning_are_told_and_never_absent(text: str, language: str) -> None:
    found = read(text, replace(ASKING, sentences=True))

    assert (found.level, [note.about for note in found.notes]) == ("partly", ["language"])
    assert found.notes[0].says.startswith(
        f"Read as {language}, by its meaning, which is less sure. multiling"
    )
    assert hinders(found)


def test_what_models_do_not_heed_is_told_of_what_was_looked_up() -> None:
    assert about("zwei hunde am strand") == ["reading", "counting"]
    assert about("ein strand ohne menschen") == ["reading", "negation"]
    assert parse(offers("ein strand ohne menschen")[0]) == parse('"ein strand" -menschen')


def test_models_that_speak_it_or_may_do_so_get_no_such_note() -> None:
    for model in (PRESETS["multilingual"].model, "ViT-B-32@/models/of-my-own.pt"):
        assert "language" not in about("ein hund auf der wiese", Known(model=model))


def test_only_emoji_are_read_by_their_names() -> None:
    assert spelled_out("🐶") == "dog face"
    assert spelled_out("👍🏽") == spelled_out("👍") == "thumbs up"
    assert spelled_out("🐶🏖️") == "dog face beach with umbrella"
    assert spelled_out("beach 😍") == "beach"
    assert spelled_out("a dog") == "a dog"
    found = read("🐶 type:video")
    assert (found.level, [note.about for note in found.notes]) == ("partly", ["emoji"])
    assert found.notes[0].offers == ("dog face type:video",)


@pytest.mark.parametrize(
    "text", ["IMG_2034", "AB12-3345", "4711", "DE89 3704 0044 0532 0130 00", "INV-2024/113"]
)
def test_codes_are_words_alone(text: str) -> None:
    assert is_code(text)
    assert read(text).level == "no"
    assert about(text) == ["code"]
    assert read(f"{text.replace(' ', '')} on the beach").level == "partly"
    assert about(f"{text.replace(' ', '')} on the beach") == ["code"]


@pytest.mark.parametrize("text", ["dog", "two dogs", "a boy of 5", "USA", "２匹の犬"])
def test_descriptions_are_no_codes(text: str) -> None:
    assert not is_code(text)


def test_names_that_nobody_has_are_told() -> None:
    assert about("Anna") == about("Anna on the beach") == about("a dog called Rex") == ["name"]
    assert (read("Anna").level, read("Anna on the beach").level) == ("partly", "partly")
    assert "No person or tag has the name Anna" in read("Anna").notes[0].says
    assert about("Zorblatt") == ["name"]
    assert about("Anna", Known(model="builtin-2", names=(Names("Anna"),))) == []


def test_names_of_people_are_offered_for_what_is_near_to_them() -> None:
    assert offers("zorblat", Known(names=(Names("Zorblatt"),)))[0] == "Zorblatt"


@pytest.mark.parametrize(
    ("text", "sort", "offered"),
    [
        ("two dogs", "counting", "dogs"),
        ("exactly one dog", "counting", "dog"),
        ("me without you", "negation", "me -you"),
        ("more than five people type:video", "counting", "people type:video"),
        ("beach without people", "negation", "beach -people"),
        ("a beach with no people in summer", "negation", "a beach in summer -people"),
        ("beach, not blurry", "quality", "beach -blurry"),
        ("dog left of a cat", "position", "dog +cat"),
        ("dog on the left", "position", "dog"),
        ("the largest dog", "comparison", "dog"),
        ("dogs yesterday", "time", "dogs date:yesterday"),
        ("beach in 2019", "time", "beach date:2019"),
        ("beach last summer", "time", 'beach date:"last summer"'),
        ("videos of dogs", "file type", "dogs type:video"),
        ("recordings about taxes", "file type", "taxes type:audio"),
    ],
)
def test_what_models_do_not_heed_is_said_with_what_says_it_better(text: str, sort: str, offered: str) -> None:
    found = read(text)

    assert (found.level, [note.about for note in found.notes]) == ("partly", [sort])
    assert parse(found.notes[0].offers[0]) == parse(offered)
    assert hinders(found) == (sort not in ("counting", "position", "comparison"))


def test_limits_are_told_in_languages_that_the_model_speaks() -> None:
    multilingual = Known(model=PRESETS["multilingual"].model)

    assert about("zwei hunde am strand", multilingual) == ["counting"]
    assert parse(offers("ein strand ohne menschen", multilingual)[0]) == parse('"ein strand" -menschen')


def test_words_of_asking_are_neither_unknown_nor_lost_in_offers() -> None:
    known = Known(model="builtin-2", asked_for=lambda text: text.removeprefix("showme "))

    assert about("showme dogs", known) == []
    assert offers("showme dgos", known)[0] == "showme dogs"


@pytest.mark.parametrize(
    "text",
    "hund; katze; perro; plage; fahrrad; zeig mir hunde; fotos de mi perro; Hund am Strand; Geburtstag; "
    "Schmetterling; dgo runing on grass".split("; "),
)
def test_what_is_no_english_may_be_understood_by_a_model_of_many_languages(text: str) -> None:
    found = read(text, MULTILINGUAL)

    assert found.level == "yes"
    assert not hinders(found) or offers(text, MULTILINGUAL)[0] == "dog running on grass"


@pytest.mark.parametrize(
    "text",
    "usb cable; mit students; mit campus; ho ho ho; m&m's; os x; uma thurman; ho chi minh city; le mans; "
    "la paz; des moines; el capitan; ver sacrum; "
    "\uff44\uff4f\uff47\u3000\uff43\uff41\uff54; \U0001d41d\U0001d428\U0001d420; ein Hund; von der".split(
        "; "
    ),
)
def test_few_and_short_words_are_no_proof_of_another_language(text: str) -> None:
    assert read(text).level != "no"
    assert text == "ein Hund" or "language" not in about(text)


def test_capitals_hide_no_typing_errors() -> None:
    assert offers("DGO RUNING ON GRASS")[0].lower() == "dog running on grass"


@pytest.mark.parametrize(
    "text",
    "barcode; labradoodle; quokka; bruschetta; tikka; paddleboard; longboard; machu picchu; Zürich; Kraków; "
    "Amalfi; shih tzu; Mona Lisa; Mercedes; Charlotte; Mykonos; Robert; lol; mri scan".split("; "),
)
def test_words_and_names_that_no_list_has_may_be_found_all_the_same(text: str) -> None:
    assert read(text).level != "no"
    assert not any(swear in offer for offer in offers(text) for swear in ("shit", "tit"))


def test_of_things_to_avoid_only_the_spelling_is_read() -> None:
    assert about("beach -Anna") == about("beach NOT IMG_2034") == []
    assert read("brithday -beach").level == "no"


@pytest.mark.parametrize(
    "text",
    "do not enter sign; do not disturb sign; forget me not flowers; touch-me-not plant; $100 bill; €50 note; "
    'no. 5 perfume; text:"type:video"; the four seasons; three musketeers; eight ball; ten pin bowling; '
    "three piece suit; 10 downing street; seven wonders; Cinque Terre; above the clouds; behind bars; "
    "below deck; ps5; r2d2; f16; h2o; covid-19; c3po; Will; in may; photos of may".split("; "),
)
def test_names_signs_and_places_have_no_limits(text: str) -> None:
    assert read(text, ASKING) == Understanding()


@pytest.mark.parametrize(
    ("text", "sort", "offered"),
    [
        ("photos from june 2021", "time", 'date:"june 2021"'),
        ("2020", "time", "date:2020"),
        ("two brown dogs", "counting", "brown dogs"),
        ("three children on a beach", "counting", "children on a beach"),
    ],
)
def test_one_fact_has_one_note_and_its_offer_stands_alone(text: str, sort: str, offered: str) -> None:
    assert (about(text, ASKING), offers(text, ASKING)) == ([sort], (offered,))


@pytest.mark.parametrize(
    "text",
    [
        "zqx" * 3_000,
        "qwzzrt " * 500,
        " OR ".join(f"zqwrtp{chr(97 + at % 26)}{chr(97 + at // 26)}" for at in range(300)),
    ],
)
def test_notes_are_few_and_short(text: str) -> None:
    found = read(text)

    assert 0 < len(found.notes) <= 5
    assert all(len(note.says) < 400 for note in found.notes)


def test_a_new_reader_is_one_function() -> None:
    def shouting(asked: Asked, _known: Known) -> list[Finding]:
        loud = asked.text.isupper()
        return [Finding("yes", Note("shouting", "No need to shout."), asked.words)] if loud else []

    readers.register("shouting", shouting)
    try:
        assert about("DOG") == ["shouting"]
        assert about("dog") == []
    finally:
        readers.unregister("shouting")


@given(st.text())
def test_any_text_is_read_and_every_offer_can_be_asked(text: str) -> None:
    try:
        query = Query(str(Term("text", text)) if text.strip() else "x")
    except QueryError:
        return

    found = understanding(query, BUILTIN)

    assert (found.level == "yes") == all(note.about == "reading" for note in found.notes)
    for note in found.notes:
        assert note.says.endswith((".", "?"))
        assert "\n" not in note.says
        for offer in note.offers:
            assert str(Query(offer)) == offer


@given(
    st.lists(
        st.sampled_from(
            'two dgos without snow Anna Hund 🐶 IMG_2034 - OR " in 2019 the not type:video'.split()
        )
    )
)
def test_readers_get_along_with_each_other(words: list[str]) -> None:
    try:
        query = Query(" ".join(words))
    except QueryError:
        return
    for note in understanding(query, BUILTIN).notes:
        assert all(Query(offer).parsed != query.parsed for offer in note.offers)
