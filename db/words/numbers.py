"""Long numbers, such as of a telephone or an account: found with whatever gaps they are written."""

import re

from db.words.forms import fold

_GROUP = r"(?<![^\W_])[^\W_]*\d[^\W_]*"
_NUMBER = re.compile(rf"{_GROUP}(?:[\s.,:/-]{{1,2}}{_GROUP})*")
"""Groups of digits, perhaps with letters, that may be one number: of a telephone, an account, an invoice."""
_LEAST_DIGITS = 5
"""Of a number that is also found with other gaps in it; shorter ones are soon found in what is no number."""
_GAP = r"[\W_]{0,2}"


def numbers(text: str, most: int) -> list[str]:
    """The long numbers of a text, the first so many."""
    return [found for found in _NUMBER.findall(text)[:most] if pattern(found) is not None]


def pattern(asked: str) -> str | None:
    """A regular expression for a long number, or the beginning of one, whatever its gaps; None for others."""
    letters = re.findall(r"[^\W_]", asked)
    digits = sum(letter.isdigit() for letter in letters)
    if digits < _LEAST_DIGITS or digits < len(letters) / 2 or asked.endswith("*"):
        return None
    return rf"(?i)(?<![^\W_]){_GAP.join(map(re.escape, letters))}"


def first_groups(number: str) -> list[str]:
    """What the first group of a number may be, however it is grouped; the last one is the number itself."""
    letters = fold("".join(re.findall(r"[^\W_]", number)))
    # A letter by itself is a word of nearly all texts.
    return [letters[:end] for end in range(1 if letters[0].isdigit() else 2, len(letters) + 1)]
