"""A person who uses the command line, `ecs-anywhere`, while the demonstration runs."""

from __future__ import annotations

import os
import subprocess
import sys

from local.engine import EmbeddedAws
from local.settings import REPOSITORY

EVIDENCE = REPOSITORY / ".local" / "evidence"
"""The folder for the questions and answers of the demonstration's last verification."""


class CommandFailedError(Exception):
    """The command line ended with an exit code that it must not end with here."""


def run(aws: EmbeddedAws, *words: str) -> str:
    """Return what a command says. Raises CommandFailedError."""
    ran = subprocess.run(
        [sys.executable, "-m", "ecs_anywhere", *words],
        env={
            **os.environ,
            "PYTHONPATH": f"{REPOSITORY / 'functions'}{os.pathsep}{REPOSITORY / 'cli'}",
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_DEFAULT_REGION": aws.settings.region,
            "AWS_ACCESS_KEY_ID": "operator",
            "AWS_SECRET_ACCESS_KEY": "any",
            "ECS_ANYWHERE_STACK": aws.settings.stack_name,
        },
        capture_output=True,
        text=True,
    )
    if ran.returncode != 0:
        raise CommandFailedError(f"`ecs-anywhere {' '.join(words)}`: {ran.stderr or ran.stdout}")
    return ran.stdout.strip("\n")
