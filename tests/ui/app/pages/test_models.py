"""What the page Model says of what was measured, without a browser."""

import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from db.errors import LibraryBusyError
from db.settings import Settings
from search.evaluation.measured import ENOUGH
from tests.support import ROOT, SAMPLES
from tests.support.copying import copy_library
from tests.support.tiny_vision import save_dinov2
from trove import Library, Query
from ui.app import resources
from ui.app.jobs import IndexJob, MeasureJob

PAGE = ROOT / "ui" / "app" / "pages" / "models.py"


@pytest.fixture
def own(sample_library: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A library of the samples of one's own, which the app shows."""
    copy_library(sample_library.paths.folder, tmp_path / "library")
    monkeypatch.setenv("TROVE_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("TROVE_CACHE", str(sample_library.cache))
    st.cache_resource.clear()
    st.cache_data.clear()
    return sample_library.model_copy(update={"library": tmp_path / "library"})


def said(page: AppTest) -> str:
    """All that the page says."""
    assert not page.exception
    return "\n".join(part.value for part in (*page.markdown, *page.caption)).replace("\xa0", " ")


@pytest.mark.slow
def test_what_is_missing_is_said_and_can_be_brought_about(own: Settings) -> None:
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    assert "Too little is known yet" in said(page)
    assert f"0 questions for which you opened something: {ENOUGH} more are needed." in said(page)
    assert "Measure it" not in [button.label for button in page.button]
    with Library.of(own) as library:
        assert not library.openings.remembered
        page.toggle(key="remember_opened").set_value(True).run()
        assert library.openings.remembered
        best = library.search("a lighthouse").hits[0]
        for number in range(ENOUGH):
            library.openings.add(Query(f"a lighthouse in picture {number}"), best)
        page.run()
        assert f"{ENOUGH} questions for which you opened something are enough to measure by." in said(page)
        assert "Measure it" in [button.label for button in page.button]
        (found,) = (line for line in library.evaluate() if line.measure.name == "R@1")
    page.run()
    assert f"Of {ENOUGH} questions for which you opened something, {100 * found.value:.0f} %" in said(page)
    assert "Measured on" in said(page)
    page.button(key="forget_opened").click().run()
    assert f"0 questions for which you opened something: {ENOUGH} more are needed." in said(page)
    assert f"Of {ENOUGH} questions" not in said(page)
    assert not page.toggle(key="remember_opened").value


@pytest.mark.slow
def test_a_measurement_runs_beside_the_app_and_tells_why_it_failed(own: Settings) -> None:
    with Library.of(own) as library:
        job = MeasureJob(library)
        assert job.state().what == ""
        job.speed(["nothing/there"], 2)
        assert (job.state().what, job.state().active) == ("speed", True)
        with pytest.raises(LibraryBusyError):
            job.quality()
        _wait(job)
        assert "there is no model" in job.state().error
        library.saved.add("an owl", Query("an owl"))
        library.saved.judge_file("an owl", SAMPLES / "pictures" / "p031.jpg", up=True)
        job.quality()
        _wait(job)
        assert job.state().error == ""
        assert library.models.measured()["builtin-2"].figure("thumbed", "R@1") is not None


@pytest.mark.slow
@pytest.mark.usefixtures("own")
def test_the_model_of_what_looks_alike_is_chosen_and_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))

    def told() -> str:
        return said(page).replace("\\", "")

    page = AppTest.from_file(PAGE, default_timeout=60).run()
    assert "Your library has none." in told()
    page.selectbox(key="new_similar").set_value("dinov2-small").run()
    looked_at = "It takes 48 pictures and 16 video frames; dinov2-small"
    assert f"{looked_at} (licence: Apache-2.0) is downloaded first." in told()
    save_dinov2(tmp_path / "hub" / "models--facebook--dinov2-small" / "snapshots" / "abc")
    (refs := tmp_path / "hub" / "models--facebook--dinov2-small" / "refs").mkdir()
    (refs / "main").write_text("abc")
    page.run()
    assert f"{looked_at} takes about 0.0 GB of memory." in told()
    page.button(key="use_similar").click().run()
    _wait(resources.index_job())
    state = resources.index_job().state()
    assert (state.phase, state.report["role"], state.report["embedded"]) == ("finished", "similar", 64)
    page.run()
    assert "**dinov2-small** · in use · 64 pictures and moments" in told()
    assert "the library was looked at with dinov2-small: 64 looked at again" in told()
    assert "Your library answers with **builtin**" in told()
    (drop,) = (button for button in page.button if button.label == "Drop")
    drop.click().run()
    assert "Your library has none." in told()


def _wait(job: MeasureJob | IndexJob) -> None:
    deadline = time.monotonic() + 60
    while job.state().active and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not job.state().active
