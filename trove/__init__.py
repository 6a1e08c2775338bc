"""Trove: find pictures, moments in films and spoken passages in your own library by what is in them.

This module is the whole Python API; the command line and the app use it too.

    import trove

    with trove.Library.open() as library:
        library.index(["~/Pictures"])
        answer = library.search("a dog on the beach", k=5)
        for hit in answer.hits:
            print(hit.path, hit.start_s, hit.score)

Everything raised on purpose is a ``TroveError`` with a ``hint``: what the user can do about it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from db.errors import (
    ChangedError,
    DecodeError,
    GenerateError,
    LeaseLostError,
    LibraryBusyError,
    LibraryClosedError,
    LibraryDamagedError,
    LibraryError,
    LibraryNewerError,
    MediaError,
    ModelError,
    ModelMismatchError,
    ModelMissingError,
    QueryError,
    SettingsError,
    TroveError,
    UnfinishedError,
    UnreadableError,
    VectorError,
)
from db.settings import Settings
from indexer.flow import Joined, Progress, Report, Switch
from search.answer import Answer, Dropped, Evidence, Hit, Member, Note, Understanding
from search.query.query import Query
from trove.analysers import Analysers
from trove.corrections import Corrections
from trove.events import Events
from trove.folders import Folders
from trove.library import Library
from trove.models import HeldModel, Models
from trove.mounts import Mounts
from trove.people import People

if TYPE_CHECKING:
    from db.catalog.assets import Failure
    from db.catalog.events import Event
    from db.catalog.facts import Fact
    from db.catalog.hidden import Hidden
    from db.catalog.people import FaceSeen, NamedHere, Person
    from db.catalog.restoring import Restored
    from indexer.control import AnalyserState
    from indexer.correct import Earlier
    from indexer.events.keeping import EarlierEvents
    from indexer.media.clips import Clip, Cut
    from indexer.people.keeping import EarlierPeople
    from indexer.people.suggestions import Suggestion
    from indexer.roots import LeftOut
    from search.asking.answering import Reply
    from search.asking.prompts import Said
    from search.drawing.output import Drawing
    from search.evaluation.measured import Measured
    from search.evaluation.openings import Openings
    from search.evaluation.retrieval import Quality
    from search.evaluation.trial import Trial
    from search.explain.reasons import Reasons
    from search.explore.duplicates import Group
    from search.explore.landscape import Landscape
    from search.explore.people import Recognised
    from search.health.status import Status
    from search.health.storage import Storage
    from search.results.moments import Moment
    from search.saved.searches import SavedSearches

_RESULTS = {
    "AnalyserState": "indexer.control",
    "Clip": "indexer.media.clips",
    "Cut": "indexer.media.clips",
    "Drawing": "search.drawing.output",
    "Earlier": "indexer.correct",
    "Chapter": "search.results.transcript",
    "EarlierEvents": "indexer.events.keeping",
    "EarlierPeople": "indexer.people.keeping",
    "Event": "db.catalog.events",
    "FaceSeen": "db.catalog.people",
    "Fact": "db.catalog.facts",
    "Failure": "db.catalog.assets",
    "Group": "search.explore.duplicates",
    "Hidden": "db.catalog.hidden",
    "Landscape": "search.explore.landscape",
    "LeftOut": "indexer.roots",
    "Measured": "search.evaluation.measured",
    "Moment": "search.results.moments",
    "Openings": "search.evaluation.openings",
    "NamedHere": "db.catalog.people",
    "Person": "db.catalog.people",
    "Passage": "search.results.transcript",
    "Quality": "search.evaluation.retrieval",
    "Reasons": "search.explain.reasons",
    "Recognised": "search.explore.people",
    "Reply": "search.asking.answering",
    "Restored": "db.catalog.restoring",
    "Said": "search.asking.prompts",
    "SavedSearches": "search.saved.searches",
    "Status": "search.health.status",
    "Storage": "search.health.storage",
    "Suggestion": "indexer.people.suggestions",
    "Transcript": "search.results.transcript",
    "Trial": "search.evaluation.trial",
}
"""Results of single operations; their modules are imported when they are first asked for (PEP 562)."""


def __getattr__(name: str) -> object:
    if name in _RESULTS:
        return getattr(import_module(_RESULTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AnalyserState",
    "Analysers",
    "Answer",
    "ChangedError",
    "Chapter",
    "Clip",
    "Corrections",
    "Cut",
    "DecodeError",
    "Drawing",
    "Dropped",
    "Earlier",
    "EarlierEvents",
    "EarlierPeople",
    "Event",
    "Events",
    "Evidence",
    "FaceSeen",
    "Fact",
    "Failure",
    "Folders",
    "GenerateError",
    "Group",
    "HeldModel",
    "Hidden",
    "Hit",
    "Joined",
    "Landscape",
    "LeaseLostError",
    "LeftOut",
    "Library",
    "LibraryBusyError",
    "LibraryClosedError",
    "LibraryDamagedError",
    "LibraryError",
    "LibraryNewerError",
    "Measured",
    "MediaError",
    "Member",
    "ModelError",
    "ModelMismatchError",
    "ModelMissingError",
    "Models",
    "Moment",
    "Mounts",
    "NamedHere",
    "Note",
    "Openings",
    "Passage",
    "People",
    "Person",
    "Progress",
    "Quality",
    "Query",
    "QueryError",
    "Reasons",
    "Recognised",
    "Reply",
    "Report",
    "Restored",
    "Said",
    "SavedSearches",
    "Settings",
    "SettingsError",
    "Status",
    "Storage",
    "Suggestion",
    "Switch",
    "Transcript",
    "Trial",
    "TroveError",
    "Understanding",
    "UnfinishedError",
    "UnreadableError",
    "VectorError",
]
