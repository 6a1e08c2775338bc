"""Places as files write them: all spellings of ISO 6709, and what is no place."""

import pytest

from indexer.media.degrees import known, of_iso_6709


@pytest.mark.parametrize(
    "text",
    [
        "+52.5163+013.3777/",
        "+52.5163+013.3777+034.000/",
        "+52.5163+13.3777CRSWGS_84/",
        "+52,5163+013,3777/",
        "+5230.978+01322.662/",
        "+523058.68+0132239.72/",
        "+523058.68+0132239.72+34.0CRSWGS_84/",
        " +52.5163+013.3777",
    ],
)
def test_a_place_in_each_spelling(text: str) -> None:
    assert of_iso_6709(text) == pytest.approx((52.5163, 13.3777), abs=1e-4)


def test_south_and_west_are_negative() -> None:
    assert of_iso_6709("-33.8688-070.6483/") == pytest.approx((-33.8688, -70.6483))
    assert of_iso_6709("-3352.128-07038.898/") == pytest.approx((-33.8688, -70.6483), abs=1e-4)
    assert of_iso_6709("\u221233.8688+151.2093/") == pytest.approx((-33.8688, 151.2093))


@pytest.mark.parametrize(
    "text",
    ["", "+00.0000+000.0000/", "+95.0000+013.0000/", "+52.5163+199.0000/", "Berlin", "+52.5163", "52 13"],
)
def test_what_is_no_place(text: str) -> None:
    assert of_iso_6709(text) is None


def test_nowhere_is_what_devices_write_that_know_no_place() -> None:
    assert known(0.0, 0.0) is None and known(float("nan"), 1.0) is None and known(0.0, 6.5) == (0.0, 6.5)
