"""The one stage that embeds: payloads of units become vectors, in batches, on a thread of its own.

Whoever has a payload prepares it (resized, in any thread) and submits it; the vector comes as a future. How
many batches are under way is bounded, so that memory stays flat however long a film is.

A picture that looks like one of the last ones from far away, such as the next of a burst on a tripod, a copy
that was saved again, or a scene to which a film returns, is not encoded: it gets the vector of that one, of
the same model and made in the same run.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image

from db import kinds
from db.arrays import Vectors
from db.catalog.spaces import Space
from indexer.analysers.base import ClipPayload, Payload, PicturePayload, SoundPayload, TextPayload
from indexer.encoders.base import Encoder, Pixels
from indexer.flow import Pending, Prepared, Shown
from indexer.media.pixels import side_for
from indexer.media.stills import fields_of, looks_same
from indexer.media.types import Fields

_AHEAD = 2
"""Batches under way: one is encoded while the next one waits."""

_REMEMBERED = 16
"""Pictures with which the next one is compared."""


@dataclass(frozen=True)
class Model:
    """An encoder, and the space of its role that its vectors go to."""

    space: Space
    encoder: Encoder


def _content(payload: Payload, encoder: Encoder, fields: Fields | None) -> Pixels | Shown | str:
    """What an encoder needs of a payload; ``fields``: of one that is a picture."""
    match payload:
        case TextPayload(text):
            return text
        case PicturePayload(picture):
            pixels = encoder.prepare(Image.fromarray(picture))
            return pixels if fields is None else Shown(pixels, fields)
        case ClipPayload(frames):
            return encoder.prepare([Image.fromarray(frame) for frame in frames])
        case SoundPayload(samples):
            return encoder.prepare(samples)


def _fields(payload: PicturePayload) -> Fields:
    return fields_of(payload.picture) if payload.fields is None else payload.fields


class Embedder:
    """Encodes payloads with one or more models. As a context manager it ends its thread on leaving."""

    def __init__(self, models: Sequence[Model], batch: int) -> None:
        self._models = models
        self._encoders = {model.space.id: model.encoder for model in models}
        self._batch = batch
        self._waiting: dict[tuple[int, bool], list[tuple[Pixels | str, Future[Vectors]]]] = defaultdict(list)
        self._last: dict[int, deque[tuple[Fields, Future[Vectors]]]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )
        self._room = threading.Semaphore(_AHEAD)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def model(self, role: str) -> Model:
        """The model that serves a role."""
        return next(model for model in self._models if model.space.role == role)

    @property
    def side(self) -> int:
        """Pixels of the shorter side that pictures should have, see ``side_for``."""
        return side_for(*(model.encoder for model in self._models))

    def prepare(self, kind: str, payload: Payload | None) -> Prepared:
        """What each model that serves the kind needs of a payload. Thread-safe."""
        roles = kinds.every()[kind].vectors
        if payload is None:
            return {}
        fields = _fields(payload) if isinstance(payload, PicturePayload) else None
        return {
            model.space.id: _content(payload, model.encoder, fields)
            for model in self._models
            if model.space.role in roles
        }

    def submit(self, prepared: Prepared) -> Pending:
        """Have it encoded with others, unless it looks like one of the last ones, whose vector it gets.

        Waits while too many batches are under way.
        """
        pending: dict[int, Future[Vectors]] = {}
        for space_id, content in prepared.items():
            if isinstance(content, Shown):
                pending[space_id] = self._like(space_id, content) or self._remembered(space_id, content)
            else:
                pending[space_id] = self._wait(space_id, content)
        return pending

    def _wait(self, space_id: int, content: Pixels | str) -> "Future[Vectors]":
        """The vector of a content that waits for its batch to be full."""
        key, made = (space_id, isinstance(content, str)), Future[Vectors]()
        self._waiting[key].append((content, made))
        if len(self._waiting[key]) >= self._batch:
            self._send(key)
        return made

    def _remembered(self, space_id: int, shown: Shown) -> "Future[Vectors]":
        """The vector of a picture with which the next ones are compared.

        Not with one that has got its vector from another: step by step it would become that of anything.
        """
        made = self._wait(space_id, shown.pixels)
        self._last[space_id].append((shown.fields, made))
        return made

    def _like(self, space_id: int, shown: Shown) -> "Future[Vectors] | None":
        """The vector of one of the last pictures that looks the same; None where there is none."""
        for fields, made in reversed(self._last[space_id]):
            if looks_same(fields, shown.fields):
                return made
        return None

    def flush(self) -> None:
        """Encode what waits for its batch to be full."""
        for key in list(self._waiting):
            self._send(key)

    def _send(self, key: tuple[int, bool]) -> None:
        if batch := self._waiting.pop(key, []):
            self._room.acquire()
            self._thread.submit(self._encode, *key, batch)

    def _encode(self, space_id: int, is_text: bool, batch: list[tuple[Any, "Future[Vectors]"]]) -> None:
        encoder = self._encoders[space_id]
        try:
            contents = [content for content, _ in batch]
            vectors = encoder.encode_texts(contents) if is_text else encoder.encode_pixels(np.stack(contents))
            for (_, future), vector in zip(batch, vectors, strict=True):
                future.set_result(vector)
        except BaseException as exc:
            for _, future in batch:
                if not future.done():
                    future.set_exception(exc)
        finally:
            self._room.release()
