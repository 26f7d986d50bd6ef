"""BIND 9."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAMED_CONF = """\
include "{folder}/rndc.key";
controls {{ inet 127.0.0.1 port 953 allow {{ 127.0.0.1; }} keys {{ "rndc-key"; }}; }};
options {{
    directory "{folder}";
    pid-file none;
    session-keyfile "{folder}/session.key";
    listen-on {{ {addresses} }};
    listen-on-v6 {{ none; }};
    recursion yes;
    allow-query {{ any; }};
    allow-recursion {{ any; }};
    // The embedded internet is not signed.
    dnssec-validation no;
    include "{folder}/ecs-anywhere.options";
}};
zone "." IN {{ type hint; file "{folder}/root.hints"; }};
include "{folder}/ecs-anywhere.zones";
"""
RNDC_KEY = 'key "rndc-key" {{ algorithm hmac-sha256; secret "{secret}"; }};\n'
RNDC_CONF = """\
include "{folder}/rndc.key";
options {{ default-key "rndc-key"; default-server 127.0.0.1; default-port 953; }};
"""
HINTS = """\
. 3600000 NS a.root-servers.net.
a.root-servers.net. 3600000 A {root}
"""


@dataclass(frozen=True)
class Bind:
    """BIND 9 with its configuration in `folder`, which stands for /etc/bind."""

    folder: Path
    name = "bind"
    title = "BIND 9"
    daemon = "named"
    tools = ("rndc",)
    packages = "bind9 bind9-utils"

    @property
    def configuration(self) -> Path:
        return self.folder / "named.conf"

    @property
    def fragments(self) -> tuple[Path, ...]:
        """Return the pick-up tool's files: zones at the top level, and lines inside `options`."""
        return self.folder / "ecs-anywhere.zones", self.folder / "ecs-anywhere.options"

    @property
    def control(self) -> tuple[str, ...]:
        """Return the command for `reconfig`, `flushtree`…, on the site."""
        return "rndc", "-c", f"{self.folder}/rndc.conf"

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments: in the foreground, logging to standard error, with one worker."""
        return "-g", "-n", "1", "-c", str(self.configuration)

    def write(self, addresses: Sequence[str], root: str) -> None:
        """Write an administrator's files. `root` is the address of the internet's root server."""
        secret = base64.b64encode(secrets.token_bytes(32)).decode()
        files = {
            "named.conf": NAMED_CONF,
            "rndc.key": RNDC_KEY,
            "rndc.conf": RNDC_CONF,
            "root.hints": HINTS,
        }
        listed = " ".join(f"{address};" for address in addresses)
        for file, text in files.items():
            filled = text.format(folder=self.folder, addresses=listed, secret=secret, root=root)
            (self.folder / file).write_text(filled)
        for fragment in self.fragments:
            fragment.touch()
