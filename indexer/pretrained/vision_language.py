"""Models of transformers that put pictures into words: what they describe, and what they answer.

Any class behind ``AutoModelForImageTextToText``. Those with a template for conversations (LLaVA, SmolVLM,
Qwen-VL) are asked in one; Florence-2 by the name of its task; BLIP, BLIP-2 and GIT see the picture alone.
Words are chosen greedily, so that the same picture gives the same words. Texts in a conversation lose the
signs by which a model tells its turns apart: what a file says cannot end one and begin another.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from PIL import Image

from db.errors import ModelError, first_line
from indexer.pretrained.loading import load_model, load_processor, quiet
from indexer.pretrained.memory import is_out_of_memory
from indexer.pretrained.weights import Weights

AUTO_CLASS = "AutoModelForImageTextToText"

CAPTION_WORDS = 60
"""Tokens of a caption at most: a sentence or two."""
_ASKED = "Describe this picture in one sentence."
_TASK = "<CAPTION>"
"""What Florence-2 is told to do."""
_WAIT_S = 600.0
"""Longest time between two words of an answer."""


@dataclass(frozen=True)
class Turn:
    """What somebody says in a conversation, with the pictures that they show."""

    role: Literal["system", "user", "assistant"]
    text: str
    pictures: tuple[Image.Image, ...] = ()


class VisionLanguage:
    """A vision-language model that is loaded. Not thread-safe: ``Pretrained.use`` lets one thread in."""

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        self.name = name
        self._model = model
        self._processor = processor

    def captions(self, pictures: Sequence[Image.Image]) -> list[str]:
        """What each picture shows, in a sentence.

        Raises:
            ModelError: the model cannot do that.
        """
        if self._talks:
            inputs = self._conversations([[Turn("user", _ASKED, (picture,))] for picture in pictures])
        else:
            texts = {"text": [_TASK] * len(pictures)} if self._has_tasks else {}
            inputs = self._processor(images=list(pictures), return_tensors="pt", **texts)
        made = self._generate(inputs, CAPTION_WORDS)
        return [tidied(text) for text in self._decoded(made)]

    def answer(
        self, turns: Sequence[Turn], most_tokens: int, stopped: Callable[[], bool] = lambda: False
    ) -> Generator[str, None, None]:
        """The next turn of a conversation, piece by piece as it is made, until ``stopped()``.

        Raises:
            ModelError: the model cannot hold one, or fails.
        """
        if not self._talks:
            raise ModelError(
                f"the model {self.name} describes pictures, and cannot answer",
                "Choose one that can with TROVE_ANSWERER: see trove models",
            )
        from transformers import StoppingCriteriaList, TextIteratorStreamer

        inputs = self._conversations([turns])
        streamer = TextIteratorStreamer(
            self._processor.tokenizer, skip_prompt=True, timeout=_WAIT_S, skip_special_tokens=True
        )
        over = threading.Event()
        failed: list[BaseException] = []

        def halted() -> bool:
            return over.is_set() or stopped()

        def work() -> None:
            try:
                halts = StoppingCriteriaList([_Halt(halted)])
                with _between_layers(self._model, halted):
                    self._generate(inputs, most_tokens, streamer=streamer, stopping_criteria=halts)
            except _HaltedError:
                streamer.end()
            except BaseException as exc:  # told by the thread that waits
                failed.append(exc)
                streamer.end()

        thread = threading.Thread(target=work, name="answer", daemon=True)
        thread.start()
        try:
            yield from (piece for piece in streamer if piece)
        except queue.Empty as exc:
            raise ModelError(
                f"the model {self.name} has said nothing for {_WAIT_S / 60:.0f} minutes"
            ) from exc
        finally:  # also where nobody listens any more
            over.set()
            thread.join()
        if failed:
            raise failed[0]

    @property
    def _talks(self) -> bool:
        return getattr(self._processor, "chat_template", None) is not None

    @property
    def _has_tasks(self) -> bool:
        return _TASK in getattr(self._processor, "task_prompts_without_inputs", ())

    def _conversations(self, conversations: Sequence[Sequence[Turn]]) -> Any:
        return self._processor.apply_chat_template(
            [[self._message(turn) for turn in turns] for turns in conversations],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            # Whatever the model's own side is: what is made follows on the end.
            processor_kwargs={"padding": True, "padding_side": "left"},
        )

    def _message(self, turn: Turn) -> dict[str, Any]:
        pictures = [{"type": "image", "image": picture} for picture in turn.pictures]
        return {"role": turn.role, "content": [*pictures, {"type": "text", "text": self._plain(turn.text)}]}

    def _plain(self, text: str) -> str:
        """A text without the special tokens of the model, with spaces in their place: none is left over."""
        for token in self._special:
            text = text.replace(token, " ")
        return text

    @cached_property
    def _special(self) -> list[str]:
        tokenizer = self._processor.tokenizer
        added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
        marks = [getattr(self._processor, name, None) for name in ("image_token", "video_token")]
        return [token for token in dict.fromkeys([*tokenizer.all_special_tokens, *added, *marks]) if token]

    def _generate(self, inputs: Any, most_tokens: int, **how: Any) -> Any:
        """The tokens that follow on each input, without those of a prompt that the model repeats."""
        import torch

        inputs = inputs.to(self._model.device, dtype=self._model.dtype)
        with quiet(), torch.inference_mode():
            try:
                made = self._model.generate(
                    **inputs, max_new_tokens=most_tokens, do_sample=False, num_beams=1, **how
                )
            except Exception as exc:  # anything: each model fails in its own way
                if isinstance(exc, _HaltedError) or is_out_of_memory(exc):
                    raise
                raise ModelError(f"the model {self.name} failed: {first_line(exc)}") from exc
        is_repeated = self._talks and not self._model.config.is_encoder_decoder
        return made[:, inputs["input_ids"].shape[1] :] if is_repeated else made

    def _decoded(self, made: Any) -> list[str]:
        texts: list[str] = self._processor.batch_decode(made, skip_special_tokens=True)
        return texts


class _HaltedError(Exception):
    """Work in the middle of a token was given up."""


@contextmanager
def _between_layers(model: Any, halted: Callable[[], bool]) -> Iterator[None]:
    """Have the layers of a model give up once ``halted()``, for as long as the block runs.

    Criteria of transformers are asked between tokens alone, and before the first one stands all of the
    prompt, which takes minutes on a CPU where it has several pictures.
    """
    from torch.nn import ModuleList

    def check(*_: Any) -> None:
        if halted():
            raise _HaltedError

    layers = [layer for part in model.modules() if isinstance(part, ModuleList) for layer in part]
    hooks = [layer.register_forward_pre_hook(check) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class _Halt:
    """A criterion of transformers by which all sequences end at once."""

    def __init__(self, halted: Callable[[], bool]) -> None:
        self._halted = halted

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002
        import torch

        return torch.full((input_ids.shape[0],), self._halted(), device=input_ids.device, dtype=torch.bool)


def load_vision_language(weights: Weights, device: str) -> VisionLanguage:
    """The model of a folder.

    Raises:
        ModelError: it cannot be loaded, or puts no pictures into words.
    """
    return VisionLanguage(weights.name, load_model(weights, AUTO_CLASS, device), load_processor(weights))


def tidied(text: str) -> str:
    """A text of a model in one line, without signs that control a screen."""
    return " ".join("".join(sign for sign in text if sign.isspace() or sign.isprintable()).split())
