"""HTTP routes for thumbnails, files and clips of hits.

Streamlit would read a whole film into memory to show it; these routes answer the range
requests of the player. A route names a unit, never a path: only what the library knows can be had.
The key in it, new with every start of the app, keeps other web pages from asking.
"""

import asyncio
import html
import math
import mimetypes
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from db.catalog import assets, units
from db.catalog.assets import FileStat
from db.catalog.units import UnitRow
from db.errors import MediaError, TroveError, UnreadableError
from indexer.media.clips import BEFORE_S, Clip, Cut, browser_type
from indexer.media.thumbnails import GRID_SIDE, WHOLE_SIDE, kept_before
from ui.app import resources

VIEW_SIDE = 1080

KEY = secrets.token_urlsafe(16)
# Two at a time: more would take the processor from the search.
_thumbnail_pool = ThreadPoolExecutor(2, thread_name_prefix="thumbnail")

_NO_GUESSING = {"X-Content-Type-Options": "nosniff"}
_UNKNOWN = "application/octet-stream"
# An allow-list: an SVG, say, could run scripts as a page of the app.
_SHOWN = frozenset(f"image/{name}" for name in "avif bmp gif jpeg png webp".split())

_PLACEHOLDER = """<svg xmlns="http://www.w3.org/2000/svg" width="480" height="320">
<rect width="100%" height="100%" fill="#8884"/><foreignObject width="480" height="320">
<p xmlns="http://www.w3.org/1999/xhtml" style="font: 22px sans-serif; color: #888; margin: 110px 40px;
text-align: center">{}</p></foreignObject></svg>"""


def thumbnail_url(unit_id: int) -> str:
    """URL of a unit's thumbnail."""
    return f"/trove/{KEY}/thumbnail/{unit_id}"


def view_url(unit_id: int) -> str:
    """URL of a unit's picture as large as it is shown when it is opened."""
    return f"/trove/{KEY}/view/{unit_id}"


def whole_url(unit_id: int) -> str:
    """URL of a unit's picture with all of its pixels, for files that browsers do not show."""
    return f"{view_url(unit_id)}?whole=1"


def is_shown(mime: str | None) -> bool:
    """Whether browsers show a picture of this MIME type, and may: see ``_type``."""
    return mime in _SHOWN


def file_url(row: UnitRow) -> str:
    """URL of the file that answers for a unit."""
    return f"/trove/{KEY}/file/{row.id}?of={row.file.asset_id}"


def clip_url(unit_id: int, at_s: float) -> str:
    """URL of a clip around a moment of a unit's file."""
    return f"/trove/{KEY}/clip/{unit_id}?at={at_s:.3f}"


def preview_url(unit_id: int) -> str:
    """URL that tells what plays a unit's film from its moment: ``src``, and ``at_s``, where in it that is."""
    return f"/trove/{KEY}/preview/{unit_id}"


def unit(unit_id: int, path: Path | None = None) -> UnitRow:
    """The row of a unit; ``path``: of the file that is shown, where it has several.

    Of one that was taken away since, or made anew, the first one of that file.

    Raises:
        UnreadableError: it is in the library no more.
    """
    with resources.read() as session:
        row = units.rows(session, [unit_id], among_hidden=True).get(unit_id)
        if row is None and path is not None:
            others = units.rows(session, units.ids_at(session, path), among_hidden=True)
            row = next(iter(others.values()), None)
    if row is None:
        raise UnreadableError("this is no longer in your library", "Search again.")
    return row.led_by(path) if path is not None else row


def file_of(row: UnitRow) -> Path:
    """The file of a unit, or a copy of it where that one is not there; with symbolic links resolved.

    Where the library knows a link, or a file in a linked folder, it is followed only as long as it
    leads to what was indexed: else whoever can write into the folder could show any file of this machine.

    Raises:
        UnreadableError: it is not there, or is another file than the one that was indexed.
    """
    try:
        return _real(row.path)
    except UnreadableError:
        for copy in row.copies:
            with suppress(UnreadableError):
                return _real(copy.path)
        raise


def _real(path: Path) -> Path:
    try:
        real = path.resolve(strict=True)
        status = real.stat()
    except (OSError, RuntimeError) as exc:  # RuntimeError: links in a circle, before Python 3.13
        reason = getattr(exc, "strerror", None) or exc
        raise UnreadableError(
            f"the file cannot be read: {reason}", "Check that its drive is connected."
        ) from exc
    if real != path:
        with resources.read() as session:
            known = assets.stat_at(session, path)
        if known != FileStat(path, status.st_size, status.st_mtime_ns):
            raise UnreadableError("this name leads to another file than the indexed one", "Index it again.")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError("this is no file any more", "Index its folder again.")
    return real


