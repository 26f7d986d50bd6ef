"""The running named, as rndc shows it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from ecs_anywhere_dns.outcome import ReloadFailed
from ecs_anywhere_dns.servers.bind.named_conf import domain
from ecs_anywhere_dns.servers.process import differ
from ecs_anywhere_dns.subprocesses import PATIENCE, Ran, run

LOOK = "look at the log of named"
RELOAD_PATIENCE = 60.0
"""Seconds. rndc comes back when every zone file is read; many thousand zones take a while."""


@dataclass(frozen=True)
class Rndc:
    command: tuple[str, ...]

    def ask(self, *words: str) -> Ran:
        patience = RELOAD_PATIENCE if words == ("reconfig",) else PATIENCE
        return run(*self.command, *words, patience=patience)

    def output_of(self, *words: str) -> str:
        """Return the output of an rndc command. Raises ReloadFailed."""
        ran = self.ask(*words)
        if not ran.ok:
            raise ReloadFailed(f"rndc failed: {ran.said}", LOOK)
        return ran.output

    def status(self) -> Status:
        """Return the status of named. Raises ReloadFailed where it does not run, or has refused its
        configuration."""
        ran = self.ask("status")
        if not ran.ok:
            raise ReloadFailed(
                f"named does not answer rndc: {ran.said}", "start named, or look at its log"
            )
        # It says "up and running" besides, with the configuration that it had before. While it says
        # "in progress", zone files are read: the configuration is in force when rndc comes back.
        if "reload/reconfig failed" in ran.output:
            raise ReloadFailed("named refused its configuration: reload/reconfig failed", LOOK)
        return Status(ran.output)

    def exempt(self) -> frozenset[tuple[str, str]]:
        """Return zone and view of each permanent exemption from validation that is in force: those
        of the configuration. Raises ReloadFailed."""
        said = re.findall(r"^(\S+)/(\S+): permanent", self.output_of("nta", "-dump"), re.MULTILINE)
        return frozenset((domain(name), view) for name, view in said)


@dataclass(frozen=True)
class Status:
    """The status of a named that is up, and took its configuration when it last read it."""

    text: str

    @property
    def version(self) -> str:
        return self._said("version")

    def check_newer_than(self, paths: Iterable[Path]) -> None:
        """Check that named has read these files since they were written, to the second, which is
        how exactly it tells. Raises ReloadFailed."""
        read_at = self._said("last configured")
        loaded = parsedate_to_datetime(read_at).timestamp() if read_at else 0.0
        for path in paths:
            if not path.exists() or int(path.stat().st_mtime) > loaded:
                raise ReloadFailed(
                    f"named read its configuration ({read_at or 'never'}) before {path} was "
                    "written as it is",
                    "`rndc reconfig`",
                )

    def check_reads(self, configuration: Path, within_chroot: str) -> None:
        """Check that named reads this configuration file. Raises ReloadFailed where it was started
        with another one, or where its chroot holds the file as it was before that was replaced:
        RHEL's named-chroot mounts the one file, and whoever writes it anew leaves the former one
        mounted (measured)."""
        files = re.findall(r"/[^\s()]+", self._said("configuration file"))
        expected = {os.path.realpath(configuration), within_chroot}
        if files and not {os.path.realpath(file) for file in files} & expected:
            raise ReloadFailed(
                f"named runs with {files[0]}, not with {configuration}",
                "correct `configuration` under [bind] in the configuration of this tool",
            )

        for file in map(Path, files[1:]):
            if differ(file, configuration):
                raise ReloadFailed(
                    f"named reads {file}, which is another file than {configuration} since that "
                    "was written anew",
                    "restart named once, so that it is mounted again, as in "
                    "`systemctl restart named-chroot`; a reload does not help",
                )

    def _said(self, key: str) -> str:
        found = re.search(rf"^{key}: (.*)$", self.text, re.MULTILINE)
        return found[1].strip() if found else ""
