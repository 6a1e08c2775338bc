"""Diagnostics: facts about this machine and library that help when something is wrong.

They name no file and no folder unless asked to: safe to share.
"""

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import chain

from db.catalog import assets
from db.engine import backups, sqlite
from db.engine.database import ServerFacts
from db.errors import TroveError
from db.files import is_there
from db.library import Library, has_library
from db.settings import Settings
from indexer.analysers import registry
from indexer.encoders.builtin.sentences.tower import sentence_problem
from indexer.encoders.registry import better_than
from indexer.languages import named_languages
from indexer.pretrained.acceleration import choices
from search.health.status import status
from search.translation.dictd import problem_of
from search.translation.dictionaries import installed

_PACKAGES = (
    "torch torchvision open-clip-torch faiss-gpu faiss-cpu onnxruntime faster-whisper diffusers transformers "
    "streamlit sqlalchemy av pillow pillow-heif rawpy".split()
)

_CODECS = ("h264", "hevc", "vp9", "av1", "prores", "aac", "mp3", "flac", "opus", "vorbis")

_LITTLE_SPACE_GB = 2.0
_FAR_MS = 10.0
_MANY = 0.9
"""The share of a server's connections with which it is nearly full."""


@dataclass(frozen=True)
class Finding:
    """One fact; ``warning`` says what is wrong with it and what to do, or is empty."""

    name: str
    value: str
    warning: str = ""


def examine(settings: Settings, *, files: bool = False) -> list[Finding]:
    """All findings, in reading order; with ``files`` also those that name files and folders."""
    findings = [
        *_software(),
        *_hardware(settings),
        *_analysers(),
        *_languages(),
        *_storage(settings),
        *_library(settings),
    ]
    return findings + list(_names(settings)) if files else findings


def _software() -> Iterator[Finding]:
    yield Finding("trove", version("trove-search"))
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    for package in _PACKAGES:
        try:
            yield Finding(package, version(package))
        except PackageNotFoundError:
            if not package.startswith("faiss"):
                yield Finding(package, "missing", "install Trove again: some of its packages are not there")


def _hardware(settings: Settings) -> Iterator[Finding]:
    import av
    import faiss

    gpus = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    yield Finding("gpu", f"{gpus} usable by FAISS" if gpus else "none; everything runs on the processor")
    chosen = "; ".join(map(str, choices(settings.cache / "models")))
    yield Finding("precision", chosen or "of pictures: measured when the first ones are encoded")
    missing = [name for name in _CODECS if name not in av.codecs_available]
    yield Finding(
        "codecs",
        ", ".join(name for name in _CODECS if name not in missing),
        f"files with {', '.join(missing)} cannot be decoded" if missing else "",
    )


def _analysers() -> Iterator[Finding]:
    for maker in registry.every().values():
        if told := maker.abilities():
            yield Finding(maker.label, told)


def _languages() -> Iterator[Finding]:
    problem = sentence_problem()
    yield Finding(
        "other languages",
        "read word by word" if problem else "read by words and by meaning",
        f"{problem}, so that the builtin model finds less. {problem.hint}" if problem else "",
    )
    names = sorted(named_languages()[code] for code in installed())
    damaged = list(filter(None, map(problem_of, chain.from_iterable(installed().values()))))
    yield Finding(
        "dictionaries",
        f"of {', '.join(names)}" if names else "none beside Trove's own",
        f"{'; '.join(map(str, damaged))}: install it again" if damaged else "",
    )


def _storage(settings: Settings) -> Iterator[Finding]:
    # The library may not exist yet; its nearest existing parent is on the same drive.
    existing = next(
        path for path in (settings.paths.folder, *settings.paths.folder.absolute().parents) if path.exists()
    )
    free_gb = shutil.disk_usage(existing).free / 1e9
    warning = "make room, or move the library with --library" if free_gb < _LITTLE_SPACE_GB else ""
    yield Finding("free space", f"{free_gb:.1f} GB on the drive of the library", warning)


