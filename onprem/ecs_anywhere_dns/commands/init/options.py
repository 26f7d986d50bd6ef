"""The options of `init`, which set keys of the configuration."""

from __future__ import annotations

import argparse
from pathlib import Path

from ecs_anywhere_dns.servers import SERVERS
from ecs_anywhere_dns.settings import PARAMETER_STORE


def add_options(added: argparse.ArgumentParser) -> None:
    """Add the options of `init`, in the order in which `--help` shows them."""
    _add_vpc(added)
    _add_beliefs(added)
    _add_keys(added)
    _add_ways(added)
    _add_host(added)
    _add_files(added)


def _add_vpc(added: argparse.ArgumentParser) -> None:
    added.add_argument("--vpc", help="id of the VPC to follow")
    added.add_argument(
        "--add", action="store_true", help="follow the VPC beside those that are followed already"
    )
    added.add_argument(
        "--after", action="append", metavar="VPC",
        help="another VPC, which comes first for the zones that both claim",
    )  # fmt: skip
    added.add_argument(
        "--standby-for", metavar="VPC", help="another VPC: serve its names while it does not answer"
    )
    added.add_argument("--region", help="Region of the VPC, such as us-east-2")
    added.add_argument("--server", choices=list(SERVERS), help="the DNS server on this host")


def _add_beliefs(added: argparse.ArgumentParser) -> None:
    added.add_argument("--account", help="account of the VPC (12 digits)")
    added.add_argument(
        "--network",
        action="append",
        dest="networks",
        metavar="CIDR",
        help="a network of the VPC; repeat it for each",
    )
    added.add_argument(
        "--allow-zone", action="append", dest="allowed_zones", metavar="ZONE",
        help="a zone that is allowed besides the names of AWS in this Region",
    )  # fmt: skip


def _add_keys(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--public-key", metavar="KEY", help="public key of the app: base64, or a file in PEM or DER"
    )
    added.add_argument("--key-id", metavar="ID", help="id of that key in AWS KMS")
    added.add_argument(
        "--add-key", action="store_const", dest="key_step", const="add", default="agree",
        help="pin the key beside the present one, while keys are exchanged",
    )  # fmt: skip
    added.add_argument(
        "--replace-key", action="store_const", dest="key_step", const="replace",
        help="pin the key in place of the present ones",
    )  # fmt: skip
    added.add_argument(
        "--signature", choices=["required", "none"],
        help="none: believe unsigned publications, where the stack has no signing key",
    )  # fmt: skip


def _add_ways(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--mode", choices=["names", "region"],
        help="forward the published zones, or the whole Region; default: as published",
    )  # fmt: skip
    added.add_argument(
        "--source", type=_source, help="source of the publication: ssm (default), or a file"
    )
    added.add_argument(
        "--resolver-ip", action="append", dest="resolver_ips", metavar="IP",
        help="an address of the inbound resolver; repeat it for each",
    )  # fmt: skip
    added.add_argument(
        "--endpoint-url", metavar="URL", help="URL of Parameter Store, in place of the resolver IPs"
    )
    added.add_argument("--profile", help="AWS profile for the account of this VPC")


def _add_host(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--host", help="name of this host in acknowledgements; default: its host name"
    )
    added.add_argument(
        "--address", help="address at which the DNS server answers; default: 127.0.0.1"
    )
    added.add_argument("--port", type=int, help="port at which the DNS server answers; default: 53")
    added.add_argument(
        "--no-acknowledge", action="store_true",
        help="write no acknowledgements, as without AWS credentials",
    )  # fmt: skip
    added.add_argument(
        "--metrics-file", metavar="FILE.prom", help="file for the node exporter of Prometheus"
    )


def _add_files(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--include", action="store_true", help="add the include lines to the DNS server's files"
    )
    added.add_argument("--timer", action="store_true", help="write the systemd service and timer")
    added.add_argument(
        "--replace", action="store_true", help="replace an existing configuration file"
    )


def _source(said: str) -> str:
    """Return it as the timer finds it, which runs in another folder than the person who says it."""
    return said if said == PARAMETER_STORE else str(Path(said).absolute())
