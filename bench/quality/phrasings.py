"""Ways in which people ask for one thing."""

from collections.abc import Callable

_IRREGULAR = {"man": "men", "woman": "women", "child": "children", "person": "people", "goose": "geese"}

BARE = "bare"


def noun(name: str) -> str:
    """Without its article: ``a red car`` to ``red car``."""
    first, _, rest = name.partition(" ")
    return rest if first in ("a", "an", "the") else name


def countable(name: str) -> bool:
    """Whether it is one or two words after ``a``, so that a plural can be made of it."""
    words = name.split()
    return words[0] in ("a", "an") and len(words) in (2, 3) and not name.endswith("s")


def plural(name: str) -> str:
    """Many of them: ``a red car`` to ``red cars``."""
    *before, last = noun(name).split()
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = f"{last[:-1]}ies"
    else:
        last += "es" if last.endswith(("s", "x", "ch", "sh")) else "s"
    return " ".join((*before, last))


WAYS: dict[str, Callable[[str], str]] = {
    BARE: noun,
    "a …": lambda name: name,
    "the …": lambda name: f"the {noun(name)}",
    "my …": lambda name: f"my {noun(name)}",
    "plural": plural,
    "A full stop.": lambda name: f"{name[0].upper()}{name[1:]}.",
    "CAPITALS": lambda name: name.upper(),
    '"quoted"': lambda name: f'"{noun(name)}"',
    "… please": lambda name: f"{name} please",
    "a photo of …": lambda name: f"a photo of {name}",
    "show me …": lambda name: f"show me {name}",
    "find pictures of …": lambda name: f"find pictures of {plural(name)}",
    "do I have photos of …?": lambda name: f"do I have any photos of {name}?",
    "where is …?": lambda name: f"where is the {noun(name)}?",
    "I am looking for …": lambda name: f"I am looking for {name}",
}
"""What is asked for, as concepts are written (``a red car``), to the text that is typed."""
