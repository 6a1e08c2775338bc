"""The encoders that a library was indexed with, one for each role: vectors of two models cannot be compared.

A role is what vectors are for. That of CLIP models is built in; another one is a line in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass

from db.catalog import spaces
from db.catalog.spaces import Space
from db.errors import ModelError, ModelMismatchError, SettingsError
from db.kinds import CLIP, FACE, HEARD, MOTION, MOVING, PASSAGE, PICTURE, SIMILAR, SOUND
from db.library import Library
from db.registry import Registry
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.encoders.faces.encoder import FaceEncoder
from indexer.encoders.heard import HeardEncoder
from indexer.encoders.lookalike import LookalikeEncoder
from indexer.encoders.moving import MovingEncoder
from indexer.encoders.registry import BUILTIN, PRESETS, canonical_name, is_here, load_encoder, preset_of
from indexer.pretrained import weights
from indexer.pretrained.presets import Task

DEFAULT_MODEL = BUILTIN


@dataclass(frozen=True)
class Role:
    """What the vectors of some models are for, and what may be asked of them.

    ``load`` makes the encoder of a model's name, ``default`` is the model of a new library, and ``asked`` the
    one that the settings name, if they do; without a default there is none until people choose one.
    ``task``: of presets by name, for a role that a library can do without.
    ``texts`` and ``pictures``: the modalities that the vector of a text, or of a picture, can be compared
    with; without them it is asked for nothing, and its vectors are compared with each other alone.
    """

    name: str
    default: str | None
    load: Callable[[str, Settings], Encoder]
    texts: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    asked: Callable[[Settings], str | None] = lambda _settings: None
    task: Task | None = None
    begun_by: str = ""
    """The command by which people choose its model, where it has one of its own."""


_table: Registry[Role] = Registry("roles")
unregister, roles = _table.unregister, _table.every


def register(role: Role) -> None:
    """Add a role by its name; errors as ``Registry.register``."""
    _table.register(role.name, role)


register(
    Role(
        CLIP,
        DEFAULT_MODEL,
        lambda name, settings: load_encoder(
            canonical_name(name),
            device=settings.device,
            cache=settings.cache,
            precision=settings.precision,
        ),
        texts=(PICTURE, PASSAGE),
        pictures=(PICTURE,),
        asked=lambda settings: canonical_name(settings.model) if settings.model else None,
    )
)


register(Role(SIMILAR, None, LookalikeEncoder, task="similar"))
register(Role(SOUND, None, HeardEncoder, texts=(HEARD,), task="sound"))
register(Role(MOTION, None, MovingEncoder, texts=(MOVING,), task="motion"))
register(Role(FACE, None, FaceEncoder, begun_by="trove people on"))


def role_named(name: str) -> Role:
    """The role of that name.

    Raises:
        SettingsError: there is none.
    """
    role = roles().get(name)
    if role is None:
        raise SettingsError(
            f"there is no role {name!r} of models", f"Roles are: {', '.join(sorted(roles()))}."
        )
    return role


def to_download(name: str, role: str, settings: Settings) -> str:
    """What has to be downloaded before a model can serve a role, with size and licence; mostly nothing.

    Raises:
        SettingsError: there is no such role.
        ModelError: there is no such model.
    """
    if (task := role_named(role).task) is not None:
        return weights.to_download(name, task)
    info = PRESETS.get(name) or preset_of(name)
    if info is None or is_here(info, settings.cache):
        return ""
    return f"{info.name} ({info.size_mb / 1000:.2g} GB, licence: {info.licence})"


def costs(name: str, role: str, settings: Settings) -> str:
    """What a model takes of this machine, in a clause; of one that answers only what has to be downloaded.

    Raises:
        ModelError: there is no such model.
    """
    if (task := role_named(role).task) is not None:
        return weights.costs(name, task)
    what = to_download(name, role, settings)
    return f"{what} is downloaded first" if what else ""


def fetch(name: str, role: str) -> None:
    """Download a model of a role that a library can do without, unless it is here; others fetch themselves.

    Raises:
        ModelError: it cannot be had.
    """
    if (task := role_named(role).task) is not None:
        weights.find_weights(name, task, download=True)


def encoder_for(library: Library, space: Space | None, role: str = CLIP) -> Encoder:
    """The encoder of a role's active space; without one, of the model in the settings.

    Raises:
        ModelMismatchError: another model is asked for than the library was indexed with, or its
            weights have changed since.
        ModelError: the model is unknown, its weights are missing, or none was chosen.
    """
    settings, served = library.settings, roles()[role]
    known = space.model if space else served.default
    name = served.asked(settings) or known
    if name is None:
        raise ModelError(f"no model was chosen for {role}", f"See: trove model use --role {role} --help")
    if space is not None and name != space.model:
        raise ModelMismatchError(
            f"this library was indexed with {space.model}, not with {name}",
            f"Leave out --model (and TROVE_MODEL) to go on with {space.model}, change the library's model "
            f"with: trove model use {name}, or take another library: --library DIR.",
        )
    encoder = served.load(name, settings)
    if space is not None and encoder.fingerprint != space.fingerprint:
        raise ModelMismatchError(
            f"the weights of {name} are not those that this library was indexed with",
            f"Make the vectors anew with: trove model use {name}{'' if role == CLIP else f' --role {role}'}",
        )
    return encoder


def model_name(library: Library) -> str:
    """The name of the model that a library answers with, or that a new library would get."""
    with library.read() as session:
        space = spaces.active(session)
    return space.model if space else DEFAULT_MODEL
