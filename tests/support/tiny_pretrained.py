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


def tokenizer(*more: str, spaced: bool = True, **options: Any) -> Any:
    """A fast tokenizer of some words, written with spaces between them; all others are unknown to it."""
    from tokenizers import Tokenizer, decoders
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    named = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys([*SPECIAL, *more, *WORDS]))}
    made = Tokenizer(WordLevel(vocabulary, unk_token=named["unk_token"]))
    made.normalizer = Lowercase()
    made.pre_tokenizer = Whitespace()
    if not spaced:
        made.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        **named,
        additional_special_tokens=["<image>", "<|im_start|>", "<|im_end|>", *more],
        model_max_length=512,
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
        vision_config=_VISION | {"initializer_range": 0.02},
        projection_dim=32,
        image_text_hidden_size=32,
    )
    words_of = BertTokenizerFast(str(folder / "vocab.txt"), additional_special_tokens=["[DEC]"])
    processor = BlipProcessor(BlipImageProcessor(size=_SQUARE), words_of)
    return _save(folder, BlipForConditionalGeneration, config, processor)


def save_blip2(folder: Path) -> Path:
    """BLIP-2: a picture through a querying transformer into a language model."""
    from transformers import Blip2Config, Blip2ForConditionalGeneration, Blip2Processor, BlipImageProcessor

    words = tokenizer()
    config = Blip2Config(
        vision_config=_VISION,
        qformer_config=_TEXT
        | {"vocab_size": len(words), "encoder_hidden_size": 32, "cross_attention_frequency": 1},
        text_config=_opt(words),
        num_query_tokens=4,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    processor = Blip2Processor(BlipImageProcessor(size=_SQUARE), words, num_query_tokens=4)
    return _save(folder, Blip2ForConditionalGeneration, config, processor)


def save_git(folder: Path) -> Path:
    """GIT: one transformer over the picture and the words."""
    from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM, GitProcessor

    words = tokenizer()
    text = _TEXT | _IDS | {"vocab_size": len(words)}
    processor = GitProcessor(CLIPImageProcessor(size=_SQUARE, crop_size=_SQUARE), words)
    return _save(folder, GitForCausalLM, GitConfig(vision_config=_VISION, **text), processor)


def save_florence(folder: Path, *places: str, seed: int = 1) -> Path:
    """Florence-2, which is told what to do by the name of a task; ``places``: words for edges of boxes."""
    from transformers import (
        CLIPImageProcessor,
        Florence2Config,
        Florence2ForConditionalGeneration,
        Florence2Processor,
    )

    words = tokenizer(*places, spaced=not places, extra_special_tokens={"image_token": "<image>"})
    config = Florence2Config(
        vision_config={
            "depths": (1, 1, 1, 1),
            "embed_dim": (8, 8, 16, 16),
            "num_heads": (1, 1, 2, 2),
            "num_groups": (1, 1, 2, 2),
            "projection_dim": 32,
            "window_size": 4,
        },
        text_config={
            "model_type": "bart",
            "vocab_size": len(words),
            "d_model": 32,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 37,
            "decoder_ffn_dim": 37,
            "max_position_embeddings": 512,
            "decoder_start_token_id": 2,
            "forced_eos_token_id": None,
            "forced_bos_token_id": None,
            **_IDS,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    pictures = CLIPImageProcessor(size={"height": 64, "width": 64}, do_center_crop=False)
    pictures.image_seq_length = 5
    read = {"pure_text": {}, "phrase_grounding": {"banned_grounding_tokens": []}}
    processor = Florence2Processor(pictures, words, post_processor_config=read)
    return _save(folder, Florence2ForConditionalGeneration, config, processor, seed=seed, scale=16)


def save_llava(folder: Path) -> Path:
    """LLaVA: a picture's patches as words of a conversation."""
    from transformers import CLIPImageProcessor, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    words = tokenizer()
    config = LlavaConfig(
        vision_config=_VISION | {"model_type": "clip_vision_model", "projection_dim": 32},
        text_config=_llama(words),
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    processor = LlavaProcessor(
        CLIPImageProcessor(size=_SQUARE, crop_size=_SQUARE),
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT,
    )
    return _save(folder, LlavaForConditionalGeneration, config, processor)


def save_idefics3(folder: Path) -> Path:
    """Idefics3, the class of the small SmolVLM."""
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessor,
        Idefics3Processor,
    )

    words = tokenizer("<fake_token_around_image>", "<global-img>", "<end_of_utterance>", "<row_1_col_1>")
    config = Idefics3Config(
        vision_config=_VISION,
        text_config=_llama(words),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    pictures = Idefics3ImageProcessor(
        do_image_splitting=False, size={"longest_edge": 32}, max_image_size={"longest_edge": 32}
    )
    processor = Idefics3Processor(pictures, words, image_seq_len=4, chat_template=CHAT)
    return _save(folder, Idefics3ForConditionalGeneration, config, processor)


def save_qwen2_vl(folder: Path) -> Path:
    """Qwen2-VL, which takes pictures of any size."""
    from transformers import (
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    marks = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    words = tokenizer(*marks)
    start, end, image, video = words.convert_tokens_to_ids(list(marks))
    config = Qwen2VLConfig(
        vision_config={
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": 32,
            "num_heads": 4,
            "patch_size": 8,
            "mlp_ratio": 2,
        },
        text_config=_llama(words) | {"rope_scaling": {"type": "mrope", "mrope_section": [2, 1, 1]}},
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    sizes = {"patch_size": 8, "size": {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}}
    processor = Qwen2VLProcessor(
        Qwen2VLImageProcessor(**sizes),
        words,
        Qwen2VLVideoProcessor(**sizes),
        chat_template=CHAT.replace("<image>", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    return _save(folder, Qwen2VLForConditionalGeneration, config, processor)


def save_onevision(folder: Path) -> Path:
    """LLaVA-OneVision, which sees a picture whole and in tiles."""
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    words = tokenizer("<video>")
    image, film = words.convert_tokens_to_ids(["<image>", "<video>"])
    tiles = {"image_grid_pinpoints": [[32, 32], [64, 64]]}
    config = LlavaOnevisionConfig(
        vision_config=_VISION | {"model_type": "siglip_vision_model"},
        text_config=_llama(words),
        image_token_index=image,
        video_token_index=film,
        **tiles,
    )
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(size=_SQUARE, **tiles),
        words,
        LlavaOnevisionVideoProcessor(size=_SQUARE),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=CHAT,
    )
    return _save(folder, LlavaOnevisionForConditionalGeneration, config, processor)


CAPTIONERS = {"BLIP": save_blip, "BLIP-2": save_blip2, "GIT": save_git, "Florence-2": save_florence}
"""What can only describe, by its name."""
ANSWERERS = {
    "LLaVA": save_llava,
    "LLaVA-OneVision": save_onevision,
    "Idefics3": save_idefics3,
    "Qwen2-VL": save_qwen2_vl,
}
"""What can be talked to, by its name."""


_SQUARE = {"height": 32, "width": 32}


def _llama(words: Any) -> dict[str, Any]:
    """The configuration of a small language model of these words."""
    heads = {"num_key_value_heads": 4}
    return _TEXT | _IDS | heads | {"vocab_size": len(words), "tie_word_embeddings": False}


def _opt(words: Any) -> dict[str, Any]:
    shape = {"hidden_size": 32, "ffn_dim": 37, "num_hidden_layers": 2, "num_attention_heads": 4}
    return (
        _IDS
        | shape
        | {
            "model_type": "opt",
            "vocab_size": len(words),
            "max_position_embeddings": 512,
            "word_embed_proj_dim": 32,
        }
    )


def _save(folder: Path, kind: Any, config: Any, processor: Any, *, seed: int = 0, scale: int = 8) -> Path:
    import torch

    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():  # larger than a model begins with, so that words depend on the picture
        for name, values in model.named_parameters():
            if values.ndim > 1 and "norm" not in name:
                values.mul_(scale)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
