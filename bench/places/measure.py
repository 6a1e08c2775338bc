"""How long the map of all places takes: on the server, on the way, and in the browser.

    python bench/places/measure.py [--pictures 100000]

Two made libraries: ``journeys``, where the pictures are of 15,000 spots, four fifths of them within some
kilometres of 300 towns, the others farther away; and ``scattered``, where each has a place of its own, the
worst case. The drawing is timed in a headless Chromium of 1280 by 720 pixels without a GPU, on a page of the
component alone: ``group_ms`` is the making of the groups of a level, once, ``frame_ms`` a frame after that.
"""

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Route
from sqlalchemy import text

from db.catalog import live
from db.catalog.filters import FactRule, Filter
from db.gazetteer import Coordinates, towns
from db.library import Library
from db.settings import Settings
from search.explore.places import Places, gridded
from tests.support.driver import DESKTOP, chromium
from tests.support.rows import add_many, directions, space
from ui.app.components import placemap
from ui.app.routes import places as routes

RUNS = 3
SPOTS = 15_000
LEVELS = (2, 4, 6, 9, 12, 15)


def journeys(pictures: int) -> Coordinates:
    """Places as people have them."""
    rng = np.random.default_rng(0)
    centres = np.array([town.at for town in towns()[:3000:10]])
    away = rng.normal(0, 0.05, (SPOTS, 2))
    away[rng.random(SPOTS) < 0.2] *= 20
    spots = centres[rng.integers(0, len(centres), SPOTS)] + away
    return spots[rng.integers(0, SPOTS, pictures)]


def scattered(pictures: int) -> Coordinates:
    """Places of which no two are the same."""
    rng = np.random.default_rng(1)
    return np.stack([rng.uniform(-60, 75, pictures), rng.uniform(-180, 180, pictures)], axis=1)


def timed(function: Callable[[], Any]) -> list[float]:
    """Seconds of some runs, the shortest first."""
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        function()
        seconds.append(round(time.perf_counter() - began, 3))
    return sorted(seconds)


def on_the_server(at: Coordinates, folder: Path) -> tuple[dict[str, Any], bytes]:
    """Figures of the server, and what it sends."""
    settings = Settings(library=folder, cache=folder / "cache", device="cpu", whisper="none", off=("text",))
    with Library(settings) as library:
        with library.write() as session:
            paths = [Path(f"/made/{number // 1000:03}/{number:06}.jpg") for number in range(len(at))]
            add_many(session, paths, directions(len(at)), space(session).id)
            session.execute(
                text("UPDATE asset SET latitude = :north, longitude = :east WHERE id = :id"),
                [{"id": n, "north": north, "east": east} for n, (north, east) in enumerate(at.tolist(), 1)],
            )

        def read() -> Places:
            with library.read() as session:
                return Places.of(session)

        def asked(rule: FactRule) -> None:
            with library.read() as session:
                live.ids(session, ["image"], (Filter((rule,)),))

        found = read()
        grid = gridded(found)
        packed = routes._packed(grid)
        return {
            "read_s": timed(read),
            "packed_s": timed(lambda: routes._packed(gridded(found))),
            "spots": len(grid["counts"]),  # type: ignore[arg-type]
            "bytes": len(packed),
            "near_s": timed(lambda: asked(FactRule("place", "within", (48.85, 2.35, 20.0)))),
            "within_s": timed(lambda: asked(FactRule("place", "inside", (47.0, 2.0, 49.0, 3.0)))),
        }, packed


_DRAWN = """async (levels) => {
    window.map = new PlaceMap(document.body);
    map.tell = () => {};
    await map.show({ places: "/places", world: "/world", thumbnails: "data:,", at: null });
    const spent = (work) => { const began = performance.now(); work(); return performance.now() - began; };
    const { counts, xs, ys } = map.clusters;
    const most = counts.indexOf(counts.reduce((one, two) => Math.max(one, two), 0));
    const [x, y] = [xs[most], ys[most]];
    return levels.map((level) => {
        map.go({ x, y, world: widthAt(level) });
        const group = spent(() => map.clusters.at(level));
        map.draw();
        const frames = [];
        for (let step = 0; step < 20; step += 1) {
            map.go({ ...map.view, x: map.view.x + 10 / map.view.world });
            frames.push(spent(() => { map.draw(); map.context.getImageData(0, 0, 1, 1); }));
        }
        frames.sort((one, two) => one - two);
        const { size: shown } = map.shownGroups;
        return { level, group_ms: group, frame_ms: frames[10], worst_ms: frames.at(-1), shown };
    });
}"""


def in_the_browser(packed: bytes) -> list[dict[str, float]]:
    """Milliseconds by level of the map."""
    script = placemap.JS.split("export default")[0]
    whole = f"<style>{placemap.CSS}</style>{placemap.HTML}<script>{script}</script>"
    bodies = {"places": gzip.decompress(packed), "world": gzip.decompress(routes._world())}

    def answer(route: Route) -> None:
        route.fulfill(body=bodies.get(route.request.url.rpartition("/")[2], whole), content_type="text/html")

    with chromium() as browser, browser.new_page(viewport=DESKTOP) as page:
        page.route("**/*", answer)
        page.goto("http://map.test/")
        figures = page.evaluate(_DRAWN, list(LEVELS))
    return [{name: round(value, 1) for name, value in level.items()} for level in figures]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=100_000)
    pictures = parser.parse_args().pictures
    print(json.dumps({"world_bytes": len(routes._world()), "world_s": timed(routes._world.__wrapped__)}))
    for made in (journeys, scattered):
        with tempfile.TemporaryDirectory() as folder:
            figures, packed = on_the_server(made(pictures), Path(folder))
        print(json.dumps({"library": made.__name__, **figures}))
        for level in in_the_browser(packed):
            print(json.dumps(level))


if __name__ == "__main__":
    main()
