"""Measuring models and one's own library from the command line."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from db.library import Library
from db.settings import Settings
from search.evaluation.measured import to_embed
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.copying import own_copy


@pytest.mark.slow
def test_eval_measures(settings: Settings, tmp_path: Path) -> None:
    captions = SAMPLES / "captions.csv"
    result = trove(settings, "eval", "--images", SAMPLES / "pictures", "--captions", captions, "--json")
    assert result.returncode == 0, result.stderr
    figures = as_json(result)
    recalls = ["recall@1", "recall@5", "recall@10", "median_rank"]
    assert list(figures) == ["images", "queries", *recalls, "auroc", "image_to_text"]
    assert list(figures["image_to_text"]) == recalls
    assert figures["images"] == figures["queries"] == 48
    assert 50 < figures["recall@1"] <= figures["recall@5"] <= figures["recall@10"] <= 100
    assert figures["median_rank"] >= 1
    assert 0.5 < figures["auroc"] <= 1
    assert 50 < figures["image_to_text"]["recall@1"] <= figures["image_to_text"]["recall@10"] <= 100
    shown = trove(settings, "eval", "--images", SAMPLES / "pictures", "--captions", captions).stdout
    assert f"{figures['image_to_text']['recall@1']}" in shown.splitlines()[3]
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    bad = trove(settings, "eval", "--images", SAMPLES, "--captions", tmp_path / "bad.csv")
    check_error(bad, "image,caption")


def test_eval_of_a_named_model_opens_no_library(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "trove.db").write_bytes(b"no database " * 100)
    (tmp_path / "few.csv").write_text("image,caption\np001.jpg,a picture\np002.jpg,another\n")
    measure = ("eval", "--images", SAMPLES / "pictures", "--captions", tmp_path / "few.csv", "--json")
    figures = trove(settings, *measure, "--model", "builtin-2", library=tmp_path / "damaged")
    assert as_json(figures)["images"] == 2
    assert trove(settings, "eval", "--images", SAMPLES).returncode == 2
    assert not settings.paths.database.exists()


def test_models_are_tried_on_ones_own_pictures(
    sample_library: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in the app, where the main module is a page that Streamlit has run.
    page = ModuleType("__main__")
    page.__file__ = str(tmp_path / "page.py")
    (tmp_path / "page.py").write_text("raise SystemExit('the page was run again')")
    monkeypatch.setitem(sys.modules, "__main__", page)
    # Of one's own, since the rates are kept in it.
    own = own_copy(sample_library, tmp_path / "library")
    result = trove(own, "eval", "--sample", "8", "--model", "builtin-2", "--json")
    assert result.returncode == 0, result.stderr
    (trial,) = as_json(result)["models"]
    assert (trial["model"], trial["pictures"]) == ("builtin-2", 8)
    rates = ("load_s", "pictures_per_s", "texts_per_s", "query_ms", "memory_mb")
    assert min(trial[name] for name in rates) > 0
    # 48 pictures and the frames of two videos, and what is said in them, at the measured rates.
    with Library(own) as library, library.read() as session:
        pictures, texts = to_embed(session)
    expected = pictures / trial["pictures_per_s"] + texts / trial["texts_per_s"]
    assert (pictures, trial["full_index_s"]) == (64, pytest.approx(expected, rel=0.02, abs=0.1))
