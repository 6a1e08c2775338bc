"""Commands about who is in pictures: people, and people on, off, name, merge, split, forget, who, …"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import console
from ui.cli.options import Json, Limit, library_of, part_of
from ui.wording import files

if TYPE_CHECKING:
    from trove import FaceSeen, Library, Person

app = typer.Typer(
    invoke_without_command=True,
    help="List the people in your pictures; say who they are. Nothing is looked for until you switch it on.",
)

Who = Annotated[str, typer.Argument(metavar="PERSON", help="The name, a part of it, or the number.")]
InFile = Annotated[Path, typer.Argument(metavar="FILE", help="A picture or film of your library.")]
Face = Annotated[
    int,
    typer.Option(
        "--face", min=1, help="Which face, from the left (in a film by time): trove people in FILE."
    ),
]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.callback()
def list_people(
    ctx: typer.Context,
    limit: Limit = 50,
    hidden: Annotated[bool, typer.Option("--hidden", help="Those whom you have hidden, too.")] = False,
    as_json: Json = False,
) -> None:
    """List the people in your pictures, those with a name first; say who they are."""
    if ctx.invoked_subcommand is not None:
        return
    with library_of(ctx) as library:
        is_on = library.people.is_on
        every = [one for one in library.people.every() if hidden or not one.hidden]
        suggested = library.people.suggestions() if is_on else []
    if as_json:
        listed = {"people": every, "suggestions": suggested}
        console.print_json(
            {"on": is_on} | {name: [asdict(one) for one in own] for name, own in listed.items()}
        )
    elif not is_on:
        console.say("Faces are not looked for. Switch it on with: trove people on")
    elif not every:
        console.say("No people are known yet. Faces are found by: trove index")
    else:
        perhaps = {one.group_id: one.person.name for one in suggested}
        columns = {"number": "right", "person": "left", "by": "left", "faces": "right", "files": "right"}
        rows = [
            [
                str(one.id),
                _listed(one, perhaps.get(one.id)),
                one.said_by or "",
                f"{one.faces:,}",
                f"{one.files:,}",
            ]
            for one in every[:limit]
        ]
        console.table(columns, rows, optional=("by",))
        if any(one.id in perhaps for one in every[:limit]):
            console.say("Say who is one: trove people merge PERSON PERSON; who is not: trove people apart …")
        if len(every) > limit:
            console.say(f"and {len(every) - limit:,} more: -k lists more of them")


@app.command()
def on(ctx: typer.Context, yes: Sure = False) -> None:
    """Look for faces from the next indexing on. Says before what is then kept, and where."""
    from trove.people import KEPT

    with library_of(ctx) as library:
        console.say(KEPT)
        if not yes and not typer.confirm("Look for faces?"):
            raise typer.Exit(1)
        library.people.on()
    console.say("Faces are looked for from now on. Now run: trove index")


@app.command()
def off(
    ctx: typer.Context,
    keep_names: Annotated[
        bool,
        typer.Option("--keep-names", help="Keep the names that you gave, for when it is switched on again."),
    ] = False,
) -> None:
    """Look for no faces any more, and delete all that was found: faces, what tells them apart, and names."""
    with library_of(ctx) as library:
        count = library.people.off(keep_names=keep_names)
    kept = "The names that you gave are kept." if keep_names else "The names that you gave are deleted, too."
    console.say(f"Deleted: {count:,} {_faces(count)}. {kept}")


@app.command()
def name(
    ctx: typer.Context,
    person: Who,
    called: Annotated[str, typer.Argument(metavar="NAME", help='The name; "" to take it back.')],
) -> None:
    """Say who somebody is. Who has that name already is then the same person."""
    with library_of(ctx) as library:
        found = library.people.named(person)
        library.people.name(found.id, called)
        _say("Called" if called.strip() else "Without a name", library, called.strip() or str(found.id))


@app.command()
def merge(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="PERSON PERSON...", help="Their names or numbers.")],
) -> None:
    """Say that several are one person, who has the first name that one of them has."""
    with library_of(ctx) as library:
        found = [library.people.named(one) for one in names]
        library.people.merge([one.id for one in found])
        ids = {one.id for one in found}
        _say("Merged into", library, next(str(one.id) for one in library.people.every() if one.id in ids))


@app.command()
def apart(
    ctx: typer.Context,
    person: Who,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Somebody else, likewise.")],
) -> None:
    """Say that two are not one person: it is not suggested again."""
    with library_of(ctx) as library:
        one, another = library.people.named(person), library.people.named(other)
        if one.id == another.id:
            raise typer.BadParameter("That is one person alone: trove people split.", param_hint="OTHER")
        library.people.not_them(library.people.faces(another.id), one.id)
    console.say("They are two people.")


@app.command()
def split(
    ctx: typer.Context, person: Who, paths: Annotated[list[Path], typer.Argument(metavar="FILE...")]
) -> None:
    """Say that somebody in these files is another person than in the others."""
    with library_of(ctx) as library:
        found = library.people.named(person)
        seen = [face for path in paths for face in library.people.of(path)]
        library.people.split([face.unit_id for face in seen if face.group_id == found.id])
    console.say("Split. See both: trove people")


@app.command(name="in")
def in_file(ctx: typer.Context, file: InFile, as_json: Json = False) -> None:
    """List the faces in a picture from the left, in a film by time, and whose they are."""
    with library_of(ctx) as library:
        faces, others = library.people.of(file), library.people.also_in(file)
        suggested = [] if as_json else library.people.suggestions()
    if as_json:
        listed = {"faces": faces, "without_face": others}
        console.print_json({name: [asdict(one) for one in own] for name, own in listed.items()})
        return
    perhaps = {unit_id: f"; perhaps {one.person.name}" for one in suggested for unit_id in one.faces}
    for number, face in enumerate(faces, start=1):
        span = "" if face.start_s is None else f" at {face.start_s:.0f} s"
        console.say(console.one_line(f"{number}: {_called(face)}{perhaps.get(face.unit_id, '')}{span}"))
    for one in others:
        said = "as you said" if one.by_hand else "as the file says"
        console.say(console.one_line(f"without a face: {one.name}, {said}"))
    if not faces:
        console.say("No faces were found in it.")


@app.command()
def this(
    ctx: typer.Context,
    file: InFile,
    called: Annotated[str, typer.Argument(metavar="NAME")],
    face: Face = 1,
    at: Annotated[
        str, typer.Option("--part", help="Where somebody is whose face was not found: left,top,width,height.")
    ] = "",
) -> None:
    """Say who somebody in a picture is; with no face in it, that this person is in it."""
    with library_of(ctx) as library:
        faces = library.people.of(file)
        if at or not faces:
            library.people.add(file, called, part_of(at, "--part") if at else None)
        else:
            library.people.name_face(_nth(faces, face).unit_id, called)
    console.say(f"{console.one_line(called)} is in {console.one_line(file.name)}.")


@app.command()
def out(ctx: typer.Context, file: InFile, called: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Take somebody out of a picture again whom you have added where no face was found."""
    from db.words.forms import fold

    with library_of(ctx) as library:
        added = [
            one for one in library.people.also_in(file) if one.by_hand and fold(one.name) == fold(called)
        ]
        if not added:
            raise typer.BadParameter("Nobody of that name was added: trove people in.", param_hint="NAME")
        for one in added:
            library.people.take_out(one.unit_id)
    console.say(console.one_line(f"{added[0].name} is not in {file.name} any more."))


