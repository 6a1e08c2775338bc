"""Chapters of recordings whose topics are known: words of each topic are drawn from its own ones."""

import numpy as np
import pytest

from search.results.chapters import Spoken, chapters

_COMMON = "the and it was of to a in that we have there about some very when".split()
_TOPICS = (
    "harbour boat sail anchor captain wave fisherman net storm island lighthouse mast",
    "oven flour butter recipe cake sugar dough baker kitchen bread taste spoon",
    "engine wheel brake garage mechanic motor oil tyre fuel driver gear road",
    "teacher pupil lesson school exam homework classroom book chalk grade desk history",
    "goal match player coach stadium referee team season league penalty ball crowd",
)


def talk(minutes: list[float], seed: int = 0) -> list[Spoken]:
    """A talk about one topic after the other, for so many minutes each, in passages of five seconds."""
    random = np.random.default_rng(seed)
    passages: list[Spoken] = []
    now_s = 3.0
    for number, length in enumerate(minutes):
        own = _TOPICS[number % len(_TOPICS)].split()
        for _ in range(round(length * 12)):
            words = [str(random.choice(own if random.random() < 0.3 else _COMMON)) for _ in range(12)]
            passages.append(Spoken(now_s, now_s + 4.5, f"{' '.join(words)}.", "en"))
            now_s += 5.0
    return passages


@pytest.mark.parametrize("seed", range(3))
def test_they_begin_where_the_topic_changes(seed: int) -> None:
    found = chapters(talk([8, 3, 12, 5, 7], seed))
    assert found == pytest.approx([0, 96, 132, 276, 336], abs=2)


def test_a_talk_about_one_thing_has_none() -> None:
    assert chapters(talk([30])) == []
    assert chapters(talk([2])) == [], "nor has a short one"
    assert chapters([]) == []


def test_pauses_part_what_words_would_not() -> None:
    def told(pause_s: float) -> list[int]:
        one = talk([20], 4)
        return chapters(
            [*one[:120], *(Spoken(p.start_s + pause_s, p.end_s + pause_s, p.text, "en") for p in one[120:])]
        )

    assert told(0.0) == []
    assert told(120.0) == [0, 120]


@pytest.mark.slow
def test_an_hour_has_fifteen_at_most_and_a_long_day_is_done_at_once() -> None:
    hour = chapters(talk([1.5] * 40))
    assert 5 <= len(hour) <= 15
    assert all(place % 18 in (0, 1, 2, 16, 17) for place in hour), "the likeliest borders are left"
    day = talk([6] * 120)
    assert 15 < len(chapters(day)) <= 6 + 9 * 12


def test_languages_without_spaces_or_words_at_all_do_no_harm() -> None:
    silent = [Spoken(5.0 * n, 5.0 * n + 4, "♪", None) for n in range(100)]
    assert chapters(silent) == []
    chinese = [
        Spoken(5.0 * n, 5.0 * n + 4, "今天我们去海边" if n < 60 else "学校的老师教历史", "zh")
        for n in range(120)
    ]
    assert chapters(chinese) in ([], [0, 60])
