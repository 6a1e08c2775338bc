"""What a run works with on this machine: analysers, as they are switched, and models."""

import logging
from collections.abc import Sequence

from db.catalog import assets, spaces, switches
from db.catalog.switches import Switches
from db.errors import ModelError, SettingsError
from db.kinds import CLIP
from db.library import Library
from indexer.analysers import registry
from indexer.analysers.base import Analyser
from indexer.embed import Model
from indexer.encoders.active import encoder_for, roles

log = logging.getLogger(__name__)


def switches_of(library: Library) -> Switches:
    """The switches of the library; those of a new one are set by what the settings leave out.

    Raises:
        SettingsError: they leave out an analyser that there is not.
    """
    if unknown := set(library.settings.off) - registry.every().keys():
        raise SettingsError(
            f"there is no analyser {min(unknown)!r}", "Check TROVE_OFF: `trove analysers` lists them."
        )
    with library.read() as session:
        is_new = not assets.roots(session)
        switched = switches.every(session)
    left_out = [
        name
        for name, maker in registry.every().items()
        if maker.is_left_out(library.settings) or registry.role_of(maker)
    ]
    unset = [name for name in left_out if is_new and name not in switched.by_analyser]
    if not unset:
        return switched
    with library.write() as session:
        for name in unset:
            switches.turn(session, name, on=False)
        return switches.every(session)


def analysers_of(library: Library, switched: Switches) -> list[Analyser]:
    """The analysers that are on, without what the settings of this run leave out."""
    with library.read() as session:
        chosen = {space.role for space in spaces.all_active(session)}
    names = [
        name
        for name, maker in registry.every().items()
        if switched.on_somewhere(name)
        and not maker.is_left_out(library.settings)
        and registry.works_for(maker, chosen)
    ]
    return registry.made(library.settings, names)


def models_of(library: Library, analysers: Sequence[Analyser]) -> list[Model]:
    """The models of all roles that analysers need one for, and that of CLIP, which answers queries.

    One that people have chosen beside these may be missing: what is lacking is embedded by a later run.
    """
    needed = (role for analyser in analysers for kind in analyser.kinds for role in kind.vectors)
    found = []
    for role in dict.fromkeys([CLIP, *needed]):
        served = roles().get(role)
        if served is None or (served.default is None and not _is_chosen(library, role)):
            continue
        try:
            found.append(_model(library, role))
        except ModelError as exc:
            if served.default is not None:
                raise
            log.warning("without the model of the role %s: %s. %s", role, exc, exc.hint)
    return found


def _is_chosen(library: Library, role: str) -> bool:
    with library.read() as session:
        return spaces.active(session, role) is not None


def _model(library: Library, role: str) -> Model:
    """The model that answers in a role, with a new space where there is none yet."""
    with library.read() as session:
        space = spaces.active(session, role)
    encoder = encoder_for(library, space, role)
    with library.write() as session:
        space = spaces.active(session, role) or spaces.add(
            session, encoder.name, encoder.fingerprint, encoder.dim, "active", role
        )
    return Model(space, encoder)