@app.command(name="not")
def not_them(
    ctx: typer.Context,
    file: InFile,
    face: Face = 1,
    person: Annotated[
        str, typer.Option("--person", help="Who it is not, where it was taken for nobody yet.")
    ] = "",
) -> None:
    """Say that a face is not of the person that it was taken for."""
    with library_of(ctx) as library:
        one = _nth(library.people.of(file), face)
        whose = library.people.named(person) if person else None
        library.people.not_them([one.unit_id], whose.id if whose else None)
        name = whose.name if whose else one.name
    console.say(f"That is not {console.one_line(name or 'who it was taken for')}.")


@app.command()
def show(ctx: typer.Context, file: InFile, face: Face = 1) -> None:
    """Let a face stand for the person that it is of, wherever people are listed."""
    with library_of(ctx) as library:
        library.people.show(_nth(library.people.of(file), face).unit_id)
    console.say("It stands for them now.")


@app.command()
def hide(ctx: typer.Context, person: Who) -> None:
    """Leave somebody out wherever people are listed; their pictures stay."""
    _hide(ctx, person, hidden=True)


@app.command()
def unhide(ctx: typer.Context, person: Who) -> None:
    """List somebody again."""
    _hide(ctx, person, hidden=False)


@app.command()
def forget(ctx: typer.Context, person: Who, yes: Sure = False) -> None:
    """Delete somebody: the name, the faces, and what tells them apart. The pictures stay as they are."""
    with library_of(ctx) as library:
        found = library.people.named(person)
        told = f"{found.name or f'number {found.id}'}, {found.faces:,} {_faces(found.faces)}"
        console.say(console.one_line(f"{told}: this cannot be undone. The pictures stay as they are."))
        if not yes and not typer.confirm("Forget them?"):
            raise typer.Exit(1)
        count = library.people.forget(found.id)
    console.say(f"Forgotten: {count:,} {_faces(count)}. In new pictures nobody knows them.")


@app.command()
def who(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any picture.")],
    as_json: Json = False,
) -> None:
    """Who is this? Tells who of your library is in any picture."""
    with library_of(ctx) as library:
        faces = library.people.who(file)
    if as_json:
        console.print_json({"faces": [asdict(face) for face in faces]})
        return
    for number, face in enumerate(faces, start=1):
        if face.group_id is None:
            told = "nobody whom your library knows"
        else:
            told = f"{face.name or f'number {face.group_id}, without a name'} (cosine {face.cosine:.2f})"
        console.say(f"{number}: {console.one_line(told)}")
    if not faces:
        console.say("No faces were found in it.")


def _hide(ctx: typer.Context, person: str, *, hidden: bool) -> None:
    with library_of(ctx) as library:
        found = library.people.named(person)
        library.people.hide(found.id, hidden=hidden)
    console.say(f"{'Hidden' if hidden else 'Listed again'}: {console.one_line(found.name or str(found.id))}")


def _nth(faces: list[FaceSeen], number: int) -> FaceSeen:
    if number > len(faces):
        raise typer.BadParameter(f"There are {len(faces)} faces in it.", param_hint="--face")
    return faces[number - 1]


def _faces(count: int) -> str:
    return "face" if count == 1 else "faces"


def _listed(person: Person, perhaps: str | None) -> str:
    without = f"(no name yet; perhaps {perhaps}?)" if perhaps else "(no name yet)"
    return f"{person.name or without}{' (hidden)' * person.hidden}"


def _called(face: FaceSeen) -> str:
    if face.name:
        return face.name
    return "nobody who is known" if face.group_id is None else f"number {face.group_id}, without a name"


def _say(verb: str, library: Library, person: str) -> None:
    one: Person = library.people.named(person)
    console.say(console.one_line(f"{verb}: {one.name or one.id}, in {files(one.files)}"))
