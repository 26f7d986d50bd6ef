"""The options of `init`: what a configuration can be told on the command line."""

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
    added.add_argument("--vpc")
    added.add_argument(
        "--add", action="store_true", help="follow it beside the VPCs that are followed already"
    )
    added.add_argument(
        "--after", action="append", metavar="VPC",
        help="a VPC that comes first for what both claim",
    )  # fmt: skip
    added.add_argument(
        "--standby-for", metavar="VPC", help="serve the same names while that one does not answer"
    )
    added.add_argument("--region")
    added.add_argument("--server", choices=list(SERVERS))


def _add_beliefs(added: argparse.ArgumentParser) -> None:
    added.add_argument("--account", help="12 digits: whose publication is believed")
    added.add_argument(
        "--network", action="append", dest="networks", metavar="CIDR", help="of the VPC, each one"
    )
    added.add_argument(
        "--allow-zone", action="append", dest="allowed_zones", metavar="ZONE",
        help="believed besides the names of AWS in this Region",
    )  # fmt: skip


def _add_keys(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--public-key", metavar="KEY", help="base64, or a file in PEM or DER: the app's, believed"
    )
    added.add_argument("--key-id", metavar="ID", help="of that key in AWS KMS")
    added.add_argument(
        "--add-key", action="store_const", dest="key_step", const="add", default="agree",
        help="the key beside the pinned one, while keys are exchanged",
    )  # fmt: skip
    added.add_argument(
        "--replace-key", action="store_const", dest="key_step", const="replace",
        help="the key in place of those that are pinned",
    )  # fmt: skip
    added.add_argument(
        "--signature", choices=["required", "none"],
        help="none: believe what nobody signed, where the stack has no signing key",
    )  # fmt: skip


def _add_ways(added: argparse.ArgumentParser) -> None:
    added.add_argument("--mode", choices=["names", "region"])
    added.add_argument("--source", type=_source, help="ssm (default), or a file")
    added.add_argument("--resolver-ip", action="append", dest="resolver_ips", metavar="IP")
    added.add_argument("--endpoint-url")
    added.add_argument("--profile", help="of the AWS credentials for the account of this VPC")


def _add_host(added: argparse.ArgumentParser) -> None:
    added.add_argument("--host", help="its name in acknowledgements; default: the host name")
    added.add_argument("--address", help="where the DNS server answers this host, if not 127.0.0.1")
    added.add_argument("--port", type=int, help="if not 53")
    added.add_argument(
        "--no-acknowledge", action="store_true",
        help="never write to Parameter Store, as without AWS credentials",
    )  # fmt: skip
    added.add_argument(
        "--metrics-file", metavar="FILE.prom", help="written for the node exporter of Prometheus"
    )


def _add_files(added: argparse.ArgumentParser) -> None:
    added.add_argument("--include", action="store_true", help="add the include lines as well")
    added.add_argument("--timer", action="store_true", help="write the systemd service and timer")
    added.add_argument("--replace", action="store_true", help="an existing configuration file")


def _source(said: str) -> str:
    """Return it as the timer finds it, which runs in another folder than the person who says it."""
    return said if said == PARAMETER_STORE else str(Path(said).absolute())
