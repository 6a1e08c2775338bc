"""HTTP routes for what a browser needs to install the app: a web app manifest and icons.

There is no service worker: one would keep answers, and pictures of a person's library, in the browser.
Unlike those of a library, these addresses stay the same after a restart, since an installed app keeps them.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

MANIFEST = "/trove/manifest.webmanifest"

DRAWING = Path(__file__).parents[1] / "icon.svg"
ICONS = {side: DRAWING.parent / "icons" / f"{side}.png" for side in (192, 512)}
"""``DRAWING`` on white, with room around it, so that launchers may cut it round."""


def routes() -> list[Route]:
    """The routes of this module, for the server to mount."""
    return [Route(MANIFEST, _send_manifest), Route("/trove/icon/{side:int}.png", _send_icon)]


def _send_manifest(_request: Request) -> Response:
    icons = [
        {"src": f"/trove/icon/{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
        for side in ICONS
        for purpose in ("any", "maskable")
    ]
    manifest = {
        "id": "/",
        "name": "Trove",
        "short_name": "Trove",
        "description": "Find pictures, films and recordings by what they show",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": icons,
    }
    return JSONResponse(manifest, media_type="application/manifest+json")


def _send_icon(request: Request) -> Response:
    icon = ICONS.get(request.path_params["side"])
    return Response(status_code=404) if icon is None else FileResponse(icon, media_type="image/png")
