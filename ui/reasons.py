"""Why a hit is there, in words: of both faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.wording import above, meaning_found, read_as, words_found

if TYPE_CHECKING:
    from search.answer import Evidence


_LIKE = {
    "drawing": "it looks like the drawing",
    "image_to_image": "it looks like the picture",
    "text_to_sound": "it sounds like the words",
    "sound_to_sound": "it sounds like the recording",
    "text_to_clip": "what happens looks like the words",
    "clip_to_clip": "what happens looks like the film",
}
"""What is said of a similarity, by its source."""


def reason(evidence: Evidence) -> str:
    """Why a hit is there, in words."""
    if (like := _LIKE.get(evidence.source)) is not None:
        return f"{like} ({_similarity(evidence)})"
    match evidence.source:
        case "keywords":
            return words_found(evidence)
        case "text_to_passage":
            return f"{meaning_found(evidence)}{_read(evidence)} ({_similarity(evidence)})"
        case "listed":
            return "it keeps all conditions"
        case "condition":
            return f"it keeps {', '.join(evidence.words)}"
        case "text_to_image":
            return _looks(evidence)
        case source:
            return f"{source.replace('_', ' ')} ({_similarity(evidence)})"


def _similarity(evidence: Evidence) -> str:
    return f"similarity {evidence.value:.2f}, place {evidence.rank}"


def _read(evidence: Evidence) -> str:
    """What the question was read as, after what it is said of."""
    return f", {said}" if (said := read_as(evidence.read_as)) else ""


def _looks(evidence: Evidence) -> str:
    reason = f"it looks like the words{_read(evidence)} ({_similarity(evidence)})"
    if evidence.above is not None:
        reason += f", {above(evidence.above)}"
    if len(evidence.terms) > 1:
        reason += ": " + ", ".join(f"{text} {value:.2f}" for text, value in evidence.terms)
    return reason
