"""FID: Inception's features, and the distance in them, against torchmetrics with the same random weights."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.errors import ModelError, SettingsError
from db.settings import Settings
from search.evaluation.distances import frechet, kernel_distance
from search.evaluation.inception import NAMES, Inception, find_inception
from tests.support import SAMPLES
from tests.support.tiny_inception import random_inception


@pytest.fixture
def settings(cache: Path, tmp_path: Path) -> Settings:
    """Of no library, whose database would not matter."""
    return Settings(library=tmp_path / "library", cache=cache, device="cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_inception(tmp_path_factory.mktemp("inception") / NAMES[0])


def pictures(folder: Path, first: int) -> list[Path]:
    """Five of the samples, in sizes of their own, smaller and larger than the network's."""
    folder.mkdir()
    paths = []
    for number, source in enumerate(sorted((SAMPLES / "pictures").glob("*.jpg"))[first : first + 5]):
        paths.append(folder / f"{number}.png")
        with Image.open(source) as image:
            image.convert("RGB").resize((100 + 60 * number, 320)).save(paths[-1])
    return paths


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save:UserWarning")
def test_fid_and_kid_are_torchmetrics_own(weights: Path, settings: Settings, tmp_path: Path) -> None:
    import torch
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    sides = {False: pictures(tmp_path / "made", 0), True: pictures(tmp_path / "real", 5)}
    network = Inception(weights, settings)
    made, real = (network.encode(paths).astype(np.float64) for paths in sides.values())
    assert made.shape == (5, 2048)
    assert made.std() > 0.01, "the features tell pictures apart"
    fid = FrechetInceptionDistance(2048, feature_extractor_weights_path=str(weights), antialias=False)
    kid = KernelInceptionDistance(fid.inception, subsets=1, subset_size=5)
    for is_real, paths in sides.items():
        for path in paths:
            with Image.open(path) as image:
                pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None]
            fid.update(pixels, real=is_real)
            kid.update(pixels, real=is_real)
    assert frechet(made, real) == pytest.approx(float(fid.compute()), rel=1e-3)
    assert kernel_distance(made, real) == pytest.approx(float(kid.compute()[0]), rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_of_other_packages_is_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert find_inception(None) is None
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    there = tmp_path / "hub" / "checkpoints" / name
    there.write_bytes(b"weights")
    assert find_inception(None) == there
    own = tmp_path / "own.pth"
    with pytest.raises(SettingsError, match="there is no file") as caught:
        find_inception(own)
    assert NAMES[0] in caught.value.hint
    own.write_bytes(b"weights")
    assert find_inception(own) == own


def test_other_files_are_refused_and_no_code_in_them_is_run(settings: Settings, tmp_path: Path) -> None:
    import torch

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"Conv2d_1a_3x3.conv.weight": torch.zeros(1)}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no weights")
    (tmp_path / "trap.pth").write_bytes(pickle.dumps({"fc.bias": Trap()}))
    torch.save({"fc.bias": Trap()}, tmp_path / "zipped.pth")
    for name in ("other", "text", "trap", "zipped"):
        with pytest.raises(ModelError, match="cannot be read as the weights of Inception") as caught:
            Inception(tmp_path / f"{name}.pth", settings)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "sprung").exists()
