"""Errors of decoding libraries, translated to Trove's."""

from collections.abc import Iterator
from contextlib import contextmanager

from db.errors import DecodeError, MediaError, UnreadableError


@contextmanager
def decoder_errors(damaged: str) -> Iterator[None]:
    """Translate what a library raises; ``damaged`` says of which format the file is, and who says so.

    An error of the drive is none of the file, which is read again once the drive is well.
    """
    try:
        yield
    except MediaError:
        raise
    except MemoryError as exc:
        raise DecodeError("decoding the picture needs more memory than there is") from exc
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    except Exception as exc:
        raise DecodeError(f"{damaged}: {' '.join(str(exc).split())}") from exc
