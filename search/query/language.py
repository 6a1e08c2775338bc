"""The language of the query box: from text to what is meant, and back.

Plain words need no language: whatever has no special form below is one description.

    query       = { word | phrase | signed | condition | "OR" | "AND" | "NOT" }
    word        = a run of characters without spaces; neighbours make one description
    phrase      = '"' text '"' [ weight ]                 a description of its own
    signed      = ("+" | "-") ( word | phrase | picture ) [ weight ]
    (text:"…" is a description whatever it looks like)
    picture     = "image:" value [ weight ] | a signed phrase that ends like a picture's file name
    condition   = [ "-" ] key ":" value { "," value }     for the keys of search.query.conditions
    value       = a run of characters without spaces or commas, or '"' text '"'
    weight      = "*" number                              0 < number <= 10
    NOT x       = -x;   x AND y = two descriptions;   x OR y = either

``OR`` parts the descriptions into alternatives and joins conditions of one key; conditions hold for
all alternatives. Only capitals are operators. In quotes, ``\\"`` is a quote and ``\\\\`` a backslash.
For every string, ``parse`` gives a ``Parsed`` or raises a ``QueryError`` that points at the character;
``parse(str(parsed)) == parsed``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from db.errors import QueryError
from search.query import conditions

TermKind = Literal["text", "picture"]
MOST_WEIGHT = 10.0

_TERM_KEYS: dict[str, TermKind] = dict(zip(conditions.TERM_KEYS, ("picture", "text"), strict=True))
_PICTURE_NAME = re.compile(
    r"\.(jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif|dng|cr2|cr3|nef|arw|raf|orf|rw2)$", re.I
)
_WEIGHT = re.compile(r"\*(\d+(?:\.\d*)?|\.\d+)(?=\s|$)")
_KEYED = re.compile(r"([A-Za-z]+):(?=\S)")
_BARE = re.compile(r"[^\W_][\w.-]*")
"""Values that mean the same without quotes."""
_OPERATORS = ("AND", "OR", "NOT")


@dataclass(frozen=True)
class Term:
    """Something to look for, or with a negative weight to stay away from: words, or a picture's path."""

    kind: TermKind
    value: str
    weight: float = 1.0

    def __str__(self) -> str:
        sign = "-" if self.weight < 0 else "+"
        weight = "" if abs(self.weight) == 1 else f"*{abs(self.weight):.12g}"
        key = "image:" if self.kind == "picture" else "text:" if _PICTURE_NAME.search(self.value) else ""
        return f"{sign}{key}{_quoted(self.value)}{weight}"


@dataclass(frozen=True)
class Clause:
    """A condition with its values: one of them must hold for every hit, or none where ``negated``."""

    key: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.negated else ''}{self.key}:{','.join(map(_quoted, self.values))}"


@dataclass(frozen=True)
class Parsed:
    """A parsed query. A hit must fit one of ``alternatives`` and fulfil all ``conditions``."""

    alternatives: tuple[tuple[Term, ...], ...] = ()
    conditions: tuple[Clause, ...] = ()

    def __str__(self) -> str:
        parts = [" ".join(_terms(terms)) for terms in self.alternatives]
        return " ".join([*filter(None, [" OR ".join(parts)]), *map(str, self.conditions)])

    @property
    def texts(self) -> tuple[str, ...]:
        """The words of each alternative that are to be found."""
        words = (
            " ".join(term.value for term in terms if term.kind == "text" and term.weight > 0)
            for terms in self.alternatives
        )
        return tuple(filter(None, words))

    @property
    def chips(self) -> tuple[str, ...]:
        """The parts as people may take them out one by one, in the order of ``without``."""
        terms = [text for terms in self.alternatives for text in _terms(terms)]
        return (*terms, *map(str, self.conditions))

    def without(self, chip: int) -> "Parsed":
        """The query without one of its chips."""
        alternatives = []
        for terms in self.alternatives:
            kept = tuple(term for at, term in enumerate(terms) if at != chip)
            chip -= len(terms)
            if kept:
                alternatives.append(kept)
        conditions = tuple(item for at, item in enumerate(self.conditions) if at != chip)
        return Parsed(tuple(alternatives), conditions)

    def having(
        self,
        key: str,
        values: Sequence[str],
        among: Iterable[str] | None = None,
        same: Callable[[str], str] = str.casefold,
    ) -> "Parsed":
        """The query with other values for a key; a condition that is left without values is removed.

        Negated conditions (``-type:video``) stay, and so do values that are not ``among`` those to choose
        from. What must hold together (``said:hay said:sea``) goes on to; a new value joins the last of them.
        ``same`` gives the same for values that mean the same.
        """
        chosen = {same(value) for value in values}
        offered = None if among is None else {same(value) for value in among}
        kept: list[Clause] = []
        for clause in self.conditions:
            left = clause.values
            if clause.key == key and not clause.negated:
                left = tuple(v for v in left if same(v) in chosen or (offered and same(v) not in offered))
            kept += [replace(clause, values=left)] if left else []
        own = [at for at, clause in enumerate(kept) if clause.key == key and not clause.negated]
        known = {same(value) for at in own for value in kept[at].values}
        if added := tuple(value for value in values if same(value) not in known):
            last = kept.pop(own[-1]).values if own else ()
            kept.append(Clause(key, (*last, *added)))
        return replace(self, conditions=tuple(kept))

    def values(self, key: str) -> tuple[str, ...]:
        """The values of a key, without those of negated conditions."""
        return tuple(
            value for item in self.conditions if item.key == key and not item.negated for value in item.values
        )


