"""Why a file is an answer: its standing, its words, and where in the picture it is."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.settings import Settings
from indexer.encoders.builtin.encoder import BuiltinEncoder
from indexer.media.reader import read_image
from search.answer import ReadAs
from search.explain.heatmap import GRID, heat_map, overlay
from search.query.query import Query
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.searching import searching
from ui.highlight import highlight_spans

PAIRS = 6

with (SAMPLES / "captions.csv").open(newline="") as _file:
    CAPTIONS = [(row["image"], row["caption"]) for row in csv.DictReader(_file)]


def sample(name: str) -> Image.Image:
    picture = read_image(SAMPLES / "pictures" / name, min_side=300, max_megapixels=300)[1]
    return Image.fromarray(picture).resize((300, 300))


def side_by_side(left: str, right: str) -> Image.Image:
    both = Image.new("RGB", (600, 300))
    both.paste(sample(left), (0, 0))
    both.paste(sample(right), (300, 0))
    return both


@pytest.mark.slow
def test_the_map_is_warm_on_the_half_that_the_query_names(cache: Path) -> None:
    encoder = BuiltinEncoder(cache, "cpu")
    right_half = []
    for (left, left_caption), (right, right_caption) in zip(
        CAPTIONS[:PAIRS], CAPTIONS[PAIRS : 2 * PAIRS], strict=True
    ):
        picture = side_by_side(left, right)
        for caption, on_left in ((left_caption, True), (right_caption, False)):
            heat = heat_map(encoder, picture, encoder.encode_texts([caption]))
            assert heat.shape == (GRID, GRID)
            assert heat.dtype == np.float32
            assert (heat.min() >= 0, heat.max()) == (True, 1)
            share = heat[:, : GRID // 2].sum() / heat.sum()
            right_half.append(share > 0.5 if on_left else share < 0.5)
    assert np.mean(right_half) >= 0.8


def test_the_overlay_reddens_what_is_warm() -> None:
    heat = np.zeros((GRID, GRID), np.float32)
    heat[:, : GRID // 2] = 1
    shown = np.asarray(overlay(Image.new("RGB", (160, 120), "gray"), heat)).astype(int)
    assert shown.shape == (120, 160, 3)
    red = shown[..., 0] - shown[..., 2]
    assert red[:, :60].min() > 100
    assert abs(red[:, 100:]).max() <= 1


def test_hits_say_how_much_of_the_library_scores_lower(sample_library: Settings) -> None:
    with searching(sample_library) as service:
        hits = service.search(Query("a koala in a tree", k=80)).hits
        in_german = service.search(Query("Hund am Strand", k=1)).hits[0].why
    shares = [fact.above for hit in hits for fact in hit.why if fact.source == "text_to_image"]
    # 64 pictures and frames: the best one scores above all others.
    assert shares[0] == pytest.approx(63 / 64, abs=0.001)
    assert 0 <= min(share for share in shares if share is not None) < 0.1
    assert all(
        fact.above is None for hit in hits for fact in hit.why if fact.source in ("keywords", "condition")
    )
    read = ReadAs("Hund am Strand", "German", ("dog beach",))
    assert {fact.read_as for fact in in_german if fact.source == "text_to_image"} == {(read,)}
    assert {fact.read_as for hit in hits for fact in hit.why} == {()}


@pytest.mark.slow
def test_why_explains_as_documented(sample_library: Settings, tmp_path: Path) -> None:
    picture = SAMPLES / "pictures" / "p025.jpg"
    arguments = ("why", "a brick lighthouse", picture)
    found = as_json(trove(sample_library, *arguments, "-o", tmp_path / "heat.png", "--json"))
    assert (found["path"], found["rank"], found["exact"], found["at_s"]) == (str(picture), 1, True, None)
    assert found["above"] >= 63 / 64 - 0.001
    assert found["similarity"] > 0.3
    assert np.array(found["heat"]).shape == (GRID, GRID)
    with Image.open(tmp_path / "heat.png") as shown, Image.open(picture) as own:
        assert shown.width / shown.height == pytest.approx(own.width / own.height, rel=0.02)
    in_german = as_json(trove(sample_library, "why", "Leuchtturm am Meer", picture, "--json"))
    assert found["read_as"] == []
    assert [reading["language"] for reading in in_german["read_as"]] == ["German"]
    assert "lighthouse" in in_german["read_as"][0]["english"][0]
    told = trove(sample_library, "why", "Leuchtturm am Meer", picture).stdout
    assert f"The words were read as “{in_german['read_as'][0]['english'][0]}” (German)." in told
    told = trove(sample_library, *arguments).stdout
    assert "read as" not in told
    assert "number 1" in told
    assert "score lower" in told
    again = trove(sample_library, *arguments, "-o", tmp_path / "heat.png")
    assert (again.returncode, "left alone" in again.stderr) == (2, True)


def test_why_of_speech_and_of_what_is_not_in_the_library(sample_library: Settings, tmp_path: Path) -> None:
    memo = SAMPLES / "recordings" / "r001.ogg"
    spoken = as_json(trove(sample_library, "why", "bring his guitar to the party", memo, "--json"))
    assert {"guitar", "party"} <= set(spoken["words"])
    assert (spoken["similarity"], spoken["heat"], spoken["overlay"]) == (None, None, None)
    sample("p011.jpg").rotate(20).save(tmp_path / "mine.png")
    mine = as_json(trove(sample_library, "why", "a dog", tmp_path / "mine.png", "--json"))
    assert mine["rank"] is None
    assert mine["similarity"] > 0
    (tmp_path / "text.jpg").write_text("no picture")
    check_error(trove(sample_library, "why", "a dog", tmp_path / "text.jpg"), "not a picture")


def test_asked_words_are_marked_in_any_inflection() -> None:
    text = "He walked to the markets, walking on."
    assert [text[start:end] for start, end in highlight_spans(text, ["walk", "market"])] == [
        "walked",
        "markets",
        "walking",
    ]
    assert highlight_spans("nothing of it", ["dog"]) == []
    assert highlight_spans("", ["dog"]) == []
