"""Analysers in a run: phases, switches, looking again, and what one failure costs."""

import hashlib
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image, ImageDraw
from PIL.ImageFont import load_default as font
from sqlalchemy import select, update

from db.catalog import analyses, assets, facts, revision, spaces, switches, units
from db.catalog.analyses import Work
from db.catalog.facts import Fact
from db.catalog.units import NewUnit
from db.engine.schema import Content, Embedding, MediaKind, Unit
from db.errors import DecodeError, SettingsError, UnreadableError
from db.kinds import CLIP, Kind
from db.library import Library
from db.settings import Settings
from indexer import control, pipeline
from indexer.analysers import registry, whisper
from indexer.analysers.base import Analyser, Draft, TextPayload
from indexer.analysers.frames import Frames
from indexer.analysers.headers import Headers
from indexer.analysers.medium import Medium
from indexer.analysers.speech import Speech
from indexer.analysers.whisper import Passage
from indexer.correct import correct_passage, put_back, take_back_passage
from indexer.encoders.registry import load_encoder
from indexer.flow import Progress
from indexer.media.pixels import read_pixels
from indexer.media.pool import DecodePool
from indexer.media.thumbnails import GRID_SIDE, thumbnail
from indexer.pipeline import index
from indexer.switch_model import use_model
from search.query.query import Query
from search.service import SearchService
from tests.support.media import photo, sound, tone, video
from tests.support.tiny_openclip import save_model


class Heard:
    """A speech model that hears the same two passages everywhere; it counts."""

    name = "builtin"

    def __init__(self) -> None:
        self.asked = 0

    def transcribe(self, *_args: object) -> Iterator[Passage]:
        self.asked += 1
        yield Passage(0.0, 0.5, "hello from the garden")
        yield Passage(0.5, 1.0, "this was misheard")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    heard = Heard()
    monkeypatch.setattr(whisper, "load_transcriber", lambda *_args, **_more: heard)
    return heard


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with a speech model."""
    return settings.model_copy(update={"whisper": "builtin"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, a film with sound and a recording; the film comes first by its name."""
    media = tmp_path / "media"
    (media / "sub").mkdir(parents=True)
    video(media / "a film.mp4", scenes=(20, 21), audio=tone(4.0))
    photo(media / "b.jpg", 1, size=(800, 600))
    photo(media / "c.jpg", 2)
    sound(media / "sub" / "memo.flac", tone(1.0))
    return media


def failing(error: Exception) -> Callable[..., Iterator[Any]]:
    """In place of ``analyse``: nothing is made, and this is raised."""

    def analyse(*_args: object) -> Iterator[Any]:
        yield from ()
        raise error

    return analyse


def counts(library: Library) -> Counter[str]:
    with library.read() as session:
        return Counter(units.counts(session))


def stored(library: Library) -> dict[int, bytes]:
    with library.read() as session:
        return dict(session.execute(select(Embedding.unit_id, Embedding.vector)).all())


def nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> Any:
        raise AssertionError("something was made again")

    monkeypatch.setattr(DecodePool, "submit", refuse)
    monkeypatch.setattr("indexer.embed.Embedder.submit", refuse)


ALL = Counter(image=2, frame=2, speech=4)
DEAF = Counter(image=2, frame=2)


def test_all_pictures_come_before_the_first_film(library: Library, folder: Path, heard: Heard) -> None:
    seen: list[tuple[str, dict[str, int]]] = []

    def tell(progress: Progress) -> None:
        if progress.share > 0:
            seen.append((progress.current.name, counts(library)))

    index(library, [folder], on_progress=tell)
    first_film = next(found for name, found in seen if name == "a film.mp4")
    assert first_film["image"] == 2
    assert counts(library) == ALL
    assert heard.asked == 2


