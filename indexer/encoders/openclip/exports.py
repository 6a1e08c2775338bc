"""Cached exports of an open_clip model, which run on a CPU without importing PyTorch.

Importing torch and open_clip takes seconds, which a text search should not wait for. So three things are
cached, each made on first use by those two libraries and checked against them then: the model's facts
(its configuration and fingerprint), its two towers as ONNX, and its tokenizer. A part that cannot be
exported, or whose export does not agree, is used through PyTorch as it is.
"""

import hashlib
import html
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from db.arrays import Floats
from db.files import is_intact, read_checksummed, write_checksummed
from indexer.encoders.cache import load_or_build
from indexer.encoders.onnx import (
    asking_session,
    data_parallel,
    export,
    least_cosine,
    one_thread_session,
    onnx_session,
)
from indexer.pretrained.acceleration import Unfit

log = logging.getLogger(__name__)

Tower = Callable[[npt.NDArray[Any]], Floats]
"""Pixels (n, 3, H, W) float32, or tokens (n, context) int64, to (n, dim) float32, not normalised."""

Tokens = npt.NDArray[np.int64]

_VERSION = 1
LEAST_COSINE = 0.999
"""Least cosine between the vectors of an export and those of its model."""

_PROBES = (
    "a photo of a dog",
    "",
    "Don't  stop! 3 cats' toys, 10,000 €; naïve café — 東京 🐕 <b>&amp;</b> x_y\n(re)start",
    "word " * 100,
)


@dataclass(frozen=True)
class Facts:
    """Configuration and fingerprint of a model. ``files``: what they were read from, see ``identity``."""

    version: int
    config: dict[str, Any]
    fingerprint: str
    files: list[list[Any]]


def read_facts(cache: Path, name: str) -> Facts | None:
    """The cached facts of the model of that name; None without any, or if its files have changed."""
    path = _facts_path(cache, name)
    if not is_intact(path):
        return None
    try:
        facts = Facts(**json.loads(read_checksummed(path)))
        same = facts.version == _VERSION and facts.files == [identity(Path(file[0])) for file in facts.files]
    except (OSError, ValueError, TypeError, LookupError):
        return None
    return facts if same else None


def keep_facts(cache: Path, name: str, config: dict[str, Any], fingerprint: str, files: list[Path]) -> None:
    """Cache the facts of a model; where the cache cannot be written, that is only logged."""
    try:
        facts = Facts(_VERSION, config, fingerprint, [identity(path.resolve()) for path in files])
        path = _facts_path(cache, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_checksummed(path, json.dumps(asdict(facts)).encode())
    except (OSError, TypeError) as exc:
        log.info("what is known about %s is not kept: %s", name, exc)


def identity(path: Path) -> list[Any]:
    """Path, size and modification time (ns) of a file, which change when another one takes its place."""
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]


def _facts_path(cache: Path, name: str) -> Path:
    return cache / "models" / f"openclip-{hashlib.sha256(name.encode()).hexdigest()[:16]}.facts"


def exported(path: Path, make: Callable[[], tuple[Any, Any]], *, batches: bool) -> Tower:
    """A tower that runs as ONNX, from the cache or exported now.

    Args:
        path: where the export belongs.
        make: returns the PyTorch module and example inputs.
        batches: the cores take different rows, see ``onnx.data_parallel``; else all share each row,
            which is best for one.

    Raises:
        Unfit: it cannot be exported, now or when it was last tried.
        ModelError: the cache cannot be written, or the model cannot be loaded.
    """
    unfit = path.with_suffix(".unfit")
    if unfit.exists():
        raise Unfit(unfit.read_text(encoding="utf-8", errors="replace"))

    def build(target: Path) -> None:
        module, example = make()
        try:
            export(module, example, ["n"], ["vectors"], target)
            _compare(onnx_session(target), module, example)
        except Exception as exc:  # the exporter raises what its many parts raise
            unfit.write_text(f"{type(exc).__name__}: {exc}"[:2_000], encoding="utf-8")
            raise Unfit(str(exc)) from exc

    if batches:
        run = data_parallel(load_or_build(path, build, one_thread_session), ["vectors"])
        return lambda inputs: run(inputs)[0]
    session = load_or_build(path, build, asking_session)

    def together(inputs: npt.NDArray[Any]) -> Floats:
        vectors: Floats = session.run(["vectors"], {"input": inputs})[0]
        return vectors

    return together


def _compare(session: Any, module: Any, example: Any) -> None:
    import torch

    with torch.inference_mode():
        expected = module(example).float().numpy()
    vectors = session.run(["vectors"], {"input": example.numpy()})[0]
    cosine = least_cosine(expected, vectors)
    if not cosine > LEAST_COSINE:
        raise Unfit(f"the export agrees only to a cosine of {cosine:.4f}")


# --- the tokenizer of CLIP


def tokenizer(path: Path, original: Callable[[], Any]) -> Callable[[Sequence[str]], Tokens]:
    """CLIP's tokenizer without PyTorch, from the cache or converted now from open_clip's.

    Raises:
        Unfit: it is another kind of tokenizer.
    """
    if not is_intact(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_checksummed(path, json.dumps(_converted(original())).encode())
    spec = json.loads(read_checksummed(path))
    if not spec:
        raise Unfit("its tokenizer is not CLIP's")
    return _reader(spec)


def _reader(spec: dict[str, Any]) -> Callable[[Sequence[str]], Tokens]:
    import regex
    from tokenizers import Tokenizer

    words = Tokenizer.from_str(spec["tokenizer"])
    # Not the expressions of ``tokenizers``: theirs know the letters of another version of Unicode.
    pattern = regex.compile(spec["pattern"], regex.IGNORECASE)
    start, end, length = spec["start"], spec["end"], spec["length"]

    def read(texts: Sequence[str]) -> Tokens:
        rows = np.zeros((len(texts), length), dtype=np.int64)
        for row, text in zip(rows, texts, strict=True):
            pieces = pattern.findall(_clean(text))
            ids = [start, *words.encode(pieces, is_pretokenized=True).ids, end][:length]
            ids[-1] = end
            row[: len(ids)] = ids
        return rows

    return read


def _clean(text: str) -> str:
    """Normalise a text as open_clip does before it splits it into words."""
    import ftfy

    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split()).lower()


def _converted(original: Any) -> dict[str, Any]:
    """The tokenizer as data for the library ``tokenizers``; empty where its tokens would differ."""
    from open_clip.tokenizer import SimpleTokenizer
    from tokenizers import Tokenizer, models, pre_tokenizers

    if type(original) is not SimpleTokenizer or original.reduction_fn is not None:
        return {}
    bpe = models.BPE(original.encoder, list(original.bpe_ranks), end_of_word_suffix="</w>")
    words = Tokenizer(bpe)
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words.add_special_tokens(["<start_of_text>", "<end_of_text>"])
    spec = {
        "tokenizer": words.to_str(),
        "pattern": original.pat.pattern,
        "start": original.sot_token_id,
        "end": original.eot_token_id,
        "length": original.context_length,
    }
    same = np.array_equal(_reader(spec)(_PROBES), original(list(_PROBES)).numpy())
    return spec if same else {}
