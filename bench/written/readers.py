"""Readers of text in pictures, each of them a function of a picture: Trove's, and RapidOCR as it comes."""

from typing import Any

from measure import Reader

from indexer.media.types import Picture

_ONE_THREAD = {
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Global.log_level": "error",
}


def trove() -> Reader:
    """All that decides what is read, and what of it is believed."""
    from indexer.ocr.readers import Readers

    readers = Readers()
    return lambda picture: [line.text for line in readers.read(picture)]


def usual() -> Reader:
    """With the settings that it has: at least 736 pixels of the shorter side, at most 2,000 of the longer."""
    return _reader({})


def at_960() -> Reader:
    """At most 960 pixels of the longer side, as large as the overview of ``indexer.ocr.reader``."""
    return _reader({"Det.limit_type": "max", "Det.limit_side_len": 960})


def _reader(settings: dict[str, Any]) -> Reader:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={**_ONE_THREAD, **settings})

    def read(picture: Picture) -> list[str]:
        return list(engine(picture[:, :, ::-1]).txts or ())

    return read
