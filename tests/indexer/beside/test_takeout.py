"""Which JSON file of Google's exports belongs to what: names as they are in real exports."""

import unicodedata

import pytest

from indexer.beside.takeout import Exported, is_album

LONG = "123456789123456789123456789123456789_DSCN0091"

PAIRS = [
    ("IMG_1.jpg", "IMG_1.jpg.json"),
    ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
    ("IMG_1.jpg", "IMG_1.jpg.supplemental-me.json"),
    ("IMG_1.jpg", "IMG_1.jpg.suppl.json"),
    ("IMG_1.jpg", "IMG_1.jpg.s.json"),
    ("IMG_1.jpg", "IMG_1.jpg..json"),
    ("IMG_1.JPG", "img_1.jpg.Supplemental-Metadata.JSON"),
    ("Peanut Butter Balls.jpg", "Peanut Butter Balls.supplemental-metadata.json"),
    ("2234089303984509579-edited.jpg", "2234089303984509579.supplemental-metadata.json"),
    ("Foto(1).jpg", "Foto(1).json"),
    # numbers before and after the suffix
    ("DSC_0101(1).JPG", "DSC_0101.JPG(1).json"),
    ("DSC_0101(1).JPG", "DSC_0101(1).JPG.json"),
    ("DSC_0101(1).JPG", "DSC_0101.JPG.supplemental-metadata(1).json"),
    ("DSC_0101(1).JPG", "DSC_0101.JPG.suppl(1).json"),
    # edited versions, by the name of the original
    ("PXL_20220405_090123740.PORTRAIT-modifié.jpg", "PXL_20220405_090123740.PORTRAIT.jpg.json"),
    ("IMG_1-bearbeitet.jpg", "IMG_1.HEIC.supplemental-metadata.json"),
    ("IMG_1-ha editado(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json"),
    ("IMG_1-編集済み.jpg", "IMG_1.jpg.json"),
    ("IMG_1-edited(1).jpg", "IMG_1(1).jpg.json"),
    ("IMG_E1234.JPG", "IMG_1234.HEIC.json"),
    ("PXL_20210102_221126856~2.jpg", "PXL_20210102_221126856.jpg.json"),
    ("PXL_20210102_221126856.MP~2.jpg", "PXL_20210102_221126856.MP~2.jpg.json"),
    (f"{LONG}-ha edit.JPG", f"{LONG}.JPG.json"),
    (f"{LONG}-bearb(1).JPG", f"{LONG}.J(1).json"),
    # films of live and motion photos
    ("IMG_1.MP4", "IMG_1.HEIC.json"),
    ("IMG_1(3).MOV", "IMG_1.HEIC.supplemental-metadata(3).json"),
    ("PXL_20231118_035751175.mp4", "PXL_20231118_035751175.MP.jpg.json"),
    # long names, of which letters are counted as UTF-16 has them
    (f"{LONG}.JPG", f"{LONG}.JPG.supplemental-meta.json"),
    (f"{LONG}.JPG", f"{LONG}.J.json"),
    (
        "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGINA.jpg",
        "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGIN.json",
    ),
    (
        "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jpg",
        "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jp.json",
    ),
    (
        "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛.jpg",
        "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋.json",
    ),
    (
        "Backyard_ceremony_wedding_photography_xxxxxxx_m(494).jpg",
        "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
    ),
    (
        "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg",
        "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json",
    ),
    (
        "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P(1).jpg",
        "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json",
    ),
    (
        "13039_327707840323_537645323_9470255_27214_n(1).jpg",
        "13039_327707840323_537645323_9470255_27214_n.j(1).json",
    ),
    # the same letters in two Unicode forms
    ("Café.jpg", unicodedata.normalize("NFD", "Café.jpg.json")),
]

STRANGERS = [
    ("PXL_20211013_220651958.jpg", "PXL_20211013_220651983.jpg.json"),
    ("DSC_0102(1).JPG", "DSC_0102.JPG(2).json"),
    ("DSC_0103.JPG", "DSC_0103.JPG(1).json"),
    ("DSC_0104(1).JPG", "DSC_0104.JPG.json"),
    ("IMG_1.png", "IMG_1.jpg.json"),
    ("IMG_1.jpg", "IMG_12.jpg.json"),
    ("IMG_12.jpg", "IMG_1.json"),
    ("IMG_1.HEIC", "IMG_1.MP4.json"),
    ("IMG_1-edited.jpg", "IMG_2.jpg.json"),
    (
        "Backyard_ceremony_wedding_photography_xxxxxxx_m(185).jpg",
        "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
    ),
    ("a.jpg", "metadata.json"),
]


@pytest.mark.parametrize(("medium", "json"), PAIRS)
def test_a_medium_has_its_json(medium: str, json: str) -> None:
    others = ["IMG_9.jpg.json", "metadata.json", "print-subscriptions.json"]
    assert Exported([*others, json]).of(medium) == json


@pytest.mark.parametrize(("medium", "json"), STRANGERS)
def test_what_is_of_another_medium_is_left_to_it(medium: str, json: str) -> None:
    assert Exported([json]).of(medium) is None


def test_the_nearest_name_wins() -> None:
    names = Exported(["IMG_1.HEIC.json", "IMG_1.MP4.json", "IMG_1-edited.jpg.json", "IMG_1.jpg.json"])
    assert names.of("IMG_1.MP4") == "IMG_1.MP4.json"
    assert names.of("IMG_1-edited.jpg") == "IMG_1-edited.jpg.json"
    assert names.of("IMG_1.jpg") == "IMG_1.jpg.json"
    newer = Exported(["IMG_1.jpg.json", "IMG_1.jpg.supplemental-metadata.json"])
    assert newer.of("IMG_1.jpg") == "IMG_1.jpg.supplemental-metadata.json"


@pytest.mark.parametrize(
    "name", ["metadata.json", "Metadaten.json", "métadonnées(1).json", "метаданные.json"]
)
def test_the_json_of_an_album_is_known_by_its_name(name: str) -> None:
    assert is_album(name)
    assert is_album(unicodedata.normalize("NFD", name))
    assert not is_album(f"IMG_{name}")
