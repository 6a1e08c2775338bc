"""Drawings as files with metadata that declares them generated: PNG, MP4 of clips, FLAC of sounds.

Text chunks and tags tell Trove, whose decoder refuses to index them, and XMP tells other programs.
"""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from db.errors import GenerateError, MediaError
from db.files import write_atomically
from indexer.media.reader import probe
from indexer.media.types import GENERATED_KEY
from search.drawing.clips import Clip, mp4
from search.drawing.knowing import Concept
from search.drawing.presets import Makes
from search.drawing.sounds import Sound, flac

Made = Image.Image | Clip | Sound
"""What a model has made, before it is a file."""

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's name for what was made by a trained model."""
COMPOSITE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's name for one that such a model made of another picture."""

_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'Iptc4xmpExt:DigitalSourceType="%s"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


_SOURCE_TAG = "DigitalSourceType"
"""The tag of a FLAC file for it."""
_NAMES: Mapping[Makes, str] = MappingProxyType(
    {"picture": "drawings", "clip": "clips", "sound": "sounds", "music": "pieces of music"}
)
SUFFIXES: Mapping[Makes, str] = MappingProxyType(
    {"picture": ".png", "clip": ".mp4", "sound": ".flac", "music": ".flac"}
)
"""Of the files that are made."""


@dataclass(frozen=True)
class Drawing:
    """A picture that was drawn, or a clip or sound that was made, and saved."""

    path: Path
    prompt: str
    model: str
    """The name that was asked for; of a local folder only its last part."""
    seed: int
    steps: int
    seconds: float
    """Time spent drawing, without loading the model."""
    width: int
    """In pixels, as the height; 0 of sounds."""
    height: int
    without: str = ""
    """What the model was told to leave out; '' where it takes no such words."""
    composite: bool = False
    """It was made of another picture."""
    region: tuple[float, float, float, float] | None = None
    """The part of that picture which was drawn anew; None for all of it."""
    concept: Concept | None = None
    """What the builtin drawer took the prompt for; None of other models."""
    makes: Makes = "picture"
    length_s: float | None = None
    """None of pictures."""


def is_drawing(path: Path) -> bool:
    """Whether the file at ``path`` was made by Trove. False when it cannot be read."""
    try:
        return probe(path).generated
    except MediaError:
        return False


def check_target(path: Path, makes: Makes = "picture") -> None:
    """Check, before the long work, that a drawing can be saved as ``path``; makes its folder.

    Raises:
        GenerateError: it is the name of another format, another file has it, or it cannot be written.
    """
    suffix = SUFFIXES[makes]
    if path.suffix.lower() != suffix:
        raise GenerateError(
            f"{_NAMES[makes]} are saved as {suffix[1:].upper()}, not as {path.suffix or path.name!r}",
            f"Give a file name that ends in {suffix}.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        taken = path.exists() or path.is_symlink()
    except OSError as exc:
        raise _not_saved(path, exc) from exc
    if taken and not is_drawing(path):
        raise GenerateError(
            f"{path} exists and is no drawing of Trove's, so it is left alone", "Choose another file name."
        )
    if not os.access(path.parent, os.W_OK):
        raise GenerateError(f"cannot write into {path.parent}", "Choose a folder that you may write to.")


def _not_saved(path: Path, exc: OSError) -> GenerateError:
    return GenerateError(
        f"the drawing cannot be saved as {path}: {exc.strerror or exc}",
        "Choose another folder, or make room on the disk.",
    )


def save_drawing(made: Made, drawing: Drawing) -> None:
    """Write what was made to the path of ``drawing``, with its metadata.

    Raises:
        GenerateError: as ``check_target``, or the disk is full.
    """
    data = encoded(made, drawing)
    # Again, because drawing takes long enough for another file to have come here.
    check_target(drawing.path, drawing.makes)
    try:
        write_atomically(drawing.path, data)
    except OSError as exc:
        raise _not_saved(drawing.path, exc) from exc


def encoded(made: Made, drawing: Drawing) -> bytes:
    """The file of a drawing, marked as generated."""
    xmp = _XMP % (COMPOSITE_TYPE if drawing.composite else SOURCE_TYPE)
    if isinstance(made, Clip):
        return mp4(made, _texts(drawing), xmp)
    if isinstance(made, Sound):
        return flac(made, _texts(drawing) | {_SOURCE_TAG: SOURCE_TYPE})
    marks = PngInfo()
    for key, text in _texts(drawing).items():
        marks.add_text(key, text)
    marks.add_itxt("XML:com.adobe.xmp", xmp)
    buffer = io.BytesIO()
    made.save(buffer, "PNG", pnginfo=marks)
    return buffer.getvalue()


def _texts(drawing: Drawing) -> dict[str, str]:
    """What the metadata of a drawing tell, by name."""
    texts = {
        GENERATED_KEY: "1",
        "prompt": drawing.prompt,
        "model": drawing.model,
        "seed": str(drawing.seed),
        "steps": str(drawing.steps),
        "Software": f"Trove {version('trove-search')}",
    }
    if drawing.concept is not None and drawing.concept.name:
        texts["concept"] = drawing.concept.name
    if drawing.region is not None:
        texts["region"] = ",".join(f"{side:g}" for side in drawing.region)
    if drawing.without:
        texts["without"] = drawing.without
    return texts
