"""The configuration of this host, and of one VPC that it follows."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args

from ecs_anywhere_dns.document import Mode
from ecs_anywhere_dns.forwarding import DNS_PORT
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.pinned.aws_names import REGION
from ecs_anywhere_dns.pinned.keys import PublicKey, key_of
from ecs_anywhere_dns.pinned.networks import PinnedNetworks, pinned_networks
from ecs_anywhere_dns.pinned.zones import check_allowed_zone

PARAMETER_STORE = "ssm"
"""The `source` that is no path."""
PARAMETER_PATH = "/ecs-anywhere/private-connectivity"
VPC_ID = re.compile(r"vpc-[0-9a-f]{8,17}")
FOLDER = re.compile(r"(/[A-Za-z0-9_.-]+)+")
LARGEST_PORT = 65536
METRICS_SUFFIX = ".prom"
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ACCOUNT = re.compile(r"[0-9]{12}")
MOST_KEYS = 2
"""Public keys: the one in use, and beside it the next one while keys are exchanged."""

SignatureWish = Literal["required", "none"]
NEEDED = ("vpc", "region", "server", "account", "networks")
OPTIONS = {
    "vpc": "--vpc vpc-…",
    "region": "--region …",
    "server": "--server …",
    "account": "--account <12 digits: the account of the VPC>",
    "networks": "--network <network of the VPC, as in 10.0.0.0/16>",
    "public_keys": "--public-key <the stack's output PublicationPublicKey> "
    "--key-id <its output PublicationKeyId>",
}
"""The option of `init` for each key that has to be there."""


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


def missing_in(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys that a configuration has to have and this one has not."""
    unpinned = content.get("signature") != "none" and not content.get("public_keys")
    return (*(key for key in NEEDED if key not in content), *["public_keys"] * unpinned)


def init_adding(missing: Sequence[str]) -> str:
    """Return the command that adds these keys to the configuration."""
    return f"`ecs-anywhere-dns init {' '.join(OPTIONS[key] for key in missing)}`"


def read_settings(content: Mapping[str, Any]) -> Settings:
    """Return the settings of one VPC. Raises BadUsage, naming the key."""
    server = str(content.get("server", ""))
    keys = {item.name for item in fields(Settings)} - {"server_table"}
    unknown = sorted(content.keys() - keys - {server})
    if unknown:
        raise BadUsage(f"unknown key {unknown[0]!r}", f"known are {', '.join(sorted(keys))}")
    values = {key: _typed(key, content[key]) for key in content.keys() & keys}
    missing = missing_in(values)
    if missing:
        raise BadUsage(
            f"without {', '.join(missing)} this host believes no publication",
            f"{init_adding(missing)} adds it and keeps the rest of the file",
        )
    settings = Settings(**values)
    _check_form(settings)
    return replace(settings, server_table=_table(content, server))


_KINDS: dict[type[Any], str] = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    list: "list",
}
"""The types of values in a configuration file, in words."""


def _typed(key: str, value: Any) -> Any:
    expected: dict[str, type[Any]] = {
        "resolver_ips": list, "networks": list, "public_keys": list, "allowed_zones": list,
        "after": list,
        "acknowledge": bool, "instance_metadata": bool, "port": int, "resolver_port": int,
        "https_port": int,
    }  # fmt: skip
    wanted: type[Any] = expected.get(key, str)
    if type(value) is not wanted:
        raise BadUsage(f"{key} = {as_written(value)} is no {_KINDS[wanted]}", "correct it")
    if key == "state":
        return Path(value)
    if wanted is list:
        return tuple(_typed(f"{key}: an entry", item) for item in value)
    return value


def _check_form(settings: Settings) -> None:
    forms = {
        "vpc": VPC_ID, "region": REGION, "host": HOST, "parameter_path": FOLDER, "account": ACCOUNT
    }  # fmt: skip
    for key, form in forms.items():
        value = getattr(settings, key)
        if not form.fullmatch(value):
            written = as_written(value)
            raise BadUsage(
                f"{key} = {written} has the wrong form", f"it has to match {form.pattern}"
            )
    for key in ("port", "resolver_port", "https_port"):
        if not 0 < getattr(settings, key) < LARGEST_PORT:
            raise BadUsage(
                f"{key} = {getattr(settings, key)} is no port", "write a number from 1 to 65535"
            )
    for address in (settings.address, *settings.resolver_ips):
        if not _is_ip(address):
            raise BadUsage(f"{address!r} is no IP address", "correct address or resolver_ips")
    _check_paths(settings)
    if settings.mode is not None and settings.mode not in get_args(Mode):
        raise BadUsage(
            f"mode = {as_written(settings.mode)} is neither names nor region",
            'write mode = "names" or mode = "region", or leave the line out',
        )
    _check_pins(settings)


def _check_paths(settings: Settings) -> None:
    paths = [("state", settings.state)]
    if settings.source != PARAMETER_STORE:
        paths.append(("source", Path(settings.source)))
    if settings.metrics_file:
        paths.append(("metrics_file", Path(settings.metrics_file)))
    for key, path in paths:
        # Relative to what, nobody knows: the timer runs elsewhere than a person.
        if not path.is_absolute():
            raise BadUsage(
                f"{key} = {as_written(str(path))} is no absolute path", "write it from / on"
            )
    if settings.metrics_file and Path(settings.metrics_file).suffix != METRICS_SUFFIX:
        raise BadUsage(
            f"metrics_file = {as_written(settings.metrics_file)} does not end in {METRICS_SUFFIX}",
            "the node exporter reads no other files",
        )


def _check_pins(settings: Settings) -> None:
    if settings.signature not in get_args(SignatureWish):
        raise BadUsage(
            f"signature = {as_written(settings.signature)} is neither required nor none",
            'write signature = "required", or leave the line out',
        )
    if len(settings.keys) > MOST_KEYS:
        raise BadUsage(
            f"public_keys has {len(settings.keys)} keys, and {MOST_KEYS} are enough: the one in "
            "use, and the next one",
            "take out those that the app no longer signs with",
        )
    networks = settings.pinned_networks
    for ip in settings.resolver_ips:
        networks.check_resolver_ip(ip)
    for zone in settings.allowed_zones:
        check_allowed_zone(zone, settings.region)


def as_written(value: object) -> str:
    """Return a value as a configuration file has it; a table or a time as near as JSON comes."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_ip(address: str) -> bool:
    try:
        return bool(ip_address(address))
    except ValueError:
        return False


def _table(content: Mapping[str, Any], server: str) -> Mapping[str, Any]:
    table = content.get(server, {})
    if not isinstance(table, Mapping):
        raise BadUsage(f"{server} = {as_written(table)} is no table", f"write it as [{server}]")
    return table
