"""Every error that Trove raises on purpose.

TroveError
├── SettingsError       a setting or a command line value cannot be used
├── LibraryError        the library folder or its database cannot be used
│   ├── LibraryBusyError    another process is indexing into it
│   ├── LeaseLostError      another process works on those files by now
│   ├── LibraryClosedError  it was closed
│   ├── LibraryNewerError   it was written by a newer Trove
│   └── LibraryDamagedError the database is not readable as a database
├── ModelError          a model cannot be had or used
│   ├── ModelMissingError   its weights are not on this machine
│   └── ModelMismatchError  the library was indexed with another model
├── VectorError         vectors that do not fit the index they were given to
├── MediaError          one file cannot be used; its message is the reason kept with the file
│   ├── DecodeError         its content cannot be decoded
│   └── UnreadableError     it cannot be opened now (permission, input/output error, gone)
│       └── UnfinishedError     it is still being written: no failure, it waits for the next run
│           └── ChangedError        it changed while it was being read, and may be whole now
├── QueryError          a query cannot be understood
└── GenerateError       a picture could not be drawn

The message says what happened, the hint what the user can do about it. Errors of other
libraries are translated into these at one place each, with ``raise ... from exc``.
"""

from pathlib import Path


class TroveError(Exception):
    """Base of all errors raised on purpose. ``hint`` may be empty, never None."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[type["TroveError"], tuple[str, str]]:
        # Exceptions pickle by their args alone, which would lose the hint between processes.
        return type(self), (str(self), self.hint)


class SettingsError(TroveError):
    """A setting or a command line value cannot be used."""


def not_indexed(path: Path) -> SettingsError:
    """What to raise where somebody names a file that the library does not have."""
    return SettingsError(f"{path} is not in the library", "Index it first: trove index")


class LibraryError(TroveError):
    """The library folder or its database cannot be used."""


class LibraryBusyError(LibraryError):
    """Another process is indexing into this library."""


class LeaseLostError(LibraryError):
    """Another process works on those files by now: what this one has made of them is not stored."""


class LibraryClosedError(LibraryError):
    """The library was closed before."""


class LibraryNewerError(LibraryError):
    """The library was written by a newer version of Trove."""


class LibraryDamagedError(LibraryError):
    """The database file is damaged or is no database."""


class ModelError(TroveError):
    """A model cannot be had or used."""


class ModelMissingError(ModelError):
    """The weights of a model are not on this machine."""


class ModelMismatchError(ModelError):
    """The library was indexed with another model than the one asked for."""


class VectorError(TroveError):
    """Vectors that do not fit the index they were given to."""


class MediaError(TroveError):
    """One file cannot be used. The message is the reason kept with the file."""


class DecodeError(MediaError):
    """The content of a file cannot be decoded; trying again will not help until the file changes."""


class UnreadableError(MediaError):
    """A file cannot be opened now (permission, input/output error, gone); worth trying again."""


class UnfinishedError(UnreadableError):
    """The file is still being written, such as a recording that goes on."""


class ChangedError(UnfinishedError):
    """The file changed while it was being read: at once it may be whole."""


class QueryError(TroveError):
    """A query cannot be understood."""


class GenerateError(TroveError):
    """A picture could not be drawn."""


def first_line(exc: BaseException) -> str:
    """The first line of another library's error, or its name: for a message of one line."""
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:300]