def still(row: UnitRow, side: int) -> Path:
    """A JPEG of a picture or a video frame; errors as ``indexer.media.thumbnails.thumbnail``.

    Of a file of which no copy can be reached either, the one that was kept, if any, perhaps a smaller one.

    What belongs to a film as a whole, such as its title, is shown by its first frame, kept while indexing.
    """
    moment = row.at_s if row.at_s is not None else row.start_s
    at_s = None if row.media == "image" else moment or 0.0
    try:
        return resources.library().thumbnail(file_of(row), at_s, side=side)
    except UnreadableError:
        if (kept := _kept(row, at_s, side)) is None:
            raise
        return kept


def _kept(row: UnitRow, at_s: float | None, side: int) -> Path | None:
    """The thumbnail that was kept of a unit's file, or of a copy of it, not of one that was replaced."""
    cache = resources.library().core.paths.thumbnails
    away = [file.path for file in row.files if file.offline or not os.path.lexists(file.path)]
    with resources.read() as session:
        known = [assets.stat_at(session, path) for path in away]
    found = (kept_before(stat, at_s, cache=cache, side=side) for stat in known if stat is not None)
    return next((path for path in found if path is not None), None)


def clip_at(row: UnitRow, at_s: float) -> Clip:
    """A clip around a moment of a unit's file; errors as ``indexer.media.clips.clip``."""
    return resources.library().clip(file_of(row), round(at_s, 3))


def cut_of(row: UnitRow, start_s: float, end_s: float) -> Cut:
    """A span of a unit's file, to be saved; errors as ``indexer.media.clips.cut``."""
    return resources.library().cut(file_of(row), start_s, end_s)


def routes() -> list[Route]:
    """The routes of this module, for the server to mount."""
    return [
        Route(f"/trove/{KEY}/thumbnail/{{unit_id:int}}", _send_thumbnail),
        Route(f"/trove/{KEY}/view/{{unit_id:int}}", _send_view),
        Route(f"/trove/{KEY}/file/{{unit_id:int}}", _send_file),
        Route(f"/trove/{KEY}/clip/{{unit_id:int}}", _send_clip),
        Route(f"/trove/{KEY}/preview/{{unit_id:int}}", _send_preview),
    ]


async def _send_thumbnail(request: Request) -> Response:
    unit_id = request.path_params["unit_id"]
    make = partial(_grid_thumbnail, unit_id)
    try:
        path = await asyncio.get_running_loop().run_in_executor(_thumbnail_pool, make)
    except MediaError as exc:
        reason = html.escape(resources.sentence(str(exc)))
        return Response(_PLACEHOLDER.format(reason), media_type="image/svg+xml")
    # The id of a unit is never reused, so browsers may cache its picture.
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


def _grid_thumbnail(unit_id: int) -> Path:
    return still(unit(unit_id), GRID_SIDE)


def _send_view(request: Request) -> Response:
    try:
        side = WHOLE_SIDE if "whole" in request.query_params else VIEW_SIDE
        path = still(unit(request.path_params["unit_id"]), side)
    except TroveError as exc:
        raise HTTPException(404, resources.sentence(str(exc))) from exc
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


def _send_file(request: Request) -> Response:
    try:
        row = _asked_file(request)
        path = file_of(row)
        kind = _type(row)
    except TroveError as exc:
        raise HTTPException(404, str(exc)) from exc
    name = row.path.name.encode(errors="replace").decode()
    disposition = "attachment" if "download" in request.query_params else "inline"
    return FileResponse(
        path, media_type=kind, filename=name, content_disposition_type=disposition, headers=_NO_GUESSING
    )


def _asked_file(request: Request) -> UnitRow:
    """The unit, with the file first that is asked for."""
    row = unit(request.path_params["unit_id"])
    asked = (file.path for file in row.files if str(file.asset_id) == request.query_params.get("of"))
    return row.led_by(next(asked, row.path))


def _send_clip(request: Request) -> Response:
    try:
        at_s = float(request.query_params["at"])
        if not 0 <= at_s < math.inf:  # false for "nan" as well
            raise ValueError
        clip = clip_at(unit(request.path_params["unit_id"]), at_s)
    except (KeyError, ValueError) as exc:
        raise HTTPException(400, "at is a number of seconds") from exc
    except TroveError as exc:
        raise HTTPException(404, str(exc)) from exc
    return FileResponse(clip.path, media_type="video/mp4", headers=_NO_GUESSING)


def _send_preview(request: Request) -> Response:
    try:
        row = unit(request.path_params["unit_id"])
        played = row.media == "video" and _type(row) != _UNKNOWN
    except TroveError as exc:
        raise HTTPException(404, str(exc)) from exc
    at_s = row.start_s or 0.0
    if played:
        return JSONResponse({"src": file_url(row), "at_s": at_s})
    return JSONResponse({"src": clip_url(row.id, at_s), "at_s": min(at_s, BEFORE_S)})


def _type(row: UnitRow) -> str:
    """The MIME type with which a browser shows or plays a file if it can, and else downloads it."""
    if row.media == "image":
        mime = mimetypes.guess_type(row.path.name)[0]
        return mime if mime is not None and is_shown(mime) else _UNKNOWN
    return browser_type(file_of(row), resources.library().service.decoders) or _UNKNOWN
