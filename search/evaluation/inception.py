"""Features of Inception-v3 that the Fréchet Inception Distance is defined by, where its weights are here.

They are those of TensorFlow's graph of 2015-12-05 as converted for torch-fidelity and for pytorch-fid, which
put the same file under different names; it does not come with Trove. The network and its resizing
(TensorFlow's bilinear one, without antialiasing) are torch-fidelity's, made to reproduce published figures.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

from db.arrays import Vectors
from db.errors import ModelError, SettingsError, first_line
from db.settings import Settings
from indexer.media.pool import DecodePool
from indexer.media.reader import read_image
from indexer.prefetch import look_ahead
from indexer.pretrained.device import picked

NAMES = ("weights-inception-2015-12-05-6726825d.pth", "pt_inception-2015-12-05-6726825d.pth")
"""As torch-fidelity and torchmetrics call the file, and as pytorch-fid does."""
_LAYER = "2048"
"""The last average pooling, whose width is its name."""
_LARGEST_SIDE = 8192
"""Pixels of a picture's short side; smaller ones are given to the network as they are."""


def find_inception(file: Path | None) -> Path | None:
    """The file with its weights: the one that is named, or where those packages download it; None without.

    Raises:
        SettingsError: one is named that does not exist.
    """
    if file is not None:
        if not file.is_file():
            raise SettingsError(f"there is no file {file}", f"Give that of Inception: {NAMES[0]}.")
        return file
    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return next((path for name in NAMES if (path := folder / name).is_file()), None)


class Inception:
    """Inception-v3 with the weights in a file."""

    def __init__(self, weights: Path, settings: Settings) -> None:
        """
        Raises:
            ModelError: the file holds something else, or is damaged.
        """
        import torch
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        self._settings = settings
        self._device = picked(settings.device)
        try:
            tensors = torch.load(weights, weights_only=True, map_location="cpu")
            # It would read code in a file, too: so it is given only what was read without.
            torch.save(tensors, read := io.BytesIO())
            read.seek(0)
            network = FeatureExtractorInceptionV3("inception", [_LAYER], feature_extractor_weights_path=read)
        except Exception as exc:  # anything: it is whatever file was named
            raise ModelError(
                f"{weights} cannot be read as the weights of Inception: {first_line(exc)}",
                f"Those of FID are in {NAMES[0]}.",
            ) from exc
        self._network = network.to(self._device)

    def encode(self, paths: list[Path]) -> Vectors:
        """(n, 2048) features of picture files, each in its own size, decoded in worker processes.

        Raises:
            MediaError: a picture cannot be read.
        """
        settings = self._settings
        with DecodePool.of(settings) as decoders:

            def read(path: Path) -> Any:
                most = settings.max_megapixels
                return decoders.run(read_image, path, min_side=_LARGEST_SIDE, max_megapixels=most)[1]

            return np.stack([self._features(one) for one in look_ahead(read, paths, settings.workers + 2)])

    def _features(self, picture: Any) -> Vectors:
        """(2048,) of a (height, width, 3) picture in 8 bits."""
        import torch

        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].to(self._device)
        with torch.no_grad():
            features: Vectors = self._network(pixels)[0][0].cpu().numpy()
        return features
