"""Pausing and throttling of a run: whether it may go on now, asked between batches.

It waits while people have paused it, and where the settings say so while the machine runs on battery or
other programs need its processor. A pause is a file in the library's folder, so that any process can pause
and resume, and it outlives all of them.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from db.settings import Settings
from indexer.flow import Reason

LOOK_EVERY_S = 0.5
"""How often a run that waits looks whether it may go on."""
_POWER_EVERY_S = 5.0
"""How often the battery and the load of the processor are looked at."""
BUSY, _QUIET = 0.5, 0.3
"""Share of the processor that other programs take, from which a run waits, and below which it goes on."""


def pause(switch: Path) -> None:
    """Have all runs wait, those that begin later, too."""
    switch.parent.mkdir(parents=True, exist_ok=True)
    switch.touch()


def resume(switch: Path) -> None:
    """Let them go on."""
    switch.unlink(missing_ok=True)


class Pace:
    """Tells a run whether it may go on, and has it wait as long as it may not. For one thread.

    Args:
        stop: once it is set, a run ends as by Ctrl-C.
    """

    def __init__(self, settings: Settings, stop: threading.Event | None = None) -> None:
        self.waited_s = 0.0
        """How long it had the run wait so far."""
        self._switch = settings.paths.pause_switch
        self._stop = stop or threading.Event()
        self._minds_battery = settings.wait_on_battery
        self._others = Others() if settings.wait_while_busy else None
        self._power: Reason | None = None
        self._looked_at = time.monotonic() if self._others else -_POWER_EVERY_S

    def clock(self) -> float:
        """Seconds, as ``time.monotonic``, that pass only while the run may go on."""
        return time.monotonic() - self.waited_s

    def resume(self) -> None:
        """Take back a pause, for a run that people have started."""
        resume(self._switch)

    def wait(self, tell: Callable[[Reason], None] = lambda _reason: None) -> None:
        """Return once the run may go on, mostly at once; ``tell`` is called at each look meanwhile.

        Raises:
            KeyboardInterrupt: it is to stop.
        """
        started, before = time.monotonic(), self.waited_s
        while not self._stop.is_set():
            if (reason := self._reason()) is None:
                return
            tell(reason)
            self._stop.wait(LOOK_EVERY_S)
            self.waited_s = before + time.monotonic() - started
        raise KeyboardInterrupt

    def _reason(self) -> Reason | None:
        if self._switch.exists():
            return "paused"
        if time.monotonic() - self._looked_at >= _POWER_EVERY_S:
            self._looked_at = time.monotonic()
            self._power = self._look()
        return self._power

    def _look(self) -> Reason | None:
        if self._minds_battery and on_battery():
            return "battery"
        if self._others is None:
            return None
        return "busy" if self._others.share() > (_QUIET if self._power == "busy" else BUSY) else None


def on_battery() -> bool:
    """Whether the machine runs on its battery; not where it has none, or the system does not tell."""
    look = getattr(psutil, "sensors_battery", None)  # not on all systems
    battery = look() if look is not None else None
    return battery is not None and battery.power_plugged is False


class Others:
    """How much of the processor programs take that are not this one, and not its worker processes."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._seconds()

    def share(self) -> float:
        """Their share of all cores since the last time, 0 to 1."""
        before, self._before = self._before, self._seconds()
        everything, busy, own = (now - then for now, then in zip(self._before, before, strict=True))
        return min(1.0, max(0.0, busy - max(0.0, own)) / everything) if everything > 0 else 0.0

    def _seconds(self) -> tuple[float, float, float]:
        """Processor time of the machine, what of it was used, and by this program."""
        times = psutil.cpu_times()._asdict()
        # Linux counts guests as users, too.
        everything = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
        idle = times["idle"] + times.get("iowait", 0.0)
        own = 0.0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                used = process.cpu_times()
            except psutil.Error:
                continue  # it has ended
            own += used.user + used.system
        return everything, everything - idle, own
