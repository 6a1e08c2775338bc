"""Name what the builtin drawer's concepts draw: for each the phrase that leads to it most surely.

    python bench/drawer/name_concepts.py

Its sketch chooses among learnt concepts that have numbers alone. Asked for are the English names of all emoji
(package ``emoji``), the subjects of the app's suggestions and the classes of ImageNet-12k (``timm``), in
this order.
A concept is named by the phrase that gives it the most, if that is at least ``SURE``; the others stay without
a name. Written to ``search/drawing/builtin/concepts.json``, which the drawer reads.
"""

import json
from importlib.resources import files

import emoji
import torch
from timm.data import ImageNetInfo

import indexer
from search.drawing.pictograms import SketchTransformer, meaning, text_parts
from search.drawing.presets import BUILTIN_FOLDER

SURE = 0.5
_AT_ONCE = 128


def phrases() -> list[list[str]]:
    """Names of things, in the order in which they are preferred: of emoji, of subjects, of all else."""
    names = [data["en"].strip(":").replace("_", " ") for data in emoji.EMOJI_DATA.values()]
    names = [name for name in names if name.isascii() and "skin tone" not in name and "flag" not in name]
    subjects = files(indexer).joinpath("subjects.txt").read_text("utf-8").split("\n")
    known = ImageNetInfo("imagenet-12k")
    things = [known.index_to_description(i).partition(",")[0] for i in range(known.num_classes())]
    return [list(dict.fromkeys(filter(None, each))) for each in (names, subjects, things)]


def main() -> None:
    parts = text_parts()
    transformer = SketchTransformer.from_pretrained(
        BUILTIN_FOLDER / "transformer", variant="fp16", use_safetensors=True, torch_dtype=torch.float32
    ).eval()
    names = [""] * transformer.config.concepts
    for asked in phrases():
        best = [(0.0, "")] * len(names)
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            tokens = parts["tokenizer"](some, padding=True, truncation=True, return_tensors="pt")
            with torch.no_grad():
                words = parts["text_encoder"](**tokens).last_hidden_state
                logits = transformer.sketch.concepts(meaning(words, tokens["attention_mask"]))
            sure, concept = (transformer.sharpness * logits).softmax(dim=1).max(dim=1)
            for phrase, share, number in zip(some, sure.tolist(), concept.tolist(), strict=True):
                best[number] = max(best[number], (share, phrase))
        names = [
            name or (phrase if share >= SURE else "")
            for name, (share, phrase) in zip(names, best, strict=True)
        ]
    (BUILTIN_FOLDER / "concepts.json").write_text(
        json.dumps(names, ensure_ascii=False, indent=0) + "\n", "utf-8"
    )
    print(f"{sum(map(bool, names))} of {len(names)} concepts have a name")


if __name__ == "__main__":
    main()
