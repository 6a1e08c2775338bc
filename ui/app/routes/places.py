"""HTTP routes for the map of all places: what was taken where, and the land and towns that it is drawn on."""

import gzip
import json
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.catalog import revision
from db.gazetteer import towns
from search.explore import coastline
from search.explore.places import Places, gridded
from ui.app import resources
from ui.app.routes import media


def places_url(now: int) -> str:
    """URL of the places in the library as of a revision, for the component ``placemap``."""
    return f"/trove/{media.KEY}/places/{now}"


def world_url() -> str:
    """URL of the land and towns for the component ``placemap``."""
    return f"/trove/{media.KEY}/world"


def routes() -> list[Route]:
    """The routes of this module, for the server to mount."""
    return [
        Route(f"/trove/{media.KEY}/places/{{now:int}}", _send_places),
        Route(f"/trove/{media.KEY}/world", _send_world),
    ]


@lru_cache(maxsize=1)
def places(now: int) -> Places:  # noqa: ARG001 - read again when the library changes
    """What was taken where, read once for each revision of the library."""
    with resources.read() as session:
        return Places.of(session)


@lru_cache(maxsize=1)
def _places(now: int) -> bytes:
    return _packed(gridded(places(now)))


@lru_cache(maxsize=1)
def _world() -> bytes:
    return _packed(
        {
            "units": coastline.UNITS,
            "land": coastline.in_steps(),
            "towns": [(town.name, town.country, *town.at) for town in towns()],
        }
    )


def _packed(data: Any) -> bytes:
    return gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 6)


def _send_places(_request: Request) -> Response:
    # Never what an address names: people may have an old page.
    with resources.read() as session:
        now = revision.current(session)
    return _send(_places(now))


def _send_world(_request: Request) -> Response:
    return _send(_world())


def _send(packed: bytes) -> Response:
    headers = {"Content-Encoding": "gzip", "Cache-Control": "private, max-age=86400"}
    return Response(packed, media_type="application/json", headers=headers)
