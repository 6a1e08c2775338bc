"""Commands that fill a library and empty it: index, watch, pause, resume, relocate, forget."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import console
from ui.cli.console import EXIT_SOME_FAILED
from ui.cli.options import Cores, Exclude, Json, Model, Nice, OnBattery, WhileBusy, library_of
from ui.threads import multiply_alone
from ui.wording import out_of_reach, passed_over, units_in_words

if TYPE_CHECKING:
    from threading import Event

    from trove import Library, Report, TroveError


def index(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders or files; without any, all given before.")
    ] = None,
    exclude: Exclude = None,
    download: Annotated[
        bool, typer.Option("--download", help="Read what is in the cloud, too, which downloads it.")
    ] = False,
    gone: Annotated[
        bool,
        typer.Option("--gone", help="Files that are not there are gone, not on a drive that is away."),
    ] = False,
    join: Annotated[
        bool, typer.Option("--join", help="Help with what another machine indexes into a shared library.")
    ] = False,
    stay: Annotated[
        bool, typer.Option("--watch", help="With --join: wait for the next time, until stopped with Ctrl-C.")
    ] = False,
    model: Model = None,
    nice: Nice = None,
    cores: Cores = None,
    wait_on_battery: OnBattery = None,
    wait_while_busy: WhileBusy = None,
    as_json: Json = False,
) -> None:
    """Index folders and files, or refresh what changed in them."""
    if exclude and not paths:
        raise typer.BadParameter("Name the folder that --exclude is for.")
    if join and (paths or download or gone):
        raise typer.BadParameter("Who joins works on what another machine has found: name no folders.")
    if stay and not join:
        raise typer.BadParameter("It goes with --join; to index what changes: trove watch.")
    multiply_alone()
    own = {
        "nice": nice,
        "cores": cores,
        "wait_on_battery": wait_on_battery,
        "wait_while_busy": wait_while_busy,
    }
    if join:
        _join(ctx, own, stay=stay, as_json=as_json)
        return
    with library_of(ctx, make=bool(paths) and not gone, model=model, **own) as library:
        _stand_back(library)
        run_index(library, paths or [], as_json, exclude=exclude or [], download=download, gone=gone)


def _stand_back(library: Library, nice: int = 0) -> None:
    """Have this process leave to others what the settings say; ``nice``: where they say nothing."""
    from ui.cli.process import restrain

    settings = library.settings
    restrain(nice if settings.nice is None else settings.nice, settings.cores)


def _join(ctx: typer.Context, own: dict[str, Any], *, stay: bool, as_json: bool) -> None:
    """Work on what other machines index, and say what came of it."""
    with library_of(ctx, **own) as library, console.counting("Indexing", "files") as tell:
        _stand_back(library)
        joined = library.join(_stop_on_signals(), stay=stay, on_progress=tell)
    if as_json:
        console.print_json(asdict(joined))
        return
    console.say(f"{joined.done} files and looks at them done here." if joined.done else "Nothing to do here.")
    for name, reason in joined.lacking.items():
        console.say(console.one_line(f"Left to other machines: {name} ({reason})"))


def _stop_on_signals() -> Event:
    """What is set once the process is to stop, after what it is at."""
    import signal
    import threading

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_index(library: Library, paths: list[Path], as_json: bool, **how: Any) -> None:
    """Index and print the report; the exit code is 3 if files failed."""
    if not paths and not library.roots():
        raise typer.BadParameter("Name at least one folder to index.")
    with console.counting("Indexing", "files") as tell:
        report = library.index(paths, on_progress=tell, **how)
    if as_json:
        console.print_json(asdict(report))
    else:
        _say_report(report)
    if report.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _say_report(report: Report) -> None:
    parts = {
        "indexed": report.indexed,
        "already known": report.reused,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "failed": report.failed,
        "not finished yet": report.unfinished,
    }
    summary = ", ".join(f"{count} {name}" for name, count in parts.items() if count) or "nothing to do"
    console.say(f"{report.found} files in {report.seconds:.1f} s: {summary}.")
    if report.removed:
        console.say(f"{report.removed} files are gone.")
    if report.cloud:
        console.say(f"{report.cloud} files are in the cloud and were not read: trove index --download")
    if report.left_out:
        console.say(f"{report.left_out} files of your library are left out now: see trove roots")
    if others := sum(map(Counter, report.passed_over.values()), Counter()):
        console.say(f"{passed_over(others)}.")
    for old, new in report.renamed.items():
        console.say(f"{old} is now {new}: the same files under another name.")
    for old, new in report.alike.items():
        console.say(
            f"{new} has the files of {old}, which is not there. It is a folder of its own now; if it is the "
            f"same one in another place: trove relocate {shlex.quote(old)} {shlex.quote(new)}"
        )
    for folder, count in report.offline.items():
        console.say(
            f"{out_of_reach(folder, count)}, and stay in your library. "
            f"If they are gone: trove index --gone {shlex.quote(folder)}"
        )
    console.say(f"Your library has {units_in_words(report.units)}.")
    if report.unfinished:
        console.say("What was still being written is read by the next run.")
    if report.failed:
        console.say("See what failed and why: trove failures")


def watch(
    ctx: typer.Context,
    nice: Nice = None,
    cores: Cores = None,
    wait_on_battery: OnBattery = None,
    wait_while_busy: WhileBusy = None,
) -> None:
    """Index what changes in your folders as it happens, until stopped with Ctrl-C."""
    from ui.cli.process import BACKGROUND_NICE
    from ui.watching import tell_pid

    multiply_alone()
    away: dict[str, int] = {}
    own = {
        "nice": nice,
        "cores": cores,
        "wait_on_battery": wait_on_battery,
        "wait_while_busy": wait_while_busy,
    }
    with library_of(ctx, **own) as library:
        _stand_back(library, BACKGROUND_NICE)
        stop = _stop_on_signals()
        count = len(library.roots())
        console.say(f"Watching {count} {'folder' if count == 1 else 'folders'} (stop with Ctrl-C)")
        library.watch(
            stop,
            on_start=lambda: tell_pid(library.core.paths),
            on_run=lambda report: _say_run(report, away),
            on_error=_say_error,
        )


def _say_run(report: Report, away: dict[str, int]) -> None:
    """Say what a run has changed; ``away``: what was last said to be out of reach."""
    parts = {
        "new": report.indexed,
        "already known": report.reused,
        "gone": report.removed,
        "left out": report.left_out,
        "failed": report.failed,
        "not finished yet": report.unfinished,
    }
    if any(parts.values()):
        console.say(", ".join(f"{count} {name}" for name, count in parts.items() if count))
    if report.offline != away:
        for folder, count in report.offline.items():
            console.say(out_of_reach(folder, count))
        away.clear()
        away.update(report.offline)


def _say_error(error: TroveError) -> None:
    console.note(console.one_line(f"Error: {error}. {error.hint}"))


def pause(ctx: typer.Context) -> None:
    """Have indexing wait, whoever started it, until trove resume."""
    with library_of(ctx) as library:
        library.pause()
    console.say("Indexing is paused, after the batch that it is at. To let it go on: trove resume")


def resume(ctx: typer.Context) -> None:
    """Let indexing go on after trove pause, or after Pause in the app."""
    with library_of(ctx) as library:
        was_paused = library.is_paused
        library.resume()
    console.say("Indexing goes on." if was_paused else "Indexing is not paused.")


def relocate(
    ctx: typer.Context,
    old: Annotated[Path, typer.Argument(help="The path that the library knows.")],
    new: Annotated[Path, typer.Argument(help="Where the same files are now.")],
) -> None:
    """Say that a folder, or a drive, is under another path now. Nothing is read again."""
    with library_of(ctx) as library:
        count = library.relocate(old, new)
    console.say(f"{old} is now {new}, with {count} {'file' if count == 1 else 'files'}.")


def forget(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="A folder or file that was given to trove index, or one inside.")
    ],
) -> None:
    """Take a folder, or one inside it, out of the library. The files themselves stay where they are."""
    with library_of(ctx) as library:
        count = library.forget(folder)
    stays = "1 file. It stays where it is." if count == 1 else f"{count} files. They stay where they are."
    console.say(f"Forgot {stays}")
