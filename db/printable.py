"""Characters that can be shown in one line: what a name may have."""

JOINERS = "\u200c\u200d"
"""Within Persian words and emoji: they cannot be seen, but change what is around them."""


def is_printable(text: str) -> bool:
    """Whether a text has nothing that controls a terminal, or turns the order of letters round.

    >>> is_printable("Mum \N{WOMAN}\u200d\N{GIRL}"), is_printable("a\u202eb")
    (True, False)
    """
    return all(char.isprintable() or char in JOINERS for char in text)
