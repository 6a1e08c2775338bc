"""HTTP routes for the custom components: further hits, uploads of pictures and sounds, exports.

As in ``media`` the key in an address keeps other web pages from asking; a listing has a token, too.
"""

import secrets
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from db.catalog import units
from db.errors import DecodeError, TroveError
from indexer.media.reader import probe
from search.answer import Hit
from search.results.export import as_csv, words_beside, write_zip
from search.results.listing import Listing
from ui.app import resources
from ui.app.routes import media
from ui.app.uploads import MOST_BYTES, uploads
from ui.highlight import asked_words, highlight_spans, pieces
from ui.wording import clock, excerpt, kind_label, text_label

_MOST_AT_ONCE = 1_000
_MOST_LISTINGS = 32
_RATIOS = (0.55, 2.6)
"""Pictures beyond these keep their proportions, with room beside them."""
_UNKNOWN_RATIO = 1.4
_SMALL_SIDE = 96

_listings: OrderedDict[str, Listing] = OrderedDict()
_lock = threading.Lock()


def keep(listing: Listing) -> str:
    """Let the browser page through a listing; returns its token. The oldest listings are evicted."""
    token = secrets.token_urlsafe(12)
    with _lock:
        _listings[token] = listing
        while len(_listings) > _MOST_LISTINGS:
            _listings.popitem(last=False)
    return token


def listing_url(token: str) -> str:
    """URL of further hits for the gallery."""
    return f"/trove/{media.KEY}/hits/{token}"


def export_url(token: str, kind: str, unit_ids: list[int]) -> str:
    """URL of hits as ``csv``, or of their files as ``zip``."""
    return f"/trove/{media.KEY}/export/{token}.{kind}?units={','.join(map(str, unit_ids))}"


def upload_url() -> str:
    """URL to which the query box uploads a picture or sound."""
    return f"/trove/{media.KEY}/picture"


def uploaded_url(token: str) -> str:
    """URL of the thumbnail of an uploaded picture."""
    return f"/trove/{media.KEY}/picture/{token}"


def routes() -> list[Route]:
    """The routes of this module, for the server to mount."""
    key = media.KEY
    return [
        Route(f"/trove/{key}/hits/{{token}}", _send_hits),
        Route(f"/trove/{key}/export/{{token}}.{{kind}}", _send_export),
        Route(f"/trove/{key}/picture", _take_picture, methods=["POST"]),
        Route(f"/trove/{key}/picture/{{token}}", _send_picture),
    ]


def tiles(hits: list[Hit]) -> list[dict[str, Any]]:
    """Hits as the JSON tiles of the gallery."""
    with resources.read() as session:
        rows = units.rows(session, [hit.unit_id for hit in hits], among_hidden=True)
    return [_tile(hit, rows.get(hit.unit_id)) for hit in hits]


def parts(text: str, hit: Hit) -> list[tuple[str, bool]]:
    """A text in pieces, each with whether it matches words of the query."""
    return pieces(text, highlight_spans(text, asked_words(hit.why)))


def _tile(hit: Hit, row: units.UnitRow | None) -> dict[str, Any]:
    moment = clock(hit.start_s)
    name = hit.path.name
    file = row.led_by(hit.path).file if row else None
    ratio = file.width / file.height if file and file.width and file.height else _UNKNOWN_RATIO
    return {
        "id": hit.unit_id,
        "src": None if hit.media == "audio" else media.thumbnail_url(hit.unit_id),
        "view": media.view_url(hit.unit_id) if hit.media == "image" else None,
        "preview": media.preview_url(hit.unit_id) if hit.media == "video" and not hit.offline else None,
        "ratio": round(max(_RATIOS[0], min(_RATIOS[1], ratio)), 3),
        "kind": kind_label(hit.kind),
        "stack": len(hit.stack),
        "time": moment,
        "name": name,
        "path": str(hit.path),
        "alt": f"{name} at {moment}" if moment else name,
        "parts": parts(excerpt(hit), hit) if hit.text else None,
        "label": text_label(hit),
        "offline": hit.offline,
    }


def _listing(request: Request) -> Listing:
    listing = _listings.get(request.path_params["token"])
    if listing is None:
        raise HTTPException(404, "search again")
    return listing


def _send_hits(request: Request) -> Response:
    listing = _listing(request)
    try:
        start = max(0, int(request.query_params["start"]))
        count = max(1, min(_MOST_AT_ONCE, int(request.query_params["count"])))
    except (KeyError, ValueError) as exc:
        raise HTTPException(400, "start and count are numbers") from exc
    try:
        hits = listing.hits(start, start + count)
        shown = tiles(hits)
    except TroveError as exc:
        raise HTTPException(503, str(exc)) from exc
    complete = listing.complete and start + len(hits) >= len(listing)
    return JSONResponse({"tiles": shown, "complete": complete or not hits})


def _send_export(request: Request) -> Response:
    listing = _listing(request)
    try:
        unit_ids = [int(unit) for unit in request.query_params.get("units", "").split(",")]
    except ValueError as exc:
        raise HTTPException(400, "units are numbers") from exc
    hits = [hit for unit_id in unit_ids if (hit := listing.hit(unit_id)) is not None]
    if request.path_params["kind"] == "csv":
        headers = {"Content-Disposition": 'attachment; filename="trove.csv"'}
        return Response(as_csv(hits), media_type="text/csv; charset=utf-8", headers=headers)
    target = Path(tempfile.mkstemp(prefix="trove-", suffix=".zip")[1])
    try:
        files = [media.file_of(media.unit(hit.unit_id, hit.path)) for hit in hits]
        write_zip(files, target, words_beside(resources.library().core, files))
    except TroveError as exc:
        target.unlink(missing_ok=True)
        raise HTTPException(404, str(exc)) from exc
    clean_up = BackgroundTask(target.unlink, missing_ok=True)
    return FileResponse(target, media_type="application/zip", filename="trove.zip", background=clean_up)


async def _take_picture(request: Request) -> Response:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            return Response(f"it has more than {MOST_BYTES // 1_000_000} MB", 413)
    name = request.query_params.get("name", "")
    token = await run_in_threadpool(uploads().keep, bytes(data), name)
    try:
        await run_in_threadpool(_check_upload, token)
    except TroveError as exc:
        return Response(str(exc), 415)
    return JSONResponse({"token": token, "name": Path(name).name or "picture"})


def _check_upload(token: str) -> None:
    """Make sure that something can be searched with.

    Raises:
        MediaError: it is no picture, or no sound.
    """
    upload = uploads().get(token)
    if upload is None or not upload.is_sound:
        _upload_thumbnail(token)
    elif not resources.library().service.decoders.run(probe, upload.path).has_audio:
        raise DecodeError("there is no sound in it")


def _upload_thumbnail(token: str) -> Path:
    upload = uploads().get(token)
    if upload is None:
        raise HTTPException(404, "give the picture again")
    return resources.library().thumbnail(upload.path, None, side=_SMALL_SIDE, cache=upload.path.parent)


def _send_picture(request: Request) -> Response:
    return FileResponse(_upload_thumbnail(request.path_params["token"]), media_type="image/jpeg")
