"""Time left of a run: the arithmetic, with a clock that is turned by hand."""

from pathlib import Path

import pytest

from db.catalog.assets import FileStat
from db.catalog.switches import Switches
from db.settings import Settings
from indexer.analysers import registry
from indexer.flow import Task
from indexer.forecast import READING, Costs, Forecast, Outlook, Step
from indexer.jobs import Job
from indexer.media.pool import DecodePool
from indexer.media.types import Metadata
from tests.support.media import video

PICTURES: Step = (READING, "image")
FILMS: Step = ("frames", "video")


class Clock:
    """Seconds that pass when a test says so."""

    now_s = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def test_what_was_measured_corrects_what_was_expected_of_that_step_and_of_the_others() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.expect({PICTURES: 100.0, FILMS: 50.0})
    assert forecast.left() == {PICTURES: 100.5, FILMS: 50.5}, "with half a second each to load models"
    for _ in range(6):
        forecast.did(PICTURES, 10.0)
        clock.now_s += 20.0
        forecast.settle()
    left = forecast.left()
    # All takes twice as long as expected, but for what the expectation still weighs.
    assert left[PICTURES] == pytest.approx(80.0, rel=0.06)
    assert left[FILMS] == pytest.approx(102.0, rel=0.06)
    for _ in range(4):
        forecast.did(PICTURES, 10.0)
        forecast.settle()
    assert list(forecast.left()) == [FILMS]


def test_a_step_that_was_guessed_badly_says_little_of_the_others() -> None:
    """Text in large pictures took seven times as long as guessed, and so would have that in a film."""
    clock = Clock()
    forecast = Forecast(clock)
    written, said = ("text", "image"), ("speech", "audio")
    forecast.expect({PICTURES: 100.0, said: 100.0, written: 100.0, FILMS: 100.0})
    for step, took_s in ((PICTURES, 100.0), (said, 100.0), (written, 700.0)):
        forecast.did(step, 100.0)
        clock.now_s += took_s
        forecast.settle()
    # The cube root of seven, where by all seconds together it would be three.
    assert forecast.left() == {FILMS: pytest.approx(100 * 7 ** (1 / 3), rel=0.05)}


def test_a_step_that_was_measured_goes_by_itself() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.expect({PICTURES: 100.0, FILMS: 100.0})
    for step, took_s in ((PICTURES, 40.0), (PICTURES, 40.0), (FILMS, 10.0), (FILMS, 10.0)):
        forecast.did(step, 40.0)
        clock.now_s += took_s
        forecast.settle()
    assert forecast.ratios()[FILMS] == pytest.approx(0.25, abs=0.03)
    assert forecast.ratios()[PICTURES] == pytest.approx(1.0, abs=0.03)


def test_what_was_done_in_a_batch_shares_its_time() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.expect({PICTURES: 1000.0, FILMS: 1000.0})
    forecast.did(PICTURES, 89.5)
    forecast.did(FILMS, 29.5)
    clock.now_s += 120.0
    forecast.settle()
    assert forecast.ratios() == {PICTURES: pytest.approx(1.0), FILMS: pytest.approx(1.0)}
    forecast.did(PICTURES, 60.0)
    clock.now_s += 180.0
    forecast.settle()
    assert forecast.ratios()[PICTURES] > 1.7
    assert forecast.ratios()[FILMS] < 1.1


def test_what_a_look_tells_at_once_after_a_while_is_one_measure() -> None:
    clock = Clock()
    forecast = Forecast(clock)
    forecast.expect({FILMS: 100.0})
    clock.now_s += 50.5
    for _ in range(50):
        forecast.did(FILMS, 1.0)
        forecast.settle_some()
    assert forecast.ratios() == {}, "the first of them did not take all the time"
    clock.now_s += 5.0
    forecast.did(FILMS, 5.0)
    forecast.settle_some()
    assert forecast.ratios()[FILMS] == pytest.approx(1.0)


def test_lengths_are_told_from_the_sizes_of_films_of_which_some_are_known(settings: Settings) -> None:
    costs = Costs(registry.made(settings, ["frames", "speech"]), {"speech video": 30.0})
    costs.sample(
        "video",
        [
            (60_000_000, Metadata("video", duration_s=60.0, has_audio=True)),
            (60_000_000, Metadata("video", duration_s=180.0)),
        ],
    )
    (frames,) = registry.made(settings, ["frames"])
    # Two minutes are 60 MB, and of a quarter of the time something is to be heard.
    assert costs.of(FILMS, 3, 180_000_000) == pytest.approx(6 * frames.minute_s)
    assert costs.of(("speech", "video"), 3, 180_000_000) == pytest.approx(6 * 30.0 / 4)
    assert costs.measured({FILMS: 2.0})["frames video"] == pytest.approx(2 * frames.minute_s)


def test_a_run_knows_what_comes_after_what_it_does(settings: Settings, tmp_path: Path) -> None:
    path = video(tmp_path / "film.mp4")
    picture = Task(FileStat(tmp_path / "a.jpg", 1_000, 0))
    film = Task(FileStat(path, path.stat().st_size, 0))
    clock = Clock()
    analysers = registry.made(settings, ["pictures", "frames", "text"])
    outlook = Outlook(analysers, Switches({}), clock, {})
    with DecodePool.of(settings) as pool:
        outlook.begin(pool, [picture] * 100 + [film])
    assert outlook.left() == {}, "nothing is measured"
    for _ in range(2):
        for _ in range(20):
            outlook.has_read(picture)
        clock.now_s += 1.0
        outlook.settle()
    left = outlook.left()
    assert list(left) == ["reading files", "what films show", "what is written", "the search index"]
    # Two seconds for what was to take 0.8 and half a one to begin; to begin with the film is still to come.
    assert left["reading files"] == pytest.approx(1.254 * 60 * 0.02 + 1.15 * 0.53, rel=0.01)
    job = Job(analysers[1], 1, [film])
    outlook.plan([job])
    outlook.has_looked(job, 0.5)
    half = outlook.left()["what films show"]
    outlook.has_looked(job, 0.75)
    assert outlook.left()["what films show"] == pytest.approx(half / 2)
    outlook.has_looked(job)
    outlook.has_looked(job)
    assert list(outlook.left()) == ["the search index"]
    assert list(outlook.costs()) == ["reading image"], "nothing else was measured"
