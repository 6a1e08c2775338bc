"""Does Trove answer as well as it did? One table of figures, beside those of the committed baseline.

    python bench/quality/gate.py [DATA] [--model builtin] [--speech FOLDER] [--update] [--suite NAME ...]

DATA is a folder with ``captions.csv`` (see ``data.py``), by default the samples. It becomes a library, made
as anybody's and kept in ``bench-output/``, to which all questions of ``suites.py`` are put. Each figure has
its 95 % interval (percentile bootstrap). Where ``baselines/`` has results of the same data and model (told by
a checksum of the captions), both answers to each question are compared by a paired permutation test, and
p-values are corrected for the number of lines (Holm). A figure that has become significantly worse ends it
with 1.

``--update`` writes the baseline: of each question a digest, the ranks of right hits and the confidence, and
neither captions nor pictures.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from data import ROOT, SAMPLES, Data, library, read
from suites import SUITES, ask

from db.errors import TroveError
from indexer.encoders.registry import BUILTIN
from search.evaluation.comparison import Line, compare
from search.evaluation.results import Result, read_results, write_results

BASELINES = Path(__file__).with_name("baselines")


def baseline(data: Data, model: str) -> Path:
    """The file of the data's baseline, whatever its folder is called; a new name where there is none."""
    known = sorted(BASELINES.glob(f"*-{model}-{data.checksum}.csv"))
    return known[0] if known else BASELINES / f"{data.name}-{model}-{data.checksum}.csv"


def table(lines: Sequence[Line]) -> str:
    """The figures for people."""
    heading = f"{'suite':10} {'question':26} {'measure':28} {'n':>5} {'now':>6}  {'95 % interval':15}"
    rows = [f"{heading} {'before':>6} {'change':>7} {'p':>6}"]
    for line in lines:
        row = f"{line.suite:10} {line.kind:26} {line.measure.name:28} {line.count:5} {line.value:6.3f}"
        row += f"  {line.low:.3f} to {line.high:.3f}"
        if line.before is not None and line.change is not None and line.p is not None:
            row += f" {line.before:6.3f} {line.change:+7.3f} {line.p:6.3f}  {said(line)}"
        rows.append(row.rstrip())
    return "\n".join(rows)


def said(line: Line) -> str:
    """The outcome of a line in a word."""
    if line.worse:
        return "WORSE"
    return "better" if line.significant else ""


def judged(lines: Sequence[Line]) -> int:
    """Say what has become worse; the exit code."""
    worse = [line for line in lines if line.worse]
    if worse:
        print(f"\n{len(worse)} of {len(lines)} figures are worse than the baseline, by more than chance.")
        return 1
    print("\nNo figure is worse than the baseline by more than chance.")
    return 0


def main() -> int:
    """Make the library, ask, print, compare; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [suite.name for suite in SUITES]
    parser.add_argument("data", type=Path, nargs="?", default=SAMPLES)
    parser.add_argument("--model", default=BUILTIN)
    parser.add_argument("--speech", type=Path, help="folder with transcripts.csv and its recordings")
    parser.add_argument("--suite", action="append", choices=names, help="only this; may be repeated")
    parser.add_argument("--cache", type=Path, default=ROOT / "bench-output" / "quality")
    parser.add_argument("--update", action="store_true", help="write the baseline")
    options = parser.parse_args()
    if options.update and options.suite:
        parser.error("a baseline has all suites")
    started = time.monotonic()
    try:
        data = read(options.data, options.speech)
        chosen = {
            suite: ask_for for suite, ask_for in SUITES.items() if suite.name in (options.suite or names)
        }
        with library(data, options.model, options.cache) as opened:
            now = ask(opened, data, chosen)
        file = baseline(data, options.model)
        before: list[Result] = read_results(file) if file.exists() else []
        lines = compare(list(chosen), now, before)
    except TroveError as exc:
        print(f"Error: {exc}. {exc.hint}", file=sys.stderr)
        return 2
    print(table(lines))
    print(f"{len(now)} questions, {math.ceil(time.monotonic() - started)} s")
    if options.update:
        write_results(file, now)
        print(f"\nThe baseline {file.name} is written.")
        return 0
    if not before:
        print("\nThere is no baseline of this data and model to compare with; --update writes one.")
        return 0
    return judged(lines)


if __name__ == "__main__":
    sys.exit(main())
