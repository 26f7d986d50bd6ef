"""The configuration file: `/etc/ecs-anywhere-dns/config.toml`, written once by `init`.

Its top holds what is this host's, and the first VPC that it follows. Each further VPC has a table
`[[follow]]` with pins of its own: nothing of one VPC's is believed of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers import in_regions, make_server
from ecs_anywhere_dns.servers.contract import Server
from ecs_anywhere_dns.settings import FOLLOW, OF_HOST, Settings
from ecs_anywhere_dns.settings_form import as_written, read_settings
from ecs_anywhere_dns.toml_file import content_of
from ecs_anywhere_dns.trust import check_trusted

DEFAULT_FILE = Path("/etc/ecs-anywhere-dns/config.toml")


def load(file: Path) -> tuple[Settings, ...]:
    """Return the settings of each VPC that this host follows, in the order of the file; all have
    the same of the host. Raises BadUsage, naming the file and the key."""
    check_trusted(file)
    try:
        content = content_of(file)
    except FileNotFoundError:
        raise BadUsage(f"there is no {file}", "write one with `ecs-anywhere-dns init`") from None
    try:
        settings = read_all(content)
        server_of(settings)  # here, where the file can be named
        return settings
    except BadUsage as problem:
        raise type(problem)(f"{file}: {problem.message}", problem.cure) from None


def read_all(content: Mapping[str, Any]) -> tuple[Settings, ...]:
    """Return the settings of each VPC. Raises BadUsage, naming the VPC and the key."""
    top = {key: value for key, value in content.items() if key != FOLLOW}
    tables = tables_of(content)
    shared = {key: top[key] for key in (*OF_HOST, str(top.get("server", ""))) if key in top}
    has_first = not tables or bool(top.keys() - shared.keys())
    # First: of a VPC that stands there twice by mistake, one of the two often lacks its pins.
    _check_once([each.get("vpc") for each in (top, *tables)])
    first = (read_settings(top, "first" if tables else "alone"),) if has_first else ()
    settings = (*first, *(_read_table(table, shared) for table in tables))
    check_order(settings)
    return settings


def tables_of(content: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the tables of further VPCs. Raises BadUsage where they are none."""
    tables = content.get(FOLLOW, [])
    if not isinstance(tables, list) or not all(isinstance(each, Mapping) for each in tables):
        raise BadUsage(f"{FOLLOW} = {as_written(tables)} is no table", f"write it as [[{FOLLOW}]]")
    return tuple(tables)


def _read_table(table: Mapping[str, Any], shared: Mapping[str, Any]) -> Settings:
    for key in table.keys() & set(OF_HOST):
        raise BadUsage(f"[[{FOLLOW}]] has {key}, which is this host's", "write it above all tables")
    server = str(shared.get("server", ""))
    if server in table:
        raise BadUsage(
            f"[[{FOLLOW}]] of {table.get('vpc', 'no vpc')} has [{FOLLOW}.{server}], and the DNS "
            "server is this host's",
            f"write it once, as [{server}]",
        )
    try:
        return read_settings({**shared, **table}, "further")
    except BadUsage as problem:
        place = f"[[{FOLLOW}]] of {table.get('vpc', 'no vpc')}"
        raise type(problem)(f"{place}: {problem.message}", problem.cure) from None


def _check_once(vpcs: Sequence[object]) -> None:
    """Check that no VPC stands in the file twice. Raises BadUsage."""
    for vpc in vpcs:
        if vpc is not None and vpcs.count(vpc) > 1:
            raise BadUsage(
                f"{vpc} is followed twice",
                f"leave it in one place, above all tables or in one [[{FOLLOW}]] table",
            )


def check_order(settings: Sequence[Settings]) -> None:
    """Check that the order of the VPCs is clear. Raises BadUsage."""
    vpcs = [each.vpc for each in settings]
    for each in settings:
        key = "standby_for" if each.standby_for not in ("", *vpcs) else "after"
        for named in each.behind:
            if named not in vpcs or named == each.vpc:
                raise BadUsage(
                    f"{each.vpc}: {key} names {named}, and this host follows no other VPC of that "
                    "name",
                    f"write the id of a VPC that this host follows, or leave {key} out",
                )
        _check_region(each, settings)
        if [other.standby_for for other in settings].count(each.vpc) > 1:
            raise BadUsage(
                f"{each.vpc} has more than one standby", "leave one: standby_for of the other's"
            )
    in_order(settings)


def _check_region(standby: Settings, settings: Sequence[Settings]) -> None:
    """Check that a standby is in the Region of its first VPC. Raises BadUsage."""
    for first in settings:
        if first.vpc == standby.standby_for and first.region != standby.region:
            raise BadUsage(
                f"{standby.vpc}: standby_for names {first.vpc}, which is in {first.region}, and "
                f"this one in {standby.region}: their names are others, so that neither can serve "
                "in the place of the other",
                "take standby_for out, or follow a VPC of the same Region as its standby",
            )


def in_order(settings: Sequence[Settings]) -> tuple[Settings, ...]:
    """Return the same, each behind those that come before it. Raises BadUsage for a circle."""
    ordered: list[Settings] = []
    left = list(settings)
    while left:
        placed = {each.vpc for each in ordered}
        following = next((each for each in left if placed.issuperset(each.behind)), None)
        if following is None:
            raise BadUsage(
                f"{', '.join(each.vpc for each in left)}: each is to come after the other",
                "correct after and standby_for",
            )
        ordered.append(following)
        left.remove(following)
    return tuple(ordered)


def server_of(settings: Sequence[Settings]) -> Server:
    """Return the DNS server that all of them share. Raises BadUsage."""
    first = settings[0]
    server = make_server(first.server, first.region, first.address, first.port, first.server_table)
    return in_regions(server, [each.region for each in settings])
