"""``Corrections``: dates, places and spoken words that people put right, for the API and both faces of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from db.errors import SettingsError, TroveError
from db.library import Library

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from indexer.correct import Earlier


class Corrections:
    """The user's own word on when and where files of one library were taken, and on what is said in them.

    It goes before what files say, is kept by their content, and changes no file. Dates and places are said of
    files with all that belongs to them. Each returns what was said before, for ``undo``.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def typed(
        self,
        files: Sequence[Path],
        *,
        date: str = "",
        shift: str = "",
        zone: str = "",
        place: str = "",
    ) -> list[Earlier]:
        """All that people typed of files, or nothing of it: a date or a shift, a zone, a place.

        Such as ``14 July 2023 18:05``, ``+2h``, ``Europe/Lisbon``, and ``Porto`` or ``41.15,-8.61``. Empty
        texts say nothing.

        Raises:
            SettingsError: something cannot be understood, or as ``date``, ``shift``, ``zone`` and ``place``.
        """
        from search.query import said

        if date and shift:
            raise SettingsError("a date and a shift are two answers", "Give one of them.")
        try:
            moment = said.moment(date, datetime.now().date()) if date else None
            by = said.shift(shift) if shift else None
            there = said.place(place) if place else None
        except ValueError as exc:
            raise SettingsError(f"that is not understood: {exc}", "Nothing was changed.") from exc
        changed: list[Earlier] = []
        try:
            changed += self.zone(files, zone) if zone else []
            changed += self.place(files, there) if there else []
            changed += self.date(files, moment) if moment else []
            changed += self.shift(files, by) if by is not None else []
        except TroveError:
            self.undo(changed)
            raise
        return changed

    def date(self, files: Iterable[Path], moment: datetime) -> list[Earlier]:
        """Give files a date: local time, with its offset from UTC or without.

        Raises:
            SettingsError: nothing can have been taken then, or a file is not in the library.
        """
        from indexer.correct import set_date

        return self._renewed(set_date(self._library, files, moment))

    def shift(self, files: Iterable[Path], by: timedelta) -> list[Earlier]:
        """Move the dates of files, as of a camera whose clock was wrong; those without one are left alone.

        Raises:
            SettingsError: none has a date, it leads to no day that can be, or a file is not in the library.
        """
        from indexer.correct import shift_dates

        return self._renewed(shift_dates(self._library, files, by))

    def zone(self, files: Iterable[Path], name: str) -> list[Earlier]:
        """Say in which time zone files were taken: what they have in UTC is told by its clock.

        Raises:
            SettingsError: there is no such zone, or a file is not in the library.
        """
        from indexer.correct import set_zone

        return self._renewed(set_zone(self._library, files, name))

    def place(self, files: Iterable[Path], place: tuple[float, float]) -> list[Earlier]:
        """Say where files were taken, in degrees north and east.

        Raises:
            SettingsError: that is nowhere, or a file is not in the library.
        """
        from indexer.correct import set_place

        return self._renewed(set_place(self._library, files, place))

    def passage(
        self, file: Path, text: str, *, at_s: float | None = None, unit_id: int | None = None
    ) -> list[Earlier]:
        """Give the passage that is said at a second of a file its right words; empty, it is taken away.

        Where nothing is said, and of a picture, it is what a machine has written about it that is put right.

        Its words are found at once, its meaning after the next ``index``. They outlive a new transcript,
        another model and a lost file.

        Args:
            unit_id: of that passage, in place of its second, where several are said at the same time.

        Raises:
            SettingsError: there is nothing to put right, as far as the library knows.
        """
        from indexer.correct import correct_passage

        return correct_passage(self._library, file, text, at_s, unit_id)

    def take_back_passage(
        self, file: Path, *, at_s: float | None = None, unit_id: int | None = None
    ) -> list[Earlier]:
        """Let what was heard at a second of a file, or described, count again, also where it was taken away.

        Raises:
            SettingsError: nothing was corrected there.
        """
        from indexer.correct import take_back_passage

        return take_back_passage(self._library, file, at_s, unit_id)

    def take_back(self, files: Iterable[Path]) -> list[Earlier]:
        """Let the files' own dates, zones and places count again, and what machines have written of pictures.

        Raises:
            SettingsError: a file is not in the library.
        """
        from indexer.correct import take_back

        return self._renewed(take_back(self._library, files))

    def undo(self, earlier: Sequence[Earlier]) -> None:
        """Put back what was said before one of these was called, by what it returned."""
        from indexer.correct import put_back

        put_back(self._library, earlier)
        if any(item.span.start_s is None for item in earlier):
            self._renewed(earlier)

    def _renewed(self, earlier: Sequence[Earlier]) -> list[Earlier]:
        """Make events anew, which dates and places tell."""
        from indexer.events.renewal import renew

        renew(self._library)
        return list(earlier)
