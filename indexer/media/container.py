"""Open a container of video or sound with FFmpeg (PyAV), and nothing else.

FFmpeg gets an open file and an allowlist of containers: it never learns a name, may use no
network protocol, and playlists or concatenations, which point at other files, are not on the list.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import av

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media.types import UnknownFormatError

_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,flac,flv,matroska,mov,mp3,mpeg,mpegts,mpegvideo,ogg,tta,w64,wav,wv"
)

MOST_PIXELS = 150_000_000
"""Of a frame: more than any camera films (16K has 133 million); larger ones are not decoded."""


@contextmanager
def open_container(file: BinaryIO) -> Iterator[av.container.InputContainer]:
    """Open a container and translate FFmpeg's errors to Trove's: the one place that does.

    FFmpeg may use neither protocols nor formats beyond the allowlist: nothing in the file can make
    it open another file or an address.

    Raises:
        DecodeError: it is no video or recording, or damaged; also for errors while it is open.
        UnreadableError: it cannot be read now.
    """
    try:
        with av.open(
            file,
            "r",
            container_options={
                "format_whitelist": _CONTAINERS,
                "protocol_whitelist": "",
                "export_xmp": "1",  # of MP4 and MOV, whose people write captions into it
            },
            metadata_errors="replace",
            options={"max_pixels": str(MOST_PIXELS)},
            buffer_size=1 << 18,
        ) as container:
            for stream in container.streams.video:
                if stream.codec_context is not None:
                    # Several workers decode side by side; threads inside each would only cost memory.
                    stream.codec_context.thread_count = 1
                    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            yield container
    except MediaError:
        raise
    except MemoryError as exc:
        raise DecodeError("decoding needs more memory than there is") from exc
    except av.ArgumentError as exc:
        # What FFmpeg answers to a container that is not on the list.
        raise UnknownFormatError("not a video or recording, or of a format that is not known") from exc
    except av.FFmpegError as exc:
        raise DecodeError(f"not a video or recording, or damaged: {exc.strerror}") from exc
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    except Exception as exc:
        raise DecodeError(f"the video or recording is damaged: {exc}") from exc
