"""The language of the query box: from text to what is meant, and back.

Plain words need no language: whatever has no special form below is one description.

    query       = { word | phrase | signed | condition | "OR" | "AND" | "NOT" }
    word        = a run of characters without spaces; neighbours make one description
    phrase      = '"' text '"' [ weight ]                 a description of its own
    signed      = ("+" | "-") ( word | phrase | picture ) [ weight ]      a word that begins with a letter
    (text:"…" is a description whatever it looks like)
    picture     = "image:" value [ weight ] | a signed phrase that ends like a picture's file name
    condition   = [ "-" ] key ":" [ spaces ] value { "," [ spaces ] value }
                                                          for the keys of search.query.conditions
    value       = a run of characters without spaces or commas, or '"' text '"'; or, where the condition
                  takes several words (date:July 2023), as many as it understands
    weight      = "*" number                              0 < number <= 10
    NOT x       = -x;   x AND y = two descriptions;   x OR y = either

``OR`` parts the descriptions into alternatives and joins conditions of one key; conditions hold for
all alternatives. Only capitals are operators. In quotes, ``\\"`` is a quote and ``\\\\`` a backslash.

Typing is forgiven where it misleads nobody. Quotes may be those of any language (``“ ”``, ``„ “``, ``« »``,
``「 」``); colons, commas and spaces may be wide. A quote or bracket without its other one, quotes around
nothing, and an operator at the end are as if they were not there; a quote that begins a value and is not
closed ends with the text. A minus before a number is a part of it.

For every string, ``parse`` gives a ``Parsed`` or raises a ``QueryError`` that points at the character;
``parse(str(parsed)) == parsed``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from db.errors import QueryError
from db.near import nearest
from search.query import conditions
from search.query.conditions import Condition
from search.query.errors import RefusedValueError
from search.query.scanner import Scanner

TermKind = Literal["text", "picture"]
_TERM_KEYS: dict[str, TermKind] = dict(zip(conditions.TERM_KEYS, ("picture", "text"), strict=True))
_PICTURE_NAME = re.compile(
    r"\.(jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif|dng|cr2|cr3|nef|arw|raf|orf|rw2)$", re.I
)
_KEYED = re.compile(r"([A-Za-z]+)[:：](\s*)")
_BARE = re.compile(r"[^\W_][\w.-]*")
"""Values that mean the same without quotes."""
_COMPARED = re.compile(rf"[<>]=?{_BARE.pattern}")
"""The same in a condition: ``rating:>=4``."""
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
        bare = key or self.value[:1].isalpha()
        return f"{sign}{key}{_quoted(self.value) if bare else in_quotes(self.value)}{weight}"


@dataclass(frozen=True)
class Clause:
    """A condition with its values: one of them must hold for every hit, or none where ``negated``."""

    key: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        key, values = f"{'-' if self.negated else ''}{self.key}:", [*map(_value_quoted, self.values)]
        condition = conditions.every().get(self.key)
        if condition is None or not condition.one_value:
            return f"{key}{','.join(values)}"
        # A comma would belong to the value. None of some is not this one, and not that one.
        return (" " if self.negated else " OR ").join(f"{key}{value}" for value in values)


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


class _Parser(Scanner):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._words: list[str] = []
        self._alternatives: list[list[Term]] = [[]]
        self._conditions: list[Clause] = []
        self._last: Literal["term", "condition"] | None = None
        self._operator: tuple[str, int] | None = None

    def parse(self) -> Parsed:
        while self._skip_space():
            self._item()
        self._end_words()
        return Parsed(tuple(tuple(terms) for terms in self._alternatives if terms), tuple(self._conditions))

    def _item(self) -> None:
        start = self._at
        if self._skip_bracket():
            return
        word = self._peek_word()
        if word in _OPERATORS:
            self._at += len(word)
            self._operate(word, start)
            return
        negated = self._operator is not None and self._operator[0].endswith("NOT")
        sign = self._sign()
        if key := self._key():
            self._keyed(key, sign, negated, start)
        elif self._is_quote():
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
        value = self._quoted_value()
        if value is None:
            self._at += 1
            if self._following().strip() and (sign or negated):
                word, weight = self._weighted(self._take_word())
                self._add(Term("text", word, weight), sign, negated)
            return
        picture = bool(sign) and _PICTURE_NAME.search(value) is not None
        words = value if picture else " ".join(value.split())
        weight = self._weight()
        if words:
            self._add(Term("picture" if picture else "text", words, weight), sign, negated)

    def _keyed(self, key: str, sign: str, negated: bool, start: int) -> None:
        if key in _TERM_KEYS:
            kind, value = _TERM_KEYS[key], self._value(commas=True)
            words = value if kind == "picture" else " ".join(value.split())
            self._add(Term(kind, words, self._weight()), sign, negated)
            return
        if sign == "+":
            raise self._error(f"{key}: always holds; leave out the +", start)
        condition = conditions.every()[key]
        values = [self._checked(condition)]
        while not condition.one_value and self._comma():
            values.append(self._checked(condition))
        self._condition(Clause(key, tuple(values), (sign == "-") != negated), start)

    def _checked(self, condition: Condition) -> str:
        """A value that the condition understands, of as many words as it does."""
        for run, end in self._runs(condition.words):
            if self._understood(condition, run):
                self._at = end
                return " ".join(run.split())
        start = self._at
        value = self._value(commas=condition.one_value)
        try:
            conditions.filter_of(condition.key, (value,), negated=False)
        except ValueError as exc:
            raise self._error(str(exc), start, _such_as(condition)) from exc
        return value

    def _understood(self, condition: Condition, value: str) -> bool:
        """Whether a condition takes a value that begins here; what it refuses outright is an error."""
        try:
            conditions.filter_of(condition.key, (value,), negated=False)
        except RefusedValueError as exc:
            raise self._error(str(exc), self._at, _such_as(condition)) from exc
        except ValueError:
            return False
        return True

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

    def _key(self) -> str | None:
        """The key of a condition or term that begins here, with its colon and the spaces behind it."""
        match = _KEYED.match(self._text, self._at)
        if match is None:
            return None
        key, spaces = match.group(1).lower(), match.group(2)
        if key in _keys():
            if match.end() == len(self._text):
                hint = (
                    _such_as(conditions.every()[key]) if key in conditions.every() else f'Such as {key}:"…".'
                )
                raise self._error(f"{key}: needs a value", match.end() - len(spaces), hint)
            self._at = match.end()
            return key
        if spaces or match.end() == len(self._text) or self._text.startswith("//", match.end()):
            return None
        if meant := _meant(key):
            raise self._error(
                f"there is no {key}:, did you mean {meant}:?", self._at, "Put words with a colon in quotes."
            )
        return None


def _keys() -> tuple[str, ...]:
    return (*conditions.every(), *_TERM_KEYS)


def _meant(key: str) -> str | None:
    """The key that is another word for, or nearly, what was typed; None if it is like none."""
    return conditions.meant_by(key) or next(iter(nearest(key, _keys(), most=1, cutoff=0.75)), None)


def _such_as(condition: Condition) -> str:
    return f"Such as {' or '.join(condition.examples)}."


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


def _value_quoted(value: str) -> str:
    return value if _COMPARED.fullmatch(value) else _quoted(value)


def _quoted(value: str) -> str:
    return value if _BARE.fullmatch(value) else in_quotes(value)


def in_quotes(value: str) -> str:
    """A text between quotes, in which it means its characters."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
