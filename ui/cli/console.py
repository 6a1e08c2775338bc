"""Output of the command line: results on stdout, progress and errors on stderr, errors in one line."""

import json
import logging
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from db.errors import ModelMissingError, TroveError
from ui.cli import conditions
from ui.highlight import highlight_spans
from ui.threads import multiply_alone
from ui.wording import time_left, waiting

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn
    from rich.text import Text

    from trove import Progress as Step

log = logging.getLogger(__name__)

EXIT_ERROR = 1
EXIT_SOME_FAILED = 3


class TroveGroup(TyperGroup):
    """Turns every error into one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        # Until a command names its library there is no log file, and stderr is for one line.
        logging.basicConfig(handlers=[logging.NullHandler()])
        try:
            return super().invoke(ctx)
        except TroveError as exc:
            fail(f"{exc}. {exc.hint}" if exc.hint else str(exc))
        except BrokenPipeError:
            # The reader (head, less) has seen enough; Python would complain once more while closing.
            sys.stdout = None  # type: ignore[assignment]
            raise SystemExit(0) from None
        except KeyboardInterrupt:
            fail("Stopped. What was done so far is kept; the same command goes on from there.")
        except OSError as exc:
            log.exception("an operating system error ended the command")
            fail(f"{exc.strerror or exc}{f': {exc.filename}' if exc.filename else ''}.")
        except Exception as exc:
            if hasattr(exc, "exit_code"):  # what Typer itself raises: an exit, wrong usage
                raise
            # A defect of Trove: the traceback helps its authors, not its user.
            log.exception("a defect ended the command")
            fail(f"Something unexpected happened ({type(exc).__name__}: {exc}). The log has the details.")


class QueryCommand(TyperCommand):
    """A command with a query that may begin with a minus, as in ``-people beach`` or ``-camera:X100 sea``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        pairs = zip(["", *args], args, strict=False)
        hidden = [_MARK + arg if _NEGATIVE.match(arg) and before != "-k" else arg for before, arg in pairs]
        rest = super().parse_args(ctx, hidden)
        for name, value in ctx.params.items():
            if isinstance(value, list | tuple):
                ctx.params[name] = [_shown(item) for item in value]
            else:
                ctx.params[name] = _shown(value)
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what it multiplies is little."""
        multiply_alone()
        return super().invoke(ctx)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Below its options: the conditions that a query may have."""
        with formatter.section("Conditions in the query"):
            formatter.write_dl(conditions.rows())
        super().format_epilog(ctx, formatter)


_NEGATIVE = re.compile(r'-(?!k\d+$|o.*\.png$)(?:["“„«]|\d|[^\W\d_]\S)', re.I)
"""A minus before a number or more than one letter: no short option of ours, so it belongs to the query."""
_MARK = "\0"
"""Hides the minus from the parser of options; no argument of a process can have it."""


def _shown(value: Any) -> Any:
    """A value of the command line without the mark."""
    if isinstance(value, str | Path) and str(value).startswith(_MARK):
        return type(value)(str(value).removeprefix(_MARK))
    return value


def fail(message: str) -> None:
    """End with an error in one line, whatever names it quotes."""
    typer.echo(f"Error: {one_line(message)}", err=True)
    raise SystemExit(EXIT_ERROR)


def one_line(text: str) -> str:
    """Escape line breaks, control characters, and whatever the terminal's encoding cannot have."""
    visible = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return visible.encode(errors="backslashreplace").decode()


def agreed(what: str, *, yes: bool) -> None:
    """Have somebody agree to the download of ``what``, which says its size and licence, or end.

    Nothing is asked where there is nothing to download, or they have agreed with ``--yes``.

    Raises:
        ModelMissingError: nobody is there who could be asked.
    """
    if not what:
        return
    if yes:
        note(f"Downloading {what} once.")
    elif not sys.stdin.isatty():
        raise ModelMissingError(f"{what} is not on this machine", "To download it, add --yes.")
    elif not typer.confirm(f"Download {what}?", err=True):
        raise typer.Exit(EXIT_ERROR)


