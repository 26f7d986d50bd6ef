"""Unbound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

UNBOUND_CONF = """\
server:
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    num-threads: 1
{interfaces}
    access-control: 0.0.0.0/0 allow
    do-ip6: no
    # The embedded internet is not signed: no trust anchor, no validation.
    module-config: "iterator"
    root-hints: "{folder}/root.hints"
remote-control:
    control-enable: yes
    control-interface: "{folder}/control"
    control-use-cert: no
include-toplevel: "{folder}/ecs-anywhere.conf"
"""
HINTS = """\
. 3600000 NS a.root-servers.net.
a.root-servers.net. 3600000 A {root}
"""


@dataclass(frozen=True)
class Unbound:
    """Unbound with its configuration in `folder`, which stands for /etc/unbound."""

    folder: Path
    name = "unbound"
    title = "Unbound"
    daemon = "unbound"
    tools = ("unbound-control",)
    packages = "unbound"

    @property
    def configuration(self) -> Path:
        return self.folder / "unbound.conf"

    @property
    def fragments(self) -> tuple[Path, ...]:
        """Return the pick-up tool's file, which has clauses of its own."""
        return (self.folder / "ecs-anywhere.conf",)

    @property
    def control(self) -> tuple[str, ...]:
        """Return the command for `reload`, `list_forwards`…"""
        return "unbound-control", "-c", str(self.configuration)

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments: in the foreground, logging to standard error."""
        return "-d", "-c", str(self.configuration)

    def write(self, addresses: Sequence[str], root: str) -> None:
        """Write an administrator's files. `root` is the address of the internet's root server."""
        interfaces = "\n".join(f"    interface: {address}" for address in addresses)
        self.configuration.write_text(
            UNBOUND_CONF.format(folder=self.folder, interfaces=interfaces)
        )
        (self.folder / "root.hints").write_text(HINTS.format(root=root))
        for fragment in self.fragments:
            fragment.touch()
