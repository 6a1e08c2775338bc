"""Command that shows and exports what is said in a film or recording: transcript."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ui.cli import console
from ui.cli.options import Json, library_of
from ui.wording import clock, told_transcript, whose

if TYPE_CHECKING:
    from trove import Transcript

Form = Literal["srt", "vtt", "txt", "json"]


def transcript(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A film or recording of your library.")],
    srt: Annotated[bool, typer.Option("--srt", help="As subtitles that all players read.")] = False,
    vtt: Annotated[bool, typer.Option("--vtt", help="As subtitles that browsers read (WebVTT).")] = False,
    txt: Annotated[bool, typer.Option("--txt", help="As text, with a paragraph for each chapter.")] = False,
    as_json: Json = False,
    which: Annotated[
        int,
        typer.Option(min=1, help="Of a film with several sound tracks or subtitles: the second one is 2."),
    ] = 1,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write: .srt, .vtt, .txt or .json.")
    ] = None,
) -> None:
    """Show what is said in a film or recording, with its times; or export it as subtitles or text.

    Correct it by: trove set FILE --at TIME --text TEXT
    """
    form = _form({"srt": srt, "vtt": vtt, "txt": txt, "json": as_json}, output)
    if output is not None and output.exists():
        raise typer.BadParameter(f"{output} exists and is left alone: give another name.")
    with library_of(ctx) as library:
        path = library.known(file)
        every = library.transcripts(path)
    if which > len(every):
        raise typer.BadParameter(f"There are {len(every)}.", param_hint="--which")
    chosen = every[which - 1]
    if form is None:
        _show(chosen)
    elif output is not None:
        output.write_text(_exported(chosen, path, form), encoding="utf-8", newline="\n")
        console.say(console.one_line(str(output)))
    elif form == "json":
        console.print_json({"path": path, **chosen.as_json()})
    else:
        console.say(chosen.export(form).rstrip("\n"))
    for number, other in enumerate(every, 1):
        if number != which:
            console.note(f"There is more: {told_transcript(other)} (--which {number})")


def _form(asked: dict[Form, bool], output: Path | None) -> Form | None:
    """In which form it is wanted; None to be read here."""
    forms = [form for form, wanted in asked.items() if wanted]
    if output is not None:
        ending = output.suffix.lower().removeprefix(".")
        forms = forms or [form for form in asked if form == ending]
        if not forms:
            raise typer.BadParameter(
                "Give a name that ends in .srt, .vtt, .txt or .json.", param_hint="--output"
            )
    if len(forms) > 1:
        raise typer.BadParameter("Choose one of --srt, --vtt, --txt and --json.")
    return forms[0] if forms else None


def _exported(chosen: Transcript, path: Path, form: Form) -> str:
    import json

    if form != "json":
        return chosen.export(form)
    return json.dumps({"path": str(path), **chosen.as_json()}, ensure_ascii=False, indent=2) + "\n"


def _show(chosen: Transcript) -> None:
    """A line for each passage, below the chapter that it begins."""
    chapters = list(chosen.chapters)
    wide = len(clock(chosen.passages[-1].start_s))
    for passage in chosen.passages:
        while chapters and chapters[0].start_s <= passage.start_s:
            begun = chapters.pop(0)
            console.say(f"\n{clock(begun.start_s):>{wide}}  — {console.one_line(begun.title)}\n")
        own = f"  ({whose(passage.said_by)} words)" if passage.is_corrected else ""
        console.say(f"{clock(passage.start_s):>{wide}}  {console.one_line(passage.text)}{own}")
