"""A host of another distribution: its files, programs and processes, in a network of the tests.

The root folder that `scripts/install-distributions` made stays as it is: what a host writes goes
into a folder of its own (overlayfs), which another host may begin with. Mounts and processes are in
namespaces, which end with the process that holds them, and that one ends with the tests, however
those end.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

ROOTS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / (
    "ecs-anywhere-dns-distributions"
)
UNITS = Path("usr/lib/systemd/system")
BEGIN = """
set -e
layers="lowerdir=$LOWER,upperdir=$FOLDER/changed,workdir=$FOLDER/work"
mount -t overlay none -o "$layers" "$FOLDER/root"
mount -t proc none "$FOLDER/root/proc"
mount --rbind /dev "$FOLDER/root/dev"
mount -t tmpfs none "$FOLDER/root/run"
cd "$FOLDER/root"
# What was orphaned is waited for, as by any init.
exec chroot . bash -c 'trap : CHLD; echo ready; while :; do sleep 0.2 & wait; done'
"""
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LC_ALL": "C.UTF-8"}
PATIENCE = 900.0
"""Seconds for one command; a busy machine takes long to compile a package of Python."""


@dataclass(frozen=True)
class Ran:
    code: int
    output: str
    error: str


class Host:
    """Close it: everything that runs there ends then."""

    def __init__(self, layers: Sequence[Path], folder: Path, prefix: Sequence[str]) -> None:
        """`layers`: root folders, each with what is changed in the next one. `prefix` runs a
        command in the network; `folder` takes what this host changes, in `changed`."""
        for name in ("changed", "work", "root"):
            (folder / name).mkdir(parents=True)
        self._log = folder / "log"
        with ExitStack() as ending:
            self._holder = subprocess.Popen(
                [*prefix, "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid",
                 "--fork", "--kill-child", "bash", "-c", BEGIN],
                env={**os.environ, "LOWER": ":".join(map(str, layers)), "FOLDER": str(folder)},
                stdout=subprocess.PIPE,
                text=True,
            )  # fmt: skip
            ending.callback(self._end)
            assert self._holder.stdout is not None
            if self._holder.stdout.readline() != "ready\n":
                raise RuntimeError(f"no host was begun in {folder}")
            children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
            [self._init] = children.read_text().split()
            self.close = ending.pop_all().close
        self.root = Path(f"/proc/{self._init}/root")
        """The host's `/`, seen from here."""
        self._make_folders()

    def run(self, *words: str | Path, environment: Mapping[str, str] | None = None) -> Ran:
        ran = subprocess.run(
            [*self._inside(), *words],
            env={**ENVIRONMENT, "HOME": "/root", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def file(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def files(self, *folders: str) -> dict[str, bytes]:
        """Return every file below these folders, without links, with its content."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for folder in folders
            for path in self.file(folder).rglob("*")
            if path.is_file() and not path.is_symlink()
        }

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, unit: str) -> subprocess.Popen[bytes]:
        """Start a service as its unit says, as far as our servers' units say something. With `@`,
        the first instance. Return what was started, which ends at once where it forks."""
        said = self._service(unit)
        instance = "1" if "@" in unit else ""
        user = said.get("User", ["root"])[0]
        for name in said.get("RuntimeDirectory", []):
            self.run("install", "-d", "-o", user, f"/run/{name}")
        setting = "set -a; PATH=/usr/sbin:/usr/bin; "
        for assignment in said.get("Environment", []):
            setting += assignment.strip('"').replace("%i", instance) + "; "
        for file in (each.lstrip("-") for each in said.get("EnvironmentFile", [])):
            setting += f"[ ! -e {file} ] || . {file}; "
        setting += f"cd {said.get('WorkingDirectory', ['/'])[0]};"
        for before in said.get("ExecStartPre", []):
            self.run("sh", "-c", f"{setting} {before.lstrip('-+!@')}")
        command = said["ExecStart"][0].lstrip("-+!@").replace("%i", instance)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*self._inside(), "sh", "-c", f"{setting} exec {_as_user(user, said)} {command}"],
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self, program: str) -> None:
        """End every process of that program, and wait until none is left."""
        deadline = time.monotonic() + PATIENCE
        while pids := self.processes(program):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, 15)
            time.sleep(0.1)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{program} does not end")

    def processes(self, program: str) -> list[int]:
        """Return the ids, as this machine counts them, of processes that run that program there."""
        namespace = Path(f"/proc/{self._init}/ns/pid").readlink()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if (
                    entry.name.isdigit()
                    and (entry / "ns" / "pid").readlink() == namespace
                    and (entry / "comm").read_text().strip() == program
                    and ") Z " not in (entry / "stat").read_text()
                ):
                    found.append(int(entry.name))
        return found

    def _make_folders(self) -> None:
        """Make the folders that packages ask for, as systemd-tmpfiles does when a host starts."""
        for file in self.file("usr/lib/tmpfiles.d").glob("*.conf"):
            for line in file.read_text().splitlines():
                kind, path, mode, user, group = (line.split() + [""] * 5)[:5]
                if kind == "d" and user not in ("", "-"):
                    self.run("install", "-d", "-m", mode, "-o", user, "-g", group, path)

    def _service(self, unit: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in self.file(str(UNITS / f"{unit}.service")).read_text().splitlines():
            key, is_setting, value = line.partition("=")
            if is_setting and not line.startswith("#"):
                found.setdefault(key, []).append(value)
        return found

    def _inside(self) -> list[str]:
        return ["nsenter", "--target", self._init, "--mount", "--pid", "--net", "--root", "--wd"]

    def _end(self) -> None:
        self._holder.kill()
        self._holder.wait()


def _as_user(user: str, said: Mapping[str, list[str]]) -> str:
    if user == "root":
        return ""
    kept = [
        f"+{each.removeprefix('CAP_').lower()}"
        for each in " ".join(said.get("AmbientCapabilities", [])).split()
    ]
    words = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"]
    if kept:
        words += ["--inh-caps", ",".join(kept), "--ambient-caps", ",".join(kept)]
    return shlex.join(words)
