"""Stacks from what rules find: files that belong together, directly or through others. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from db.catalog.stacks import Place, StackFile
from indexer.stacks.rules import RULES, Rule
from indexer.stacks.shots import Shots


def places_of(
    files: Iterable[StackFile], chosen: Mapping[int, datetime], rules: Sequence[Rule] = RULES
) -> dict[int, Place]:
    """The place of each content that is in a stack, by its id.

    What users chose stands for a stack, the latest choice of several. Else it is a file that no other one
    goes before, by the earliest rule; and of these the first by path.

    Args:
        files: all live pictures and films, by path.
        chosen: contents by their ids, and when they were chosen.
    """
    shots = Shots(files)
    links = _Links()
    for number, rule in enumerate(rules):
        for together in rule.find(shots):
            ids = dict.fromkeys(shot.file.content_id for shot in (together.first, *together.others))
            if len(ids) > 1:
                links.add(number, list(ids))
    paths: dict[int, str] = {}
    for shot in shots.all:
        if shot.file.content_id in links.reason:
            paths.setdefault(shot.file.content_id, shot.file.path)
    places = {}
    for group in links.groups():

        def order(content_id: int) -> tuple[float, bool, int, str]:
            when = chosen.get(content_id)
            latest = -when.timestamp() if when else 0.0
            led_by = links.leads.get(content_id, len(rules))
            return latest, content_id in links.behind, led_by, paths[content_id]

        shown, *rest = sorted(group, key=order)
        for place, content_id in enumerate((shown, *rest)):
            places[content_id] = Place(content_id, shown, place, rules[links.reason[content_id]].name)
    return places


class _Links:
    """A union-find of contents. ``reason``: the rule by which each belongs to others; ``leads``: the first
    by which it goes before others; ``behind``: those that another one goes before."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self.reason: dict[int, int] = {}
        self.leads: dict[int, int] = {}
        self.behind: set[int] = set()

    def add(self, rule: int, ids: Sequence[int]) -> None:
        """Link contents, of which the first goes before the others."""
        first, *others = ids
        self.leads.setdefault(first, rule)
        self.behind.update(others)
        self.reason.setdefault(first, rule)
        # The later rules are the closer ones: a film is that of a live photo before it is one of a burst.
        self.reason |= dict.fromkeys(others, rule)
        for content_id in others:
            self._parent[self._root(content_id)] = self._root(first)

    def groups(self) -> Iterable[Sequence[int]]:
        """The contents that are linked, directly or through others."""
        groups: dict[int, list[int]] = defaultdict(list)
        for content_id in self.reason:
            groups[self._root(content_id)].append(content_id)
        return groups.values()

    def _root(self, content_id: int) -> int:
        parent = self._parent
        parent.setdefault(content_id, content_id)
        while parent[content_id] != content_id:
            parent[content_id] = parent[parent[content_id]]
            content_id = parent[content_id]
        return content_id
