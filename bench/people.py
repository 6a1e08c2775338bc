"""Measures how well faces are told apart, on pictures in which nobody has labelled anybody.

    python bench/people.py IMAGES [--enlarged 3] [--limit N] [--out DIR]

Two faces in different pictures are mostly of two people: the share of such pairs that is near enough to be
joined is an upper bound of false joins, since some are the same person. The pairs are left as a picture in
DIR, to be looked at. Of the same face it is measured how often it is found, and near enough, when its
picture is cut, darker, brighter, blurred, turned, mirrored, or saved as a poor JPEG. Then each of these faces
has a name, and is in one library with the changed ones and all other faces: in how many groups it is, and who
is suggested to be it. Pictures of one person taken on different days are not among them: what share of those
is joined nobody has measured here.
"""

import argparse
import io
import resource
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from db.arrays import Vectors
from db.catalog.face_groups import Group, Member
from db.catalog.persons import Face as Stored
from db.catalog.persons import Said
from db.catalog.units import Region
from db.settings import load_settings
from indexer.encoders.faces.aligned import aligned
from indexer.encoders.faces.detector import Detector, Face
from indexer.encoders.faces.encoder import NAME, FaceEncoder
from indexer.people.grouping import JOINS, Known, grouped
from indexer.people.suggestions import nearest

LEAST = 80
"""Pixels of a face, after the picture was enlarged."""
_EVERY = (0.92, 0.93, 0.94, 0.95, 0.955, 0.96, 0.965, 0.97)
_VARIED = 80
"""Faces of which changed pictures are made."""


