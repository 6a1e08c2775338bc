"""Feed thousands of damaged files of all formats to the decoders, in their workers with their limits.

    python bench/fuzz.py --files 10000 --log FILE.jsonl

Every file must end as indexed, or as failed with a reason that its owner can read; a worker may be
ended by its limits, and is replaced. Anything else is a defect: it is printed with the seed that makes
the file again. Started again with the same log, it goes on.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import psutil

from db.errors import MediaError
from indexer.media.pool import DecodePool
from tests.support.mutants import consume, mutate, originals

SAMPLES = Path(__file__).parent.parent / "samples"
TIMEOUT_S = 20.0
MEMORY_MB = 1536
AHEAD = 8


def main() -> int:
    """Fuzz, log, sum up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop before, to go on later")
    options = parser.parse_args()
    done = options.log.read_text().splitlines() if options.log.exists() else []
    deadline = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as scratch, DecodePool(2, TIMEOUT_S, MEMORY_MB) as pool:
        bases = originals(Path(scratch) / "originals")
        bases += [path for path in sorted(SAMPLES.rglob("*.*")) if path.stat().st_size < 60_000]
        bases = [path for path in bases if path.suffix not in (".csv", ".md")]
        contents = [path.read_bytes() for path in bases]
        with options.log.open("a") as log:
            for start in range(len(done), options.files, AHEAD):
                if time.monotonic() > deadline:
                    break
                for line in _some(pool, bases, contents, range(start, start + AHEAD), Path(scratch)):
                    log.write(json.dumps(line) + "\n")
    left = [child for child in psutil.Process().children(recursive=True) if "spawn_main" in _name(child)]
    return _sum_up([json.loads(line) for line in options.log.read_text().splitlines()], len(left))


def _some(
    pool: DecodePool, bases: list[Path], contents: list[bytes], seeds: range, scratch: Path
) -> list[dict[str, object]]:
    waiting = []
    for seed in seeds:
        chance = random.Random(seed)  # noqa: S311 - to be made again, not secret
        number = seed % len(bases)
        path = scratch / f"{seed}{bases[number].suffix}"
        path.write_bytes(mutate(contents[number], chance))
        waiting.append((seed, path, time.monotonic(), pool.submit(consume, path)))
    lines = []
    for seed, path, started, future in waiting:
        line = {"seed": seed, "format": path.suffix, "state": "failed"}
        try:
            found = future.result()
            line |= {"state": found.state, "reason": found.reason, "seconds": found.seconds}
            line["memory_mb"] = found.memory_mb
        except MediaError as exc:
            line |= {"reason": str(exc), "seconds": round(time.monotonic() - started, 3), "worker": "ended"}
        except Exception as exc:
            line |= {"state": "DEFECT", "reason": f"{type(exc).__name__}: {exc}"}
            print(line, flush=True)
        lines.append(line)
        path.unlink()
    return lines


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _sum_up(lines: list[dict[str, object]], left: int) -> int:
    states = Counter(line["state"] for line in lines)
    ended = Counter(line["reason"] for line in lines if line.get("worker"))
    slowest = max(lines, key=lambda line: float(line.get("seconds", 0)))
    largest = max(int(line.get("memory_mb", 0)) for line in lines)
    print(f"{len(lines)} files of {len({line['format'] for line in lines})} endings: {dict(states)}")
    print(f"workers ended: {dict(ended)}")
    print(f"slowest {slowest['seconds']} s (seed {slowest['seed']}, {slowest['format']})")
    print(f"largest worker {largest} MB of {MEMORY_MB}; workers left behind: {left}")
    return 1 if states["DEFECT"] or left else 0


if __name__ == "__main__":
    sys.exit(main())
