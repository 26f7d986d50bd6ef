"""The systemd units that `init --timer` writes: the service may do what this host needs, no more.

It runs as root and obeys what comes over a network. So it is rendered from this host's own
configuration: it may write into the folders of its files and of its memory, and has the
capabilities that the commands of its DNS server need (`contract.Server.privileges`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.memory.files import make_folder, put, state_of
from ecs_anywhere_dns.memory.state import FOLDER_MODE
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.publication.metadata import DISABLED
from ecs_anywhere_dns.servers.contract import Server
from ecs_anywhere_dns.settings import PARAMETER_STORE, Settings

UNITS = Path("/etc/systemd/system")
SERVICE, TIMER = "ecs-anywhere-dns.service", "ecs-anywhere-dns.timer"
UnitState = Literal["none", "current", "older"]
UNIT_NAMES = (SERVICE, TIMER)
PRIVILEGES = {
    "CAP_CHOWN": "a file that it swaps in keeps its owner",
    "CAP_FOWNER": "and its mode",
    "CAP_DAC_OVERRIDE": "keys, sockets and folders may be the DNS server's own",
    "AF_UNIX": "control sockets, systemctl, the journal",
    "AF_INET": "the DNS server, the resolver IPs and Parameter Store",
    "AF_INET6": "an endpoint_url or a control channel may have such an address",
}
"""The capabilities of every service, and the reason for each."""
CALLS_OF = {"CAP_SYS_CHROOT": "chroot"}
"""System calls that are of no use without a capability, and left out with it."""
PATIENCE = 180
"""Seconds for a run, for each VPC, besides its reloads: what is asked of one that does not answer
is bounded."""
RELOADS = 2
"""Reloads for each VPC: one for the switch, one to undo it."""
EMPTIED = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - named, not used
"""Folders in place of which the service sees empty ones of its own (PrivateTmp)."""
ANEW = "`ecs-anywhere-dns init --timer` writes it anew; then `systemctl daemon-reload`"


@dataclass(frozen=True)
class Unit:
    """The service of one host."""

    command: tuple[str, ...]
    """The words that run this tool."""
    config: Path
    settings: Settings
    server: Server
    vpcs: int = 1
    """The number of VPCs that are followed."""

    def text(self) -> str:
        """Return the text of the service. Raises BadUsage where it would not see a file that it
        needs."""
        self._check_seen()
        privileges = PRIVILEGES | dict(self.server.privileges)
        capabilities = [name for name in privileges if name.startswith("CAP_")]
        calls = [CALLS_OF[name] for name in capabilities if name in CALLS_OF]
        values = {
            "COMMAND": " ".join(_word(word.replace("$", "$$")) for word in self.command),
            "CONFIG": _word(str(self.config.absolute()).replace("$", "$$")),
            "ENVIRONMENT": self._environment(),
            "REASONS": "\n".join(f"# {name}: {why}." for name, why in sorted(privileges.items())),
            "CAPABILITIES": " ".join(capabilities),
            "FAMILIES": " ".join(name for name in privileges if name.startswith("AF_")),
            "READ_WRITE": " ".join(_word(f"-{path}") for path in self.written()),
            "PATIENCE": str(self.patience),
            "SYSTEM_CALLS": " ".join(["@chown", *calls]),
        }
        text = _template(SERVICE)
        return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)

    @property
    def patience(self) -> int:
        """Return the seconds after which systemd ends a run: a switch that fails and is undone for
        each VPC takes less."""
        return round((PATIENCE + RELOADS * self.server.reload_patience) * self.vpcs)

    def written(self) -> tuple[Path, ...]:
        """Return the folders that a run writes to; a link among the files leads to one more."""
        fragments = [fragment.path for fragment in self.server.fragments(NOTHING)]
        folders = [path.parent for file in fragments for path in (file, file.resolve())]
        metrics = self.settings.metrics_file
        watched = [Path(metrics).parent, Path(metrics).resolve().parent] if metrics else []
        return tuple(sorted({self.settings.state, *folders, *watched}))

    def _environment(self) -> str:
        if self.settings.instance_metadata:
            return "# Metadata services may be asked for credentials: instance_metadata = true."
        return f"# No metadata service is asked for credentials.\nEnvironment={DISABLED}=true"

    def _check_seen(self) -> None:
        """Check that the service would see every file that it needs. Raises BadUsage."""
        source = self.settings.source
        brought = () if source == PARAMETER_STORE else (Path(source),)
        for path in (self.config.absolute(), *brought, *self.written()):
            hidden = next((folder for folder in EMPTIED if path.is_relative_to(folder)), None)
            if hidden:
                raise BadUsage(
                    f"{path} lies in {hidden}, where others may write: the service has an empty "
                    "folder of its own there",
                    "move it, correct the configuration, then `ecs-anywhere-dns init --timer`",
                )


def write_units(unit: Unit, folder: Path = UNITS) -> Iterator[str]:
    """Write the service and its timer, make the folder of its memory, and enable nothing. Yields a
    line for each thing that was done. Raises BadUsage, CheckFailed."""
    if not folder.is_dir():
        raise BadUsage(
            f"there is no {folder}: systemd does not run this host",
            f"have `{' '.join(unit.command)} apply` run every five minutes in another way",
        )
    texts = {SERVICE: unit.text(), TIMER: _template(TIMER)}
    try:
        make_folder(unit.settings.state, FOLDER_MODE)
    except OSError as error:
        raise BadUsage(f"{unit.settings.state}: {error.strerror}", "run this as root") from None
    for name, text in texts.items():
        former = state_of(folder / name)
        if former.content == text.encode():
            yield f"kept {former.path} as it is"
        else:
            put(replace(former, content=text.encode()))
            yield f"wrote {former.path}"


def outdated_unit(
    settings: Settings, server: Server, folder: Path = UNITS, vpcs: int = 1
) -> Path | None:
    """Return the file of the installed service if this version would write another one for this
    configuration. The command by which it starts this tool is not compared. Raises CheckFailed,
    BadUsage."""
    file = folder / SERVICE
    content = state_of(file).content
    if content is None:
        return None
    there = content.decode(errors="replace")
    wanted = Unit(("ecs-anywhere-dns",), Path("/etc/config.toml"), settings, server, vpcs).text()
    return None if _without_start(there) == _without_start(wanted) else file


def unit_state(
    settings: Settings, server: Server, folder: Path = UNITS, vpcs: int = 1
) -> UnitState:
    """Return how the installed service stands to this version. Raises CheckFailed."""
    if state_of(folder / SERVICE).content is None:
        return "none"
    try:
        return "current" if outdated_unit(settings, server, folder, vpcs) is None else "older"
    except BadUsage:
        return "older"  # for this configuration there is no service at all


def own_command(script: str = sys.argv[0]) -> tuple[str, ...]:
    """Return the words that run this tool from wherever: the installed script, or `python -m`."""
    file = Path(script).resolve()
    if file.name == "__main__.py":
        return sys.executable, "-m", "ecs_anywhere_dns"
    return (str(file),)


def _template(name: str) -> str:
    return files("ecs_anywhere_dns").joinpath("systemd", name).read_text("utf-8")


def _without_start(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("ExecStart=")]


def _word(word: str) -> str:
    """Return `word` as systemd.syntax(7) reads one word of a line. Raises BadUsage."""
    if not word.isprintable():
        raise BadUsage(f"{word!r} is no path for a unit: it would add lines to it", "rename it")
    text = word.replace("%", "%%")
    if not re.search(r"[\s\"'\\;]", text):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
