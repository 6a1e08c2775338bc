"""Change a library's model without a gap: fill a new space while the old one answers, then switch.

The units stay as they are, and nothing is analysed again: what is left to embed in the new space is embedded
by the loop that every run has (``indexer.fill``). Every batch is stored as it is done, so a killed change can
be resumed.
"""

import time
from dataclasses import replace
from pathlib import Path

from db.catalog import revision, runs, spaces, switches
from db.catalog.spaces import BareUnit, Space
from db.errors import ModelError, SettingsError
from db.kinds import CLIP
from db.library import Library
from indexer import null_model
from indexer.analysers import registry
from indexer.embed import Embedder, Model
from indexer.encoders.active import fetch, role_named
from indexer.encoders.base import Encoder
from indexer.encoders.by_name import EncoderByName
from indexer.encoders.registry import canonical_name
from indexer.fill import fill
from indexer.flow import OnProgress, Progress, Switch
from indexer.media.pool import DecodePool
from indexer.pace import Pace
from indexer.runs import computer, recorded


def use_model(
    library: Library,
    name: str,
    *,
    role: str = CLIP,
    partial: bool = False,
    on_progress: OnProgress = lambda _progress: None,
) -> Switch:
    """Switch the library to a model of a role, once every unit of the role has a vector of it.

    It is downloaded, where it has to be: who may not want that asks ``encoders.active.to_download`` before.
    With ``partial``, units whose files cannot be read now are left out; the next indexing that
    can read them adds them.

    Raises:
        LibraryBusyError: another process is indexing into this library.
        ModelError: the model is unknown or missing, or some files cannot be read now.
        SettingsError: the library is empty: its first indexing chooses the model; or there is no such role.
    """
    started = time.monotonic()
    settings = library.settings
    served = role_named(role)
    fetch(name, role)
    encoder = served.load(name, settings)
    if isinstance(encoder, EncoderByName):
        encoder.require()
    with library.indexing():
        space = _space(library, encoder, role)
        with library.read() as session:
            bare = spaces.bare_units(session, space)
        with recorded(library, len(bare)) as run:
            pace = Pace(settings)
            pace.resume()

            def tell(done: int, last: BareUnit) -> None:
                with library.write() as session:
                    runs.update_run(session, run.id, done)
                left_s = (len(bare) - done) * (pace.clock() - started) / done
                step = Progress(done, len(bare), last.path or Path(), left={"looking again": left_s})
                pace.wait(lambda reason: told(replace(step, waiting=reason)))
                told(step)

            def told(step: Progress) -> None:
                run.tell(step)
                on_progress(step)

            model = Model(space, encoder)
            with DecodePool.of(settings) as pool, Embedder([model], settings.batch) as embedder:
                analysers = registry.made(settings)
                embedded = fill(library, embedder, space.id, bare, pool, analysers, tell)
            missing = len(bare) - embedded
            if missing and not partial:
                first = _first(library, space)
                raise ModelError(
                    f"{missing} pictures or moments cannot be read now, the first of them in {first}",
                    "Plug in their drive and run the same command again, or switch without them: --partial.",
                )
            _answer_with(library, space, encoder)
            # Told last: whoever sees that the run has finished finds the new model answering.
            run.report = {
                "model": encoder.name,
                "role": role,
                "embedded": embedded,
                "computer": computer(),
            }
    return Switch(encoder.name, embedded, missing, round(time.monotonic() - started, 2))


def roll_back(library: Library, *, on_progress: OnProgress = lambda _progress: None) -> Switch:
    """Switch back to the previous model; units indexed since are embedded first.

    Raises:
        SettingsError: there is no previous model.
        LibraryBusyError, ModelError: see ``use_model``.
    """
    with library.read() as session:
        previous = spaces.previous(session)
    if previous is None:
        raise SettingsError("no other model has answered in this library", "See: trove models")
    return use_model(library, previous.model, on_progress=on_progress)


def drop_model(library: Library, name: str, *, role: str = CLIP) -> int:
    """Delete the vectors of a model that nobody needs; returns how many there were.

    In a role that a library can do without, the model may be the one that answers: then none does.

    Raises:
        SettingsError: the library has none of this model, or it is the one that answers.
        LibraryBusyError: another process is indexing into this library.
    """
    served = role_named(role)
    model = canonical_name(name) if role == CLIP else served.load(name, library.settings).name
    with library.indexing(), library.write() as session:
        every = {space: count for space, count in spaces.every(session).items() if space.role == role}
        held = {space: count for space, count in every.items() if space.model == model}
        needed = served.default is not None
        unused = {space: count for space, count in held.items() if not needed or space.state != "active"}
        if held and not unused:
            raise SettingsError(
                f"{model} is the model that answers in this library", "Use another one first: trove model use"
            )
        if not held:
            raise SettingsError(f"this library has no vectors of {model}", "See: trove model list")
        for space in unused:
            spaces.drop(session, space.id)
            library.vectors(space).delete()
        revision.touch(session)
    return sum(unused.values())


def _space(library: Library, encoder: Encoder, role: str) -> Space:
    """The space to fill: the one already begun, or a new one."""
    with library.write() as session:
        if spaces.active(session, role if role_named(role).default else CLIP) is None:
            raise SettingsError(
                "the library is empty, so it has no model to change",
                f"Index with it: trove index FOLDER --model {encoder.name}",
            )
        for space in spaces.named(session, encoder.name, role):
            if space.fingerprint == encoder.fingerprint:
                return space
        return spaces.add(session, encoder.name, encoder.fingerprint, encoder.dim, "building", role)


def _answer_with(library: Library, space: Space, encoder: Encoder) -> None:
    # Saved before the switch: the first query afterwards finds its index and its null model ready.
    store = library.vectors(space)
    store.save()
    if space.role == CLIP:
        null_model.refit(library, store, encoder)
    makers = [name for name, maker in registry.every().items() if registry.role_of(maker) == space.role]
    with library.write() as session:
        spaces.activate(session, space.id)
        for name in makers:  # which had nothing to do before
            switches.turn(session, name, on=True)


def _first(library: Library, space: Space) -> str:
    with library.read() as session:
        path = spaces.bare_units(session, space)[0].path
    return "a file that is not connected now" if path is None else str(path)
