"""Measure what a detector sees against what captions say, which leave much out.

    python bench/things.py --images FOLDER --captions CSV [--split dev] --detector NAME

For each name that it gives, from each of some thresholds: to how many pictures it gives it, of how many of
these a caption says so (the least that is right, as captions are silent about much), and how many of the
pictures whose captions say so have it.
"""

import argparse
import csv
import re
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from db.settings import Settings
from indexer.analysers.things import Things
from indexer.pretrained.loading import Pretrained

THRESHOLDS = (0.4, 0.5, 0.6, 0.7)
SAYING = {
    "person": "man men woman women boy boys girl girls child children kid kids people person persons "
    "lady baby toddler player players skier surfer cyclist biker climber someone crowd guy he she runner "
    "swimmer dancer",
    "bicycle": "bicycle bicycles bike bikes bicyclist cyclist cyclists biker biking bmx",
    "dog": "dog dogs puppy puppies hound poodle terrier greyhound greyhounds",
    "car": "car cars vehicle suv jeep taxi van racecar",
    "vehicle": "vehicle car cars truck bus motorcycle bike bicycle jeep train boat atv van tractor",
    "footwear": "shoe shoes boot boots sandals sneakers skates rollerblades",
}
"""Words that say a name, of those whose name alone does not."""


def _says(name: str, captions: list[str]) -> bool:
    wanted = SAYING[name].split() if name in SAYING else [name, f"{name}s"]
    return any(re.search(rf"\b{re.escape(word)}\b", text.lower()) for text in captions for word in wanted)


def main() -> None:
    """Look, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--split")
    parser.add_argument("--detector", required=True)
    options = parser.parse_args()
    captions: dict[str, list[str]] = defaultdict(list)
    with options.captions.open(newline="") as file:
        for row in csv.DictReader(file):
            if options.split in (None, row.get("split")):
                captions[row["image"]].append(row["caption"])
    model = Pretrained(options.detector, "detect", Settings(device="cpu"), Things.load)
    surest: dict[str, dict[str, float]] = defaultdict(dict)
    took = []
    with model.use() as detector:
        for name in captions:
            with Image.open(options.images / name) as picture:
                seen = picture.convert("RGB")
            begun = time.process_time()
            for box in detector.detect(seen, min(THRESHOLDS)):
                surest[box.label].setdefault(name, box.score)
            took.append(time.process_time() - begun)
    print(f"{len(captions)} pictures, {np.median(took):.3f} s of the processor each (median)")
    for label, pictures in sorted(surest.items(), key=lambda one: -len(one[1])):
        said = {name for name, texts in captions.items() if _says(label, texts)}
        cells = []
        for least in THRESHOLDS:
            given = {name for name, score in pictures.items() if score >= least}
            cells.append(f"{least}: {len(given)} given, {len(given & said)} said")
        print(f"{label} (said of {len(said)}): " + "; ".join(cells))


if __name__ == "__main__":
    main()
