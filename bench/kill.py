"""Crash test: kill Trove with SIGKILL hundreds of times, and look for anything that was lost.

    python bench/kill.py --kills 200 --work DIR

Each round makes a victim (see ``tests/support/crash.py`` for what it does and what is looked at after a
kill), kills it some times in a row, looking after each, then runs the same command undisturbed, and compares
with a library that nothing ever happened to. Rounds are logged in DIR/rounds.jsonl, one object a line;
started again, it goes on from there. The exit code is 1 if any round found a fault.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.crash import SCENARIOS, Arena

MIX = ("phases", "save", "model", "rebuild", "save", "rebuild", "save", "model", "rebuild", "save")
"""Scenarios in turn; every fiftieth round kills the making of the models' exports instead."""

MOST = {"phases": 3, "index": 4, "model": 3, "rebuild": 4, "save": 4, "cache": 2}
"""Kills in a row in one round."""


def scenario_of(number: int) -> str:
    """Which scenario a round plays."""
    if number % 20 == 10:
        return "index"
    return "cache" if number % 50 == 49 else MIX[number % len(MIX)]


def main() -> int:
    """Play the rounds that are missing, and sum up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--work", type=Path, required=True, help="folder for libraries and the log")
    parser.add_argument("--only", choices=SCENARIOS, help="play this scenario alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop before, to go on later")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    log = options.work / "rounds.jsonl"
    played = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    arena, deadline = None, time.monotonic() + options.seconds
    for number in count(len(played)):
        if time.monotonic() > deadline or sum(one["kills"] for one in played) >= options.kills:
            break
        arena = arena or Arena(options.work, options.work / "cache")
        scenario = options.only or scenario_of(number)
        chance = random.Random(f"{options.seed} {number}")  # noqa: S311 - no secret
        step = 1 + 4 * sum(one["scenario"] == "save" for one in played) % 8
        started = time.monotonic()
        found = arena.play(scenario, chance, step, MOST[scenario])
        seconds = round(time.monotonic() - started, 1)
        one = {"round": number, "scenario": scenario, "kills": arena.kills, "seconds": seconds}
        played.append(one | ({"step": step} if scenario == "save" else {}) | {"faults": found})
        with log.open("a") as file:
            file.write(json.dumps(played[-1]) + "\n")
        print(f"{number:4} {scenario:8} {arena.kills} kills {seconds:5.1f} s {found or ''}", flush=True)
    kills: Counter[str] = Counter()
    for one in played:
        kills[one["scenario"]] += one["kills"]
    for scenario, what in SCENARIOS.items():
        print(f"{kills[scenario]:5} kills of {what}")
    bad = [one for one in played if one["faults"]]
    print(f"{len(played)} rounds, {sum(kills.values())} kills, {len(bad)} rounds with faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