def parse(text: str) -> Parsed:
    """Parse the text of a query.

    Raises:
        QueryError: it is malformed; the message points at the character.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._words: list[str] = []
        self._alternatives: list[list[Term]] = [[]]
        self._conditions: list[Clause] = []
        self._last: Literal["term", "condition"] | None = None
        self._operator: tuple[str, int] | None = None

    def parse(self) -> Parsed:
        while self._skip_space():
            self._item()
        if self._operator is not None:
            raise self._error(f"{self._operator[0]} needs something after it", self._operator[1])
        self._end_words()
        return Parsed(tuple(tuple(terms) for terms in self._alternatives if terms), tuple(self._conditions))

    def _item(self) -> None:
        start = self._at
        word = self._peek_word()
        if word in _OPERATORS:
            self._at += len(word)
            self._operate(word, start)
            return
        negated = self._operator is not None and self._operator[0].endswith("NOT")
        sign = self._sign()
        if key := self._key():
            self._keyed(key, sign, negated, start)
        elif self._text.startswith('"', self._at):
            self._phrase(sign, negated)
        elif sign or negated:
            value, weight = self._weighted(self._take_word())
            self._add(Term("text", value, weight), sign, negated)
        else:
            self._word()

    def _word(self) -> None:
        value, weight = self._weighted(self._take_word())
        if weight != 1.0:
            self._add(Term("text", value, weight), "", negated=False)
            return
        if self._operator is not None and self._operator[0] == "AND":
            self._end_words()
        self._joined("term")
        self._words.append(value)

    def _phrase(self, sign: str, negated: bool) -> None:
        start = self._at
        value = self._quoted_value()
        picture = bool(sign) and _PICTURE_NAME.search(value) is not None
        words = value if picture else " ".join(value.split())
        if not words:
            raise self._error("there is nothing between the quotes", start)
        self._add(Term("picture" if picture else "text", words, self._weight()), sign, negated)

    def _keyed(self, key: str, sign: str, negated: bool, start: int) -> None:
        self._at += len(key) + 1
        if key in _TERM_KEYS:
            kind, value = _TERM_KEYS[key], self._value(commas=True)
            words = value if kind == "picture" else " ".join(value.split())
            self._add(Term(kind, words, self._weight()), sign, negated)
            return
        if sign == "+":
            raise self._error(f"{key}: always holds; leave out the +", start)
        values = [self._checked(key)]
        while not conditions.every()[key].one_value and self._text.startswith(",", self._at):
            self._at += 1
            values.append(self._checked(key))
        self._condition(Clause(key, tuple(values), (sign == "-") != negated), start)

    def _checked(self, key: str) -> str:
        start = self._at
        value = self._value(commas=conditions.every()[key].one_value)
        try:
            conditions.filter_of(key, (value,), negated=False)
        except ValueError as exc:
            raise self._error(str(exc), start) from exc
        return value

    def _condition(self, clause: Clause, start: int) -> None:
        self._end_words()
        if self._operator is not None and self._operator[0].startswith("OR"):
            before = self._conditions[-1] if self._last == "condition" else None
            if before is None or (before.key, before.negated) != (clause.key, False) or clause.negated:
                raise self._error(
                    "OR joins descriptions, or conditions of one kind such as type:image OR type:video", start
                )
            clause = replace(before, values=before.values + clause.values)
            self._conditions.pop()
        self._conditions.append(clause)
        self._last, self._operator = "condition", None

    def _add(self, term: Term, sign: str, negated: bool) -> None:
        self._end_words()
        self._joined("term")
        weight = -term.weight if (sign == "-") != negated else term.weight
        self._alternatives[-1].append(replace(term, weight=weight))

    def _joined(self, what: Literal["term"]) -> None:
        if self._operator is not None and self._operator[0].startswith("OR"):
            if self._last == "condition":
                raise self._error("OR cannot join a condition and a description", self._operator[1])
            self._end_words()
            self._alternatives.append([])
        self._last, self._operator = what, None

    def _operate(self, word: str, start: int) -> None:
        joined = f"{self._operator[0]} {word}" if self._operator else word
        if joined not in (*_OPERATORS, "AND NOT", "OR NOT"):
            raise self._error(f"{word} cannot stand here", start)
        if self._last is None and word != "NOT":
            raise self._error(f"{word} needs something before it", start)
        self._operator = (joined, start)

    def _end_words(self) -> None:
        if self._words:
            self._alternatives[-1].append(Term("text", " ".join(self._words)))
            self._words = []

    # --- characters

    def _skip_space(self) -> bool:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _peek_word(self) -> str:
        return self._text[self._at :].split(maxsplit=1)[0]

    def _take_word(self) -> str:
        word = self._peek_word()
        self._at += len(word)
        return word

    def _sign(self) -> str:
        character = self._text[self._at]
        following = self._text[self._at + 1 : self._at + 2]
        if character in "+-" and (following.isalnum() or following == '"'):
            self._at += 1
            return character
        return ""

    def _key(self) -> str | None:
        match = _KEYED.match(self._text, self._at)
        if match is None:
            self._refuse_empty_key()
            return None
        key = match.group(1).lower()
        if key in _keys():
            return key
        near = get_close_matches(key, _keys(), n=1, cutoff=0.75)
        if near and not self._text.startswith("//", match.end()):
            raise self._error(
                f"there is no {key}:, did you mean {near[0]}:?", self._at, "Put words with a colon in quotes."
            )
        return None

    def _refuse_empty_key(self) -> None:
        word = self._peek_word()
        if word.endswith(":") and word[:-1].lower() in _keys():
            raise self._error(
                f"{word} needs a value right after the colon", self._at + len(word), "Such as type:video."
            )

    def _value(self, *, commas: bool) -> str:
        if self._text.startswith('"', self._at):
            start = self._at
            value = self._quoted_value().strip()
        else:
            start = self._at
            match = re.compile(r"[^\s]*" if commas else r"[^\s,]*").match(self._text, self._at)
            value = match.group() if match else ""
            if commas and (weight := _WEIGHT.search(value + " ")) and weight.end() == len(value):
                value = value[: weight.start()]
            self._at += len(value)
        if not value:
            raise self._error("a value is missing", start)
        return value

    def _quoted_value(self) -> str:
        start = self._at
        match = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S).match(self._text, start)
        if match is None:
            raise self._error("the quote is not closed", start)
        self._at = match.end()
        return re.sub(r"\\(.)", r"\1", match.group(1), flags=re.S)

    def _weight(self) -> float:
        if not self._text.startswith("*", self._at):
            return 1.0
        start = self._at
        value, weight = self._weighted(f"x{self._take_word()}")
        if value != "x":
            raise self._error("a weight is a number, such as *0.5", start)
        return weight

    def _weighted(self, word: str) -> tuple[str, float]:
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


def _keys() -> tuple[str, ...]:
    return (*conditions.every(), *_TERM_KEYS)


def _terms(terms: tuple[Term, ...]) -> list[str]:
    return [
        term.value if at == 0 and term == Term("text", term.value) and _is_plain(term.value) else str(term)
        for at, term in enumerate(terms)
    ]


def _is_plain(value: str) -> bool:
    """Whether a description means the same without quotes, wherever it stands."""
    try:
        return parse(value) == Parsed(((Term("text", value),),))
    except QueryError:
        return False


def _quoted(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
