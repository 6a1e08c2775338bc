"""How good drawing models are: the measures against torchmetrics, and by the command."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from db.arrays import unit_length
from db.errors import ModelError, SettingsError, TroveError
from db.settings import Settings
from search.evaluation import drawings
from search.evaluation.distances import clip_score, distances, frechet, inside, kernel_distance
from search.evaluation.drawings import evaluate_drawers, read_prompts
from search.evaluation.inception import NAMES
from tests.support import SAMPLES
from tests.support.command import as_json, trove
from tests.support.tiny_drawer import make_tiny_drawer
from tests.support.tiny_inception import random_inception


def features(seed: int, count: int = 60, shift: float = 0.0) -> np.ndarray:
    """(n, 24) of unit length, as models give them."""
    rng = np.random.default_rng(seed)
    return unit_length(rng.normal(shift, 1.0, (count, 24)))


def as_torchmetrics(kind: type, made: np.ndarray, real: np.ndarray, **options: object) -> float:
    """The same by torchmetrics, of features that are given it as if they were pictures."""
    import torch

    class Given(torch.nn.Module):
        num_features = made.shape[1]

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.flatten(1)

    metric = kind(feature=Given(), normalize=True, **options)
    metric.set_dtype(torch.float64)
    for rows, is_real in ((real, True), (made, False)):
        metric.update(torch.from_numpy(rows.astype(np.float64))[:, :, None, None], real=is_real)
    value = metric.compute()
    return float(value[0] if isinstance(value, tuple) else value)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "shift"), [(60, 0.0), (60, 0.5), (12, 0.2)])
def test_the_frechet_distance_is_torchmetrics_own(count: int, shift: float) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    made, real = features(1, count, shift).astype(np.float64), features(2).astype(np.float64)
    assert frechet(made, real) == pytest.approx(
        as_torchmetrics(FrechetInceptionDistance, made, real), abs=1e-5
    )
    assert frechet(made, made) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save:UserWarning")
def test_the_kernel_distance_is_torchmetrics_own() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    made, real = features(1, 50, 0.4).astype(np.float64), features(2, 50).astype(np.float64)
    theirs = as_torchmetrics(KernelInceptionDistance, made, real, subsets=1, subset_size=50)
    assert kernel_distance(made, real) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.slow
def test_the_clip_score_is_torchmetrics_own() -> None:
    import torch
    from torchmetrics.multimodal.clip_score import CLIPScore

    # All cosines are above 0: of others it cuts the mean off, not each, as the paper does.
    pictures = features(1, 30, 1.5)
    texts = {f"text {number}": vector for number, vector in enumerate(features(2, 30, 1.5))}

    class Given(torch.nn.Module):
        """A model whose features of pictures are their pixels, and of texts those above."""

        config, device = SimpleNamespace(), torch.device("cpu")

        def get_image_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
            return pixel_values.flatten(1)

        def get_text_features(self, ids: torch.Tensor, _mask: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(np.stack([texts[f"text {number}"] for number in ids.tolist()]))

    def prepare(images: Any = None, text: Any = None, **_: object) -> dict[str, torch.Tensor]:
        if images is not None:
            return {"pixel_values": torch.stack(images)}
        ids = torch.tensor([int(one.removeprefix("text ")) for one in text])
        return {"input_ids": ids, "attention_mask": torch.ones(len(ids), 1)}

    metric = CLIPScore(model_name_or_path=lambda: (Given(), prepare))
    metric.update(list(torch.from_numpy(pictures)[:, :, None, None]), list(texts))
    ours = clip_score(pictures, np.stack(list(texts.values())))
    assert ours.value == pytest.approx(float(metric.compute()), abs=1e-3)
    assert ours.low < ours.value < ours.high


def test_distances_of_what_is_the_same_but_shifted_or_stretched() -> None:
    real = features(1).astype(np.float64)
    assert frechet(real + 0.5, real) == pytest.approx(24 * 0.5**2)
    spread = float(np.trace(np.cov(real.T)))
    assert frechet(2 * real, real) == pytest.approx(float((real.mean(axis=0) ** 2).sum()) + spread)
    same = kernel_distance(real, features(2).astype(np.float64))
    assert abs(same) < 0.01 < kernel_distance(real + 0.5, real)


def test_precision_and_recall_tell_what_is_made_up_from_what_is_left_out() -> None:
    real = np.concatenate([features(1, 40, 2.0), features(2, 40, -2.0)])
    one_sort = features(3, 40, 2.0)
    assert inside(one_sort, real).mean() > 0.7, "all that is made is like something real"
    assert inside(real, one_sort).mean() < 0.6, "half of what is real is never made"
    far = -unit_length(np.tile([1.0, -1.0], (40, 12)) + 0.01 * features(4, 40))
    assert inside(far, real).mean() == 0.0
    found = {figure.name: figure for figure in distances(one_sort, real)}
    assert list(found) == ["Fréchet distance", "kernel distance", "precision", "recall"]
    for figure in found.values():
        assert figure.low <= figure.value <= figure.high


def test_the_clip_score_is_a_hundred_times_the_cosine_and_never_negative() -> None:
    pictures = features(1, 4)
    assert clip_score(pictures, 3 * pictures).value == pytest.approx(100.0, abs=1e-4)
    assert clip_score(pictures, -pictures).value == 0.0
    half = clip_score(pictures, np.concatenate([pictures[:2], -pictures[2:]]))
    assert (half.value, half.low) == (pytest.approx(50.0, abs=1e-4), 0.0)


def test_prompts_are_read_and_their_lack_is_told(tmp_path: Path) -> None:
    file = tmp_path / "prompts.csv"
    file.write_text("image,caption\na.jpg,a cat\nb.jpg,\n", "utf-8")
    assert read_prompts(file) == ["a cat"]
    for text, message in (("", "no prompts"), ("x,y\n1,2\n", "no prompts")):
        file.write_text(text, "utf-8")
        with pytest.raises(SettingsError, match=message) as caught:
            read_prompts(file)
        assert "column prompt" in caught.value.hint
    with pytest.raises(SettingsError, match="cannot be read"):
        read_prompts(tmp_path / "none.csv")


@pytest.fixture
def settings(cache: Path, tmp_path: Path) -> Settings:
    """Of no library, whose database would not matter."""
    return Settings(library=tmp_path / "library", cache=cache, device="cpu")


@pytest.fixture
def real(tmp_path: Path) -> Path:
    folder = tmp_path / "real"
    folder.mkdir()
    for number in range(4):
        with Image.open(SAMPLES / "pictures" / f"p00{number + 1}.jpg") as image:
            image.resize((64, 64)).save(folder / f"{number}.png")
    return folder


@pytest.mark.slow
def test_the_command_measures_drawers_side_by_side(settings: Settings, real: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.csv"
    prompts.write_text("prompt\n" + "a cat\na tree\na car\na house\n", "utf-8")
    tiny = make_tiny_drawer(tmp_path / "flux-schnell")  # which makes four steps
    drawers = ("--drawer", "builtin", "--drawer", tiny, "--drawer", "builtin")
    models = ("--prompts", prompts, "--model", "builtin", "--model", "builtin-2")
    inception = random_inception(tmp_path / NAMES[0])
    compared = ("--real", real, "--inception", inception)
    told = as_json(trove(settings, "eval", *drawers, *models, *compared, "--json"))["drawers"]
    assert [one["drawer"] for one in told] == ["builtin", str(tiny)]
    distances = ["precision", "recall"]
    expected = [
        (name, model)
        for model in ("builtin", "builtin-2")
        for name in ("CLIP score", "Fréchet distance", "kernel distance", *distances)
    ] + [(name, "Inception") for name in ("FID", "KID", *distances)]
    for one in told:
        assert (one["drawings"], one["real"]) == (4, 4)
        assert [(figure["name"], figure["features"]) for figure in one["figures"]] == expected
        assert all(figure["low"] <= figure["value"] <= figure["high"] for figure in one["figures"])
        assert one["figures"][0]["value"] > 0
        assert one["seconds"] > 0
        assert one["gpu_mb"] >= 0
    # The builtin one has 37 million parameters; the other, which is loaded later, next to none.
    assert told[0]["memory_mb"] > told[1]["memory_mb"] + 80 > 200
    table = trove(settings, "eval", "--drawer", tiny, *models)
    assert table.returncode == 0
    assert re.search(r"CLIP score +builtin-2 +[\d.]+ \([\d.]+ to [\d.]+\)\n", table.stdout)
    assert "a published FID, are not comparable" in table.stdout


def test_what_cannot_be_measured_is_told_before_anything_is_drawn(
    settings: Settings, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawings, "_drawn", lambda *_: pytest.fail("it draws"))
    four = ["a cat"] * 4

    def refused(kind: type[TroveError], match: str, drawer: str = "builtin", **how: Any) -> None:
        with pytest.raises(kind, match=match):
            evaluate_drawers(settings, [drawer], how.pop("prompts", four), ["builtin"], **how)

    refused(SettingsError, "no folder", real=real / "none")
    refused(SettingsError, "FID compares with real pictures", inception=real / "0.png")
    refused(SettingsError, "there is no file", real=real, inception=real / "none.pth")
    refused(ModelError, "no drawing model 'bultin'", "bultin")
    refused(SettingsError, "too few to compare: 3 drawings, 4", real=real, prompts=four[:3])
    (real / "0.png").unlink()
    refused(SettingsError, "too few to compare: 4 drawings, 3", real=real)


def test_a_drawer_that_fails_says_why(settings: Settings, tmp_path: Path) -> None:
    """Though it draws in a process of its own."""
    folder = make_tiny_drawer(tmp_path / "broken")
    (folder / "unet" / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        evaluate_drawers(settings, [str(folder)], ["a cat"], ["builtin"])
    assert "download it again" in caught.value.hint
