"""Compare retrieval of spoken passages by a paraphrase: by keywords, two kinds of embeddings, and both.

    python bench/passages.py --audio FOLDER --transcripts CSV --captions CSV

Each recording of the transcripts (columns ``audio,image,caption``) is heard by the builtin Whisper and
is one passage. The queries are the *other* captions of the same picture (columns ``image,split,caption``):
people who saw the same and said it otherwise. Compared are the text vectors that the picture model gives
(CLIP's text tower; for the builtin model its joint space) with those of the sentence encoder
(all-MiniLM-L6-v2), each alone, by words alone (FTS5) and fused with them as a search does.

The builtin model's projection learnt from the captions of the training pictures, which flatters it
there; so the development pictures are told apart, and as a larger test of the same kind their first
captions stand for passages that were heard without an error, and their second ones ask (``written``).
"""

import argparse
import csv
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.catalog import analyses, assets, contents, spaces, units
from db.catalog.assets import FileStat
from db.catalog.filters import ALL
from db.catalog.units import NewUnit
from db.engine.sqlite import SqliteDatabase
from db.settings import Settings
from indexer.analysers.whisper import load_transcriber
from indexer.encoders.builtin.encoder import BuiltinEncoder, ConseEncoder
from indexer.media.reader import probe, read_audio
from search.engine.embed import Question
from search.engine.fuse import Candidates, fuse
from search.engine.ranking import Background, Found, Ranking
from search.engine.scope import Scope
from search.engine.sources import Keywords
from search.query.query import Query

DEPTH = 200
WEIGHTS = (0.4, 1.0)
"""Weights of the embeddings' ranking, beside the keywords' 1."""

Floats = npt.NDArray[np.float32]


def hear(folder: Path, names: Sequence[str], settings: Settings, kept: Path | None) -> dict[str, str]:
    """Transcripts by name of recording; ``kept``: a JSON file that caches them."""
    if kept is not None and kept.exists():
        return dict(json.loads(kept.read_text()))
    transcriber = load_transcriber("builtin", device="cpu", cache=settings.cache)
    assert transcriber is not None
    heard = {}
    for name in names:
        path = folder / name

        def read(start_s: float, end_s: float, path: Path = path) -> Floats:
            return read_audio(path, start_s, end_s)

        passages = transcriber.transcribe(read, probe(path).duration_s or 60.0)
        heard[name] = " ".join(passage.text for passage in passages)
    if kept is not None:
        kept.write_text(json.dumps(heard))
    return heard


class Library:
    """Passages in a database of their own, one file each."""

    def __init__(self, folder: Path, texts: Sequence[str]) -> None:
        self.database = SqliteDatabase(folder / "trove.db")
        nothing = np.eye(1, 8, dtype=np.float32)[0]
        with self.database.write() as session:
            space = spaces.add(session, "none", "0", 8, "active")
            for number, text in enumerate(texts):
                content_id = contents.add(session, number.to_bytes(32), "audio")
                stat = FileStat(Path(f"/{number}"), 1, 1)
                assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
                heard = analyses.record(session, "speech", "1", "done", content_id=content_id)
                unit = NewUnit("speech", {space.id: nothing}, 0.0, 4.0, text=text)
                units.add(session, [(unit, content_id, heard, None)])
        with self.database.read() as session:
            self.units = units.rows(session, range(1, len(texts) + 1))

    def by_words(self, query: str) -> Ranking:
        """Keyword ranking, as a search makes it."""
        with self.database.read() as session:
            asked = Question(Query("words"), {}, (query,))
            ranking = Keywords().rank(asked, Scope(session, {}, ALL), DEPTH)
        assert ranking is not None
        return ranking

    def place(self, rankings: Sequence[Ranking], own: int) -> int:
        """The rank of a passage in the fused list; one beyond all where it is not in it."""
        hits = fuse(rankings, Candidates(self.units), DEPTH)
        return next((hit.rank for hit in hits if hit.unit_id == own + 1), len(self.units) + 1)


def by_meaning(similarities: Floats, weight: float) -> Ranking:
    """A query's similarities to all passages as a ranking."""
    usual = Background(float(similarities.mean()), float(similarities.std()), len(similarities))
    best = np.argsort(-similarities, kind="stable")[:DEPTH]
    return Ranking(
        "text_to_passage", weight, [Found(int(i) + 1, float(similarities[i])) for i in best], usual
    )


def line(name: str, places: Sequence[int]) -> str:
    """Recall at 1, 5 and 10 in per cent, and the median rank."""
    ranks = np.array(places)
    recall = "  ".join(f"{100 * (ranks <= k).mean():5.1f}" for k in (1, 5, 10))
    return f"  {name:38} {recall}  {np.median(ranks):5.1f}"


def compare(
    title: str, texts: Sequence[str], queries: Sequence[str], own: Sequence[int], settings: Settings
) -> None:
    """Print one table."""
    encoders = {
        "picture model": BuiltinEncoder(settings.cache, "cpu"),
        "sentence encoder": ConseEncoder(settings.cache, "cpu"),  # its text vectors are MiniLM's alone
    }
    print(f"{title}: {len(texts)} passages, {len(queries)} queries\n  {'':38}   R@1    R@5   R@10  median")
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder), texts)
        words = [library.by_words(query) for query in queries]
        spoken = [library.place([ranking], at) for ranking, at in zip(words, own, strict=True)]
        print(line("words", spoken), flush=True)
        for name, encoder in encoders.items():
            scores = encoder.encode_texts(list(queries)) @ encoder.encode_texts(list(texts)).T
            right = scores[np.arange(len(own)), list(own)]
            print(line(name, (1 + (scores > right[:, None]).sum(axis=1)).tolist()), flush=True)
            for weight in WEIGHTS:
                places = [
                    library.place([by_meaning(row, weight), ranking], at)
                    for row, ranking, at in zip(scores, words, own, strict=True)
                ]
                print(line(f"words and {name} * {weight:g}", places), flush=True)


def main() -> None:
    """Hear, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audio", type=Path, help="without it, only the written ones")
    parser.add_argument("--transcripts", type=Path)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--heard", type=Path, help="JSON to keep, or to find, what was heard in")
    options = parser.parse_args()
    settings = Settings(device="cpu")
    with options.captions.open(newline="") as file:
        captions = list(csv.DictReader(file))
    if options.audio is not None:
        _compare_spoken(options, captions, settings)
    by_image: dict[str, list[str]] = defaultdict(list)
    for row in captions:
        if row["split"] == "dev":
            by_image[row["image"]].append(row["caption"])
    texts, queries = ([said[number] for said in by_image.values()] for number in (0, 1))
    compare("written, dev", texts, queries, range(len(texts)), settings)


def _compare_spoken(options: argparse.Namespace, captions: list[dict[str, str]], settings: Settings) -> None:
    with options.transcripts.open(newline="") as file:
        recordings = list(csv.DictReader(file))
    heard = hear(options.audio, [row["audio"] for row in recordings], settings, options.heard)
    split = {row["image"]: row["split"] for row in captions}
    for part in ("train", "dev"):
        mine = [row for row in recordings if split[row["image"]] == part]
        place = {row["image"]: at for at, row in enumerate(mine)}
        said = {row["image"]: row["caption"] for row in mine}
        others = [row for row in captions if row["image"] in place and row["caption"] != said[row["image"]]]
        texts, queries = [heard[row["audio"]] for row in mine], [row["caption"] for row in others]
        compare(f"spoken, {part}", texts, queries, [place[row["image"]] for row in others], settings)


if __name__ == "__main__":
    main()
