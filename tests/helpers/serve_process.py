"""``ec2roles serve`` as a process, and the real AWS CLI on it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import attrs
import pytest

# The one that the README's second command installs: version 2 of the CLI, which others may have, ends otherwise.
AWS = shutil.which("aws", path=str(Path(sys.executable).parent))
needs_cli = pytest.mark.skipif(AWS is None, reason="the AWS CLI is not installed: pip install awscli")


@attrs.define
class World:
    """A served world, and the environment of a shell in it."""

    process: subprocess.Popen[str]
    environment: dict[str, str]

    def control(self, what: str) -> dict[str, Any]:
        """Ask the control endpoint."""
        request = urllib.request.Request(
            f"{self.environment['EC2ROLES_CONTROL']}/{what}",
            method="POST",
            headers={"X-Ec2roles-Token": self.environment["EC2ROLES_CONTROL_TOKEN"]},
        )
        with urllib.request.urlopen(request) as answer:
            said: dict[str, Any] = json.loads(answer.read())
        return said

    def aws(self, *arguments: str) -> tuple[int, str, str]:
        """Run the real CLI."""
        assert AWS is not None
        done = subprocess.run(
            [AWS, *arguments],
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """End it, and return its status and the rest of its output."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


def start(tmp_path: Path, *options: str) -> World:
    """Start it and read the variables."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ec2roles", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    for line in process.stdout:
        if line.startswith("#"):
            break
        assert line.startswith("export ")
        name, _, value = line.removeprefix("export ").rstrip("\n").partition("=")
        environment[name] = value
    return World(process, environment)
