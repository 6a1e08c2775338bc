"""Whether a run may go on, with stand-ins for what the system says of its battery and its processor."""

import threading
import time
from collections import namedtuple
from dataclasses import dataclass

import psutil
import pytest

from db.settings import Settings
from indexer import pace
from indexer.flow import Reason
from indexer.pace import Others, Pace

Times = namedtuple("Times", ["user", "system", "idle"])


@dataclass
class Battery:
    """What ``psutil.sensors_battery`` returns."""

    power_plugged: bool | None


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than people would mind."""
    monkeypatch.setattr(pace, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(pace, "_POWER_EVERY_S", 0.0)


def test_a_pause_is_seen_by_every_run_and_costs_none_of_its_time(settings: Settings) -> None:
    switch = settings.paths.pause_switch
    run, told = Pace(settings), list[Reason]()
    run.wait(told.append)
    assert (told, run.waited_s) == ([], 0.0)
    pace.pause(switch)
    threading.Timer(0.3, pace.resume, [switch]).start()
    started, before = time.monotonic(), run.clock()
    run.wait(told.append)
    assert time.monotonic() - started >= 0.25
    assert run.clock() - before < 0.1
    assert set(told) == {"paused"}
    pace.pause(switch)
    Pace(settings).resume()
    run.wait()


def test_who_is_stopped_does_not_wait(settings: Settings) -> None:
    stop = threading.Event()
    run = Pace(settings, stop)
    pace.pause(settings.paths.pause_switch)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(KeyboardInterrupt):
        run.wait()
    pace.resume(settings.paths.pause_switch)
    with pytest.raises(KeyboardInterrupt):
        run.wait()


@pytest.mark.parametrize(
    ("battery", "waits"),
    [
        (Battery(power_plugged=False), True),
        (Battery(power_plugged=True), False),
        (None, False),
        (Battery(None), False),
    ],
)
def test_a_battery_is_minded_where_that_is_wanted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, battery: Battery | None, waits: bool
) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    Pace(settings).wait()  # nobody has asked for it
    run, told = Pace(settings.model_copy(update={"wait_on_battery": True})), list[Reason]()

    def plug_in(reason: Reason) -> None:
        told.append(reason)
        monkeypatch.setattr(psutil, "sensors_battery", lambda: Battery(power_plugged=True), raising=False)

    run.wait(plug_in)
    assert told == (["battery"] if waits else [])


def test_a_system_that_tells_nothing_of_batteries(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    Pace(settings.model_copy(update={"wait_on_battery": True})).wait()
    assert not pace.on_battery()


def _processor(monkeypatch: pytest.MonkeyPatch, *busy_s: float) -> None:
    """A machine on which other programs take so many seconds of every ten, and this one nothing."""
    moments = iter(busy_s)
    used = idle = 0.0

    def times() -> Times:
        nonlocal used, idle
        busy = next(moments, busy_s[-1])
        used, idle = used + busy, idle + 10 - busy
        return Times(used, 0.0, idle)

    monkeypatch.setattr(psutil, "cpu_times", times)


def test_others_are_let_have_the_processor_until_they_need_little_of_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _processor(monkeypatch, 0.0, 4.0, 6.0, 4.0, 2.0)
    run, told = Pace(settings.model_copy(update={"wait_while_busy": True})), list[Reason]()
    run.wait(told.append)
    assert told == [], "four of ten seconds are no reason to begin to wait"
    run.wait(told.append)
    assert told == ["busy", "busy"], "six of ten are, and four of ten are none to go on"
    run.wait(told.append)
    assert len(told) == 2


def test_what_it_takes_itself_is_not_taken_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    _processor(monkeypatch, 0.0, 1.0)
    others = Others()
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    assert others.share() == pytest.approx(0.07, abs=0.03), "1 s of 10, of which 0.3 s were its own"
