"""What was probably meant by a name that there is not: the nearest of those that there are."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, most: int = 3, cutoff: float = 0.5) -> list[str]:
    """The known names most like one, the likest first, by the letters that they share, in whatever case.

    ``cutoff``: how alike they must be, from 0 to 1, by Ratcliff and Obershelp's measure (1988).
    """
    spelled = {one.casefold(): one for one in known}
    return [spelled[match] for match in get_close_matches(name.casefold(), spelled, n=most, cutoff=cutoff)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question for a hint, such as "Did you mean sd-turbo?"; empty where nothing is alike."""
    near = nearest(name, known)
    return f"Did you mean {' or '.join(near)}?" if near else ""
