"""Presets of drawing models: the size, licence, settings and speed of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from db.paths import expanded

AUTO = "auto"
"""In place of a model's name: the first preset that is on this machine, else the builtin one."""
BUILTIN = "builtin"
BUILTIN_FOLDER = Path(__file__).parent / "builtin"

Makes = Literal["picture", "clip", "sound", "music"]
"""What a model makes of words."""
SEEN: tuple[Makes, ...] = ("picture", "clip")
"""What is seen of it, and can start from a picture."""


@dataclass(frozen=True)
class DrawerInfo:
    """What is known about a drawing model before it is downloaded; None, or no licence: it was not read."""

    name: str
    repository: str
    """On the Hugging Face Hub; '' for what is part of Trove."""
    licence: str
    commercial_use: bool | None
    """The licence lets everybody use it commercially. False also where only some may: see the note."""
    note: str
    download_gb: float | None = None
    """Size of the files that are fetched, in 10^9 bytes."""
    half: bool = False
    """The repository holds 16-bit files, which are half as long and all that is fetched."""
    plain: bool = False
    """These are not named ``.fp16``."""
    steps: int | None = None
    """None: the pipeline's own, as for guidance and size."""
    guidance: float | None = None
    size: int | None = None
    """Side in pixels of the square pictures that it was trained to draw; None of clips."""
    cpu_s: float | None = None
    """About how long a picture takes on two cores, in seconds, measured as docs/models.md says."""
    makes: Makes = "picture"
    asked_by: Literal["words", "class", "picture"] = "words"
    """It draws what words say, or one of the classes that it has learnt, or needs a picture to start from."""
    source: str = "the model card and list of files on the Hub"
    """Where all of this was read."""


