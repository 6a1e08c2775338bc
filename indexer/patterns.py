"""Patterns of what is left out of a folder, written and meant as those of a ``.gitignore``. Touches no disk.

What no line of text can hold, such as a line break in a name, or bytes that are no UTF-8, stands in patterns
as one letter of Unicode's last private plane: each has one of its own, so that a name has a pattern that fits
no other name.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from db.errors import SettingsError
from db.names import composed

_PRIVATE = 0x100000
_NO_TEXT = re.compile(r"[\udc80-\udcff]")
"""Bytes that are no UTF-8, as ``os.fsdecode`` gives them."""
_NO_LINE = re.compile(r"[^\S ]|[\udc80-\udcff]")
"""These, and blanks but the space: some end a line, others are cut from its end."""


@dataclass(frozen=True)
class Pattern:
    """One pattern: ``include`` is False where it begins with ``!``. ``text``: as it is shown."""

    text: str
    regex: re.Pattern[str]
    include: bool

    def fits(self, name: str) -> bool:
        """Whether a path itself is meant, not a folder above it, of which was asked before.

        ``name``: of the path, from where the pattern holds, as ``compared`` gives it; a folder's ends with a
        slash.
        """
        found = self.regex.search(name)
        if found is None:
            return False
        if not self.regex.groups:  # of "*", or of "folder/**", which is all in the folder but not itself
            return not (found.end() == len(name) and name.endswith("/"))
        return any(one.end() == len(name) for one in self.regex.finditer(name))


def compared(name: str) -> str:
    """A path with slashes, or a pattern, as the two are compared: composed, without what no line can hold."""
    return _NO_LINE.sub(_as_letter, composed(name))


def _as_letter(found: re.Match[str]) -> str:
    return chr(_PRIVATE + ord(found[0]))


def parsed(lines: Iterable[str]) -> tuple[Pattern, ...]:
    """Patterns without comments and empty lines.

    Raises:
        ValueError: a line is no pattern.
    """
    return tuple(pattern for line in lines for pattern in _parsed(line))


def _parsed(line: str) -> Iterator[Pattern]:
    from pathspec import GitIgnoreSpec

    # It also knows how to compare, but only whole paths with all their folders at once, which is another
    # question than git's: there a folder may be brought back and what is in it not.
    # To it "a/**/" is "a/", where git means all folders in a.
    text = re.sub(r"(?<=/\*\*/)(?= *$)", "*/", compared(line))
    for pattern in GitIgnoreSpec.from_lines([text]).patterns:
        if pattern.include is not None and pattern.regex is not None:
            yield Pattern(as_typed(line), pattern.regex, pattern.include)


def checked(patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns as they are kept: text without empty ones, each once.

    Raises:
        SettingsError: one of them is no pattern.
    """
    kept = dict.fromkeys(_NO_TEXT.sub(_as_letter, pattern.strip("\r\n")) for pattern in patterns)
    for pattern in kept:
        if "\n" in pattern or "\r" in pattern:
            raise SettingsError(f"{pattern!r} is more than one line", "Give one pattern for each line.")
        try:
            means_something = not pattern.strip() or bool(parsed([pattern]))
        except ValueError:
            means_something = False
        if not means_something:
            raise SettingsError(
                f"{pattern!r} is no pattern of what is left out",
                "Patterns are those of a .gitignore, such as *.png, /Scans/2019/, Private/ or \\#old.",
            )
    return tuple(pattern for pattern in kept if pattern.strip())


def as_typed(pattern: str) -> str:
    """A kept pattern with what no line can hold, to be shown."""
    return re.sub("[\U00100000-\U0010ffff]", lambda found: chr(ord(found[0]) - _PRIVATE), pattern)


def pattern_of(path: Path, root: Path) -> str:
    """The pattern that leaves out one file or folder below a root, whatever its name is, and nothing else."""
    name = re.sub(r"[\\*?\[\]]", r"\\\g<0>", path.relative_to(root).as_posix())
    name = _NO_LINE.sub(_as_letter, name)
    # A blank at its end counts only behind a backslash.
    return "/" + (name[:-1] + "\\ " if name.endswith(" ") else name)


def holds_anywhere(pattern: str) -> bool:
    """Whether a pattern is that of a name alone, which fits at any depth."""
    return _names(pattern.removeprefix("!"))[:1] == ["**"]


def carried(patterns: Iterable[str], inside: Path, place: Path = Path()) -> list[str]:
    """Patterns of a folder, as they are written where a part of it is then, so that they fit the same files.

    Those that hold only elsewhere are none of these. ``/2019/Private/`` is ``/Private/`` for the folder
    ``2019``, and ``/new/Private/`` where that is ``new`` then; ``*.tmp`` stays so, or is ``/new/**/*.tmp``.

    Args:
        inside: the part, from the folder that has the patterns.
        place: where it is then, from the folder that they are written for.
    """
    before = "" if place == Path() else pattern_of(place, Path())
    found: dict[str, None] = {}
    for pattern in patterns:
        sign, text = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
        names = _names(text)
        for rest in _inside(names, inside.parts):
            is_same = rest == names and not before
            found[pattern if is_same else f"{sign}{before}/{'/'.join(rest)}"] = None
    return list(found)


def _names(text: str) -> list[str]:
    """The names of a pattern from where it holds: of ``a/b/`` these two, of ``b/`` alone ``**`` and it."""
    text = re.sub(r"(?<!\\) +$", "", text)
    names = re.findall(r"[^/]+/?$|[^/]+", text)
    return ["**", *names] if "/" not in text.removesuffix("/") else names


def _inside(names: Sequence[str], parts: Sequence[str]) -> Iterator[list[str]]:
    """What of a pattern is left below a folder, in each way in which its names fit those of the folder."""
    if not names:
        return
    if not parts:
        yield list(names)
        return
    first, *rest = names
    if first == "**":
        yield from _inside(rest, parts)
        yield from _inside(names, parts[1:])
    elif rest and any(pattern.fits(f"{compared(parts[0])}/") for pattern in parsed([f"/{first}/"])):
        yield from _inside(rest, parts[1:])
