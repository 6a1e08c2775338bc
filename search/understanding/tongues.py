"""Languages of questions: what another one was read as, and which model would read it by itself."""

import unicodedata
from collections.abc import Sequence

from indexer.encoders.registry import PRESETS, ModelInfo, preset_of
from indexer.languages import Guess, is_latin, language_of, named_languages
from search.answer import Note, ReadAs, Understood
from search.query.asking import asked_for
from search.query.language import Parsed
from search.translation import english
from search.translation.english import WORD
from search.translation.router import Translation, after_article, translated
from search.understanding.asked import Asked, Finding, Known, listed, quoted

_ENGLISH = "English"

LEAST_EVIDENCE = 0.15
"""The least product of how likely another language is and the share of words that are not English."""
_SURE_OF_NAMES = 0.5
"""How likely it must be where most words have capitals, as names have."""
_SURE_OF_ONE = 0.7
"""How likely it must be where a single word, of four letters or more, is not English."""
_LEAST_LETTERS, _LEAST_STRANGE = 4, 2
"""How many words of how many letters are no English ones where it need not be as likely."""
_WORDS_OF_A_NAME = 2
READ = 0.75
"""The least share of a description that a dictionary explains for it to be understood."""
READING = "reading"
"""What a note is about that only says how a description was read."""


def read(asked: Asked, known: Known) -> Sequence[Finding]:
    """A note where a description is in a language that the active model does not speak, and was looked up.

    Where it does, or may, such words are neither names nor mis-spelt English. The words of asking tell the
    language as well as any: a question is read as it was typed. Two words may be a name all the same.
    """
    if not asked.words or english.is_loan(asked.thing):
        return ()
    if is_english_only(known.model) and (said := translated(asked.text)):
        return [_read_as(said, asked, known)]
    told = _foreign(asked.text, asked.thing, known)
    guess = told or _after_article(asked.thing)
    if guess is None:
        return ()
    if not is_english_only(known.model):
        return [Finding("yes", None, asked.words)]
    if known.sentences:
        return [Finding("partly", _by_meaning(guess.language), asked.words)]
    level: Understood = "partly" if told is None or _may_be_a_name(asked, known) else "no"
    return [Finding(level, _note(guess, known.model), asked.words)]


def read_as(parsed: Parsed, model: str) -> tuple[ReadAs, ...]:
    """What the descriptions of a question were read as for a model, by its name as the library stores it."""
    each = (translated(unicodedata.normalize("NFKC", text)) for text in parsed.texts)
    read = [said for said in each if said is not None] if is_english_only(model) else []
    return tuple(ReadAs(said.text, _named_language(said.language), said.english) for said in read)


def foreign(text: str, known: Known) -> Guess | None:
    """The language that a text is in where no dictionary reads it; None where it is English, or may be."""
    thing = asked_for(text)
    if not WORD.search(thing) or english.is_loan(thing):
        return None
    return _foreign(text, thing, known) or _after_article(thing)


def _read_as(said: Translation, asked: Asked, known: Known) -> Finding:
    """What a description was read as; of one that the dictionary knows little of nothing is sure."""
    language = _named_language(said.language)
    what = listed((quoted(each) for each in said.english), "or")
    if said.coverage >= READ:
        return Finding("yes", Note(READING, f"Read as {language}: {what}."), asked.words)
    if known.sentences and not said.is_mixed:
        return Finding("partly", _by_meaning(said.language), asked.words)
    says = f"Read as {language}: {what}; not all of it is known. {_who_speaks()}"
    return Finding("partly", Note("language", says), asked.words)


def _foreign(text: str, thing: str, known: Known) -> Guess | None:
    """The other language that a text is in; None for English, single words, names, and what is unclear."""
    words = WORD.findall(text)
    if not is_latin(text):
        return language_of(text)
    if _are_english(words) or _is_loan(words, text):
        return None
    small = [word for word in words if word[0].islower()]
    named = 2 * len(small) < len(words)
    told = words if named or words[0] in small else [words[0], *small]
    strange = [word for word in told if _is_strange(word, known)]
    guess = language_of(" ".join(words)) if strange else None
    if guess is None or not _is_known(guess) or (named and guess.share < _SURE_OF_NAMES):
        return None  # letters that look like a language of few speakers are mis-spelt English
    long = [word for word in strange if len(word) >= _LEAST_LETTERS]
    is_clear = len(words) == 1 or len(long) >= _LEAST_STRANGE or (long and guess.share >= _SURE_OF_ONE)
    if not (is_clear or _asks_in_it(text, thing, known)):
        return None
    return guess if guess.share * len(strange) / len(told) > LEAST_EVIDENCE else None


def _after_article(thing: str) -> Guess | None:
    guess = after_article(thing)
    return guess if guess is not None and _is_known(guess) else None


def _is_known(guess: Guess) -> bool:
    """Whether it is another language that is told by its name."""
    return guess.language != "en" and guess.language in named_languages()


def _asks_in_it(text: str, thing: str, known: Known) -> bool:
    """Whether the words that only ask are no English ones."""
    asking = set(WORD.findall(text)) - set(WORD.findall(thing))
    return any(_is_strange(word, known) for word in asking)


def _may_be_a_name(asked: Asked, known: Known) -> bool:
    """Whether it is two words, of which one may be English: la spiaggia."""
    words = WORD.findall(asked.text)
    strange = [word for word in words if len(word) >= _LEAST_LETTERS and _is_strange(word, known)]
    return (
        is_latin(asked.text)
        and len(words) == _WORDS_OF_A_NAME
        and len(strange) < _LEAST_STRANGE
        and not _asks_in_it(asked.text, asked.thing, known)
    )


def _is_loan(words: Sequence[str], text: str) -> bool:
    """Whether English uses it, or one word that may as easily be mis-spelt."""
    if len(words) == 1:
        return text.isascii() or english.is_known(words[0])
    return english.is_loan(text)


def _is_strange(word: str, known: Known) -> bool:
    is_name = word[0].isupper() and english.is_known(word)
    return not (is_name or english.is_word(word) or known.has(word))


def speaks(info: ModelInfo) -> bool:
    """Whether a preset understands other languages than English."""
    return info.languages != _ENGLISH


def _are_english(words: Sequence[str]) -> bool:
    return all(english.is_word(word) for word in words)


def is_english_only(model: str) -> bool:
    """Whether it is a preset without other languages; what models of one's own have learnt is not known."""
    info = preset_of(model)
    return info is not None and not speaks(info)


def _note(guess: Guess, model: str) -> Note:
    language = _named_language(guess.language)
    info = preset_of(model)
    named = info.name if info else model
    says = f"This looks like {language}, and the model {named} understands English only"
    return Note("language", f"{says}; only the words themselves were searched. {_who_speaks()}")


def _by_meaning(language: str) -> Note:
    """Of a whole sentence no words are told: it is its vector that was read."""
    says = f"Read as {_named_language(language)}, by its meaning, which is less sure. {_who_speaks()}"
    return Note("language", says)


def _named_language(language: str) -> str:
    return named_languages().get(language, "another language")


def _who_speaks() -> str:
    """Which model reads other languages by itself, and how large it is."""
    other = min((info for info in PRESETS.values() if speaks(info)), key=lambda info: info.size_mb)
    size = f"{other.size_mb / 1000:.1f} GB" if other.size_mb >= 1000 else f"{other.size_mb} MB"
    return f"{other.name} ({size}) understands {other.languages}: trove model use {other.name}."
