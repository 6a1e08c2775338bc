"""The same recording in several files: in other formats, cut shorter, louder, or as the sound of a film.

Fingerprints that have a row in common say which files are worth a look, and where one would begin in the
other; how many bits differ there decides.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from sqlalchemy.orm import Session

from db.arrays import Ids
from db.catalog import units
from indexer.analysers.soundprints import PRINT, Soundprints
from indexer.media.soundprints import PER_S, Rows, from_text

DIFFERENT = 0.28
"""Share of the bits, below which two are one recording (bench/soundprints.py)."""
SHORTEST_S = 6.0
"""What must be heard in both: less of it is too little to tell."""
_WITHIN = 0.8
"""How much of the shorter one must be in the longer one."""
_BESIDE = 8
"""Among so many equal rows each is compared with the next ones."""
_PLACES = 4
"""Of two files, at which one may begin in the other, those with most rows in common first."""

Pair = tuple[int, int]


def among(session: Session) -> list[Pair]:
    """Pairs of contents that are, or have, the same recording."""
    (kind,) = Soundprints.kinds
    of_units = units.of_kind(session, kind.name)
    prints: dict[int, Rows] = {}
    for unit_id, detail in units.details(session, of_units).items():
        if (rows := from_text(detail.get(PRINT))) is not None:
            prints[of_units[unit_id]] = rows
    return sorted(same(prints))


def same(prints: Mapping[int, Rows]) -> Iterator[Pair]:
    """Pairs of those that are one recording, by their keys."""
    keys = sorted(key for key, rows in prints.items() if np.count_nonzero(rows) >= SHORTEST_S * PER_S)
    found: set[Pair] = set()
    for one, other, offset in _candidates([prints[key] for key in keys]):
        pair = keys[one], keys[other]
        if pair not in found and _is_same(prints[pair[0]], prints[pair[1]], offset):
            found.add(pair)
            yield pair


def _candidates(prints: list[Rows]) -> list[tuple[int, int, int]]:
    """(one, other, rows by which the other begins later in it), where they have a row in common."""
    if len(prints) < 2:
        return []
    rows = np.concatenate(prints)
    owners: Ids = np.repeat(np.arange(len(prints)), [len(own) for own in prints])
    places: Ids = np.concatenate([np.arange(len(own)) for own in prints])
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] != 0]
    rows, owners, places = rows[order], owners[order], places[order]
    shared = []
    for step in range(1, _BESIDE + 1):
        equal = (rows[:-step] == rows[step:]) & (owners[:-step] != owners[step:])
        first, second = np.flatnonzero(equal), np.flatnonzero(equal) + step
        # Equal rows are in the order of their owners, since the order is stable.
        shared.append(np.stack([owners[first], owners[second], places[first] - places[second]], axis=1))
    each, votes = np.unique(np.concatenate(shared), axis=0, return_counts=True)
    taken: dict[Pair, int] = {}
    candidates = []
    for at in np.argsort(-votes, kind="stable"):
        one, other, offset = each[at].tolist()
        if taken.setdefault((one, other), 0) < _PLACES:
            taken[one, other] += 1
            candidates.append((one, other, offset))
    return candidates


def _is_same(one: Rows, other: Rows, offset: int) -> bool:
    """Whether two are the same where the second one begins so many rows after the first."""
    first, second = one[max(0, offset) :], other[max(0, -offset) :]
    length = min(len(first), len(second))
    first, second = first[:length], second[:length]
    heard = (first != 0) & (second != 0)
    if heard.sum() < max(SHORTEST_S * PER_S, _WITHIN * min(np.count_nonzero(one), np.count_nonzero(other))):
        return False
    bits = np.unpackbits((first[heard] ^ second[heard]).view(np.uint8))
    return bool(bits.mean() < DIFFERENT)
