"""The files for containers: what the compose specification knows, names that are there, and real commands."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from db import addresses
from db.settings import Settings
from tests.support import ROOT
from ui.cli.main import app

DEPLOY = ROOT / "deploy"

_SERVICE = {
    "build": dict,
    "command": list,
    "depends_on": dict,
    "environment": dict,
    "healthcheck": dict,
    "image": str,
    "ports": list,
    "restart": str,
    "secrets": list,
    "shm_size": str,
    "volumes": list,
}
"""Of the compose specification what is used here, with its type."""
_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
_INSTRUCTIONS = "FROM RUN CMD ENV ARG COPY WORKDIR USER VOLUME ENTRYPOINT LABEL EXPOSE".split()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def _instructions() -> list[tuple[str, str]]:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    told = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in told]


def test_the_compose_file_has_what_the_specification_knows(compose: dict[str, Any]) -> None:
    assert compose.keys() == {"name", "services", "volumes", "secrets"}
    assert compose["services"].keys() == {"database", "app", "indexer"}
    for name, service in compose["services"].items():
        assert service.keys() <= _SERVICE.keys(), name
        for key, value in service.items():
            assert isinstance(value, _SERVICE[key]), (name, key)
        assert "image" in service
        assert service["restart"] == "unless-stopped"
        assert all(isinstance(value, str) for value in service.get("environment", {}).values()), name
    for volume in compose["volumes"].values():
        assert volume is None
    for secret in compose["secrets"].values():
        assert secret.keys() == {"file"}


def test_what_the_services_name_is_there(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in _CONDITIONS
            assert "healthcheck" in compose["services"][other], "else nobody would ever find it healthy"
        assert set(service.get("secrets", ())) <= compose["secrets"].keys(), name
        for volume in service.get("volumes", ()):
            source = re.sub(r"\$\{[^}]*\}", "/media", volume).split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), volume
            elif not source.startswith("/"):
                assert source in compose["volumes"], volume
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).is_file()
    (port,) = compose["services"]["app"]["ports"]
    assert port.startswith("127.0.0.1:"), "only this machine reaches the app until people say otherwise"
    assert "ports" not in compose["services"]["database"]


def test_media_cannot_be_written_and_no_password_is_told(compose: dict[str, Any]) -> None:
    for name in ("app", "indexer"):
        service = compose["services"][name]
        (media,) = [volume for volume in service["volumes"] if volume.startswith("${MEDIA")]
        assert media.endswith(":/media:ro")
        address = service["environment"]["TROVE_LIBRARY"]
        assert addresses.checked(address) == address
        assert Settings(library=address).shared == address
        assert address.split("@")[1].startswith("database/")
    assert not re.search(r"PASSWORD:|PGPASSWORD", (DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert "MEDIA=" in (DEPLOY / "example.env").read_text(encoding="utf-8")


def test_the_containers_run_commands_that_there_are(compose: dict[str, Any]) -> None:
    group = typer.main.get_command(app)
    for name in ("app", "indexer"):
        command, *options = compose["services"][name]["command"]
        known = {opt for each in group.commands[command].params for opt in (*each.opts, *each.secondary_opts)}  # type: ignore[attr-defined]
        assert {option for option in options if option.startswith("--")} <= known, name


def test_the_dockerfile_copies_what_it_builds_of() -> None:
    told = _instructions()
    assert told[0][0] == "FROM"
    assert {name for name, _ in told} <= set(_INSTRUCTIONS)
    assert ("ENTRYPOINT", '["trove"]') in told
    assert [rest for name, rest in told if name == "USER"] == ["1000:1000"], "nothing runs as root"
    sent = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert sent == packages | {"pyproject.toml", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in sent)
    extras = re.findall(r'"\.\[([\w,]+)\]"', (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert extras == ["builtin,shared"]
    assert "CREATE EXTENSION IF NOT EXISTS vector" in Path(DEPLOY / "extension.sql").read_text(
        encoding="utf-8"
    )
