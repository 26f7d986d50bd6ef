"""The configuration of this host, and of one VPC that it follows."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ecs_anywhere_dns.document import Mode
from ecs_anywhere_dns.forwarding import DNS_PORT
from ecs_anywhere_dns.pinned.keys import PublicKey, key_of
from ecs_anywhere_dns.pinned.networks import PinnedNetworks, pinned_networks

PARAMETER_STORE = "ssm"
"""The `source` that is no path."""
PARAMETER_PATH = "/ecs-anywhere/private-connectivity"

FOLLOW = "follow"
"""The tables of further VPCs in the configuration file."""
OF_HOST = (
    "server", "host", "acknowledge", "state", "address", "port", "resolver_port", "https_port",
    "instance_metadata", "metrics_file",
)  # fmt: skip
"""Keys that all VPCs share, and that stand at the top."""
LABORATORY = frozenset({"resolver_port", "https_port"})
"""Keys for tests alone: no manual has them, and nobody is told of them."""

SignatureWish = Literal["required", "none"]


@dataclass(frozen=True)
class Settings:
    """One DNS server on this host, and one VPC that it follows."""

    vpc: str
    region: str
    server: str
    account: str
    """The one whose publication is believed, 12 digits."""
    networks: tuple[str, ...]
    """IPv4 networks in which the publication's addresses are believed: those of the VPC."""
    signature: SignatureWish = "required"
    """`none` believes what nobody signed, within the other pins."""
    public_keys: tuple[str, ...] = ()
    """Base64, and after a space the id in AWS KMS; see `pinned.keys`."""
    allowed_zones: tuple[str, ...] = ()
    """Zones that are believed besides those of AWS in this Region, each by its name."""
    source: str = PARAMETER_STORE
    """`ssm`, or the path of a file that holds the document."""
    mode: Mode | None = None
    """The mode of this host; None: the mode of the document."""
    parameter_path: str = PARAMETER_PATH
    resolver_ips: tuple[str, ...] = ()
    """Addresses to ask for `ssm.<region>` before any document was applied."""
    endpoint_url: str = ""
    """The URL of Parameter Store, as in https://vpce-….ssm.<region>.vpce.amazonaws.com, resolved by
    the operating system. Empty: its address is found through the resolver IPs."""
    profile: str = ""
    """The profile of the AWS credentials for this VPC's account; empty: the default that every AWS
    SDK takes."""
    instance_metadata: bool = False
    """Permission to ask the metadata service of EC2 or of a container for AWS credentials."""
    host: str = field(default_factory=socket.gethostname)
    """The name of this host in acknowledgements."""
    acknowledge: bool = True
    state: Path = Path("/var/lib/ecs-anywhere-dns")
    metrics_file: str = ""
    """Written after each run for the node exporter of Prometheus; empty: none."""
    address: str = "127.0.0.1"
    """The address at which the DNS server answers; it is verified there."""
    port: int = DNS_PORT
    resolver_port: int = DNS_PORT
    """53, apart from laboratories: Route 53 Resolver knows no other."""
    https_port: int = 443
    """443, apart from laboratories: of Parameter Store."""
    after: tuple[str, ...] = ()
    """VPCs that this host follows, too, and that come first: what one of them claims as well is
    forwarded to it, not to this VPC."""
    standby_for: str = ""
    """The VPC in whose place this one serves the same names while none of its resolver IPs
    answers. That one comes first, as in `after`."""
    server_table: Mapping[str, Any] = field(default_factory=dict)
    """The table `[<server>]`: paths and commands of that server; see its file in `servers`."""

    @property
    def behind(self) -> tuple[str, ...]:
        """Return the VPCs that come before this one."""
        return (*self.after, *([self.standby_for] if self.standby_for else []))

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        return tuple(key_of(entry) for entry in self.public_keys)

    @property
    def pinned_networks(self) -> PinnedNetworks:
        # Only a laboratory has its resolvers on the loopback, and on another port than 53.
        return pinned_networks(self.networks, laboratory=self.resolver_port != DNS_PORT)

    @property
    def document_parameter(self) -> str:
        return f"{self.parameter_path}/{self.vpc}/forwarding"

    @property
    def acknowledgement_parameter(self) -> str:
        return f"{self.parameter_path}/{self.vpc}/acknowledgements/{self.host}"