def _library(settings: Settings) -> Iterator[Finding]:
    copies = backups.every(settings.paths.backups)
    if not has_library(settings):
        yield Finding("library", "none yet", "index a folder first: trove index FOLDER")
        return
    if settings.shared is None:  # who keeps a server has backups of all that is on it
        latest = f"{len(copies)} of what you made, the latest of {copies[0].stem}" if copies else "none yet"
        yield Finding("backups", latest)
    try:
        with Library(settings, make=False) as library:
            facts = status(library)
            faults, software = library.database.check(), library.database.software()
            server = library.database.server()
            searches = library.database.compares_vectors()
    except TroveError as exc:
        yield Finding("library", "cannot be opened", f"{type(exc).__name__}: {exc.hint}")
        return
    yield Finding("engine", software, sqlite.problem() if settings.shared is None else "")
    if server is not None:
        yield from _server(server)
        by_server = settings.vectors == "server"
        yield Finding(
            "vectors",
            "searched by the server" if by_server and searches else "searched in a copy on this machine",
            "the server has no extension pgvector: CREATE EXTENSION vector"
            if by_server and not searches
            else "",
        )
    if faults is not None:
        damaged = f"{'; '.join(faults[:3])}: mend it with trove doctor --repair"
        yield Finding("database", "damaged" if faults else "sound", damaged if faults else "")
    better = better_than(facts.model) if facts.model else None
    advice = f"; {better} finds more and needs no download: trove model use {better}" if better else ""
    yield Finding("model", f"{facts.model or 'none yet'}{advice}")
    yield Finding("files", f"{facts.assets}, {facts.failed} failed")
    held = [f"{count} {kind}" for kind, count in facts.units.items() if count]
    yield Finding("units", ", ".join(held) or "none")
    yield Finding(
        "index",
        f"{facts.index.kind}, {facts.index.vectors} vectors",
        "" if facts.index.fresh else "behind the rows; the next search brings it up to date",
    )


def _server(facts: ServerFacts) -> Iterator[Finding]:
    far = "search where the server is nearer: a question asks it some twenty times"
    away = f"{facts.round_trip_ms:.1f} ms away"
    yield Finding("server", away, far if facts.round_trip_ms > _FAR_MS else "")
    encrypted = f"by {facts.encryption}" if facts.encryption else "none"
    heard = "others on the network can read along: switch TLS on, and give the address sslmode=verify-full"
    yield Finding(
        "encryption",
        f"{encrypted}, within this machine" if facts.is_here else encrypted,
        "" if facts.is_here or facts.encryption else heard,
    )
    is_full = facts.connections > _MANY * facts.most_connections
    yield Finding(
        "connections",
        f"{facts.connections} of {facts.most_connections}",
        "soon the server refuses more: raise its max_connections" if is_full else "",
    )
    yield Finding(
        "rights",
        "to read and write" if facts.may_write else "to read only",
        "" if facts.may_write else "nothing can be indexed, saved or corrected: ask who keeps the server",
    )
    slow = "searches become slow as the library grows: switch the server's autovacuum on"
    kept = "kept by the server" if facts.keeps_statistics else "not kept"
    yield Finding("statistics", kept, "" if facts.keeps_statistics else slow)


def _names(settings: Settings) -> Iterator[Finding]:
    """Private findings: paths of folders, and of files that failed."""
    yield Finding("library folder", str(settings.paths.folder))
    yield Finding("cache folder", str(settings.cache))
    if not has_library(settings):
        return
    try:
        with Library(settings, make=False) as library, library.read() as session:
            roots, failed = assets.roots(session), assets.failures(session)
    except TroveError:
        return
    for root in roots:
        yield Finding(
            "indexed", str(root), "" if is_there(root) else "not there now: is its drive connected?"
        )
    for failure in failed:
        yield Finding("failed", str(failure.path), failure.reason)
