"""Load the encoder that a library was indexed with: vectors of two models cannot be compared."""

from db.catalog import spaces
from db.engine.schema import Space
from db.errors import ModelMismatchError
from db.library import Library
from indexer.encoders.base import Encoder
from indexer.encoders.registry import canonical_name, load_encoder

DEFAULT_MODEL = "builtin"


def encoder_for(library: Library, space: Space | None) -> Encoder:
    """The encoder of the library's active space; for a new library, of the model in the settings.

    Raises:
        ModelMismatchError: another model is asked for than the library was indexed with, or its
            weights have changed since.
        ModelError: the model is unknown or its weights are missing.
    """
    settings = library.settings
    known = space.model if space else DEFAULT_MODEL
    name = canonical_name(settings.model) if settings.model else known
    if space is not None and name != space.model:
        raise ModelMismatchError(
            f"this library was indexed with {space.model}, not with {name}",
            f"Leave out --model (and TROVE_MODEL) to go on with {space.model}, change the library's model "
            f"with: trove model use {name}, or take another library: --library DIR.",
        )
    encoder = load_encoder(name, device=settings.device, cache=settings.cache)
    if space is not None and encoder.fingerprint != space.fingerprint:
        raise ModelMismatchError(
            f"the weights of {name} are not those that this library was indexed with",
            f"Make the vectors anew with: trove model use {name}",
        )
    return encoder


def model_name(library: Library) -> str:
    """The name of the model that a library answers with, or that a new library would get."""
    with library.read() as session:
        space = spaces.active(session)
    return space.model if space else DEFAULT_MODEL
