"""Names in Google Photos' exports (Takeout): which JSON file belongs to which picture or film. Pure.

Google has named them in several ways over the years, and cuts long names, so that a name alone does not say
it; the names of a whole folder do. Names are compared without case and composed, as file systems have it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from indexer.media.formats import EXTENSIONS
from indexer.stacks.rules import edited_endings, original_of
from indexer.stacks.shots import folded

JSON = ".json"
_SUPPLEMENT = "supplemental-metadata"
"""What stands between the name of a picture and ``.json`` since 2024, and is cut first."""

_SHORTEST, _LONGEST = 40, 51
"""Letters of the name of a JSON file that was cut, without ``.json`` and a number, as UTF-16 counts them.

It is 46 where Google has cut it; other programs that unpack or copy exports count the ending, too.
"""

_ALBUMS = Path(__file__).with_name("takeout_albums.json")
_NUMBERED = re.compile(r"(.+?)\((\d+)\)", re.S)
_OF_PHONE = re.compile(r"(.+)~\d{1,2}")

_Key = tuple[str, str]
"""A folded name, without its number, and the number: ``IMG.jpg`` and ``1`` of ``IMG(1).jpg``."""


class Exported:
    """The JSON files of one folder, as the media in it look theirs up.

    >>> names = Exported(["IMG.jpg.suppl.json", "IMG.jpg.supplemental-metadata(1).json"])
    >>> names.of("IMG.jpg"), names.of("IMG(1).jpg"), names.of("IMG-edited.jpg"), names.of("IMG(2).jpg")
    ('IMG.jpg.suppl.json', 'IMG.jpg.supplemental-metadata(1).json', 'IMG.jpg.suppl.json', None)
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._named: dict[_Key, str] = {}
        self._stems: dict[_Key, str] = {}
        # Where an old and a new export were unpacked into one folder, the new one has the longer names.
        for name in sorted(names, key=lambda name: (-len(name), name)):
            whole, number = _numbered(folded(name).removesuffix(JSON))
            for of in dict.fromkeys((whole, _without_supplement(whole))):
                self._named.setdefault((of, number), name)
                inner, inside = _numbered(_stem(of))
                self._stems.setdefault((inner, number or inside), name)

    def __bool__(self) -> bool:
        return bool(self._named)

    def of(self, medium: str) -> str | None:
        """The JSON file of a picture or film with this name; None without one.

        What was edited has that of its original, and the film of a live photo that of the picture.
        """
        name = folded(medium)
        is_film = EXTENSIONS.get(f".{name.rpartition('.')[2]}") == "video"
        suffix = name[len(_stem(name)) :]
        found = self._of(name, is_film=is_film)
        for original in _originals(_stem(name)) if found is None else ():
            # It may be in another format than what was made of it.
            found = self._of(original + suffix, is_film=is_film) or self._stems.get(_numbered(original))
            if found is not None:
                break
        return found

    def _of(self, name: str, *, is_film: bool) -> str | None:
        stem = _stem(name)
        suffix = name[len(stem) :]
        bare, number = _numbered(stem)
        keys = [(name, ""), (bare + suffix, number), (stem, ""), (bare, number)]
        found = next((self._named[key] for key in keys if key in self._named), None)
        if found is None and is_film:
            moving = ((bare, number), (f"{bare}.mp", number))
            found = next((self._stems[key] for key in moving if key in self._stems), None)
        return found or self._cut(bare + suffix, number)

    def _cut(self, name: str, number: str) -> str | None:
        """The JSON file of a long name, which was cut; a second picture of such a name may have none."""
        letters = f"{name}.{_SUPPLEMENT}".encode("utf-16-le")
        if len(_stem(name).encode("utf-16-le")) < 2 * (_SHORTEST - len(_SUPPLEMENT)):
            return None
        cuts = [
            letters[: 2 * count].decode("utf-16-le", errors="ignore")
            for count in range(_LONGEST, _SHORTEST - 1, -1)
        ]
        keys = [(cut, one) for one in dict.fromkeys((number, "")) for cut in cuts]
        return next((self._named[key] for key in keys if key in self._named), None)


def is_album(name: str) -> bool:
    """Whether a JSON file is that of an album: ``metadata.json`` in the language of its owner."""
    return _numbered(folded(name).removesuffix(JSON))[0] in _albums()


@cache
def _albums() -> frozenset[str]:
    by_language = json.loads(_ALBUMS.read_text(encoding="utf-8"))
    return frozenset(folded(name) for name in by_language.values())


def _originals(stem: str) -> Iterator[str]:
    """Names, without suffix, of the files of which one may be an edited version."""
    if (original := original_of(stem)) is not None:
        yield original
    if match := _OF_PHONE.fullmatch(stem):
        yield match[1]
    # The words for it are cut, too: ``-bearb``.
    head, dash, tail = _numbered(stem)[0].rpartition("-")
    if tail and len(stem) >= _SHORTEST and any(end.startswith(dash + tail) for end in edited_endings()):
        number = _numbered(stem)[1]
        yield f"{head}({number})" if number else head


def _stem(name: str) -> str:
    """A name without the suffix of a media file, whole or cut (``.jp``)."""
    stem, dot, suffix = name.rpartition(".")
    return stem if stem and dot + suffix in EXTENSIONS else name


def _numbered(name: str) -> _Key:
    """A name without the number in brackets at its end, and that number; both are texts."""
    match = _NUMBERED.fullmatch(name)
    return (match[1], match[2]) if match else (name, "")


def _without_supplement(name: str) -> str:
    of, dot, rest = name.rpartition(".")
    return of if dot and of and _SUPPLEMENT.startswith(rest) else name
