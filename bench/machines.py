"""Files a second of one, two and three indexing processes on one shared library; and rounds with a kill.

    python bench/machines.py --images DIR [--count 200] [--machines 1 2 3] [--json FILE]
    python bench/machines.py --kills 20

The processes are those of the command line, each with one decoder and one thread of its libraries, with
batches of two files, on one machine with the server (that of the tests: a socket, no ``fsync``). So it shows
what sharing costs and how far the cores here go, not what more machines would give. Time is that from the
first file in the queue to the end of the survey; seconds of the processor are those of all processes, with
their start. A round with a kill compares what is there with an undisturbed run, as the tests do.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from timing import machine

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.crash import make_media
from tests.support.machines import Machines, adds_up, play, working
from tests.support.server import NOTHING, Server, serving

OFF = "text,names,sounds,movement,soundprints"


def measure(server: Server, folder: Path, media: Path, count: int) -> dict[str, Any]:
    """Figures of so many processes."""
    with server.lending(f"machines{count}", NOTHING) as address:
        machines = Machines(address, folder / "cache", folder / str(count), OFF)
        with working(machines, media, count) as started:
            began = time.perf_counter()
            processes = [psutil.Process(process.pid) for process in started]
            spent: dict[int, float] = {}
            joined: set[int] = set()
            while started[0].poll() is None:
                joined |= {row[0] for row in machines.ask("SELECT DISTINCT holder FROM job")} - {None}
                for process in processes:
                    if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                        spent[process.pid] = sum(process.cpu_times()[:4])
                time.sleep(0.1)
            took = time.perf_counter() - began
            report = json.loads(started[0].communicate()[0])
    assert adds_up(report), report
    return {
        "processes": count,
        "that_had_files": len(joined),
        "files": report["indexed"],
        "seconds": round(took, 1),
        "files_a_second": round(report["indexed"] / took, 1),
        "cpu_seconds": round(sum(spent.values()), 1),
    }


def kill(server: Server, folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Rounds in which one of three is killed; each says whether all is there once."""
    media = make_media(folder / "media")
    with server.lending("alone", NOTHING) as address:
        alone = Machines(address, folder / "cache", folder / "alone", OFF)
        alone.start("m0", "index", str(media)).communicate()
        right = alone.found()
    played = []
    for seed in range(rounds):
        with server.lending("machines", NOTHING) as address:
            machines = Machines(address, folder / "cache", folder / f"round{seed}", OFF)
            report = play(machines, media, random.Random(seed))  # noqa: S311 - no secret
            same = machines.found() == right
        played.append({"seed": seed, "all_once": same, "adds_up": adds_up(report)})
        print(played[-1], flush=True)
    return played


def main() -> None:
    """Measure, or kill, and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, help="a folder of pictures")
    parser.add_argument("--count", type=int, default=200, help="how many of them")
    parser.add_argument("--machines", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="a cache with the exported models")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    results: list[dict[str, Any]] = []
    print(machine())
    with serving() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.cache:
            (folder / "cache").symlink_to(options.cache.absolute())
        if options.kills:
            results += kill(server, folder, options.kills)
        if options.images:
            media = folder / "pictures"
            media.mkdir()
            for path in sorted(options.images.glob("*.jpg"))[: options.count]:
                shutil.copy(path, media)
            for count in options.machines:
                results.append(measure(server, folder, media, count))
                load = round(os.getloadavg()[0], 1)
                print(results[-1] | {"cores": os.cpu_count(), "load": load}, flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
