"""Train the projection of the builtin model from the features of features.py.

    python bench/builtin/train.py --features /tmp/features --out projection.safetensors

names.py and hubs.py add the rest afterwards; without it the weights are incomplete.

Two linear maps, one per tower, are trained with a symmetric contrastive loss (InfoNCE, van den Oord
et al. 2018) on pictures and their captions. Flickr8k shows people, dogs and sport; so that the maps
keep the thousand things that the picture tower was trained to tell apart, an auxiliary term pairs
pseudo-pictures of each ImageNet class with its names. Deterministic by seed, on the CPU.
"""

import argparse
import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from db.settings import load_settings
from indexer.encoders.builtin import towers

BACKBONE = towers.LITE2
LAST = 1280
"""Features of the picture tower's last layer, the end of the vector."""
HOLDOUT = 1000
PROMPTS = ("a photo of a {}", "a {}", "{}")
FREQUENT = 10
"""Captions that must use a word for the gate to leave it to the projection."""


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters, chosen on the 1,000 held-out training pictures."""

    members: int = 3
    dim: int = 128
    epochs: int = 120
    batch: int = 1000
    rate: float = 1e-3
    decay: float = 0.1
    drop_image: float = 0.6
    drop_text: float = 0.3
    scale: float = 20.0
    """Inverse temperature at the start; it is learnt."""
    class_term: float = 0.2
    """Weight of the auxiliary term."""
    class_batch: int = 500
    class_gain: tuple[float, float] = (6.0, 14.0)
    """How far a pseudo-picture's logit of its class is raised."""
    conse_weight: float = 0.15
    named_weight: float = 2.5
    gate_power: float = 3.0


@dataclass(frozen=True)
class Data:
    """Features of the training set.

    Pictures (n, views, stages + 1280), texts (n, captions, 7 * 384), class names (1000, spellings, 7 * 384).
    """

    images: Tensor
    texts: Tensor
    names: Tensor
    words: Tensor
    """(k, 7 * 384): frequent words and word pairs of captions; the projection needs no help with these."""
    classifier: Tensor
    """(1000, 1280): the last layer of the picture tower."""


def rooted(features: Tensor) -> Tensor:
    """Signed square root, as ``Projection.images`` takes it."""
    return features.sign() * features.abs().sqrt()


def class_names() -> list[list[str]]:
    """For each ImageNet class its name and synonyms (WordNet), three at most."""
    from open_clip import IMAGENET_CLASSNAMES
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    return [
        [name, *info.index_to_description(index).split(", ")][:3]
        for index, name in enumerate(IMAGENET_CLASSNAMES)
    ]


def class_texts() -> list[list[str]]:
    """For each ImageNet class nine texts: three prompts of each of its names."""
    return [
        [prompt.format(names[turn % len(names)]) for turn in range(3) for prompt in PROMPTS]
        for names in class_names()
    ]


def frequent_words(captions: Sequence[str]) -> list[str]:
    """Words and pairs of neighbouring words that many captions use."""
    counts: Counter[str] = Counter()
    for caption in captions:
        words = re.findall("[a-z]+", caption.lower())
        counts.update({*words, *(" ".join(pair) for pair in pairwise(words))})
    return sorted(phrase for phrase, count in counts.items() if count >= FREQUENT)


def load_data(folder: Path, backbone: towers.Backbone) -> tuple[npt.NDArray[np.str_], Data]:
    """The names of the training pictures and everything that training needs."""
    stored = np.load(folder / "features-train.npz")
    tower = towers.load_text_tower(load_settings().cache)
    described = class_texts()
    names = tower([text for group in described for text in group])
    phrases = frequent_words(stored["captions"].ravel().tolist())
    words = tower([prompt.format(phrase) for phrase in phrases for prompt in PROMPTS])
    weights = torch.load(backbone.weights(), weights_only=True)
    return stored["names"], Data(
        images=torch.from_numpy(stored["features"]),
        texts=torch.from_numpy(stored["texts"]).flatten(2),
        names=torch.from_numpy(names).view(len(described), -1, names[0].size),
        words=torch.from_numpy(words).flatten(1),
        classifier=weights["_fc.weight"],
    )


