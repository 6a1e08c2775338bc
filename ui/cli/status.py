"""Commands that tell what is in a library: status, failures."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.analysers import state_json
from ui.cli.folders import run_index
from ui.cli.options import Json, library_of
from ui.wording import duration, out_of_reach, passed_over, steps_left, units_in_words, waiting

if TYPE_CHECKING:
    from db.catalog.runs import Run
    from trove import AnalyserState, Failure


def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Show what is in the library."""
    from db.catalog import runs

    with library_of(ctx) as library:
        facts = library.status()
        with library.core.read() as session:
            run = runs.last_run(session)
    if as_json:
        left = {"analysers": [state_json(state) for state in facts.analysers]}
        console.print_json(asdict(facts) | left)
        return
    fresh = "up to date" if facts.index.fresh else "the next search brings it up to date"
    console.say(f"Library  {facts.library}")
    console.say(f"Model    {facts.model or 'none yet'}")
    files = f"Files    {facts.assets}, and {facts.failed} that failed"
    console.say(files + (f", {facts.unfinished} not finished yet" if facts.unfinished else ""))
    for folder, count in facts.offline.items():
        console.say(f"Away     {out_of_reach(folder, count)}")
    if facts.hidden:
        console.say(f"Hidden   {facts.hidden} more {'file' if facts.hidden == 1 else 'files'}: trove hide")
    if facts.cloud:
        console.say(f"Cloud    {facts.cloud} more that are not read: trove index --download")
    if facts.passed_over:
        console.say(f"Others   {passed_over(facts.passed_over)}")
    if facts.stacks:
        console.say(f"Stacks   {facts.stacks} of files that belong together")
    console.say(f"Units    {units_in_words(facts.units)}")
    for state in facts.analysers:
        if state.on and state.left:
            console.say(f"Left     {_left(state)}")
    console.say(f"Index    {facts.index.kind}, {facts.index.vectors} vectors, {fresh}")
    if run is not None and run.finished_at is None:
        _say_run(run)


def _say_run(run: Run) -> None:
    """How far a run is that has not ended."""
    from db.engine.clock import utc_now

    seconds = (utc_now() - run.updated_at).total_seconds()
    console.say(f"Run      {run.done} of {run.total} done, last heard of {seconds:.0f} s ago")
    if left := run.left():
        console.say(f"Time     {steps_left(left)}")
    if run.waiting:
        console.say(
            f"Waits    {waiting(run.waiting)}" + (": trove resume" if run.waiting == "paused" else "")
        )


def _left(state: AnalyserState) -> str:
    """What is left for an analyser: 120 files for speech (what is said), about 3 min."""
    files = f"{state.left} {'file' if state.left == 1 else 'files'} for {state.name} ({state.label})"
    return files + (f", about {duration(state.seconds_left)}" if state.seconds_left else "")


def _reason(failure: Failure) -> str:
    return (
        failure.reason if failure.analyser is None else f"only without {failure.analyser}: {failure.reason}"
    )


def failures(
    ctx: typer.Context,
    retry: Annotated[bool, typer.Option("--retry", help="Try to index them again now.")] = False,
    as_json: Json = False,
) -> None:
    """Name the files that could not be indexed, with the reason."""
    with library_of(ctx) as library:
        if retry and library.retry_failures():
            run_index(library, [], as_json)
            return
        failed = library.failures()
    if as_json:
        console.print_json({"failures": [asdict(failure) for failure in failed]})
    elif failed:
        rows = [[str(failure.path), _reason(failure), str(failure.attempts)] for failure in failed]
        console.table({"file": "left", "reason": "left", "attempts": "right"}, rows)
    else:
        console.say("No file has failed.")
