"""Made films of which it is known what happens: still, slow, fast, pan or zoom, and how many shots."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import trove
from db.library import Library
from db.settings import Settings
from indexer.analysers.movement import FAST, PAN, SHOT, SLOW, STILL, ZOOM, told
from indexer.media.pool import DecodePool
from indexer.media.shots import Shot
from indexer.media.stretches import shots
from indexer.media.types import Glimpse, Picture
from indexer.pipeline import index
from search.results.lanes import lanes

SIZE = WIDTH, HEIGHT = 240, 180
SECONDS, FPS = 4, 10
View = tuple[float, float, float]
"""How near the camera is, and how many pixels it looks beside the middle, across and down."""


def wall(seed: int) -> Picture:
    """A large picture with details everywhere, darker or brighter than another one."""
    dark = 50 * (seed % 4)
    details = np.random.default_rng(seed).integers(dark, dark + 100, (36, 48), dtype=np.uint8)
    rough = cv2.resize(details, (4 * WIDTH, 4 * HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.repeat(np.asarray(rough, np.uint8)[:, :, None], 3, axis=2)


# Nothing lost: so many bits a second are spent otherwise in each run, and what is seen changes.
LOSSLESS = ("libx264", {"qp": "0", "threads": "1"})


def film(
    path: Path,
    view: Callable[[float], View],
    seed: int = 1,
    ball: float = 0.0,
    coding: tuple[str, dict[str, str]] = LOSSLESS,
) -> Path:
    """What a camera sees of a wall; ``ball``: how fast something moves over it, in widths a second."""
    large, thing = wall(seed), wall(7)[: HEIGHT // 2, : WIDTH // 3]
    codec, options = coding
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(SECONDS * FPS):
            near, across, down = view(number / FPS)
            left, above = WIDTH / 2 - near * (2 * WIDTH + across), HEIGHT / 2 - near * (2 * HEIGHT + down)
            seen = cv2.warpAffine(large, np.array([[near, 0, left], [0, near, above]]), SIZE)
            if ball:
                way = round(abs((ball * number / FPS) % 1.2 - 0.6) * WIDTH)
                seen[HEIGHT // 4 : HEIGHT // 4 + HEIGHT // 2, way : way + WIDTH // 3] = thing
            frame = av.VideoFrame.from_ndarray(np.asarray(seen, np.uint8))
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


FILMS: dict[str, tuple[Callable[[float], View], float, set[str]]] = {
    "still": (lambda _: (0.5, 0, 0), 0.0, {STILL}),
    "something slow": (lambda _: (0.5, 0, 0), 0.06, {SLOW}),
    "something fast": (lambda _: (0.5, 0, 0), 0.5, {FAST}),
    "pan": (lambda second: (0.5, 0.2 * WIDTH * second, 0), 0.0, {SLOW, PAN}),
    "tilt": (lambda second: (0.5, 0, -0.2 * WIDTH * second), 0.0, {SLOW, PAN}),
    "fast pan": (lambda second: (0.5, 0.6 * WIDTH * (second - 2), 0), 0.0, {FAST, PAN}),
    "zoom in": (lambda second: (0.4 * math.exp(0.15 * second), 0, 0), 0.0, {SLOW, ZOOM}),
    "zoom out": (lambda second: (0.8 * math.exp(-0.15 * second), 0, 0), 0.0, {SLOW, ZOOM}),
    "a hand that trembles": (lambda second: (0.5, 5 * math.sin(9 * second), 0), 0.0, {SLOW}),
}


@pytest.mark.parametrize("name", FILMS)
def test_what_happens_is_told_and_nothing_else(name: str, tmp_path: Path, decoders: DecodePool) -> None:
    view, ball, truth = FILMS[name]
    (shot,) = shots(decoders, film(tmp_path / "made.mp4", view, ball=ball), SECONDS)
    assert all(0 <= start_s < end_s <= SECONDS + 0.25 for _, start_s, end_s in told(shot))
    lasts = shares(shot)
    assert {what for what, share in lasts.items() if share > 0.8} == truth
    assert {what for what, share in lasts.items() if share > 0} == truth, "nothing else in any second"


def shares(shot: Shot) -> dict[str, float]:
    """How much of a film each lasts."""
    lasts = dict.fromkeys((STILL, SLOW, FAST, PAN, ZOOM), 0.0)
    for what, start_s, end_s in told(shot):
        lasts[what] += (end_s - start_s) / SECONDS
    return lasts


FORWARD = {
    "most frames are made of later ones": ("libx264", {"crf": "28", "bf": "8", "threads": "1"}),
    "none of them is kept for others": ("mpeg4", {"qmin": "6", "qmax": "6", "bf": "2"}),
    "all but key frames are": ("libx265", {"crf": "28", "x265-params": "log-level=none:pools=none"}),
}


@pytest.mark.parametrize("why", FORWARD)
def test_a_film_stands_still_for_no_frame_that_is_skipped(
    why: str, tmp_path: Path, decoders: DecodePool
) -> None:
    for name in ("fast pan", "something fast"):
        view, ball, truth = FILMS[name]
        path = film(tmp_path / "made.mp4", view, ball=ball, coding=FORWARD[why])
        (shot,) = shots(decoders, path, SECONDS)
        assert len({glimpse.at_s for glimpse in shot.glimpses}) >= 4 * SECONDS
        lasts = shares(shot)
        assert {what for what, share in lasts.items() if share > 0.8} == truth, name
        assert lasts[STILL] == 0, name


def plain(second: float, noise: float, speed: float) -> Glimpse:
    """A disc on a plain surface, seen with the noise of a camera."""
    picture = np.full((HEIGHT, WIDTH), 120.0)
    centre = round(0.2 * WIDTH + speed * second * WIDTH), HEIGHT // 2
    cv2.circle(picture, centre, HEIGHT // 5, (150.0,), cv2.FILLED, cv2.LINE_AA)
    picture += np.random.default_rng(round(4 * second)).normal(0, noise, picture.shape)
    return Glimpse(second, np.asarray(np.clip(picture, 0, 255), np.uint8))


@pytest.mark.parametrize("noise", [0.0, 0.6])
@pytest.mark.parametrize(("speed", "truth"), [(0.3, FAST), (0.06, SLOW), (0.0, STILL)])
def test_one_thing_on_a_plain_surface_is_no_pan_and_no_noise(speed: float, truth: str, noise: float) -> None:
    shot = Shot(0.0, 2.25, tuple(plain(number / 4, noise, speed) for number in range(9)))
    assert {what for what, _, _ in told(shot)} == {truth}


@pytest.fixture
def watched(settings: Settings, tmp_path: Path) -> Settings:
    """A library of a pan, a still film, one of four shots, and a picture."""
    folder = tmp_path / "media"
    folder.mkdir()
    film(folder / "pan.mp4", FILMS["pan"][0])
    film(folder / "still.mp4", FILMS["still"][0])
    parts = [film(tmp_path / f"{seed}.mp4", FILMS["still"][0], seed) for seed in (2, 0, 3)]
    joined(folder / "cuts.mp4", [*parts, folder / "pan.mp4"])
    (folder / "wall.png").write_bytes(cv2.imencode(".png", wall(3))[1].tobytes())
    own = settings.model_copy(update={"off": ("text", "names", "sounds")})
    with Library(own) as library:
        report = index(library, [folder])
        assert (report.indexed, report.failed) == (4, 0)
        assert {kind: report.units[kind] for kind in (SHOT, STILL, PAN)} == {SHOT: 6, STILL: 4, PAN: 2}
    return own


def joined(path: Path, parts: list[Path]) -> None:
    """Films one after the other."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        number = 0
        for part in parts:
            with av.open(str(part)) as source:
                for frame in source.decode(video=0):
                    again = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"))
                    again.pts, again.time_base = number, Fraction(1, FPS)
                    number += 1
                    container.mux(stream.encode(again))
        container.mux(stream.encode(None))


