"""`status`: what is applied, and how the last run ended. Reads files, asks nobody."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.commands.followers import followers
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.reading import known
from ecs_anywhere_dns.memory.records import Applied
from ecs_anywhere_dns.outcome import BadUsage, Exit
from ecs_anywhere_dns.pinned.belief import warnings_of
from ecs_anywhere_dns.printing import show_status
from ecs_anywhere_dns.units import ANEW, UNITS, unit_state

NOTHING_SAID: Mapping[str, Any] = {}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add nothing: `status` has no options of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print the state of each VPC. Returns 0 always."""
    show_status(status(followers(arguments)), cure_of_unit=ANEW, as_json=arguments.json)
    return int(Exit.DONE)


def status(hosts: Sequence[Host], units: Path = UNITS) -> Mapping[str, Any]:
    """Return the pins, the forwarding that is applied, how the last run ended, and whether the
    systemd service in `units` is the one that this version writes. Where several VPCs are followed,
    `publications` alone has the pins and the forwarding of each. `damaged` has each file of what
    this host remembers that cannot be read; what it would say is missing."""
    host = hosts[0]
    applied = known(host.state.applied, Applied())
    each = [_status_of(one, applied) for one in hosts]
    damages = dict.fromkeys((d.message, d.cure) for one in hosts for d in one.state.damages())
    return {
        **(each[0] if len(each) == 1 else {}),
        "server": host.server.name,
        "zones": applied.forwarding.zones,
        "forwarders": applied.forwarding.forwarders,
        "appliedAt": applied.at,
        "switching": known(host.state.journal, None) is not None,
        "unit": unit_state(host.settings, host.server, units, len(hosts)),
        "lastRun": known(host.state.report, NOTHING_SAID),
        "damaged": [{"what": what, "cure": cure} for what, cure in damages],
        "publications": each,
    }


def _status_of(host: Host, applied: Applied) -> Mapping[str, Any]:
    last = applied.of(host.settings.vpc)
    document = Memory.of(last).document
    return {
        "vpc": host.settings.vpc,
        "account": host.settings.account,
        "networks": host.settings.networks,
        "signature": host.settings.signature,
        "keys": [{"id": k.id, "fingerprint": k.fingerprint} for k in host.settings.keys],
        "warnings": warnings_of(host.settings),
        "generation": document.generation if document else None,
        "state": document.state if document else "nothing applied",
        "zones": last.forwarding.zones,
        "forwarders": last.forwarding.forwarders,
        "appliedAt": last.at,
        "standby": _standby_of(host),
    }


def _standby_of(host: Host) -> str:
    """Return for which VPC this one stands by, or in the place of which it serves."""
    first = host.settings.standby_for
    if not first:
        return ""
    try:
        duty = host.state.duty().for_vpc(first)
    except BadUsage:
        return f"for {first}; whether it serves in its place is not known"
    return f"serves in the place of {first} since {duty.since}" if duty.serving else f"for {first}"
