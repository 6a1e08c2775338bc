"""Settings: defaults, overridden by ``TROVE_*`` environment variables, overridden by the command line."""

from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from db import addresses
from db.errors import SettingsError
from db.paths import Paths

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "int8", "bfloat16"]


class Settings(BaseSettings):
    """Frozen settings of one run. Every field can be set as ``TROVE_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="TROVE_", frozen=True, extra="ignore")

    library: Path = Field(default_factory=lambda: user_data_path("trove", appauthor=False))
    """The library's own folder (``paths.folder``): database, vector files, drawings, log."""
    shared: str | None = None
    """Address of the database where several machines share the library; said by giving ``library`` that
    address. The folder of this machine then holds what each has for itself: vector files, drawings, log."""
    cache: Path = Field(default_factory=lambda: user_cache_path("trove", appauthor=False))
    """Folder of files that can be made again: exported models, thumbnails."""
    device: Device = "auto"
    precision: Precision = "auto"
    """Of pictures on a processor: ``auto`` (where measured to be quicker, ``int8`` for the builtin model and
    ``bfloat16`` for those of open_clip), or one of the three; what a model does not have is ``float32``.
    Vectors of all of them can be compared."""
    vectors: Literal["copy", "server"] = "copy"
    """Where the vectors of a library on a server are searched: in a copy on this machine, or by the server,
    which needs the extension pgvector for it."""
    model: str | None = None
    """Encoder name or preset; None takes the library's own, or ``builtin`` for a new library."""
    whisper: str = "builtin"
    """Speech model: ``builtin``, a faster-whisper size such as ``small``, a folder, or ``none``, which leaves
    speech switched off in a new library and makes no transcripts in this run."""
    off: Annotated[tuple[str, ...], NoDecode] = ()
    """Analysers that are switched off in a new library and make nothing in this run, by name, with commas
    between: ``text``, or ``text,speech``."""
    generator: str = "auto"
    """Drawing model: ``auto`` (the first preset that is on this machine, else ``builtin``), a preset, a Hub
    name or a local folder."""
    sketches: bool = False
    """Draw a small picture of each question in the app, where the builtin drawer knows what is meant."""
    captioner: str = "none"
    """What describes pictures: ``none``, a preset of ``trove models``, a Hub name or a local folder."""
    detector: str = "none"
    """What finds things in pictures: ``none``, a preset of ``trove models``, a Hub name, a local folder, or
    the file of a detector of TensorFlow Lite with its names before it."""
    sound_tagger: str = "none"
    """What names sounds: ``none``, a preset of ``trove models``, a Hub name or a local folder."""
    action_classifier: str = "none"
    """What names what happens in films: ``none``, a preset of ``trove models``, a Hub name or a folder."""
    pointer: str = "auto"
    """What says where in a picture something is: ``auto`` (the first preset that is on this machine, else a
    map of what the search model looks at), ``none`` for that map, a preset, a Hub name or a local folder."""
    answerer: str = "auto"
    """What answers questions about pictures: ``auto`` (the first preset that is on this machine), a preset, a
    Hub name, a local folder, or the address of a server on this machine that speaks OpenAI's protocol."""
    answerer_elsewhere: bool = False
    """Whether that server may be on another machine, to which pictures are then sent."""
    idle_minutes: float = Field(default=10.0, ge=0)
    """How long a large model is kept in memory after its last use."""
    dictionaries: Path = Path("/usr/share/dictd")
    """Folder of FreeDict's dictionaries, as the system's packages ``dict-freedict-*`` install them."""
    workers: int = Field(default=2, ge=1, le=64)
    """Decoder processes."""
    batch: int = Field(default=32, ge=1, le=1024)
    """Pictures encoded at once."""
    nice: int | None = Field(default=None, ge=0, le=19)
    """How far ``trove index`` and ``trove watch`` stand back for other programs, as the system's ``nice``: up
    to 19. None is 10 for what runs in the background (``watch``, and what the app starts), else 0."""
    cores: int | None = Field(default=None, ge=1)
    """Processor cores that they may use; None for all."""
    wait_on_battery: bool = False
    """Index nothing while the machine runs on its battery."""
    wait_while_busy: bool = False
    """Index nothing while other programs use more than half of the processor."""
    decode_timeout_s: float = Field(default=120.0, gt=0)
    """Longest time that decoding one picture, or one stretch of a video or recording, may take."""
    decode_memory_mb: int = Field(default=4096, ge=512)
    """Address space that one decoder process may take."""
    max_megapixels: float = Field(default=300.0, gt=0)
    """Larger pictures are refused as decompression bombs."""

    @model_validator(mode="before")
    @classmethod
    def _address(cls, values: dict[str, Any]) -> dict[str, Any]:
        library = values.get("library")
        if not addresses.is_address(library):
            return values
        address = addresses.checked(str(library))
        own = user_data_path("trove", appauthor=False) / "shared" / addresses.digest(address)
        return {**values, "library": own, "shared": address}

    @field_validator("off", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @property
    def named(self) -> str:
        """The library as ``library`` takes it, for another process: an address, or the folder."""
        return self.shared or str(self.library.absolute())

    @property
    def shown(self) -> str:
        """Where the library is, as it is told."""
        return addresses.shown(self.shared) if self.shared else str(self.library)

    @property
    def paths(self) -> Paths:
        """The files and folders of the library."""
        return Paths(self.library, self.cache)


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, overridden by those ``overrides`` that are not None.

    Raises:
        SettingsError: a value has the wrong type or is out of range, or there is no such setting.
    """
    if unknown := overrides.keys() - Settings.model_fields.keys():
        raise SettingsError(
            f"there is no setting {min(unknown)!r}", f"Settings are: {', '.join(Settings.model_fields)}."
        )
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as exc:
        first = exc.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"the setting {name!r} cannot be {first['input']!r}: {first['msg']}",
            f"Check --{name} or the environment variable TROVE_{name.upper()}.",
        ) from exc
