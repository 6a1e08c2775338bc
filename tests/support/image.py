"""What a Dockerfile says, done in a folder in place of an image: for machines that can build none."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import ROOT

_TIME_OUT_S = 3600.0


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what they say."""
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    told = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in told]


def context() -> list[str]:
    """What of the project is sent to who builds the image."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


@dataclass
class Image:
    """A folder that stands for the root of an image. ``environment``: what its processes are started with."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    work: Path = Path()

    def inside(self, told: str) -> str:
        """Text of the Dockerfile with the folders of the image where they are here."""
        for name in ("/opt/trove", "/data", "/cache"):
            told = told.replace(name, str(self.root / name.lstrip("/")))
        return told

    def build(self) -> None:
        """Do what the instructions say, but for the user, whom the folders here need not belong to."""
        # Python is that of the base image: nothing of an environment at hand.
        python = Path(sys.base_prefix, "bin")
        self.environment = {"PATH": f"{python}:/usr/bin:/bin", "HOME": str(self.root)}
        self.environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        for name, told in instructions():
            match name:
                case "WORKDIR":
                    self.work = Path(self.inside(told))
                    self.work.mkdir(parents=True)
                case "COPY":
                    assert told == ". .", "all that is sent"
                    for one in context():
                        copy = shutil.copytree if (ROOT / one).is_dir() else shutil.copy
                        copy(ROOT / one, self.work / one)
                case "ENV":
                    key, _, value = self.inside(told).partition("=")
                    self.environment[key] = value.replace("$PATH", self.environment["PATH"])
                case "RUN" if not told.startswith("chown "):
                    self.run("sh", "-ec", self.inside(told))

    def run(self, *command: str, **more: str) -> str:
        """What a command in the image says; ``more``: variables of its environment."""
        done = subprocess.run(
            command,
            cwd=self.work,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=_TIME_OUT_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
