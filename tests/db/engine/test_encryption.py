"""A connection is encrypted, and the server is the one whose certificate it shows."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.engine.postgres import PostgresDatabase
from db.errors import LibraryError
from db.settings import Settings
from tests.support.command import as_json, trove
from tests.support.driver import free_port
from tests.support.server import serving, with_tls

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Encrypted:
    """A server that encrypts: its port, and the certificates of who vouches for it, and of somebody else."""

    port: int
    authority: Path
    stranger: Path

    def url(self, mode: str, authority: Path, host: str = "localhost") -> str:
        """The address of a library there."""
        return f"postgresql://trove@{host}:{self.port}/postgres?sslmode={mode}&sslrootcert={authority}"


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def _authority(folder: Path, name: str) -> Path:
    """A certificate that signs others; its key beside it."""
    made = folder / f"{name}.pem"
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}")
    _openssl(*new, "-keyout", made.with_suffix(".key"), "-out", made)
    return made


def _certified(folder: Path, authority: Path) -> tuple[str, ...]:
    """The settings of a server with a certificate for this machine by its name."""
    key, asked, made = (folder / f"server.{ending}" for ending in ("key", "csr", "pem"))
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", asked)
    named = folder / "names"
    named.write_text("subjectAltName=DNS:localhost", encoding="utf-8")
    by = ("-CA", authority, "-CAkey", authority.with_suffix(".key"), "-CAcreateserial")
    _openssl("x509", "-req", "-in", asked, *by, "-days", 2, "-extfile", named, "-out", made)
    key.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(key, "nobody")
    return ("ssl=on", f"ssl_cert_file={made}", f"ssl_key_file={key}")


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    programs = with_tls()
    if programs is None or shutil.which("openssl") is None:
        pytest.skip("there is no server here that can encrypt")
    folder = tmp_path_factory.mktemp("authorities")
    authority, stranger = (_authority(folder, name) for name in ("authority", "stranger"))
    port = free_port()
    on = (f"port={port}", "listen_addresses=localhost")
    with serving(programs, lambda own: (*on, *_certified(own, authority))):
        yield Encrypted(port, authority, stranger)


def test_a_library_is_reached_over_tls_with_the_right_certificate(
    encrypted: Encrypted, settings: Settings
) -> None:
    address = encrypted.url("verify-full", encrypted.authority)
    with closing(PostgresDatabase(address)) as database:
        facts = database.server()
    assert facts.encryption is not None and facts.encryption.startswith("TLSv1.")
    told = trove(settings.model_copy(update={"shared": address}), "doctor", "--json")
    findings = {each["name"]: each for each in as_json(told)["findings"]}
    assert findings["encryption"]["value"].startswith(f"by {facts.encryption}")
    assert not findings["encryption"]["warning"]


@pytest.mark.parametrize(("host", "vouched"), [("localhost", False), ("127.0.0.1", True)])
def test_another_server_than_the_one_that_was_meant_is_refused(
    encrypted: Encrypted, host: str, vouched: bool
) -> None:
    """By who vouches for it, or by its name."""
    authority = encrypted.authority if vouched else encrypted.stranger
    with pytest.raises(LibraryError, match=r"cannot be reached.*certificate"):
        PostgresDatabase(encrypted.url("verify-full", authority, host))
