"""Loads models of transformers by name: whole, kept while they are used, and without code of their own.

Only what the library's own classes can read is loaded, and only whole: a checkpoint that lacks weights of its
class would otherwise be filled up with random ones, with no more than a log line.
"""

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from db.errors import ModelError, TroveError, first_line
from db.settings import Settings
from indexer.pretrained.device import picked
from indexer.pretrained.keeper import KEEPER
from indexer.pretrained.memory import free_bytes, is_out_of_memory, let_go, needed_bytes, too_little
from indexer.pretrained.presets import Task
from indexer.pretrained.weights import Weights, chosen, costs, find_weights, to_download

log = logging.getLogger(__name__)

T = TypeVar("T")

_SAFE = {"local_files_only": True, "trust_remote_code": False}


class Pretrained(Generic[T]):
    """A model by name for a task, of which ``load(weights, device)`` makes what can be used.

    Nothing is looked for before it is asked for. Models of the same name and task are one, whoever asks.
    """

    def __init__(self, model: str, task: Task, settings: Settings, load: Callable[[Weights, str], T]) -> None:
        self.model = chosen(model, task)
        self.task: Task = task
        self._settings = settings
        self._load = load
        self._found: Weights | None = None

    @property
    def weights(self) -> Weights:
        """Its weights on this machine.

        Raises:
            ModelMissingError: they are not here: see ``download``.
            ModelError: there is no such model.
        """
        if self._found is None:
            self._found = find_weights(self.model, self.task)
        return self._found

    @property
    def to_download(self) -> str:
        """What has to be downloaded first, with its size and licence; empty where it is on this machine.

        Raises:
            ModelError: there is no such model.
        """
        return to_download(self.model, self.task)

    def download(self) -> None:
        """Fetch its weights, unless they are here.

        Raises:
            ModelError: they cannot be had.
        """
        self._found = find_weights(self.model, self.task, download=True)

    @property
    def costs(self) -> str:
        """What it takes of this machine that people should know before, in a clause.

        Raises:
            ModelError: there is no such model.
        """
        return costs(self.model, self.task)

    @property
    def needed(self) -> float:
        """Bytes of memory that it will take, by a rule of thumb; errors as ``weights``."""
        return needed_bytes(self.weights.size)

    @contextmanager
    def use(self) -> Iterator[T]:
        """The model, for as long as the block runs; others wait meanwhile.

        Raises:
            ModelError: it cannot be had or loaded, or there is too little memory for it.
        """
        weights, device = self.weights, picked(self._settings.device)
        with KEEPER.use(
            (self.task, weights.folder, device),
            weights.name,
            self.needed,
            lambda: self._load(weights, device),
            device=device,
            idle_s=60 * self._settings.idle_minutes,
        ) as model:
            yield model


def load_model(weights: Weights, auto: str, device: str, **options: Any) -> Any:
    """The model of a folder by a class of transformers that chooses among others: ``AutoModelFor…``.

    ``options`` are those of its class and configuration.

    Raises:
        ModelError: it cannot be loaded, or lacks weights.
    """

    def load() -> Any:
        import transformers

        model, told = getattr(transformers, auto).from_pretrained(
            weights.folder,
            dtype=_dtype(weights, device),
            weights_only=True,
            output_loading_info=True,
            **_SAFE,
            **options,
        )
        if missing := sorted(told["missing_keys"]):
            raise ModelError(
                f"{weights.name} lacks weights of {type(model).__name__}, such as {missing[0]}",
                "It was saved by other code than that of transformers, or for another task.",
            )
        return model.to(device).eval()

    return loaded(weights, load)


def load_processor(weights: Weights, auto: str = "AutoProcessor") -> Any:
    """What turns pictures and texts into a model's input, by a class of transformers.

    Raises:
        ModelError: it cannot be loaded.
    """

    def load() -> Any:
        import transformers

        return getattr(transformers, auto).from_pretrained(weights.folder, **_SAFE)

    return loaded(weights, load)


def loaded(weights: Weights, load: Callable[[], T]) -> T:
    """What ``load()`` gives, with the errors of whichever library it uses told as ours.

    Raises:
        ModelError: it cannot be loaded.
    """
    with quiet():
        try:
            return load()
        except TroveError:
            raise
        except Exception as exc:  # anything: the files are whatever was downloaded
            if is_out_of_memory(exc):
                raise too_little(weights.name) from exc
            raise ModelError(
                f"the model {weights.name} cannot be loaded: {first_line(exc)}",
                "It must be one that transformers or open_clip know by themselves, without code of its own; "
                "if it is, download it again.",
            ) from exc


@contextmanager
def used(name: str, fails: str) -> Iterator[None]:
    """Use a model that is loaded, with the errors of its library told as ours, and its lines silenced.

    ``fails``: what it does where it cannot, as in "the model NAME cannot look at the picture".

    Raises:
        ModelError: it cannot, or there is too little memory.
    """
    with quiet():
        try:
            yield
        except Exception as exc:  # anything: the files are whatever was downloaded
            if is_out_of_memory(exc):
                let_go(exc)
                raise too_little(name) from exc
            raise ModelError(
                f"the model {name} {fails}: {first_line(exc)}", "Choose another one: see trove models"
            ) from exc


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars, log lines and warnings of transformers and diffusers; errors still raise."""
    from transformers.utils import logging as of_transformers

    libraries: list[Any] = [of_transformers]
    if "diffusers" in sys.modules:
        from diffusers.utils import logging as of_diffusers

        libraries.append(of_diffusers)
    before = [(library.get_verbosity(), library.is_progress_bar_enabled()) for library in libraries]
    for library in libraries:
        library.set_verbosity_error()
        library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what they themselves do in an old way
            yield
    finally:
        for library, (verbosity, bars) in zip(libraries, before, strict=True):
            library.set_verbosity(verbosity)
            if bars:
                library.enable_progress_bar()


def _dtype(weights: Weights, device: str) -> Any:
    """As it is stored; but on a CPU, which is slow with float16, float32 where it fits, or else bfloat16."""
    if device != "cpu" or not weights.is_half:
        return "auto"
    import torch

    roomy = needed_bytes(2 * weights.size) <= free_bytes(device)
    return torch.float32 if roomy else torch.bfloat16