class Seen(NamedTuple):
    """A face of a picture, as the network sees it."""

    picture: int
    face: Face
    cut: np.ndarray


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "cut by a tenth on each side": lambda image: image.crop(
        (image.width // 10, image.height // 10, image.width * 9 // 10, image.height * 9 // 10)
    ),
    "half as bright": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "half as bright again": lambda image: ImageEnhance.Brightness(image).enhance(1.5),
    "blurred by 2 pixels": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "turned by 10 degrees": lambda image: image.rotate(10, Image.Resampling.BICUBIC),
    "turned by 30 degrees": lambda image: image.rotate(30, Image.Resampling.BICUBIC),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "JPEG of quality 40": lambda image: _jpeg(image, 40),
    "half as large": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX),
}


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("--enlarged", type=int, default=3)
    parser.add_argument("--limit", type=int, default=0, help="pictures to take, evenly spread; 0 for all")
    parser.add_argument("--out", type=Path, help="folder for pictures of the nearest pairs")
    parser.add_argument("--pairs", type=int, default=40, help="how many of them")
    args = parser.parse_args()
    paths = sorted(args.images.iterdir())
    paths = paths[:: max(1, len(paths) // args.limit)] if args.limit else paths
    settings = load_settings()
    detector, encoder = Detector(settings.cache), FaceEncoder(NAME, settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    detector.faces(np.zeros((240, 320, 3), np.uint8), 40)

    started, seen = time.process_time(), []
    for number, path in enumerate(paths):
        picture = np.asarray(_enlarged(path, args.enlarged))
        seen += [Seen(number, face, aligned(picture, face)) for face in detector.faces(picture, LEAST)]
    found_s = time.process_time() - started
    started = time.process_time()
    vectors = _vectors(encoder, [one.cut for one in seen])
    told_s = time.process_time() - started
    print(f"{len(paths):,} pictures, {len(seen):,} faces of {LEAST} pixels and more")
    print(
        f"finding: {found_s / len(paths):.3f} s of processor time a picture, reading and enlarging included"
    )
    print(f"telling: {told_s / max(1, len(seen)):.3f} s a face")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {after / 1024:.0f} MB at most, {(after - before) / 1024:.0f} MB more than before")

    _strangers(seen, vectors, args.out, args.pairs)
    changed = _changed(detector, encoder, [paths[one.picture] for one in seen], args.enlarged, seen, vectors)
    _one_library([one.picture for one in seen], vectors, changed)


def _enlarged(path: Path, times: int) -> Image.Image:
    image = Image.open(path).convert("RGB")
    return image.resize((image.width * times, image.height * times), Image.Resampling.LANCZOS)


def _vectors(encoder: FaceEncoder, cuts: Sequence[np.ndarray]) -> Vectors:
    batches = [cuts[at : at + 64] for at in range(0, len(cuts), 64)]
    prepared = ([encoder.prepare(Image.fromarray(cut)) for cut in batch] for batch in batches)
    return np.concatenate([encoder.encode_pixels(np.stack(batch)) for batch in prepared])


def _strangers(seen: Sequence[Seen], vectors: Vectors, out: Path | None, most: int) -> None:
    near = vectors @ vectors.T
    pictures = np.array([one.picture for one in seen])
    rows, columns = np.nonzero(np.triu(pictures[:, None] != pictures[None, :], 1))
    cosines = near[rows, columns]
    print(f"\n{len(cosines):,} pairs of faces in different pictures; median cosine {np.median(cosines):.3f}")
    print("| cosine | pairs from it on | of a million | faces in such a pair |")
    for least in _EVERY:
        own = cosines >= least
        faces = len(np.union1d(rows[own], columns[own]))
        print(f"| {least} | {own.sum():,} | {1e6 * own.mean():.1f} | {faces / len(seen):.1%} |")
    same = np.triu((pictures[:, None] == pictures[None, :]), 1)
    own = near[same]
    print(f"{len(own):,} pairs in one picture, who are two people: {(own >= JOINS).sum()} from {JOINS} on")
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    best = np.argsort(-cosines)[:most]
    sheet = Image.new("RGB", (5 * 310, -(-len(best) // 5) * 165))
    for place, pair in enumerate(best.tolist()):
        x, y = place % 5 * 310, place // 5 * 165
        sheet.paste(Image.fromarray(seen[rows[pair]].cut), (x, y))
        sheet.paste(Image.fromarray(seen[columns[pair]].cut), (x + 150, y))
    sheet.save(out / "nearest.png")
    print(f"the {len(best)} nearest pairs: {cosines[best[0]]:.3f} down to {cosines[best[-1]]:.3f}")


def _changed(
    detector: Detector,
    encoder: FaceEncoder,
    paths: Sequence[Path],
    times: int,
    seen: Sequence[Seen],
    vectors: Vectors,
) -> dict[tuple[str, int], Vectors]:
    """Tell how near changed faces are; returns their vectors by the change and the face."""
    made: dict[tuple[str, int], Vectors] = {}
    chosen = range(0, len(seen), max(1, len(seen) // _VARIED))
    print(f"\nthe same face in a changed picture, {len(chosen)} of each; found, and near enough ({JOINS})")
    print("| change | found | of these near enough | median cosine |")
    for name, change in CHANGES.items():
        for at in chosen:
            picture = np.asarray(change(_enlarged(paths[at], times)))
            cuts = [aligned(picture, face) for face in detector.faces(picture, LEAST // 2)]
            # Which of them it is nobody says: the nearest one.
            own = _vectors(encoder, cuts) if cuts else np.empty((0, vectors.shape[1]), np.float32)
            cosines = own @ vectors[at]
            if len(own) and cosines.max() > 0.8:
                made[name, at] = own[int(cosines.argmax())]
        near = np.array([made[name, at] @ vectors[at] for at in chosen if (name, at) in made])
        found, joined = len(near) / len(chosen), np.mean(near >= JOINS)
        print(f"| {name} | {found:.1%} | {joined:.1%} | {np.median(near):.3f} |")
    return made


def _one_library(
    pictures: Sequence[int], vectors: Vectors, changed: Mapping[tuple[str, int], Vectors]
) -> None:
    """Put named faces that are alone in their pictures, their changed ones, and all others in groups."""
    alone = {number for number, faces in Counter(pictures).items() if faces == 1}
    named = sorted({at for _, at in changed if pictures[at] in alone})
    own = [
        (at, vector) for (_, at), vector in sorted(changed.items(), key=lambda item: item[0]) if at in named
    ]
    others = sorted(set(range(len(vectors))) - set(named))
    whose = [*named, *(at for at, _ in own), *([-1] * len(others))]
    region = Region(0.4, 0.4, 0.1, 0.1)
    faces = [
        Stored(number, number, number.to_bytes(4), None, None, None, region)
        for number in range(1, len(whose) + 1)
    ]
    known = Known(
        faces,
        np.stack([*(vectors[at] for at in named), *(vector for _, vector in own), *vectors[others]]),
        {at: f"person {at}" for at in named},
        [
            Said(at, True, False, face.sha256, None, region)
            for at, face in zip(named, faces[: len(named)], strict=True)
        ],
        *([], [], []),
    )
    groups = [(Group(number, *group[1:]), own) for number, (group, own) in enumerate(grouped(known), 1)]
    known = replace(
        known,
        groups=[group for group, _ in groups],
        members=[
            Member(group.id, face.content_id, face.unit_id, None, region)
            for group, own in groups
            for face in own
        ],
    )
    _tell_groups(known, groups, whose, len(own))
    _tell_suggestions(known, groups, whose)


def _tell_groups(
    known: Known, groups: Sequence[tuple[Group, Sequence[Stored]]], whose: Sequence[int], changed: int
) -> None:
    joined: Counter[str] = Counter()
    each: dict[int, set[int]] = {at: set() for at in known.persons}
    for group, own in groups:
        for face in own:
            owner = whose[face.unit_id - 1]
            if owner >= 0:
                each[owner].add(group.id)
            if group.person_id is None:
                joined["own" if owner >= 0 else "others"] += 1
            elif face.unit_id > len(known.persons):
                joined["right" if owner == group.person_id else "stranger" if owner < 0 else "wrong"] += 1
    print(f"\n{len(each)} named faces, {changed} changed ones of them, and {whose.count(-1)} of others")
    print(
        f"changed faces that join their person: {joined['right'] / changed:.1%}, another: {joined['wrong']}"
    )
    print(f"in groups of their own: {joined['own'] / changed:.1%}; strangers joined: {joined['stranger']}")
    spread = Counter(len(own) for own in each.values())
    print("people in so many groups:", ", ".join(f"{number}: {spread[number]}" for number in sorted(spread)))


def _tell_suggestions(
    known: Known, groups: Sequence[tuple[Group, Sequence[Stored]]], whose: Sequence[int]
) -> None:
    persons = {group.id: group.person_id for group, _ in groups if group.person_id is not None}
    unnamed = {group.id for group, _ in groups} - persons.keys()
    placed = {face.unit_id for group, own in groups if group.id in persons for face in own}
    left = sum(owner >= 0 and unit not in placed for unit, owner in enumerate(whose, 1))
    print(f"{left} changed faces have not joined; suggested from a cosine on:")
    print("| cosine | suggestions | right ones | changed faces in right ones |")
    for least in _EVERY[1:-1]:
        right = [
            sum(whose[face.unit_id - 1] == persons[group_id] for face in own)
            for group_id, _, own, _ in nearest(known, persons, unnamed, least)
        ]
        print(f"| {least} | {len(right)} | {sum(map(bool, right))} | {sum(right)} |")


if __name__ == "__main__":
    main()
