"""The form of settings: values of a configuration file, read into `Settings` or refused by key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args

from ecs_anywhere_dns.document import Mode
from ecs_anywhere_dns.known_keys import cure_of_unknown
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.pinned.aws_names import REGION
from ecs_anywhere_dns.pinned.zones import check_allowed_zone
from ecs_anywhere_dns.servers import NUL, SERVERS
from ecs_anywhere_dns.settings import (
    FOLLOW,
    LABORATORY,
    OF_HOST,
    PARAMETER_STORE,
    Settings,
    SignatureWish,
)

VPC_ID = re.compile(r"vpc-[0-9a-f]{8,17}")
FOLDER = re.compile(r"(/[A-Za-z0-9_.-]+)+")
LARGEST_PORT = 65536
METRICS_SUFFIX = ".prom"
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ACCOUNT = re.compile(r"[0-9]{12}")
MOST_KEYS = 2
"""Public keys: the one in use, and beside it the next one while keys are exchanged."""
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
KEYS = frozenset(item.name for item in fields(Settings)) - {"server_table"}
ADDS_IT = " adds it and keeps the rest of the file"
UNSIGNED_STACK = "; a stack without a signing key has --signature none in place of the key"

Place = Literal["alone", "first", "further"]
"""The place of a VPC in the file: the only one, the first of several, or in a table."""


class Lacking(BadUsage):
    """A VPC lacks keys without which nothing of it is believed."""


def missing_in(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys that a configuration has to have and this one has not."""
    unpinned = content.get("signature") != "none" and not content.get("public_keys")
    return (*(key for key in NEEDED if key not in content), *["public_keys"] * unpinned)


def options_for(missing: Sequence[str]) -> str:
    """Return the options of `init` that set these keys."""
    return " ".join(OPTIONS[key] for key in missing)


def init_adding(missing: Sequence[str], does: str, vpc: str = "") -> str:
    """Return the command that adds these keys to the configuration, what it does, and what a stack
    without a key has in its place. `vpc`: the one that is meant, where there are several."""
    named = f"--vpc {vpc} " if vpc else ""
    command = f"`ecs-anywhere-dns init {named}{options_for(missing)}`{does}"
    return f"{command}{UNSIGNED_STACK if 'public_keys' in missing else ''}"


def read_settings(content: Mapping[str, Any], place: Place = "alone") -> Settings:
    """Return the settings of one VPC. Raises BadUsage, naming the key."""
    server = str(content.get("server", ""))
    _check_known(content, server, place)
    values = {key: _typed(key, content[key]) for key in content.keys() & KEYS}
    _check_signature(values.get("signature", "required"))
    missing = missing_in(values)
    if missing:
        raise Lacking(
            f"without {', '.join(missing)} this host believes no publication",
            _cure_of_lacking(missing, values.get("vpc", ""), place),
        )
    settings = Settings(**values)
    _check_form(settings)
    return replace(settings, server_table=_table(content, server))


def _cure_of_lacking(missing: Sequence[str], vpc: str, place: Place) -> str:
    if place == "alone":
        return init_adding(missing, ADDS_IT)
    if vpc:
        return init_adding(missing, ADDS_IT, vpc)
    # No command could name the place.
    top = "above all tables, or take out what stands there of a VPC"
    return f'write vpc = "vpc-…" {top if place == "first" else "into that table"}'


def _check_known(content: Mapping[str, Any], server: str, place: Place) -> None:
    """Check that each key is known. Raises BadUsage for the first that is not; a table of a DNS
    server comes last, as it is unknown where `server` is misspelt, too."""
    unknown = content.keys() - KEYS - {server}
    if not unknown:
        return
    key = min(unknown, key=lambda each: (each in SERVERS, each))
    if key in SERVERS and server in SERVERS:
        raise BadUsage(
            f"unknown key {key!r}: [{key}] is of another DNS server than server = "
            f"{as_written(server)}",
            "take it out, or correct server",
        )
    told = sorted(KEYS - LABORATORY)
    if place == "further":
        cure = cure_of_unknown(key, [each for each in told if each not in OF_HOST])
    else:
        tables = [FOLLOW, *([server] if server in SERVERS else SERVERS)]
        cure = cure_of_unknown(key, [*told, *tables], ", of which the last are tables")
    raise BadUsage(f"unknown key {key!r}", cure)


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
    if wanted is str and NUL in value:
        raise BadUsage(f"{key} = {as_written(value)} has a NUL character", "take it out")
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


def _check_signature(said: str) -> None:
    if said not in get_args(SignatureWish):
        raise BadUsage(
            f"signature = {as_written(said)} is neither required nor none",
            'write signature = "required", or leave the line out',
        )


def _check_pins(settings: Settings) -> None:
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