@pytest.mark.usefixtures("heard")
def test_the_facts_of_films_are_there_before_they_are_looked_into(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[object] = []
    real = Frames.analyse

    def look(self: Frames, medium: Any, progress: Any) -> Any:
        with library.read() as session:
            lengths.append(facts.of_file(session, medium.path)["duration"].value)
        return real(self, medium, progress)

    monkeypatch.setattr(Frames, "analyse", look)
    index(library, [folder])
    assert lengths == [pytest.approx(4.0, abs=0.2)]


@pytest.mark.usefixtures("heard")
def test_off_and_on_again_makes_nothing_again(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(library, [folder])
    before = stored(library)
    control.turn(library, "speech", on=False)
    assert counts(library) == DEAF
    with SearchService(library) as service:
        assert not [hit for hit in service.search(Query("hello from the garden")).hits if hit.text]
        nothing_is_made(monkeypatch)
        assert index(library).unchanged == 4
        control.turn(library, "speech", on=True)
        assert index(library).unchanged == 4
        monkeypatch.undo()
        hits = service.search(Query("hello from the garden", kind="speech")).hits
        assert hits[0].text == "hello from the garden"
    assert stored(library) == before


def test_what_is_off_is_not_made_until_it_is_on(library: Library, folder: Path, heard: Heard) -> None:
    with library.write() as session:
        assets.add_roots(session, [folder.resolve()])
    control.turn(library, "speech", on=False, folder=folder.resolve() / "sub")
    index(library, [folder])
    assert (heard.asked, counts(library)["speech"]) == (1, 2)
    (state,) = [state for state in control.states(library) if state.name == "speech"]
    assert (state.on, state.folders, state.left) == (True, {folder.resolve() / "sub": False}, 0)
    control.turn(library, "speech", on=True, folder=folder.resolve() / "sub")
    (state,) = [state for state in control.states(library) if state.name == "speech"]
    assert (state.done, state.left) == (1, 1)
    assert index(library).indexed == 1
    assert (heard.asked, counts(library)) == (2, ALL)


def test_a_setting_sets_the_switch_of_a_new_library_and_of_no_other(
    settings: Settings, folder: Path, heard: Heard
) -> None:
    deaf = settings.model_copy(update={"whisper": "none"})
    with Library(deaf) as library:
        index(library, [folder])
    with Library(settings) as library:
        index(library)
        assert heard.asked == 0, "it was left out when the library was made, and still is"
        control.turn(library, "speech", on=True)
    with Library(deaf) as library:
        assert index(library).unchanged == 4, "this run is to have no speech model"
    with Library(settings) as library:
        index(library)
        assert (heard.asked, counts(library)) == (2, ALL)


def test_looking_again_replaces_one_analysers_units(library: Library, folder: Path, heard: Heard) -> None:
    index(library, [folder])
    before = stored(library)
    assert control.redo(library, "speech", folder.resolve() / "sub") == 1
    assert counts(library) == ALL, "what was made before is found until then"
    report = index(library)
    assert (report.indexed, report.unchanged) == (1, 3)
    assert heard.asked == 3
    assert len(before.keys() - stored(library).keys()) == 2
    assert counts(library) == ALL


def test_deleting_what_was_made_asks_for_it_anew(library: Library, folder: Path, heard: Heard) -> None:
    index(library, [folder])
    control.turn(library, "speech", on=False)
    assert control.delete_made(library, "speech") == 4
    assert len(stored(library)) == 4
    control.turn(library, "speech", on=True)
    assert index(library).indexed == 2
    assert (heard.asked, counts(library)) == (4, ALL)


@pytest.mark.parametrize("name", ["nothing", ""])
def test_an_analyser_that_is_not_there_is_named(library: Library, name: str) -> None:
    with pytest.raises(SettingsError, match="there is no analyser") as caught:
        control.turn(library, name, on=False)
    assert "speech" in caught.value.hint


def test_a_folder_that_is_not_there_is_named(library: Library, folder: Path) -> None:
    with pytest.raises(SettingsError, match="no folder of this library"):
        control.turn(library, "speech", on=False, folder=folder)


@pytest.mark.usefixtures("heard")
def test_one_failure_keeps_what_the_others_made(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Speech, "analyse", failing(DecodeError("the sound is broken")))
    report = index(library, [folder])
    assert (report.indexed, report.failed) == (3, 1), "the recording gave nothing, the film its frames"
    assert counts(library) == DEAF
    with library.read() as session:
        assert [failure.path.name for failure in assets.failures(session)] == ["memo.flac"]
        partial = assets.failures(session, partial=True)[1:]
        assert [(one.path.name, one.analyser, one.reason) for one in partial] == [
            ("a film.mp4", "speech", "the sound is broken")
        ]
    (state,) = [state for state in control.states(library) if state.name == "speech"]
    assert (state.failed, state.left) == (1, 0)
    monkeypatch.undo()
    assert index(library).unchanged == 3, "it is not tried at every run"


def test_what_could_only_not_be_read_now_is_tried_again(
    library: Library, folder: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Speech, "analyse", failing(UnreadableError("the drive is away")))
        index(library, [folder])
    report = index(library)
    assert (report.indexed + report.reused, report.failed) == (2, 0)
    assert (heard.asked, counts(library)) == (2, ALL)


def test_a_cheap_analyser_redoes_itself_and_no_other_does(
    library: Library, folder: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(library, [folder])
    before = stored(library)
    monkeypatch.setattr(Headers, "fingerprint", "another")
    monkeypatch.setattr(Frames, "fingerprint", "2")
    states = {state.name: state for state in control.states(library)}
    assert (states["headers"].left, states["frames"].left, states["frames"].stale) == (4, 0, 1)
    assert index(library).indexed == 4
    states = {state.name: state for state in control.states(library)}
    assert (states["headers"].left, states["frames"].stale) == (0, 1)
    assert stored(library) == before
    assert heard.asked == 2


def test_a_correction_survives_all_that_can_happen_to_it(
    library: Library, folder: Path, heard: Heard, tmp_path: Path
) -> None:
    index(library, [folder])
    memo = folder.resolve() / "sub" / "memo.flac"

    def texts() -> list[str | None]:
        with library.read() as session:
            found = units.rows(session, units.ids_at(session, memo)).values()
            return [row.text for row in sorted(found, key=lambda row: row.start_s or 0.0)]

    def is_found() -> bool:
        with SearchService(library) as service:
            hits = service.search(Query("whispering pines", kind="speech")).hits
            return hits[0].path == memo and "whispering pines" in (hits[0].text or "")

    earlier = correct_passage(library, memo, " the whispering\npines ", 0.7)
    assert is_found(), "its words are found at once"
    put_back(library, earlier)
    assert (texts()[1], is_found()) == ("this was misheard", False)
    correct_passage(library, memo, "", 0.7)
    assert texts() == ["hello from the garden"]
    take_back_passage(library, memo, 0.7)
    assert texts()[1] == "this was misheard"
    with pytest.raises(SettingsError, match=r"nothing was corrected in memo.flac at 0.7 s"):
        take_back_passage(library, memo, 0.7)
    correct_passage(library, memo, "the whispering pines", 0.7)
    with pytest.raises(SettingsError, match=r"nothing is said in memo.flac at 9 s"):
        correct_passage(library, memo, "nobody", 9.0)
    right: list[str | None] = ["hello from the garden", "the whispering pines"]
    assert texts() == right
    assert index(library).unchanged == 4, "only its vector is made, of its new text"
    assert is_found()
    control.redo(library, "speech")
    index(library)
    assert (texts(), is_found(), heard.asked) == (right, True, 4)
    use_model(library, save_model(tmp_path / "model", "CLIP"))
    assert texts() == right
    memo.rename(tmp_path / "away.flac")
    index(library)
    assert texts() == []
    with library.write() as session:
        contents = session.scalars(select(Content).where(Content.kind == "audio")).all()
        for content in contents:
            session.execute(update(Unit).where(Unit.content_id == content.id).values(text="forgotten"))
    shutil.move(tmp_path / "away.flac", memo)
    control.redo(library, "speech")
    index(library)
    assert (texts(), is_found()) == (right, True)


@pytest.mark.usefixtures("heard")
def test_a_picture_with_a_text_gets_the_vector_of_the_picture(
    library: Library, settings: Settings, folder: Path, decoders: DecodePool, tmp_path: Path
) -> None:
    index(library, [folder])
    with library.write() as session:
        session.execute(update(Unit).where(Unit.kind == "image").values(text="words in it"))
    model = save_model(tmp_path / "model", "CLIP")
    use_model(library, model)
    encoder = load_encoder(model, device="cpu", cache=settings.cache)
    pixels = read_pixels(folder / "b.jpg", encoder, settings, decoders)
    expected = encoder.encode_pixels(pixels[None])[0]
    with library.read() as session:
        space = spaces.active(session)
        assert space is not None
        (unit_id,) = units.ids_at(session, folder.resolve() / "b.jpg")
        vector = units.vectors(session, space.id, np.array([unit_id]))[0]
    assert float(vector @ expected) > 0.99
    assert float(vector @ encoder.encode_texts(["words in it"])[0]) < 0.9


@pytest.mark.usefixtures("heard")
def test_the_first_look_at_results_finds_thumbnails(
    library: Library, settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"cache": tmp_path / "cache", "library": tmp_path / "own"})
    (tmp_path / "cache").mkdir()
    for name in ("models", "whisper-base"):
        if (settings.cache / name).exists():
            (tmp_path / "cache" / name).symlink_to(settings.cache / name)
    with Library(own) as library:
        index(library, [folder])
        with library.read() as session:
            rows = units.rows(session, range(1, 20)).values()
    nothing_is_made(monkeypatch)
    shown = [row for row in rows if row.kind != "speech"]
    assert len(shown) == 4
    for row in shown:
        made = thumbnail(
            row.path,
            row.at_s,
            cache=own.paths.thumbnails,
            side=GRID_SIDE,
            max_megapixels=300,
            decoders=DecodePool(1, 1.0, 1024),
        )
        assert made.stat().st_size > 500


class Meeting(Analyser):
    """Looks at a picture only together with another look, and fails at one of them."""

    name = "meeting"
    label = "what two see at once"
    kinds = (Kind("met", "meeting", {}, "in_picture"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 2
    both: ClassVar[threading.Barrier]

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        medium.picture()
        self.both.wait(timeout=30)
        if medium.path.name == "c.jpg":
            raise DecodeError("it closed its eyes")
        yield Draft(NewUnit("met", text=medium.path.name))
        progress(1.0)


def test_pictures_are_looked_at_side_by_side(library: Library, folder: Path) -> None:
    Meeting.both = threading.Barrier(2)
    registry.register(Meeting)
    try:
        index(library, [folder])
        with library.read() as session:
            texts = session.scalars(select(Unit.text).where(Unit.kind == "met")).all()
            tally = analyses.tally(session, registry.work_of(Meeting(library.settings)))
    finally:
        registry.unregister("meeting")
    assert texts == ["b.jpg"]
    assert (tally.done, tally.failed) == (1, 1)


class Reader(Analyser):
    """Notes the pictures that it is given."""

    name = "reader"
    label = "what is written"
    kinds = (Kind("note", "note", {}, "in_picture"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 2
    first = "a text"
    seen: ClassVar[list[str]] = []

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        self.seen.append(medium.path.name)
        progress(1.0)
        yield from ()


class Later(Reader):
    """Notes the pictures of which the other one has made its notes."""

    name = "later"
    kinds = (Kind("late", "late note", {}, "in_picture"),)
    needs = ("reader",)

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        self.seen.append(f"later {medium.path.name}")
        progress(1.0)
        yield from ()


def test_what_waits_for_others_does_not_part_them(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reader, "seen", [])
    for maker in (Reader, Later):
        registry.register(maker)
    try:
        index(library, [folder])
    finally:
        for maker in (Later, Reader):
            registry.unregister(maker.name)
    assert sorted(Reader.seen[:2]) == ["b.jpg", "c.jpg"]
    assert sorted(Reader.seen[2:]) == ["later b.jpg", "later c.jpg"]


def test_what_looks_like_it_comes_first(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(5):
        photo(folder / f"d{seed}.jpg", 10 + seed)
    page = Image.new("RGB", (600, 400), "white")
    for line in range(9):
        ImageDraw.Draw(page).text((30, 30 + 38 * line), "Dear all, the meeting is moved", "black", font(24))
    page.save(folder / "z.png")
    monkeypatch.setattr(Reader, "seen", [])
    registry.register(Reader)
    try:
        index(library, [folder])
    finally:
        registry.unregister("reader")
    assert len(Reader.seen) == 8
    assert "z.png" in Reader.seen[:2], "two are looked at side by side"


@pytest.mark.usefixtures("heard")
def test_a_picture_is_opened_once(library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    submit = DecodePool.submit

    def counted(self: DecodePool, function: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(f"{function.__name__} {args[0].name}")
        return submit(self, function, *args, **kwargs)

    monkeypatch.setattr(DecodePool, "submit", counted)
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("it was hashed apart"))
    control.turn(library, "text", on=False)
    index(library, [folder])
    assert sorted(one for one in asked if one.endswith(".jpg")) == ["read_whole b.jpg", "read_whole c.jpg"]


def test_what_is_left_is_told_with_its_time(library: Library, folder: Path, heard: Heard) -> None:
    index(library, [folder])
    with library.write() as session:
        analyses.delete_made(session, "speech", assets.content_ids(session, folder.resolve() / "sub"))
    (state,) = [state for state in control.states(library) if state.name == "speech"]
    assert (state.done, state.left, heard.asked) == (1, 1, 2)
    assert state.seconds_per_file is not None
    assert state.seconds_left == pytest.approx(state.seconds_per_file, abs=0.06)
    with library.read() as session:
        tally = analyses.tally(session, Work("speech", frozenset({"video", "audio"})))
    assert (tally.done, tally.unwanted) == (1, 0)


def test_a_run_that_finds_nothing_to_do_makes_no_analyser_work(
    library: Library, folder: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(library, [folder])
    monkeypatch.setattr(pipeline, "Phases", lambda *_: pytest.fail("there was work"))
    assert index(library).unchanged == 4
    assert heard.asked == 2


@pytest.mark.parametrize("error", [DecodeError("broken"), UnreadableError("away"), RuntimeError("a defect")])
def test_what_was_made_before_a_failure_does_not_count(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def analyse(*_args: object) -> Iterator[Draft]:
        yield Draft(NewUnit("speech", start_s=0.0, end_s=1.0, text="half"), TextPayload("half"))
        raise error

    monkeypatch.setattr(Speech, "analyse", analyse)
    monkeypatch.setattr(Speech, "require", lambda _self: None)
    assert index(library, [folder]).failed == 1
    assert counts(library) == DEAF


@pytest.mark.usefixtures("heard")
def test_a_run_that_stopped_before_its_end_forgets_no_failure(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Speech, "analyse", failing(DecodeError("the sound is broken")))
        patch.setattr(analyses, "nothing_made", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            index(library, [folder])
    index(library)
    with library.read() as session:
        assert [failure.path.name for failure in assets.failures(session)] == ["memo.flac"]


@pytest.mark.usefixtures("heard")
def test_what_is_off_is_not_left_to_embed_for_ever(library: Library, folder: Path, tmp_path: Path) -> None:
    index(library, [folder])
    control.turn(library, "speech", on=False)
    use_model(library, save_model(tmp_path / "model", "CLIP"))
    assert index(library).unchanged == 4
    control.turn(library, "speech", on=True)
    assert index(library).unchanged == 4
    with library.read() as session:
        space = spaces.active(session)
        assert space is not None
        assert spaces.bare_units(session, space) == []


def test_a_copy_for_which_it_is_on_is_listened_to(library: Library, folder: Path, heard: Heard) -> None:
    private = folder / "a private"
    private.mkdir()
    shutil.copyfile(folder / "sub" / "memo.flac", private / "memo.flac")
    with library.write() as session:
        assets.add_roots(session, [folder.resolve()])
    control.turn(library, "speech", on=False, folder=private.resolve())
    index(library, [folder])
    assert heard.asked == 2
    control.turn(library, "speech", on=False, folder=folder.resolve() / "sub")
    assert control.delete_made(library, "speech", private.resolve()) == 2, "no copy wants it any more"


@pytest.mark.usefixtures("heard")
def test_facts_go_with_what_stated_them(library: Library, folder: Path) -> None:
    index(library, [folder])

    def sides() -> set[int | None]:
        with library.read() as session:
            rows = units.rows(session, range(1, 20)).values()
            return {row.file.width for row in rows if row.media == "image"}

    assert None not in sides()
    control.turn(library, "headers", on=False)
    control.delete_made(library, "headers")
    assert sides() == {None}
    control.turn(library, "headers", on=True)
    index(library)
    assert None not in sides()


@pytest.mark.usefixtures("heard")
def test_no_condition_finds_what_is_off(library: Library, folder: Path) -> None:
    index(library, [folder])
    with SearchService(library) as service:
        assert service.search(Query("said:garden")).hits
        control.turn(library, "speech", on=False)
        assert not service.search(Query("said:garden")).hits


@pytest.mark.usefixtures("heard")
def test_what_is_to_be_redone_still_counts_as_done(library: Library, folder: Path) -> None:
    index(library, [folder])
    control.redo(library, "speech")
    (state,) = [state for state in control.states(library) if state.name == "speech"]
    assert (state.done, state.failed, state.left) == (2, 0, 2)


@pytest.mark.usefixtures("heard")
def test_a_film_arrives_when_something_of_it_can_be_found(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = Frames.analyse

    def look(self: Frames, medium: Any, progress: Any) -> Any:
        with library.read() as session:
            seen.append(revision.current(session))
        return real(self, medium, progress)

    monkeypatch.setattr(Frames, "analyse", look)
    index(library, [folder])
    with library.read() as session:
        arrived = session.scalars(select(Content.arrived).where(Content.kind == "video")).one()
    assert arrived > seen[0]


@pytest.mark.usefixtures("heard")
def test_a_film_that_changes_before_it_is_looked_into_is_looked_at_again(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Frames.analyse

    def look(self: Frames, medium: Any, progress: Any) -> Any:
        yield from real(self, medium, progress)
        video(medium.path, scenes=(40, 41, 42), audio=tone(6.0))

    with monkeypatch.context() as patch:
        patch.setattr(Frames, "analyse", look)
        index(library, [folder])
    assert counts(library)["frame"] == 0
    index(library)
    assert counts(library)["frame"] == 3


@pytest.mark.usefixtures("heard")
def test_a_folder_with_any_name_can_have_a_switch(library: Library, folder: Path) -> None:
    odd = folder / "latin-\udce9"
    odd.mkdir()
    photo(folder / "x.jpg", 9).rename(odd / "p.jpg")
    index(library, [folder])
    assert counts(library)["image"] == 3
    control.turn(library, "pictures", on=False, folder=odd.resolve())
    assert counts(library)["image"] == 2
    control.turn(library, "pictures", on=False, folder=(folder / "lat").resolve())
    assert counts(library)["image"] == 2, "half a name is another folder"


class Notes(Analyser):
    """Makes a unit of the text file beside a file: what belongs to the file, not to its bytes."""

    name = "notes"
    label = "notes beside files"
    kinds = (Kind("note", "note", {CLIP: "passage"}, "by_people"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video", "audio"})
    phase = 0
    scope = "asset"

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        for companion in medium.companions:
            text = companion.read_text()
            yield Draft(NewUnit("note", text=text), TextPayload(text))
            yield Fact("camera", f"noted by {companion.name}", "sidecar")
        progress(1.0)


@pytest.fixture
def notes() -> Iterator[None]:
    registry.register(Notes)
    yield
    registry.unregister("notes")


@pytest.mark.usefixtures("heard", "notes")
def test_what_is_beside_a_file_belongs_to_that_file(library: Library, folder: Path) -> None:
    (folder / "b.txt").write_text("grandmother in her garden")
    shutil.copyfile(folder / "b.jpg", folder / "copy.jpg")
    index(library, [folder])

    def noted() -> dict[str, str | None]:
        with library.read() as session:
            found = session.scalars(select(Unit.id).where(Unit.kind == "note")).all()
            rows = units.rows(session, found).values()
            return {row.path.name: row.text for row in rows if len(row.files) == 1}

    def camera(name: str) -> str | None:
        with library.read() as session:
            fact = facts.of_file(session, folder.resolve() / name).get("camera")
            return None if fact is None else str(fact.value)

    assert noted() == {"b.jpg": "grandmother in her garden"}
    assert (camera("b.jpg"), camera("copy.jpg")) == ("noted by b.txt", None)
    assert index(library).unchanged == 5
    (folder / "b.txt").write_text("grandmother in our garden")
    assert index(library).indexed == 1
    assert noted() == {"b.jpg": "grandmother in our garden"}
    (folder / "copy.JPG.txt").write_text("a copy")
    assert index(library).indexed == 1
    assert noted() == {"b.jpg": "grandmother in our garden", "copy.jpg": "a copy"}
    with SearchService(library) as service:
        hits = service.search(Query("grandmother")).hits
        shown = hits[0]
        assert (shown.kind, shown.path.name, [copy.name for copy in shown.copies]) == (
            "image",
            "b.jpg",
            ["copy.jpg"],
        )
        assert [(fact.kind, fact.text) for fact in shown.why if fact.source == "keywords"] == [
            ("note", "grandmother in our garden")
        ]
    (folder / "b.txt").unlink()
    index(library)
    assert noted() == {"copy.jpg": "a copy"}
    photo(folder / "copy.jpg", 77)
    index(library)
    assert noted() == {"copy.jpg": "a copy"}, "another picture under the same note"
    (folder / "copy.jpg").unlink()
    index(library)
    assert noted() == {}, "found only while that file is there"


def test_settings_leave_any_analyser_out(settings: Settings, folder: Path) -> None:
    deaf = settings.model_copy(update={"whisper": "builtin", "off": ("speech", *settings.off)})
    with Library(deaf) as library:
        index(library, [folder])
        assert counts(library) == DEAF
    with Library(deaf.model_copy(update={"off": ()})) as library, library.read() as session:
        assert not switches.every(session).is_on("speech"), "the library keeps its switch"


def test_settings_that_leave_out_nothing_known_are_refused(settings: Settings, folder: Path) -> None:
    with (
        Library(settings.model_copy(update={"off": ("txet",)})) as library,
        pytest.raises(SettingsError, match="no analyser 'txet'"),
    ):
        index(library, [folder])