def test_films_are_found_by_what_happens_in_them(watched: Settings) -> None:
    with trove.Library.of(watched) as library:
        for query, names in {
            "motion:pan": {"pan.mp4", "cuts.mp4"},
            "motion:still": {"still.mp4", "cuts.mp4"},
            "motion:zoom": set(),
            "shots:>1": {"cuts.mp4"},
            "shots:>=4": {"cuts.mp4"},
            "shots:4": {"cuts.mp4"},
            "shots:<4": {"pan.mp4", "still.mp4"},
            "shots:1 motion:pan": {"pan.mp4"},
            "-motion:pan type:video": {"still.mp4", "cuts.mp4"},
        }.items():
            assert {hit.path.name for hit in library.search(query).hits} == names, query
        for query in ("pan", "zoom", "fast"):
            words = [fact.words for hit in library.search(query).hits for fact in hit.why if fact.words]
            assert words == [], "such words mean other things in a question"
        for query, told_so in {"motion:left": "a motion is one of still", "shots:many": "shots:>20"}.items():
            with pytest.raises(trove.QueryError, match=told_so):
                library.search(query)
        counts = {item.value: item.count for item in library.values("motion")}
        assert counts == {"still": 2, "slow": 2, "pan": 2}
        cuts = next(path for path in (watched.library.parent / "media").iterdir() if path.stem == "cuts")
        shown = {lane.name: lane.spans for lane in lanes(library.core, cuts)}
        assert [round(start_s) for start_s, _ in shown["shots"]] == [0, 4, 8, 12]
        ((pan_s, _),) = shown["pans of the camera"]
        assert pan_s == pytest.approx(12, abs=1)
