"""Add the hubness correction to the weights of the builtin model, from the features of features.py, last.

    python bench/builtin/hubs.py --features /tmp/features --weights projection.safetensors

The last step of training: 500 spherical k-means centroids of the training captions in the joint
space, and the mean similarity of the training pictures to them (``indexer/encoders/builtin/hubness.py``).
Deterministic by seed. Repeating it on weights that have them already changes nothing.
"""

import argparse
from pathlib import Path

import faiss
import numpy as np
from safetensors.numpy import load_file, save_file

from db.settings import load_settings
from indexer.encoders.builtin.encoder import SecondEncoder
from indexer.encoders.builtin.hubness import Hubness
from indexer.encoders.builtin.towers import ImageFeatures, TextFeatures

CENTROIDS = 500
ROUNDS = 20


def main() -> None:
    """Compute the two tensors and rewrite the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    stored = np.load(args.features / "features-train.npz")
    encoder = SecondEncoder(load_settings().cache, "cpu", weights=args.weights)
    layers = stored["texts"].reshape(-1, *stored["texts"].shape[2:]).astype(np.float32)
    read = TextFeatures(stored["captions"].ravel().tolist(), layers)
    texts = encoder.joint_texts(read, encoder.named(read))
    clusters = faiss.Kmeans(
        texts.shape[1], CENTROIDS, niter=ROUNDS, spherical=True, seed=args.seed, max_points_per_centroid=1000
    )
    clusters.train(texts)
    # The pictures as a search sees them, without the views that training added.
    features, logits = (stored[name][:, 0].astype(np.float32) for name in ("features", "logits"))
    pictures = encoder.joint_images(ImageFeatures(features, logits))
    centroids = clusters.centroids.astype(np.float16)
    baseline = Hubness(centroids.astype(np.float32), 0.0).of(pictures).mean()
    print(f"{len(texts)} captions, {len(pictures)} pictures, mean similarity {baseline:.4f}")
    hubs = {"hub_centroids": centroids, "hub_usual": np.array([baseline], np.float16)}
    save_file(load_file(args.weights) | hubs, args.weights)


if __name__ == "__main__":
    main()
