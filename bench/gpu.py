"""Speed of encoding, drawing and search on a GPU, beside the processor's; needs nothing but PyTorch.

    python bench/gpu.py [--minutes 6] [--quick] [--device cuda] [--json FILE]

All weights are random: speed does not depend on them. A ViT-B/32 is written in ``torch.nn``; the builtin
tower (timm's EfficientNet-Lite2), a ViT-B-32 of open_clip, the denoiser of Stable Diffusion 1.5 and FAISS are
measured where these libraries are, and said to be missing where not. On a GPU towers run under autocast in
float16 with channels last, as Trove runs them, and as they are. Search is exact: inner products and the ten
greatest. Without a GPU all but the processor is "not measured". What would begin after the time is up is
left out.
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Run = Callable[[], object]
NOT_MEASURED = "not measured"
_NEEDED = {"timm": "the builtin tower", "open_clip": "ViT-B-32 of open_clip", "diffusers": "drawing"}


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    batches: tuple[int, ...] = (1, 32, 256)
    rows: tuple[int, ...] = (100_000, 1_000_000)
    dim: int = 512
    queries: tuple[int, ...] = (1, 100)
    layers: int = 12
    latent: int = 64
    runs: int = 5


QUICK = Sizes(batches=(1, 2), rows=(1_000,), dim=32, queries=(1,), layers=1, latent=32, runs=2)


@dataclass(frozen=True)
class Figure:
    """``per_s``: how many a second, in the slowest, middle and quickest run; or why there is no figure."""

    what: str
    where: str
    per_s: tuple[float, float, float] | None
    missing: str = ""


class VisionTransformer(nn.Module):
    """ViT-B/32 (Dosovitskiy et al. 2020, arXiv 2010.11929): (n, 3, 224, 224) pixels to (n, 512) vectors."""

    def __init__(self, layers: int, width: int = 768, patch: int = 32, side: int = 224) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.places = nn.Parameter(0.02 * torch.randn((side // patch) ** 2 + 1, width))
        self.first = nn.Parameter(0.02 * torch.randn(width))
        layer = nn.TransformerEncoderLayer(
            width, width // 64, 4 * width, dropout=0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.vectors = nn.Linear(width, 512, bias=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        rows = self.patches(pixels).flatten(2).transpose(1, 2)
        rows = torch.cat([self.first.to(rows.dtype).expand(len(rows), 1, -1), rows], 1) + self.places
        found: Tensor = self.vectors(self.layers(rows)[:, 0])
        return found


class Clock:
    """Measures what fits into the time there is."""

    def __init__(self, minutes: float, runs: int) -> None:
        self._until = time.monotonic() + 60 * minutes
        self._runs = runs

    def figure(self, what: str, where: str, count: int, make: Callable[[], Run]) -> Figure:
        """How often a second something is done, ``count`` times by each call of what ``make`` returns."""
        if time.monotonic() >= self._until:
            return Figure(what, where, None, "the time is up")
        try:
            run = make()
            done(run, where)  # warms up
            seconds = [done(run, where) for _ in range(self._runs)]
        except (RuntimeError, ImportError) as exc:  # out of memory, or an operator that the device has not
            return Figure(what, where, None, str(exc).splitlines()[0])
        rates = [count / each for each in seconds]
        return Figure(what, where, (min(rates), statistics.median(rates), max(rates)))


def done(run: Run, where: str) -> float:
    """Seconds until a call is done, on the GPU too."""
    started = time.perf_counter()
    with torch.inference_mode():
        run()
    if where.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - started


def towers(sizes: Sizes) -> Iterator[tuple[str, int, Callable[[], nn.Module]]]:
    """Name, side of a picture in pixels, and what makes the module."""
    yield "ViT-B/32 in torch.nn", 224, lambda: VisionTransformer(sizes.layers)
    if importlib.util.find_spec("timm"):
        import timm

        yield "EfficientNet-Lite2 of timm", 256, lambda: timm.create_model("tf_efficientnet_lite2")
    if importlib.util.find_spec("open_clip"):
        import open_clip

        yield "ViT-B-32 of open_clip", 224, lambda: open_clip.create_model("ViT-B-32").visual


def encoding(clock: Clock, devices: list[str], sizes: Sizes) -> Iterator[Figure]:
    """Pictures a second of each tower."""
    for name, side, make in towers(sizes):
        tower = make().eval()
        for device, batch in product(devices, sizes.batches):
            for quick in (False, True) if device == "cuda" else (False,):
                where = f"{device}, float16, channels last" if quick else f"{device}, float32"
                prepared = partial(encoder, tower, device, (batch, 3, side, side), quick)
                yield clock.figure(f"{name}, pictures, {batch} at once", where, batch, prepared)


def encoder(tower: nn.Module, device: str, shape: tuple[int, ...], quick: bool) -> Run:
    """Encodes a batch that is on the device; ``quick`` as Trove does on a GPU."""
    layout = torch.channels_last if quick else torch.contiguous_format
    module = tower.to(device, memory_format=layout)
    pixels = torch.randn(*shape, device=device).to(memory_format=layout)

    def run() -> object:
        with torch.autocast(device, torch.float16, enabled=quick):
            return module(pixels)

    return run


def drawing(clock: Clock, devices: list[str], sizes: Sizes) -> Iterator[Figure]:
    """Passes a second of the denoiser of Stable Diffusion 1.5."""
    if not importlib.util.find_spec("diffusers"):
        return
    from diffusers import UNet2DConditionModel

    small: dict[str, Any] = {} if sizes.layers > 1 else {"block_out_channels": (32,) * 4}
    unet = UNet2DConditionModel(
        sample_size=sizes.latent, attention_head_dim=8, cross_attention_dim=768, **small
    ).eval()
    for device in devices:
        what = f"denoiser of Stable Diffusion 1.5, passes at {8 * sizes.latent} px"
        yield clock.figure(
            what, f"{device}, {_kind(device)}", 1, partial(denoiser, unet, device, sizes.latent)
        )


def denoiser(unet: nn.Module, device: str, latent: int) -> Run:
    """One pass for one picture."""
    kind = getattr(torch, _kind(device))
    module = unet.to(device, kind)
    noise = torch.randn(1, 4, latent, latent, device=device, dtype=kind)
    words = torch.randn(1, 77, 768, device=device, dtype=kind)
    return lambda: module(noise, 500, words)


def searching(clock: Clock, devices: list[str], sizes: Sizes) -> Iterator[Figure]:
    """Queries a second, exact, by PyTorch and by FAISS where it can use the device."""
    for rows in sizes.rows:
        vectors = nn.functional.normalize(torch.randn(rows, sizes.dim), dim=1)
        for queries, device in product(sizes.queries, devices):
            asked = nn.functional.normalize(torch.randn(queries, sizes.dim), dim=1)
            what = f"search of {rows:,} vectors, {queries} queries at once"
            for way, search in ((f"torch, {_kind(device)}", torch_search), ("FAISS", faiss_search)):
                yield clock.figure(what, f"{device}, {way}", queries, partial(search, device, vectors, asked))


def torch_search(device: str, vectors: Tensor, asked: Tensor) -> Run:
    """A search by PyTorch."""
    kind = getattr(torch, _kind(device))
    own, question = vectors.to(device, kind), asked.to(device, kind)
    return lambda: (question @ own.T).topk(10)


def faiss_search(device: str, vectors: Tensor, asked: Tensor) -> Run:
    """A search by FAISS; raises RuntimeError or ImportError where it cannot."""
    import faiss

    index: Any = faiss.IndexFlatIP(vectors.shape[1])
    if device == "cuda":
        if not getattr(faiss, "get_num_gpus", int)():
            raise RuntimeError("this FAISS sees no GPU")
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    index.add(vectors.numpy())
    question = asked.numpy()
    return lambda: index.search(question, 10)


def _kind(device: str) -> str:
    return "float16" if device == "cuda" else "float32"


def show(figures: list[Figure], missing: list[str]) -> None:
    """A table, with how many times as fast the GPU is as the processor in float32."""
    slow = {
        figure.what: figure.per_s[1] for figure in reversed(figures) if figure.per_s and "cpu" in figure.where
    }
    print(f"{'a second: least, median, most':62}{'where':30}{'':>30}{'of cpu':>9}")
    for figure in figures:
        if figure.per_s is None:
            print(f"{figure.what:62}{figure.where:30}{NOT_MEASURED}: {figure.missing}")
            continue
        rates = "".join(f"{rate:10,.1f}" for rate in figure.per_s)
        ratio = f"{figure.per_s[1] / slow[figure.what]:7.1f} ×" if figure.what in slow else ""
        print(f"{figure.what:62}{figure.where:30}{rates}{ratio:>9}")
    for line in missing:
        print(line)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it works, nothing else")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    sizes = QUICK if options.quick else Sizes()
    has_gpu = torch.cuda.is_available() and options.device != "cpu"
    devices = ["cuda", "cpu"] if has_gpu else ["cpu"]
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads of the processor")
    missing = [
        f"{what}: {NOT_MEASURED}, no {name} here"
        for name, what in _NEEDED.items()
        if not importlib.util.find_spec(name)
    ]
    if has_gpu:
        print(torch.cuda.get_device_name())
    else:
        missing.append(f"cuda: {NOT_MEASURED}, there is no GPU")
    clock = Clock(options.minutes, sizes.runs)
    figures: list[Figure] = []
    for part in (encoding, searching, drawing):
        figures += part(clock, devices, sizes)
    show(figures, missing)
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1))


if __name__ == "__main__":
    main()
