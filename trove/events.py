"""``Events``: journeys, parties and other events of a library, for the Python API and both faces of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.catalog import assets, events, stacks
from db.errors import SettingsError
from db.library import Library
from db.near import did_you_mean
from db.words.forms import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from db.catalog.events import Event
    from indexer.events.keeping import EarlierEvents


class Events:
    """Pictures and films near in time and place, found while indexing, and what people say of them.

    What people say is kept by the content of the pictures, and goes before what Trove finds, however often it
    looks. Each change returns what was said before, for ``undo``.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def every(self) -> list[Event]:
        """All events of which anything can be found, the latest first."""
        with self._library.read() as session:
            return events.every(session)

    def named(self, name: str) -> Event:
        """The event of a name, a part of a name that no other one has, or a number.

        Raises:
            SettingsError: there is none, or there are several.
        """
        known = self.every()
        wanted = _plain(name)
        same = [one for one in known if _plain(one.name) == wanted or str(one.id) == wanted]
        found = same or [one for one in known if wanted and wanted in _plain(one.name)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = "; ".join(f"{one.id}: {one.name}" for one in found[:5])
            raise SettingsError(f"{len(found)} events are called {name}", f"Give a number: {listed}.")
        hint = did_you_mean(name, [one.name for one in known]) or "See them: trove events"
        raise SettingsError(f"no event is called {name}", hint)

    def of(self, file: Path | str) -> Event | None:
        """The event that a file is of; None for none."""
        with self._library.read() as session:
            content_id = stacks.content_at(session, assets.meant(session, file))
            event_id = None if content_id is None else events.of_content(session, content_id)
            return next((event for event in events.every(session) if event.id == event_id), None)

    def rename(self, event_id: int, name: str) -> EarlierEvents:
        """Give an event a name of your own; an empty one gives it that of its place and days again.

        Raises:
            SettingsError: there is no such event, or that is no name.
        """
        from indexer.events.keeping import rename

        return rename(self._library, event_id, name)

    def merge(self, event_ids: Sequence[int]) -> EarlierEvents:
        """Make one event of several; pictures that arrive later and are of one of them come into it, too.

        Raises:
            SettingsError: there is no such event, or there are fewer than two.
        """
        from indexer.events.keeping import merge

        return merge(self._library, event_ids)

    def split(self, file: Path | str) -> EarlierEvents:
        """End the event of a file before it: this one and the later ones become another event.

        Raises:
            SettingsError: the file is not in the library, of no event, or the first one of it.
        """
        from indexer.events.keeping import split

        return split(self._library, self._known(file))

    def take_out(self, files: Iterable[Path | str]) -> EarlierEvents:
        """Say that files, each with what belongs together, are of no event.

        Raises:
            SettingsError: a file is not in the library.
        """
        from indexer.events.keeping import take_out

        return take_out(self._library, [self._known(file) for file in files])

    def take_back(self, event_id: int) -> EarlierEvents:
        """Let what Trove finds count again for an event, and for what was taken out of it.

        Raises:
            SettingsError: there is no such event.
        """
        from indexer.events.keeping import take_back

        return take_back(self._library, event_id)

    def undo(self, earlier: EarlierEvents) -> None:
        """Put back what was said before one of these was called, by what it returned."""
        from indexer.events.keeping import put_back

        put_back(self._library, earlier)

    def _known(self, file: Path | str) -> Path:
        with self._library.read() as session:
            return assets.meant(session, file)


def _plain(name: str) -> str:
    """A name as it is compared: whatever the case, accents and the kind of its dashes."""
    return fold(" ".join(name.replace("–", "-").split()))
