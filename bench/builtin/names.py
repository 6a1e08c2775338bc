"""Add the names of ImageNet's classes to the weights of the builtin model, after train.py.

    python bench/builtin/names.py --weights projection.safetensors

The sentence embeddings of "a NAME" for up to three names of each class, and the two bases of
``indexer/encoders/builtin/classes.py``: of the classes and the synsets above them, the directions in which
what people ask for differs most there (the words of our own lists, and the classes' names); of ConSE, those
in which the names do.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from train import class_names

from db.arrays import Floats, unit_length
from db.settings import load_settings
from indexer.encoders.builtin import towers
from indexer.encoders.builtin.classes import ClassSpace
from indexer.encoders.builtin.nouns.lookup import Nouns
from indexer.encoders.builtin.nouns.taxonomy import CLASSES, Taxonomy

WORDS = Path(__file__).parents[1] / "languages" / "words" / "de.tsv"
"""Its first column: the English of what people ask for most."""


@dataclass(frozen=True)
class Recipe:
    """Chosen on half of the single things of evaluate.py, but for the numbers of dimensions."""

    own: float = 3.0
    """Weight of a class itself against the synsets above it."""
    rare: float = 3.0
    """Exponent of a synset's information content in its weight: a mere living thing says little."""
    classes: int = 512
    conse: int = 125
    """So that a vector has 1,024 numbers: scans are quickest where there is a multiple of eight."""


def asked() -> list[str]:
    """What people ask for most, in English."""
    return sorted({line.split("\t")[0] for line in WORDS.read_text(encoding="utf-8").splitlines()})


def with_kinds(recipe: Recipe) -> Floats:
    """(1000, synsets) each class as the synsets that it is, so that a dog's picture is near to "dog", too.

    A text that means 118 breeds lies among the classes near to no single one; what they share is a synset
    above all of them. Synsets count by information content (Resnik 1995, "Using information content to
    evaluate semantic similarity in a taxonomy", arXiv cmp-lg/9511007), each class being met equally often.
    """
    above = Taxonomy.load().above_classes()
    content = -np.log(above.mean(axis=0)) / np.log(CLASSES)
    weights = content**recipe.rare
    weights[:CLASSES] *= recipe.own
    weighted: Floats = (above * np.sqrt(weights)).astype(np.float32)
    return weighted


def main_directions(rows: Floats, count: int) -> Floats:
    """(dim, count): the right singular vectors of the largest singular values."""
    _, _, directions = np.linalg.svd(rows, full_matrices=False)
    return np.ascontiguousarray(directions[:count].T, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, required=True)
    arguments = parser.parse_args()
    recipe, tower = Recipe(), towers.load_text_tower(load_settings().cache)

    def embedded(texts: list[str]) -> Floats:
        return unit_length(tower(texts)[:, -1])

    spelled = [list(dict.fromkeys(f"a {name}" for name in names)) for names in class_names()]
    counts = np.array([len(group) for group in spelled])
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    names = embedded([text for group in spelled for text in group])
    first = names[firsts]
    whole = np.eye(len(spelled), dtype=np.float32)
    conse_basis = main_directions(first - first.mean(axis=0), recipe.conse)
    space = ClassSpace(names, firsts, whole, first @ conse_basis, conse_basis)
    texts = [f"a {word}" for word in asked()]
    meant = space.among_classes(embedded(texts), Nouns().weights(texts))
    own = space.among_classes(first, np.zeros_like(whole))
    kinds = with_kinds(recipe)
    directions = main_directions(np.concatenate([meant, own]) @ kinds, recipe.classes)
    tensors = {
        "class_names": names,
        "class_name_counts": counts,
        "class_basis": kinds @ directions,
        "conse_names": space.conse_names,
        "conse_basis": conse_basis,
    }
    halves = {name: np.ascontiguousarray(value, np.float16) for name, value in tensors.items()}
    save_file(load_file(arguments.weights) | halves, arguments.weights)
    print({name: value.shape for name, value in halves.items()})


if __name__ == "__main__":
    main()