# Licences, sizes, steps and guidance are what was read where `source` says; the rest is left blank.
PRESETS: Mapping[str, DrawerInfo] = MappingProxyType(
    {
        info.name: info
        for info in (
            DrawerInfo(
                name=BUILTIN,
                repository="",
                download_gb=0.0,
                half=True,
                licence="Apache-2.0; learnt from freely licensed pictograms, see docs/models.md",
                commercial_use=True,
                steps=16,
                guidance=2.0,
                size=128,
                cpu_s=1.0,
                note="Part of Trove. Draws pictograms of single things, no photographs.",
            ),
            DrawerInfo(
                name="sd15-lcm",
                repository="SimianLuo/LCM_Dreamshaper_v7",
                download_gb=5.5,
                half=False,
                licence="MIT; its base model is under CreativeML OpenRAIL-M",
                commercial_use=True,
                steps=4,
                guidance=8.0,
                size=768,
                cpu_s=140.0,
                note="Stable Diffusion 1.5 (Dreamshaper 7) distilled to few steps; leans to illustration. "
                "OpenRAIL-M forbids harmful uses. Has a safety checker.",
            ),
            DrawerInfo(
                name="sd-turbo",
                repository="stabilityai/sd-turbo",
                download_gb=2.6,
                half=True,
                licence="Stability AI Community License",
                commercial_use=False,
                steps=1,
                guidance=0.0,
                size=512,
                cpu_s=26.0,
                note="Smallest and fastest. Commercial use only under Stability AI's terms "
                "(stability.ai/license). No safety checker.",
            ),
            DrawerInfo(
                name="sd15",
                repository="stable-diffusion-v1-5/stable-diffusion-v1-5",
                download_gb=2.7,
                half=True,
                licence="CreativeML OpenRAIL-M",
                commercial_use=True,
                steps=30,
                guidance=7.5,
                size=512,
                cpu_s=460.0,
                note="The original, a mirror of the withdrawn runwayml repository. Slow without a GPU. "
                "OpenRAIL-M forbids harmful uses. Has a safety checker.",
            ),
            DrawerInfo(
                name="sdxl-turbo",
                repository="stabilityai/sdxl-turbo",
                download_gb=6.9,
                half=True,
                licence="Stability AI Community License",
                commercial_use=False,
                steps=1,
                guidance=0.0,
                size=512,
                cpu_s=28.0,
                note="Follows the words better than sd-turbo. Commercial use only under Stability AI's terms "
                "(stability.ai/license). No safety checker.",
            ),
            DrawerInfo(
                name="sdxl",
                repository="stabilityai/stable-diffusion-xl-base-1.0",
                download_gb=6.9,
                half=True,
                licence="CreativeML OpenRAIL++-M",
                commercial_use=True,
                steps=30,
                guidance=5.0,
                size=1024,
                cpu_s=4_400.0,
                note="The most detail of these; wants a GPU. OpenRAIL++-M forbids harmful uses. "
                "No safety checker.",
            ),
            DrawerInfo(
                name="karlo",
                repository="kakaobrain/karlo-v1-alpha",
                licence="CreativeML OpenRAIL-M",
                commercial_use=True,
                note="The design of DALL-E 2 (unCLIP): a prior, a decoder, and two stages that enlarge. "
                "OpenRAIL-M forbids harmful uses.",
                source="README.md of kakaobrain/karlo-v1-alpha",
            ),
            DrawerInfo(
                name="amused",
                repository="amused/amused-256",
                licence="OpenRAIL++",
                commercial_use=True,
                size=256,
                note="No diffusion: a masked transformer on the tokens of a VQ-GAN. 803 million parameters. "
                "OpenRAIL++ forbids harmful uses.",
                source="README.md of amused/amused-256",
            ),
            DrawerInfo(
                name="pixart-sigma",
                repository="PixArt-alpha/PixArt-Sigma-XL-2-512-MS",
                licence="CreativeML OpenRAIL++-M",
                commercial_use=True,
                note="A diffusion transformer of 0.6 billion parameters with a large reader of words (T5). "
                "OpenRAIL++-M forbids harmful uses.",
                source="README.md of PixArt-alpha/PixArt-Sigma-XL-2-1024-MS, the same at 1024 pixels, and of "
                "PixArt-alpha/PixArt-sigma",
            ),
            DrawerInfo(
                name="sd3-medium",
                repository="stabilityai/stable-diffusion-3-medium-diffusers",
                licence="Stability AI's own, for research at first, later its Community License",
                commercial_use=False,
                note="A transformer of words and patches together; wants a GPU; given to those who accept "
                "its terms. Commercial use only under Stability AI's terms (stability.ai/license).",
                source="README.md of stabilityai/stable-diffusion-3-medium; docs/source/en/api/pipelines/"
                "stable_diffusion/stable_diffusion_3.md of huggingface/diffusers",
            ),
            DrawerInfo(
                name="flux-schnell",
                repository="black-forest-labs/FLUX.1-schnell",
                licence="Apache-2.0",
                commercial_use=True,
                steps=4,
                guidance=0.0,
                note="A large transformer distilled to few steps; all parts take 50 GB, so it wants a GPU.",
                source="README.md of black-forest-labs/flux; docs/source/en/api/pipelines/flux.md and "
                "pipeline_flux.py of huggingface/diffusers (memory; steps and guidance)",
            ),
            DrawerInfo(
                name="dit",
                repository="facebook/DiT-XL-2-256",
                licence="CC-BY-NC-4.0",
                commercial_use=False,
                asked_by="class",
                note="Draws the thousand classes of ImageNet by their names, no other words. Its repository "
                "holds pickles alone, which are not read: give a folder with safetensors. No commercial use.",
                source="README.md of facebookresearch/DiT and the list of files of facebook/DiT-XL-2-256",
            ),
            DrawerInfo(
                name="ltx-video",
                repository="Lightricks/LTX-Video",
                licence="",
                commercial_use=None,
                makes="clip",
                note="Clips, also going on from a picture; wants a GPU with 10 GB. Each version has a "
                "licence of its own.",
                source="README.md of Lightricks/LTX-Video; docs/source/en/api/pipelines/ltx_video.md of "
                "huggingface/diffusers",
            ),
            DrawerInfo(
                name="wan-1.3b",
                repository="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
                licence="Apache-2.0",
                commercial_use=True,
                makes="clip",
                note="Clips of five seconds; wants a GPU with 8 GB.",
                source="README.md of Wan-Video/Wan2.1; its name in pipeline_wan_video2video.py of diffusers",
            ),
            DrawerInfo(
                name="cogvideox-2b",
                repository="THUDM/CogVideoX-2b",
                licence="Apache-2.0",
                commercial_use=True,
                makes="clip",
                note="Clips of six seconds at 720 x 480; wants a GPU with 18 GB, or 4 GB and patience.",
                source="README.md of THUDM/CogVideo and the lists of files of THUDM/CogVideoX-2b",
                download_gb=13.3,
                half=True,
                plain=True,
            ),
            DrawerInfo(
                name="cogvideox-5b-i2v",
                repository="THUDM/CogVideoX-5b-I2V",
                licence="CogVideoX License",
                commercial_use=False,
                makes="clip",
                asked_by="picture",
                note="Clips that go on from a picture, which it needs; wants a GPU with 26 GB, or 5 GB and "
                "patience. Commercial use only for those who register with its authors.",
                source="README.md and MODEL_LICENSE of THUDM/CogVideo",
            ),
            DrawerInfo(
                name="modelscope",
                repository="damo-vilab/text-to-video-ms-1.7b",
                licence="CC-BY-NC-4.0 in its header, CC-BY-NC-ND in its text",
                commercial_use=False,
                makes="clip",
                note="Clips of two seconds: Stable Diffusion with layers that look along time. 1.7 billion "
                "parameters. No commercial use.",
                source="README.md of ali-vilab/text-to-video-ms-1.7b, as it is called now",
            ),
            DrawerInfo(
                name="audioldm2",
                repository="cvssp/audioldm2",
                licence="CC-BY-NC-SA-4.0",
                commercial_use=False,
                makes="sound",
                note="Sounds and music of ten seconds, by diffusion of spectrograms. 1.1 billion parameters. "
                "No commercial use.",
                source="LICENSE of haoheliu/AudioLDM2; docs/source/en/api/pipelines/audioldm2.md of "
                "huggingface/diffusers",
            ),
            DrawerInfo(
                name="stable-audio",
                repository="stabilityai/stable-audio-open-1.0",
                licence="Stability AI's own",
                commercial_use=False,
                makes="sound",
                note="Sounds and music in stereo, up to 47 seconds; given to those who accept its terms. "
                "Commercial use only under Stability AI's terms (stability.ai/license).",
                source="README.md of stabilityai/stable-audio-open-1.0",
            ),
            DrawerInfo(
                name="musicgen-small",
                repository="facebook/musicgen-small",
                licence="CC-BY-NC-4.0",
                commercial_use=False,
                makes="music",
                note="Music, token by token: 50 a second. 300 million parameters. No commercial use.",
                source="README.md and docs/MUSICGEN.md of facebookresearch/audiocraft; the list of files of "
                "facebook/musicgen-small",
                download_gb=2.4,
            ),
            DrawerInfo(
                name="musicgen-medium",
                repository="facebook/musicgen-medium",
                licence="CC-BY-NC-4.0",
                commercial_use=False,
                makes="music",
                note="As musicgen-small, 1.5 billion parameters; wants a GPU with 16 GB. No commercial use.",
                source="README.md and docs/MUSICGEN.md of facebookresearch/audiocraft",
            ),
        )
    }
)


def preset_of(model: str) -> DrawerInfo | None:
    """The preset of ``model``, by name, by Hub name, or by a folder's name that is one of the two; else None.

    Few-step models draw badly with any other model's steps and guidance, so a copy of one
    in a folder should be recognised; its files do not say which model they are.
    """
    folder = expanded(model)
    folder_name = folder.resolve().name.casefold() if folder.is_dir() else None
    for info in PRESETS.values():
        names = {info.name, info.repository} - {""}
        if model in names or folder_name in {name.split("/")[-1].casefold() for name in names}:
            return info
    return None
