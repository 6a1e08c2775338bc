"""Vision-language models of real classes of transformers, tiny and untrained, saved as anybody would.

They say nonsense, through the same loading, processing and generating as the large ones.
"""

from pathlib import Path
from typing import Any

WORDS = (
    "a the of in on and is are what where who does it say this picture image photo describe sentence one dog "
    "cat red blue green man woman boat tree house sky sea train bus sign street people two three yes no i do "
    "not know user assistant system : ? . , < > / script alert ( ) ! [ ] http x file files answer only with"
).split()
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "<image>", "<|im_start|>", "<|im_end|>")

CHAT = (
    "{% for message in messages %}{{ '<|im_start|> ' + message['role'] + ' ' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image> "
    "{% else %}{{ part['text'] }} {% endif %}{% endfor %}<|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant {% endif %}"
)
"""A conversation in the form that these models are told one in."""


def tokenizer(*more: str, **options: Any) -> Any:
    """A fast tokenizer of some words; all others are unknown to it."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    named = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys([*SPECIAL, *more, *WORDS]))}
    made = Tokenizer(WordLevel(vocabulary, unk_token=named["unk_token"]))
    made.normalizer = Lowercase()
    made.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        **named,
        additional_special_tokens=["<image>", "<|im_start|>", "<|im_end|>", *more],
        model_max_length=512,
        padding_side="left",
        **options,
    )


_VISION = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}
_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
}
_IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def save_blip(folder: Path) -> Path:
    """BLIP, which describes a picture."""
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", *WORDS]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    text = _TEXT | {"vocab_size": len(words), "encoder_hidden_size": 32, "bos_token_id": 5, "eos_token_id": 3}
    config = BlipConfig(
        text_config=text | {"sep_token_id": 3, "pad_token_id": 0, "projection_dim": 32},
        vision_config=_VISION,
        projection_dim=32,
        image_text_hidden_size=32,
    )
    size = {"height": 32, "width": 32}
    processor = BlipProcessor(BlipImageProcessor(size=size), BertTokenizerFast(str(folder / "vocab.txt")))
    return _save(folder, BlipForConditionalGeneration, config, processor)


def _save(folder: Path, kind: Any, config: Any, processor: Any, seed: int = 0) -> Path:
    import torch

    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():  # larger than a model begins with, so that words depend on the picture
        for name, values in model.named_parameters():
            if values.ndim > 1 and "norm" not in name:
                values.mul_(8)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
