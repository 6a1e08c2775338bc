"""Presets of pretrained models that describe, answer and point, and what is known of each beforehand.

Licences, sizes and figures were read in the files that ``source`` names; what was not found there is None.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from db.paths import expanded

Task = Literal["caption", "ask", "detect", "ground", "similar", "sound", "motion", "sounds", "actions"]
"""What a model does: describe a picture, answer a question about one, find things, find what words say, tell
what looks alike, put sounds or clips into one space with texts, name sounds or what happens in clips."""

AUTO = "auto"
"""In place of a model's name: the first preset of the task that is on this machine."""
NONE = "none"
"""In place of a model's name: no model, so that nothing is done with one."""


@dataclass(frozen=True)
class PretrainedInfo:
    """A preset: its tasks, where it is, and what its files and card say; None for what was not found."""

    name: str
    tasks: tuple[Task, ...]
    repository: str
    """On the Hugging Face Hub."""
    classes: tuple[str, ...]
    """The classes that run it: of transformers, or ``CoCa`` of open_clip."""
    licence: str
    commercial_use: bool | None
    """The licence lets everybody use it commercially. False also where only some may: see the note."""
    source: str
    """The files in which all of this was read."""
    download_gb: float | None = None
    """Size of the weights, in 10^9 bytes."""
    languages: str | None = None
    figure: str | None = None
    """What was published of how good it is, with the name of the test."""
    note: str = ""
    architecture: str | None = None
    """MODEL/TAG of open_clip, for its models; None for those of transformers."""


