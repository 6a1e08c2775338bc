"""Dates in names of files."""

from datetime import UTC, datetime

import pytest

from indexer.analysers.dated_names import taken_at

DAY, AFTERNOON = datetime(2018, 7, 4), datetime(2018, 7, 4, 15, 30)

NAMES = {
    "20180704_153000~2": AFTERNOON,
    "VID_20180704_153000_HSR_120": AFTERNOON,
    "WP_20180704_15_30_00_Pro": AFTERNOON,
    "WP_20180704_001": DAY,
    "DJI_20180704153000_0001_D": AFTERNOON,
    "00001IMG_00001_BURST20180704153000000_COVER": AFTERNOON,
    "2018-07-04 15.30.00": AFTERNOON,
    "2018-07-04T15:30:00": AFTERNOON,
    "photo_2018-07-04_15-30-00": AFTERNOON,
    "signal-2018-07-04-153000": AFTERNOON,
    "signal-attachment-2018-07-04-153000_001": AFTERNOON,
    "Screenshot_2018-07-04-15-30-00-123_com.app": AFTERNOON,
    "WhatsApp Image 2018-07-04 at 15.30.00 (1)": AFTERNOON,
    "WhatsApp Image 2018-07-04 at 3.30.00 PM": AFTERNOON,
    "Screenshot 2018-07-04 at 12.05.12\u202fAM": datetime(2018, 7, 4, 0, 5, 12),
    "Bildschirmfoto 2018-07-04 um 15.30.00": AFTERNOON,
    "Capture d'écran 2018-07-04 a\u0300 15.30.00": AFTERNOON,
    "スクリーンショット 2018-07-04 15.30.00": AFTERNOON,
    "img20180704_15300012": AFTERNOON,
    "VID-20180704-WA0012": DAY,
    "Scan_20180704": DAY,
    "Scan 04.07.2018": DAY,
    "CamScanner 07-14-2018 18.05": datetime(2018, 7, 14, 18, 5),
    "20180704 1530": DAY,
    "Polaroid 1975-08-02": datetime(1975, 8, 2),
    "PXL_20180704_153000123.PORTRAIT": AFTERNOON.replace(tzinfo=UTC),
    "mmexport1530718200000": AFTERNOON.replace(tzinfo=UTC),
}

DATELESS = """
IMG_1234 DSC_0123 IMG_20180230_153000 IMG_00000000_000000 2018-07 2019-2021 20991231_111111 19040101_000000
04-07-2018 5.13.2018 4006381333931 1234567890123456789 IMG_99999999
""".split()


@pytest.mark.parametrize(("name", "moment"), NAMES.items())
def test_a_name_says_its_date(name: str, moment: datetime) -> None:
    assert taken_at(name) == moment


@pytest.mark.parametrize("name", DATELESS)
def test_what_is_no_date_or_one_of_two_is_none(name: str) -> None:
    assert taken_at(name) is None
