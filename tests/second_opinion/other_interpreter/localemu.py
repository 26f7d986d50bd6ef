"""LocalEmu as a process beside this one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError

from local.clock import Clock
from local.settings import REPOSITORY, Settings

PYTHON = REPOSITORY / ".venv-second" / "bin" / "python"
PORT = 4566
"""The port of LocalEmu, in a network of its own, so that no other program has it."""
START_SECONDS = 120.0
"""Real seconds: its first start writes the bytecode of 400 MB of packages."""


@dataclass
class LocalEmu:
    """A running LocalEmu, told apart from the embedded AWS by its address alone."""

    settings: Settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{PORT}"

    def client(self, service: str) -> Any:
        """Return a boto3 client. LocalEmu takes the account from the id of the access key."""
        session: Any = boto3.Session(
            self.settings.account, "unused", region_name=self.settings.region
        )
        return session.client(service, endpoint_url=self.url)


@contextmanager
def running(settings: Settings, clock: Clock, log: Path) -> Iterator[LocalEmu]:
    """Start LocalEmu, with the time that `clock` shows; end it and its functions after the block.

    Raises TimeoutError and ChildProcessError, with the file where it wrote why.
    """
    with TemporaryDirectory(prefix="localemu-") as folder, log.open("wb") as written:
        process = subprocess.Popen(
            [PYTHON, "-m", "tests.second_opinion.other_interpreter.emulator"],
            cwd=REPOSITORY,
            env={
                "PATH": os.environ["PATH"],
                "HOME": folder,
                "GATEWAY_LISTEN": f"127.0.0.1:{PORT}",
                "LOCALEMU_VOLUME_DIR": folder,
                "DISABLE_EVENTS": "1",
                "SKIP_SSL_CERT_DOWNLOAD": "1",
                "TIME_SCALE": str(clock.time_scale),
                "TIME_SHOWN": str(clock.epoch()),
                "TIME_READ": str(time.monotonic()),
            },
            stdout=written,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            localemu = LocalEmu(settings)
            _wait(localemu, process, log)
            yield localemu
        finally:
            os.killpg(process.pid, 9)
            process.wait()


def _wait(localemu: LocalEmu, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ChildProcessError(f"LocalEmu ended at once; {log} says why")
        try:
            localemu.client("sts").get_caller_identity()
        except BotoCoreError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(f"LocalEmu did not answer within {START_SECONDS:.0f} s; see {log}")