PRESETS: Mapping[str, PretrainedInfo] = MappingProxyType(
    {
        info.name: info
        for info in (
            PretrainedInfo(
                name="blip",
                tasks=("caption",),
                repository="Salesforce/blip-image-captioning-base",
                classes=("BlipForConditionalGeneration",),
                download_gb=0.99,
                licence="BSD-3-Clause",
                commercial_use=True,
                source="the list of files and README.md of Salesforce/blip-image-captioning-base",
                note="The smallest that describes pictures.",
            ),
            PretrainedInfo(
                name="blip-large",
                tasks=("caption",),
                repository="Salesforce/blip-image-captioning-large",
                classes=("BlipForConditionalGeneration",),
                download_gb=1.88,
                licence="BSD-3-Clause",
                commercial_use=True,
                source="the list of files and README.md of Salesforce/blip-image-captioning-large",
            ),
            PretrainedInfo(
                name="coca",
                tasks=("caption",),
                repository="laion/mscoco_finetuned_CoCa-ViT-L-14-laion2B-s13B-b90k",
                classes=("CoCa",),
                architecture="coca_ViT-L-14/mscoco_finetuned_laion2b_s13b_b90k",
                licence="MIT",
                commercial_use=True,
                source="README.md of laion/mscoco_finetuned_CoCa-ViT-L-14-laion2B-s13B-b90k",
            ),
            PretrainedInfo(
                name="florence",
                tasks=("caption", "ground"),
                repository="florence-community/Florence-2-base",
                classes=("Florence2ForConditionalGeneration",),
                licence="MIT",
                commercial_use=True,
                source="README.md of florence-community and of microsoft/Florence-2-large",
                note="Microsoft's model in the form that transformers reads without code of its own.",
            ),
            PretrainedInfo(
                name="smolvlm",
                tasks=("caption", "ask"),
                repository="HuggingFaceTB/SmolVLM-256M-Instruct",
                classes=("Idefics3ForConditionalGeneration",),
                licence="Apache-2.0",
                commercial_use=True,
                languages="English",
                source="the card of HuggingFaceTB/SmolVLM-256M-Instruct",
                note="The smallest that answers questions.",
            ),
            PretrainedInfo(
                name="smolvlm2",
                tasks=("caption", "ask"),
                repository="HuggingFaceTB/SmolVLM2-2.2B-Instruct",
                classes=("SmolVLMForConditionalGeneration",),
                licence="Apache-2.0",
                commercial_use=True,
                languages="English",
                figure="TextVQA 73.2, DocVQA 80.0, MMMU 42.0",
                source="README.md of HuggingFaceTB/SmolVLM2-2.2B-Instruct",
                note="Wants a GPU, and the package num2words.",
            ),
            PretrainedInfo(
                name="llava-onevision",
                tasks=("ask",),
                repository="llava-hf/llava-onevision-qwen2-0.5b-ov-hf",
                classes=("LlavaOnevisionForConditionalGeneration",),
                licence="Apache-2.0",
                commercial_use=True,
                languages="English, Chinese",
                source="the card of llava-hf/llava-onevision-qwen2-0.5b-ov-hf",
            ),
            PretrainedInfo(
                name="qwen2-vl",
                tasks=("caption", "ask"),
                repository="Qwen/Qwen2-VL-2B-Instruct",
                classes=("Qwen2VLForConditionalGeneration",),
                licence="Apache-2.0",
                commercial_use=True,
                source="README.md of Qwen/Qwen2-VL-2B-Instruct",
            ),
            PretrainedInfo(
                name="llava",
                tasks=("ask",),
                repository="llava-hf/llava-1.5-7b-hf",
                classes=("LlavaForConditionalGeneration",),
                download_gb=14.13,
                licence="Llama 2 Community License",
                commercial_use=False,
                languages="English",
                source="the card and the list of files of llava-hf/llava-1.5-7b-hf",
                note="Wants a GPU. Commercial use only under Meta's terms.",
            ),
            PretrainedInfo(
                name="dinov2-small",
                tasks=("similar",),
                repository="facebook/dinov2-small",
                classes=("Dinov2Model",),
                licence="Apache-2.0",
                commercial_use=True,
                figure="ImageNet k-NN 79.0 %",
                source="README.md of facebookresearch/dinov2",
                note="21 million parameters.",
            ),
            PretrainedInfo(
                name="dinov2-base",
                tasks=("similar",),
                repository="facebook/dinov2-base",
                classes=("Dinov2Model",),
                licence="Apache-2.0",
                commercial_use=True,
                figure="ImageNet k-NN 82.1 %",
                source="README.md of facebookresearch/dinov2",
                note="86 million parameters.",
            ),
            PretrainedInfo(
                name="beit",
                tasks=("similar",),
                repository="microsoft/beit-base-patch16-224-pt22k",
                classes=("BeitModel",),
                licence="Apache-2.0",
                commercial_use=True,
                source="README.md of microsoft/beit-base-patch16-224-pt22k",
            ),
            PretrainedInfo(
                name="rt-detr-r18",
                tasks=("detect",),
                repository="PekingU/rtdetr_r18vd",
                classes=("RTDetrForObjectDetection",),
                licence="Apache-2.0",
                commercial_use=True,
                figure="COCO AP 46.4",
                source="rtdetr_pytorch/README.md of lyuwenyu/RT-DETR; PekingU: rt_detr of transformers",
                note="20 million parameters; the 80 things of COCO.",
            ),
            PretrainedInfo(
                name="detr",
                tasks=("detect",),
                repository="facebook/detr-resnet-50",
                classes=("DetrForObjectDetection",),
                licence="Apache-2.0",
                commercial_use=True,
                figure="COCO AP 42.0",
                source="README.md of facebookresearch/detr",
                note="The things of COCO.",
            ),
            PretrainedInfo(
                name="rt-detr-r50",
                tasks=("detect",),
                repository="PekingU/rtdetr_r50vd",
                classes=("RTDetrForObjectDetection",),
                licence="Apache-2.0",
                commercial_use=True,
                figure="COCO AP 53.1",
                source="rtdetr_pytorch/README.md of lyuwenyu/RT-DETR; PekingU: rt_detr of transformers",
                note="42 million parameters; the 80 things of COCO.",
            ),
            PretrainedInfo(
                name="grounding-dino",
                tasks=("ground",),
                repository="IDEA-Research/grounding-dino-tiny",
                classes=("GroundingDinoForObjectDetection",),
                download_gb=0.69,
                licence="Apache-2.0",
                commercial_use=True,
                source="the card and the list of files of IDEA-Research/grounding-dino-tiny",
            ),
            PretrainedInfo(
                name="owlv2",
                tasks=("ground",),
                repository="google/owlv2-large-patch14-ensemble",
                classes=("Owlv2ForObjectDetection",),
                licence="Apache-2.0",
                commercial_use=True,
                source="README.md of google/owlv2-large-patch14-ensemble",
                note="Wants a GPU.",
            ),
            PretrainedInfo(
                name="clap",
                tasks=("sound",),
                repository="laion/clap-htsat-unfused",
                classes=("ClapModel",),
                licence="Apache-2.0",
                commercial_use=True,
                source="the page of laion/clap-htsat-unfused",
            ),
            PretrainedInfo(
                name="clap-fused",
                tasks=("sound",),
                repository="laion/clap-htsat-fused",
                classes=("ClapModel",),
                licence="Apache-2.0",
                commercial_use=True,
                source="the page of laion/clap-htsat-fused",
                note="Trained with longer sounds, too.",
            ),
            PretrainedInfo(
                name="ast-16",
                tasks=("sounds",),
                repository="MIT/ast-finetuned-audioset-16-16-0.442",
                classes=("ASTForAudioClassification",),
                licence="BSD-3-Clause",
                commercial_use=True,
                figure="AudioSet mAP 0.442",
                source="README.md of YuanGongND/ast (figure); pages of MIT's AST models (licence)",
                note="527 sounds by name, in patches that do not overlap: faster than ast.",
            ),
            PretrainedInfo(
                name="ast",
                tasks=("sounds",),
                repository="MIT/ast-finetuned-audioset-10-10-0.4593",
                classes=("ASTForAudioClassification",),
                licence="BSD-3-Clause",
                commercial_use=True,
                figure="AudioSet mAP 0.459",
                source="README.md of YuanGongND/ast (figure); pages of MIT's AST models (licence)",
                note="527 sounds by name.",
            ),
            PretrainedInfo(
                name="vivit",
                tasks=("actions",),
                repository="google/vivit-b-16x2-kinetics400",
                classes=("VivitForVideoClassification",),
                licence="MIT",
                commercial_use=True,
                figure="Kinetics-400 top-1 79.9 %",
                source="scenic/projects/vivit/README.md of google-research/scenic; its page (licence)",
                note="32 frames of a clip.",
            ),
            PretrainedInfo(
                name="timesformer",
                tasks=("actions",),
                repository="facebook/timesformer-base-finetuned-k400",
                classes=("TimesformerForVideoClassification",),
                licence="CC-BY-NC-4.0",
                commercial_use=False,
                figure="Kinetics-400 top-1 77.9 %",
                source="README.md of facebookresearch/TimeSformer",
                note="8 frames of a clip.",
            ),
            PretrainedInfo(
                name="videomae",
                tasks=("actions",),
                repository="MCG-NJU/videomae-base-finetuned-kinetics",
                classes=("VideoMAEForVideoClassification",),
                licence="CC-BY-NC-4.0",
                commercial_use=False,
                figure="Kinetics-400 top-1 80.9 %",
                source="README.md of MCG-NJU/VideoMAE",
                note="16 frames of a clip.",
            ),
            PretrainedInfo(
                name="xclip",
                tasks=("motion",),
                repository="microsoft/xclip-base-patch32",
                classes=("XCLIPModel",),
                licence="MIT",
                commercial_use=True,
                languages="English",
                figure="Kinetics-400 top-1 80.4 %",
                source="X-CLIP/README.md of microsoft/VideoX; pages of its other models (licence)",
                note="8 frames of a clip.",
            ),
            PretrainedInfo(
                name="xclip-16",
                tasks=("motion",),
                repository="microsoft/xclip-base-patch16-kinetics-600",
                classes=("XCLIPModel",),
                download_gb=0.78,
                licence="MIT",
                commercial_use=True,
                languages="English",
                figure="Kinetics-600 top-1 85.3 %",
                source="X-CLIP/README.md of microsoft/VideoX (figure); its page and list of files",
                note="8 frames of a clip, in smaller patches.",
            ),
        )
    }
)


def of_task(task: Task) -> Iterator[PretrainedInfo]:
    """The presets of a task, the smallest first."""
    return (info for info in PRESETS.values() if task in info.tasks)


def preset_of(model: str) -> PretrainedInfo | None:
    """The preset of that name, Hub name, or name of a folder; None for other models."""
    folder = expanded(model)
    in_folder = folder.resolve().name.casefold() if _is_folder(model, folder) else None
    for info in PRESETS.values():
        names = {info.name, info.repository}
        if model in names or in_folder in {name.split("/")[-1].casefold() for name in names}:
            return info
    return None


def _is_folder(model: str, folder: Path) -> bool:
    return bool(model) and model not in PRESETS and folder.is_dir()  # Path("") would be the current folder
