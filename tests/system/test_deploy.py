"""The files for containers: what the compose specification knows, names that are there, and real commands.

What the Dockerfile says is done in a folder, since no image can be built everywhere.
"""

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from db import addresses
from db.engine.backups import TABLES
from db.settings import Settings
from tests.support import ROOT, SAMPLES
from tests.support.driver import free_port, running
from tests.support.image import Image, context, instructions
from tests.support.server import NOTHING, Server
from ui.cli.main import app

DEPLOY = ROOT / "deploy"

_INSTRUCTIONS = "FROM RUN CMD ENV ARG COPY WORKDIR USER VOLUME ENTRYPOINT LABEL EXPOSE".split()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def test_the_compose_file_is_what_the_specification_knows(compose: dict[str, Any], tmp_path: Path) -> None:
    """By the JSON schema of the Compose specification, which the checker brings."""
    assert _checked(DEPLOY / "compose.yaml") == ""
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(yaml.safe_dump(compose | {"volums": {}}), encoding="utf-8")
    assert "volums" in _checked(wrong)
    assert compose["services"].keys() == {"database", "app", "indexer"}
    assert all(service["restart"] == "unless-stopped" for service in compose["services"].values())


def _checked(path: Path) -> str:
    """What does not fit the specification; empty where all does."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path]
    done = subprocess.run(check, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_what_the_services_name_is_there(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy"
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
    told = instructions()
    assert told[0][0] == "FROM"
    assert {name for name, _ in told} <= set(_INSTRUCTIONS)
    assert ("ENTRYPOINT", '["trove"]') in told
    assert [rest for name, rest in told if name == "USER"] == ["1000:1000"], "nothing runs as root"
    sent = set(context())
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert sent == packages | {"pyproject.toml", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in sent)
    extras = re.findall(r'"\.\[([\w,]+)\]"', (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert extras == ["builtin,shared"]
    assert "CREATE EXTENSION IF NOT EXISTS vector" in Path(DEPLOY / "extension.sql").read_text(
        encoding="utf-8"
    )


def test_editors_may_change_all_that_users_make() -> None:
    roles = (DEPLOY / "roles.sql").read_text(encoding="utf-8")
    (granted,) = re.findall(r"GRANT INSERT, UPDATE, DELETE ON\n([\w,\s]+)\nTO trove_editor", roles)
    made = set(TABLES) - {"root", "switch"}
    assert made <= set(re.findall(r"\w+", granted))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_what_the_dockerfile_installs_indexes_and_answers(
    compose: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    """All packages are fetched and installed into a new environment, which takes some minutes and 9 GB."""
    image = Image(tmp_path / "image")
    image.build()
    trove = str(image.work / ".venv" / "bin" / "trove")
    assert shutil.which("trove", path=image.environment["PATH"]) == trove
    media = tmp_path / "media"
    media.mkdir()
    for path in sorted((SAMPLES / "pictures").glob("*.jpg"))[:3]:
        shutil.copy(path, media)
    with server.lending("image", NOTHING) as address:
        indexed = image.run("trove", "index", str(media), "--json", TROVE_LIBRARY=address)
        assert json.loads(indexed)["indexed"] == 3
        found = json.loads(image.run("trove", "search", "a dog", "--json", TROVE_LIBRARY=address))
        assert len(found["hits"]) == 3
        assert Path(image.environment["XDG_DATA_HOME"]).is_dir()
        port = free_port()
        # Within this machine, where it asks for no password.
        here = {"8501": str(port), "0.0.0.0": "127.0.0.1"}  # noqa: S104
        command = [here.get(one, one) for one in compose["services"]["app"]["command"]]
        environment = image.environment | {"TROVE_LIBRARY": address}
        with (
            running([trove, *command], environment, port, image.work) as app,
            urllib.request.urlopen(app.url) as answer,  # noqa: S310
        ):
            assert "<title>" in answer.read().decode()