class Standard(nn.Module):
    """Subtracts the mean and divides by the deviation of the rows it was made from."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.mean, self.deviation = rows.mean(0), rows.std(0) + 1e-3

    def forward(self, rows: Tensor) -> Tensor:
        return (rows - self.mean) / self.deviation


class PseudoPictures:
    """Synthetic picture features: those of a training picture, moved until the classifier sees class c.

    Of all moves that raise the logit of c by one, the least in Mahalanobis distance is taken,
    C w / (w' C w) with C the covariance of the features and w the classifier's weights; it carries
    the earlier stages along as they go with the last layer in real pictures.
    """

    def __init__(self, images: Tensor, classifier: Tensor) -> None:
        self.images = images
        centred = images - images.mean(0)
        moves = classifier @ (centred[:, -LAST:].T @ centred) / len(images)
        self.moves = moves / (moves[:, -LAST:] * classifier).sum(1, keepdim=True)

    def __call__(self, classes: Tensor, gains: Tensor) -> Tensor:
        made = (
            self.images[torch.randint(len(self.images), (len(classes),))]
            + gains[:, None] * self.moves[classes]
        )
        made[:, -LAST:].clamp_(min=0)  # averages of ReLU outputs
        return made


def contrast(images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """Symmetric InfoNCE of rows that belong together."""
    scores = scale * normalize(images, dim=1) @ normalize(texts, dim=1).T
    right = torch.arange(len(scores))
    return (cross_entropy(scores, right) + cross_entropy(scores.T, right)) / 2


@dataclass(frozen=True)
class Maps:
    """One trained member: inputs are raw features, outputs not yet of unit length."""

    image_weight: Tensor
    image_bias: Tensor
    text_weight: Tensor
    text_bias: Tensor


def fold(standard: Standard, linear: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight (in, out) and bias of the standardisation and the linear map after it as one map."""
    weight = (linear.weight / standard.deviation).detach().T.contiguous()
    return weight, linear.bias.detach() - standard.mean @ weight


def train_member(data: Data, rows: Tensor, recipe: Recipe, seed: int) -> Maps:
    """One pair of maps, trained on the pictures ``rows``."""
    torch.manual_seed(seed)
    image_standard = Standard(rooted(data.images[rows, 0].float()))
    text_standard = Standard(data.texts[rows].flatten(0, 1).float())
    pseudo = PseudoPictures(data.images[rows, 0].float(), data.classifier)
    names = text_standard(data.names)
    image_map = nn.Linear(data.images.shape[2], recipe.dim)
    text_map = nn.Linear(data.texts.shape[2], recipe.dim)
    image_drop, text_drop = nn.Dropout(recipe.drop_image), nn.Dropout(recipe.drop_text)
    log_scale = nn.Parameter(torch.tensor(math.log(recipe.scale)))
    weights = [image_map.weight, text_map.weight]
    rest = [image_map.bias, text_map.bias, log_scale]
    groups = [{"params": weights, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=recipe.rate)
    steps = recipe.epochs * -(-len(rows) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=0.1)

    def loss_of(images: Tensor, texts: Tensor) -> Tensor:
        return contrast(
            image_map(image_drop(image_standard(rooted(images)))), text_map(text_drop(texts)), log_scale.exp()
        )

    for epoch in range(recipe.epochs):
        for chosen in rows[torch.randperm(len(rows))].split(recipe.batch):
            views = torch.randint(data.images.shape[1], (len(chosen),))
            captions = torch.randint(data.texts.shape[1], (len(chosen),))
            texts = text_standard(data.texts[chosen, captions].float())
            loss = loss_of(data.images[chosen, views].float(), texts)
            if recipe.class_term:
                classes = torch.randperm(len(names))[: recipe.class_batch]
                gains = torch.empty(len(classes)).uniform_(*recipe.class_gain)
                spelled = names[classes, torch.randint(names.shape[1], (len(classes),))]
                loss = loss + recipe.class_term * loss_of(pseudo(classes, gains), spelled)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if (epoch + 1) % 20 == 0:
            print(f"member {seed}: {epoch + 1} of {recipe.epochs} epochs", flush=True)
    return Maps(*fold(image_standard, image_map), *fold(text_standard, text_map))


def train_gate(data: Data, rows: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Logistic regression: class names on one side, captions and their words on the other.

    Weight (features,) and bias (1,).
    """
    torch.manual_seed(seed)
    names = data.names.flatten(0, 1)
    texts = torch.cat([names, data.texts[rows, 0].float(), data.words])
    named = torch.cat([torch.ones(len(names)), torch.zeros(len(rows) + len(data.words))])
    standard, linear = Standard(texts), nn.Linear(texts.shape[1], 1)
    nn.init.zeros_(linear.weight)
    # Decayed strongly: texts between a name and a caption should get weights in between.
    optimizer = torch.optim.AdamW(linear.parameters(), lr=1e-3, weight_decay=1.0)
    for _ in range(100):
        loss = binary_cross_entropy_with_logits(linear(standard(texts))[:, 0], named)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weight, bias = fold(standard, linear)
    return weight[:, 0], bias


def train(data: Data, rows: Tensor, recipe: Recipe, seed: int, at_once: int) -> dict[str, Tensor]:
    """The tensors of ``indexer.encoders.builtin.projection.Projection``; ``at_once`` members at a time."""
    seeds = [seed * 1000 + number for number in range(recipe.members)]
    # Forked, so that the processes share the features.
    with ProcessPoolExecutor(at_once, get_context("fork")) as pool:
        members = list(pool.map(partial(train_member, data, rows, recipe), seeds))
    gate_weight, gate_bias = train_gate(data, rows, seed)
    return {
        "image_weight": torch.cat([member.image_weight for member in members], 1),
        "image_bias": torch.stack([member.image_bias for member in members]),
        "text_weight": torch.cat([member.text_weight for member in members], 1),
        "text_bias": torch.stack([member.text_bias for member in members]),
        "gate_weight": gate_weight,
        "gate_bias": gate_bias,
        "conse_weight": torch.tensor([recipe.conse_weight]),
        "named_weight": torch.tensor([recipe.named_weight]),
        "gate_power": torch.tensor([recipe.gate_power]),
        "hub_centroids": torch.zeros((0, 0)),
        "hub_usual": torch.zeros(1),
    }


def split_holdout(names: npt.NDArray[np.str_]) -> tuple[Tensor, Tensor]:
    """Rows to train on and the 1,000 rows held out, chosen by the hash of the name."""
    order = sorted(range(len(names)), key=lambda row: hashlib.sha256(str(names[row]).encode()).hexdigest())
    return torch.tensor(sorted(order[HOLDOUT:])), torch.tensor(sorted(order[:HOLDOUT]))


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--holdout", action="store_true", help="leave out the 1,000 pictures for choosing")
    parser.add_argument("--processes", type=int, default=2, help="members trained at once")
    args = parser.parse_args()
    torch.set_num_threads(1)
    names, data = load_data(args.features, BACKBONE)
    rows = split_holdout(names)[0] if args.holdout else torch.arange(len(names))
    tensors = train(data, rows, Recipe(), args.seed, args.processes)
    save_file({name: value.half().contiguous() for name, value in tensors.items()}, args.out)


if __name__ == "__main__":
    main()