def print_json(value: dict[str, Any]) -> None:
    """Exactly one JSON object on stdout. ASCII, so that no terminal and no file name can break it."""
    typer.echo(json.dumps(value, default=str))


def say(text: str = "") -> None:
    """A line for people on stdout."""
    typer.echo(text)


def pour(text: str) -> None:
    """A piece of a text on stdout as it comes; of what controls a terminal only its ends of lines."""
    shown = "\n".join(map(one_line, text.split("\n")))
    typer.echo(shown, nl=False)
    sys.stdout.flush()


def note(text: str) -> None:
    """A line for people on stderr, where it does not disturb JSON."""
    typer.echo(text, err=True)


_ENDLESS = 100_000
"""Columns of a terminal that breaks no line."""


def table(
    columns: dict[str, str],
    rows: list[list[str]],
    words: Collection[str] = (),
    optional: Collection[str] = (),
) -> None:
    """A table on stdout.

    ``columns``: heading to justification (left, right); ``words``: bold in the last one;
    ``optional``: headings of columns that are left out where nothing is in them.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    empty = {
        place
        for place, heading in enumerate(columns)
        if heading in optional and not any(row[place] for row in rows)
    }
    rows = [[cell for place, cell in enumerate(row) if place not in empty] for row in rows]
    for place, (heading, justify) in enumerate(columns.items()):
        if place in empty:
            continue
        shown.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(one_line(cell)) for cell in row[:-1]), _bold(row[-1], words))
    # For another program each row is one line, however long the paths are.
    Console(width=None if sys.stdout.isatty() else _ENDLESS).print(shown)


def marked(text: str, words: Collection[str]) -> None:
    """A line for people on stdout, with ``words`` bold."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else _ENDLESS).print(_bold(text, words))


def _bold(text: str, words: Collection[str]) -> "Text":
    """One line with words in bold."""
    from rich.text import Text

    shown = Text(one_line(text))
    for start, end in highlight_spans(shown.plain, words):
        shown.stylize("bold", start, end)
    return shown


@contextmanager
def counting(what: str, unit: str) -> Iterator[Callable[["Step"], None]]:
    """A progress display for indexing; yields the callback that takes each step."""
    from rich.progress import TextColumn

    with progress(TextColumn("{task.fields[left]}")) as shown:
        task = shown.add_task("Looking", total=None, rate="", left="", current="")

        def tell(step: "Step") -> None:
            done, elapsed = step.done + step.share, shown.tasks[task].elapsed or 0.0
            rate = f"{done / elapsed:.1f} {unit}/s" if elapsed > 1 and done else ""
            current = waiting(step.waiting) if step.waiting else one_line(step.current.name)
            left = time_left(step.left)
            shown.update(
                task,
                description=what,
                total=step.total,
                completed=done,
                rate=rate,
                left=left,
                current=current,
            )

        yield tell


@contextmanager
def progress(left: "ProgressColumn | None" = None) -> Iterator["Progress"]:
    """A progress display on stderr with rate and time left, which the column ``left`` may know better."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        left or TimeRemainingColumn(),
        TextColumn("{task.fields[current]}", markup=False),
    )
    console = Console(stderr=True)
    # A pipe or a log file gets no bar: it would only get stray line breaks.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield shown


def log_to(file: Path, *, make: bool = True) -> None:
    """Keep warnings in one rotating file in the library folder, out of the way of what is printed.

    ``make``: the folder, where it is not there; else nothing is kept.
    """
    try:
        if make:
            file.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            file,
            maxBytes=2_000_000,
            backupCount=2,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError:
        handler = logging.NullHandler()  # a library that cannot be written can still be searched
    # On a full disk a line is lost, rather than a traceback shown for each.
    logging.raiseExceptions = False
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _show_steps("db.engine.migrations")


def _show_steps(module: str) -> None:
    """Show what a module tells in the log of its long steps, where somebody looks on."""
    telling = logging.getLogger(module)
    telling.setLevel(logging.INFO)
    telling.handlers = [logging.StreamHandler()] if sys.stderr.isatty() else []
