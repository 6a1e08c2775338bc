"""Captions by CoCa of open_clip, which has a decoder of words beside the two towers.

open_clip's own ``generate`` needs a part of transformers that its fifth edition has dropped, so the words are
chosen here, greedily: the same as its ``generation_type="top_k"`` with one.
"""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from db.errors import ModelError
from indexer.encoders.openclip.encoder import LOCAL_FOLDER, Source, load_whole, preprocessing
from indexer.pretrained.vision_language import tidied
from indexer.pretrained.weights import Weights

_START, _END = 49406, 49407
"""The tokens of CLIP that begin and end a text."""
_LEAST, _MOST = 5, 30
"""Tokens of a caption, as ``generate`` has them."""


class Coca:
    """A CoCa model that is loaded."""

    def __init__(self, name: str, model: Any, preprocess: Any, device: str) -> None:
        self.name = name
        self._model = model
        self._preprocess = preprocess
        self._device = device

    def captions(self, pictures: Sequence[Image.Image]) -> list[str]:
        """What each picture shows."""
        import open_clip
        import torch

        batch = torch.stack([self._preprocess(picture.convert("RGB")) for picture in pictures])
        rows = self._tokens(batch.to(self._device)).tolist()
        words = [[token for token in row if token not in (_START, _END, self._model.pad_id)] for row in rows]
        return [tidied(open_clip.decode(torch.tensor(row))) if row else "" for row in words]

    def _tokens(self, batch: Any) -> Any:
        import torch

        with torch.inference_mode():
            latent, embedded = self._model._encode_image(batch)
            texts = torch.full((len(batch), 1), _START, dtype=torch.long, device=batch.device)
            over = torch.zeros(len(batch), dtype=torch.bool, device=batch.device)
            while texts.shape[1] < _MOST and not over.all():
                told = self._model(
                    batch, texts, image_latent=latent, image_embs=embedded, output_labels=False
                )
                scores = told["logits"][:, -1]
                if texts.shape[1] < _LEAST:
                    scores[:, _END] = -torch.inf
                chosen = scores.argmax(-1)
                if texts.shape[1] + 1 == _MOST:
                    chosen[:] = _END
                chosen[over] = self._model.pad_id
                over |= (chosen == _END) | (chosen == self._model.pad_id)
                texts = torch.cat((texts, chosen[:, None]), dim=1)
        return texts


def load_coca(weights: Weights, device: str) -> Coca:
    """The model of a folder or of a tag of open_clip.

    Raises:
        ModelError: it cannot be loaded, or is no CoCa.
    """
    if weights.architecture is None:
        source = Source(f"{LOCAL_FOLDER}{weights.folder}")
    else:
        model, _, tag = weights.architecture.partition("/")
        source = Source(model, tag=tag, checkpoint=weights.files[0])
    loaded = load_whole(source, weights.name)
    if not hasattr(loaded, "text_decoder"):
        raise ModelError(
            f"the model {weights.name} cannot describe pictures", "Of open_clip's models only CoCa can."
        )
    return Coca(weights.name, loaded.to(device).eval(), preprocessing(source.config()), device)
