"""The characters of a query: words, quotes of all languages, signs, values and weights.

What the language (``search.query.language``) is made of, one step below its grammar. Errors point at the
character.
"""

import re

from db.errors import QueryError

MOST_WEIGHT = 10.0

_WEIGHT = re.compile(r"\*(\d+(?:\.\d*)?|\.\d+)(?=\s|$)")
_SIGNS = {"+": "+", "-": "-", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"}
"""Telephones put a dash where a minus was typed."""

_STRAIGHT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S)
_PAIRS = (
    # What closes in one language opens in another, and people mix them with straight ones.
    ('"“”„‟＂〝〞〟', '"“”„‟＂〝〞〟'),
    ("«»", "«»"),
    ("‹›", "‹›"),
    ("「", "」"),
    ("『", "』"),
)
_CLOSING = {opening: closing for openings, closing in _PAIRS for opening in openings}
_QUOTES = frozenset("".join(openings + closing for openings, closing in _PAIRS))
_OPENERS, _CLOSERS = "([{（［", ")]}）］"
_COMMAS = ",，、"


class Scanner:
    """A text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _following(self, ahead: int = 0) -> str:
        """The next character, or one further ahead; empty at the end."""
        return self._text[self._at + ahead : self._at + ahead + 1]

    def _skip_space(self) -> bool:
        """Go to what comes next; False at the end."""
        while self._following().isspace():
            self._at += 1
        return self._at < len(self._text)

    def _peek_word(self) -> str:
        return self._text[self._at :].split(maxsplit=1)[0]

    def _take_word(self) -> str:
        """The next word, without brackets and a quote that it only closes."""
        word = self._peek_word()
        self._at += len(word)
        return _without_closers(word)

    def _skip_bracket(self) -> bool:
        """Leave out a bracket that stands before a word and is not closed in it, or by itself."""
        if not (opener := self._following()) or opener not in _OPENERS + _CLOSERS:
            return False
        word = self._peek_word()
        closed = opener in _OPENERS and _CLOSERS[_OPENERS.index(opener)] in word
        after = word.lstrip(_OPENERS + _CLOSERS).lstrip("".join(_SIGNS))[:1]
        if closed or (after and not after.isalnum() and after not in _CLOSING):
            return False
        self._at += 1
        return True

    def _sign(self) -> str:
        """``+`` or ``-`` before a word or quote; before a number it belongs to the number."""
        following = self._following(1)
        if (sign := _SIGNS.get(self._following())) and (following.isalpha() or following in _CLOSING):
            self._at += 1
            return sign
        return ""

    def _is_quote(self) -> bool:
        return self._following() in _CLOSING

    def _quoted_value(self) -> str | None:
        """The text in the quotes that begin here; None, at the same place, if they are not closed."""
        if match := _STRAIGHT.match(self._text, self._at):
            self._at = match.end()
            return re.sub(r"\\(.)", r"\1", match.group(1), flags=re.S)
        closing = re.escape(_CLOSING[self._following()])
        match = re.compile(rf".([^{closing}]*)[{closing}]", re.S).match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match.group(1)

    def _value(self, *, commas: bool) -> str:
        """A value, in quotes or up to a space; up to a comma, too, unless ``commas`` belong to it."""
        start = self._at
        if self._is_quote():
            value = self._quoted_value()
            if value is None:
                value, self._at = self._text[start + 1 :], len(self._text)
            value = value.strip()
        else:
            match = re.compile(r"\S*" if commas else rf"[^\s{_COMMAS}]*").match(self._text, start)
            value = _without_closers(match.group() if match else "")
            if commas and (weight := _WEIGHT.search(value + " ")) and weight.end() == len(value):
                value = value[: weight.start()]
            self._at += len(value)
        if not value:
            raise self._error("a value is missing", start)
        return value

    def _comma(self) -> bool:
        """Go over a comma between values, with the spaces behind it."""
        if not (comma := self._following()) or comma not in _COMMAS:
            return False
        self._at += 1
        self._skip_space()
        return True

    def _runs(self, words: int) -> list[tuple[str, int]]:
        """The plain texts of up to so many words that begin here, the longest first, and where each ends."""
        runs: list[tuple[str, int]] = []
        one = re.compile(rf"\s*([^\s:：{re.escape(''.join(_CLOSING))}]+)")
        end = self._at
        # What cannot be a word of a value, such as the key of the next condition, ends it.
        while len(runs) < words and (match := one.match(self._text, end)):
            end = match.end()
            if self._text[end : end + 1].strip():
                break
            last = match.start(1) + len(_without_closers(match[1]).rstrip(_COMMAS))
            runs.append((self._text[self._at : last], last))
        return runs[:0:-1]

    def _weight(self) -> float:
        if self._following() != "*":
            return 1.0
        start = self._at
        value, weight = self._weighted(f"x{self._take_word()}")
        if value != "x":
            raise self._error("a weight is a number, such as *0.5", start)
        return weight

    def _weighted(self, word: str) -> tuple[str, float]:
        """A word and the weight behind it."""
        match = _WEIGHT.search(word)
        if match is None or not match.start():
            return word, 1.0
        weight = float(match.group(1))
        if not 0 < weight <= MOST_WEIGHT:
            raise self._error(
                f"a weight is more than 0 and at most {MOST_WEIGHT:g}", self._at - len(word) + match.start()
            )
        return word[: match.start()], weight

    def _error(self, message: str, at: int, hint: str = "") -> QueryError:
        # A caret from below the line, as proof-readers insert: the message must stay one line.
        shown = f"{self._text[max(0, at - 10) : at]}\u2038{self._text[at : at + 15]}"
        hint = hint or "Put it in quotes to mean the characters themselves."
        return QueryError(f"{message} (at character {at + 1}: {' '.join(shown.split())})", hint)


def _without_closers(word: str) -> str:
    """The word without brackets or a quote at its end that it has not opened; ``:)`` and ``12"`` stay."""
    if word[-2:-1].isalpha() and word[-1] in _QUOTES and not _QUOTES.intersection(word[:-1]):
        word = word[:-1]
    while len(word) > 1 and word[-1] in _CLOSERS and (word[-2].isalnum() or word[-2] in _CLOSERS):
        opener = _OPENERS[_CLOSERS.index(word[-1])]
        if word.count(opener) >= word.count(word[-1]):
            break
        word = word[:-1]
    return word
