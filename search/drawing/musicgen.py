"""MusicGen of transformers, called as the pipelines of diffusers are (Copet et al. 2023, arXiv 2306.05284).

It knows no steps of denoising: a transformer says tokens of sound one after the other, so many a second.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from indexer.pretrained.loading import load_model, load_processor
from indexer.pretrained.weights import Weights


class MusicGen:
    """A model with its processor; it tells after every token how far it is."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model = model
        self._processor = processor
        self.sampling_rate = int(model.config.audio_encoder.sampling_rate)
        self.num_timesteps = 0
        """Tokens that the last music has."""

    def __call__(
        self,
        prompt: str,
        audio_length_in_s: float | None = None,
        generator: Any = None,
        callback: Callable[[int, int, Any], None] | None = None,
    ) -> Any:
        """Music in ``audios``, (1, channels, n); without a length as long as the model makes it by itself."""
        import torch
        from transformers import StoppingCriteriaList

        asked = self._processor(text=[prompt], padding=True, return_tensors="pt").to(self._model.device)
        settings = self._model.generation_config
        length = {}
        self.num_timesteps = settings.max_length or 1
        if audio_length_in_s is not None:
            frames = max(1, round(audio_length_in_s * self._model.config.audio_encoder.frame_rate))
            # The codebooks of a channel begin one after the other, a token apart.
            decoder = self._model.config.decoder
            self.num_timesteps = frames + decoder.num_codebooks // decoder.audio_channels - 1
            length["max_new_tokens"] = self.num_timesteps
        done = 0

        def tell(tokens: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG001
            """Asked after every token whether that was the last one."""
            nonlocal done
            if callback is not None:
                callback(done, 0, None)
            done += 1
            return torch.zeros(tokens.shape[0], dtype=torch.bool, device=tokens.device)

        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(generator.initial_seed())
            heard = self._model.generate(**asked, **length, stopping_criteria=StoppingCriteriaList([tell]))
        return SimpleNamespace(audios=heard)


def load_musicgen(weights: Weights, device: str) -> MusicGen:
    """The model in a folder.

    Raises:
        ModelError: it cannot be loaded.
    """
    model = load_model(weights, "MusicgenForConditionalGeneration", device)
    return MusicGen(model, load_processor(weights))
