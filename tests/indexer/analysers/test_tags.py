"""Names of what is heard and of what happens: made of films and recordings, asked for, and switched off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import trove
from db.library import Library
from db.settings import Settings
from indexer.analysers import actions, sound_tags
from indexer.analysers.actions import SIDE, Actions
from indexer.analysers.pieces import SOUND_S
from indexer.analysers.sound_tags import SoundTags
from indexer.analysers.spans import Told, drafts
from indexer.media.reader import probe, read_audio
from indexer.media.stretches import shots, stills_at
from indexer.pretrained.labels import Label, load_classifier, load_tagger
from indexer.pretrained.weights import find_weights
from search.results.lanes import lanes
from tests.support.command import as_json
from tests.support.command import trove as run
from tests.support.media import sound, tone, video
from tests.support.tiny_motion import FRAMES, save_ast, save_vivit

LEAST = 0.34


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {"sound_tagger": save_ast(folder / "tiny-ast"), "action_classifier": save_vivit(folder / "vivit")}


@pytest.fixture(scope="module")
def settings(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, models: dict[str, Path]
) -> Iterator[Settings]:
    """The settings of a library of a film of two shots and a recording of 25 seconds, told of by models."""
    folder = tmp_path_factory.mktemp("tags")
    (folder / "media").mkdir()
    video(folder / "media" / "film.mp4", (5, 12), scene_s=5.0)
    sound(folder / "media" / "memo.wav", tone(25.0))
    off = ("text", "names", "sounds", "movement", "soundprints")
    made = Settings(library=folder / "library", cache=cache, device="cpu", whisper="none", off=off)
    made = made.model_copy(update={name: str(model) for name, model in models.items()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actions, "LEAST", LEAST)
        patch.setattr(sound_tags, "LEAST", LEAST)
        with trove.Library.of(made) as library:
            assert library.index([folder / "media"]).failed == 0
        yield made


def told(settings: Settings, name: str) -> dict[tuple[str, str], list[tuple[float, float]]]:
    with Library(settings) as library:
        path = settings.library.parent / "media" / name
        return {(lane.kind, lane.name): list(lane.spans) for lane in lanes(library, path)}


def test_sounds_are_told_ten_seconds_at_a_time(settings: Settings, models: dict[str, Path]) -> None:
    memo = settings.library.parent / "media" / "memo.wav"
    tagger = load_tagger(find_weights(str(models["sound_tagger"]), "sounds"), "cpu")
    wanted: dict[str, list[tuple[float, float]]] = {}
    for start_s in (0.0, SOUND_S, 2 * SOUND_S):
        end_s = min(start_s + SOUND_S, 25.0)
        for label in tagger.labels(read_audio(memo, start_s, end_s, rate=tagger.rate)):
            if label.score >= LEAST:
                wanted.setdefault(label.name.casefold(), []).append((start_s, end_s))
    assert wanted
    found = told(settings, "memo.wav")
    assert {name for _, name in found} == set(wanted)
    for name, pieces in wanted.items():
        spans = found["sound", name]
        assert sum(end_s - start_s for start_s, end_s in spans) == pytest.approx(
            sum(end_s - start_s for start_s, end_s in pieces), abs=0.01
        )


def test_actions_are_told_clip_by_clip(settings: Settings, models: dict[str, Path]) -> None:
    film = settings.library.parent / "media" / "film.mp4"
    classifier = load_classifier(find_weights(str(models["action_classifier"]), "actions"), "cpu")
    with trove.Library.of(settings) as library:
        pool = library.service.decoders
        cuts = [(shot.start_s, shot.end_s) for shot in shots(pool, film, pool.run(probe, film).duration_s)]
        assert len(cuts) == 2
        halves = [
            clip
            for start_s, end_s in cuts
            for middle_s in [(start_s + end_s) / 2]
            for clip in ((start_s, middle_s), (middle_s, end_s))
        ]
        wanted = set()
        for start_s, end_s in halves:
            times = [start_s + (at + 0.5) * (end_s - start_s) / FRAMES for at in range(FRAMES)]
            seen = stills_at(pool, film, times, min_side=SIDE)
            frames = [Image.fromarray(frame) for _, frame in seen]
            wanted |= {
                (label.name, round(at_s, 2))
                for label in classifier.labels(frames)
                if label.score >= LEAST
                for at_s in [(start_s + end_s) / 2]
            }
    found = {
        (name, round((start_s + end_s) / 2, 2))
        for (kind, name), spans in told(settings, "film.mp4").items()
        if kind == "action"
        for first_s, last_s in spans
        for start_s, end_s in halves
        if first_s <= start_s and end_s <= last_s + 0.1  # which ends with the file
    }
    assert found == wanted != set()


def test_they_are_asked_for_and_prove_nothing(settings: Settings) -> None:
    action = next(name for kind, name in told(settings, "film.mp4") if kind == "action")
    heard = next(name for _, name in told(settings, "memo.wav"))
    with trove.Library.of(settings) as library:
        answer = library.search(f'action:"{action}"')
        assert {hit.path.name for hit in answer.hits} == {"film.mp4"}
        assert answer.verdict == "nearest"
        assert "as a machine tells" in answer.says
        assert {hit.path.name for hit in library.search(f"sound:{heard}").hits} >= {"memo.wav"}
        assert library.search("sound:helicopter").hits == ()
        words = library.search(action)
        assert any(fact.kind == "action" for hit in words.hits for fact in hit.why)
        library.analysers.off("actions")
        assert not library.search(f'action:"{action}"').hits
        alone = library.search(action)
        assert (words.verdict, words.confidence) == (alone.verdict, alone.confidence), "they prove nothing"
        library.analysers.on("actions")
        assert library.search(f'action:"{action}"').hits
    values = as_json(run(settings, "values", "action", "--json"))["values"]
    assert action in {one["value"] for one in values}
    why = run(settings, "why", action, settings.library.parent / "media" / "film.mp4")
    assert f"Action, by a model: {action}" in " ".join(why.stdout.split())


def test_without_models_they_say_what_to_choose(settings: Settings) -> None:
    without = settings.model_copy(update={"sound_tagger": "none", "action_classifier": "none"})
    for maker, setting in ((SoundTags, "TROVE_SOUND_TAGGER, such as ast"), (Actions, "vivit")):
        assert setting in maker.lacking(without)
        assert maker.is_left_out(without)
        assert not maker.is_left_out(settings)


def test_what_goes_on_over_pieces_in_a_row_is_told_once() -> None:
    bark, bell = Label("Bark", 0.6), Label("Bell", 0.5)
    pieces = [
        Told(0.0, 4.0, [bark]),
        Told(4.0, 8.0, [bell, bark._replace(score=0.9)]),
        Told(8.0, 9.0, []),
        Told(9.0, 12.0, [bark]),
    ]
    units = [draft.unit for draft in drafts("sound", pieces)]
    assert [(unit.text, unit.start_s, unit.end_s, unit.detail) for unit in units] == [
        ("bark", 0.0, 8.0, {"score": 0.9}),
        ("bell", 4.0, 8.0, {"score": 0.5}),
        ("bark", 9.0, 12.0, {"score": 0.6}),
    ]
