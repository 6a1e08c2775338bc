"""Drawings as PNG files with metadata that declares them generated.

Text chunks tell Trove, whose decoder refuses to index them, and XMP tells other programs.
"""

import io
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from db.errors import GenerateError, MediaError
from db.files import write_atomically
from indexer.media.reader import probe
from indexer.media.types import GENERATED_KEY
from search.drawing.knowing import Concept

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's name for a picture that was made by a trained model."""
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


@dataclass(frozen=True)
class Drawing:
    """A picture that was drawn and saved."""

    path: Path
    prompt: str
    model: str
    """The name that was asked for; of a local folder only its last part."""
    seed: int
    steps: int
    seconds: float
    """Time spent drawing, without loading the model."""
    width: int
    """In pixels, as the height."""
    height: int
    without: str = ""
    """What the model was told to leave out; '' where it takes no such words."""
    composite: bool = False
    """It was made of another picture."""
    concept: Concept | None = None
    """What the builtin drawer took the prompt for; None of other models."""


def is_drawing(path: Path) -> bool:
    """Whether the file at ``path`` is a picture that Trove drew. False when it cannot be read."""
    try:
        return probe(path).generated
    except MediaError:
        return False


def check_target(path: Path) -> None:
    """Check, before the long work, that a drawing can be saved as ``path``; makes its folder.

    Raises:
        GenerateError: it is no PNG's name, another file has it, or it cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise GenerateError(
            f"drawings are saved as PNG, not as {path.suffix or path.name!r}",
            "Give a file name that ends in .png.",
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


def save_drawing(image: Image.Image, drawing: Drawing) -> None:
    """Write ``image`` to the path of ``drawing``, with its metadata.

    Raises:
        GenerateError: as ``check_target``, or the disk is full.
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=_marks(drawing))
    # Again, because drawing takes long enough for another file to have come here.
    check_target(drawing.path)
    try:
        write_atomically(drawing.path, buffer.getvalue())
    except OSError as exc:
        raise _not_saved(drawing.path, exc) from exc


def _marks(drawing: Drawing) -> PngInfo:
    marks = PngInfo()
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
    if drawing.without:
        texts["without"] = drawing.without
    for key, text in texts.items():
        marks.add_text(key, text)
    marks.add_itxt("XML:com.adobe.xmp", _XMP % (COMPOSITE_TYPE if drawing.composite else SOURCE_TYPE))
    return marks
