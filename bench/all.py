"""Run all speed benchmarks: tables as they come, figures as JSON in one folder.

    python bench/all.py [--quick] [--pictures FOLDER] [--audio FOLDER --transcripts CSV] [--out FOLDER]

Without folders of one's own the samples serve, which are few. ``--quick`` takes a few minutes and leaves out
all that needs a million units or thousands of files; it shows that the benchmarks work, not how fast Trove
is.
"""

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"


def steps(options: argparse.Namespace) -> dict[str, list[str]]:
    """The benchmarks by name, each with its arguments."""
    pictures, quick = options.pictures, options.quick
    one = next(path for path in sorted(pictures.rglob("*.jpg")))
    found = {
        "encode": ["--runs", "2", "--batch", "8"] if quick else [],
        "decode": [str(one), "--runs", "2" if quick else "5"],
        "start": [str(pictures)],
        "scale": ["--units", "10000"] if quick else [],
        "rescan": [str(one), "--files", "1000" if quick else "100000"],
        "index": [str(pictures)] if quick else [str(pictures), "--files", "1000", "2000", "4000", "7000"],
    }
    if options.audio:
        minutes = "1" if quick else "10"
        given = ["--audio", str(options.audio), "--transcripts", str(options.transcripts)]
        found["speech"] = [*given, "--minutes", minutes]
        large = ["--pictures", str(pictures), "--audio", str(options.audio)]
        found["hours"] = [*large, *(["--photos", "10", "--minutes", "1"] if quick else [])]
    return found


def main() -> None:
    """Run all; one that fails does not stop the others."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pictures", type=Path, default=SAMPLES)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--transcripts", type=Path)
    parser.add_argument("--out", type=Path, default=Path("bench-output"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"Python {platform.python_version()} on {platform.platform()}")
    failed = []
    for name, arguments in steps(options).items():
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
        done = subprocess.run([*command, "--json", str(options.out / f"{name}.json")])
        failed += [name] if done.returncode else []
        print(f"({time.monotonic() - started:.0f} s)", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
