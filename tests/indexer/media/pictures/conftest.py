"""Fixtures of the tests of pictures."""

from collections.abc import Callable

import pytest
from PIL import ImageFile


@pytest.fixture
def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets Pillow fail, once it is called, wherever pixels would be decoded."""

    def load(self: ImageFile.ImageFile) -> None:
        raise AssertionError(f"{self.format} is decoded")

    def forbid() -> None:
        kinds = [ImageFile.ImageFile]
        while kinds:
            kind = kinds.pop()
            kinds += kind.__subclasses__()
            monkeypatch.setattr(kind, "load", load)

    return forbid
