"""A model of pictures alone, chosen beside the one that answers: what is similar, and what is there twice."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

import trove
from db.catalog import spaces
from db.errors import SettingsError
from db.kinds import CLIP, SIMILAR
from db.library import Library
from db.settings import Settings
from indexer.pipeline import index
from indexer.switch_model import drop_model, use_model
from search.explore.duplicates import comparing, duplicates
from search.query.query import Query
from search.service import SearchService
from tests.support import SAMPLES
from tests.support.command import check_error
from tests.support.command import trove as run
from tests.support.tiny_vision import save_dinov2


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("p002.jpg", "p003.jpg", "p011.jpg", "p021.jpg", "p025.jpg"):
        with Image.open(SAMPLES / "pictures" / name) as picture:
            picture.convert("RGB").resize((120, 90)).save(folder / name)
    return folder


def nearest(library: Library, path: Path) -> list[tuple[str, float | None]]:
    with SearchService(library) as service:
        hits = service.search(Query(like=path, apart=True)).hits
    assert all(evidence.source == "image_to_image" for hit in hits for evidence in hit.why)
    return [(hit.path.name, hit.why[0].value) for hit in hits]


@pytest.mark.slow
def test_what_looks_alike_is_told_by_the_model_that_was_chosen(
    library: Library, media: Path, tmp_path: Path
) -> None:
    model = str(save_dinov2(tmp_path / "tiny-dinov2"))
    with pytest.raises(SettingsError, match="empty"):
        use_model(library, model, role=SIMILAR)
    index(library, [media])
    before = nearest(library, media / "p011.jpg")
    switch = use_model(library, model, role=SIMILAR)
    assert (switch.model, switch.embedded, switch.missing) == (model, 5, 0)
    after = nearest(library, media / "p011.jpg")
    assert {name for name, _ in before} == {name for name, _ in after}
    assert [value for _, value in before] != [value for _, value in after]
    with library.read() as session:
        chosen = spaces.active(session, SIMILAR)
        assert comparing(session) == chosen
        assert spaces.active(session) is not None
    # What comes later gets a vector of both, with the next indexing.
    shutil.copy(SAMPLES / "pictures" / "p030.jpg", media / "p030.jpg")
    index(library, [media])
    with library.read() as session:
        assert {space.role: count for space, count in spaces.every(session).items()} == {CLIP: 6, SIMILAR: 6}
    # Without its folder it goes on: no answer needs the model, and indexing leaves its vectors to later.
    shutil.move(model, f"{model}-away")
    shutil.copy(SAMPLES / "pictures" / "p031.jpg", media / "p031.jpg")
    assert index(library, [media]).failed == 0
    known = [name for name, _ in nearest(library, media / "p011.jpg") if name != "p030.jpg"]
    assert known == [*(name for name, _ in after), "p031.jpg"][: len(known)], "by the vectors that are there"
    assert duplicates(library, threshold=0.999999) == []
    shutil.move(f"{model}-away", model)
    index(library, [media])
    with library.read() as session:
        assert {space.role: count for space, count in spaces.every(session).items()} == {CLIP: 7, SIMILAR: 7}
    # Dropped, the other one tells again.
    assert drop_model(library, model, role=SIMILAR) == 7
    told = dict(nearest(library, media / "p011.jpg"))
    assert all(told[name] == pytest.approx(value) for name, value in before)
    with pytest.raises(SettingsError, match="no vectors"):
        drop_model(library, model, role=SIMILAR)


def test_there_are_only_the_roles_that_there_are(library: Library) -> None:
    with pytest.raises(SettingsError, match="no role 'smell'") as raised:
        use_model(library, "builtin-2", role="smell")
    assert "clip, face, motion, similar, sound" in raised.value.hint
    with pytest.raises(SettingsError, match="no role 'smell'"):
        trove.Library(library).models.to_download("builtin-2", role="smell")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("dinov2-small", "--role", "similar"), "dinov2-small (licence: Apache-2.0)"),
        (("fast",), "fast (0.6 GB, licence: MIT)"),
    ],
)
def test_what_is_downloaded_is_agreed_to(
    settings: Settings,
    arguments: tuple[str, ...],
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(settings.library / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    check_error(run(settings, "model", "use", *arguments), f"{what} is not on this machine", "add --yes")
    agreed = run(settings, "model", "use", *arguments, "--yes")
    assert f"Downloading {what} once." in agreed.stderr
    assert agreed.returncode == 1, "there is no network, and nothing is indexed"
