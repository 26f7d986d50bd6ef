"""`init`: write the configuration file, empty fragments, the lines that include them, and a timer.

Run once, and again where something is to be added: what people have edited stays.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from ecs_anywhere_dns.commands import NAME
from ecs_anywhere_dns.commands.init.configuring import configure
from ecs_anywhere_dns.commands.init.includes import (
    add_includes,
    check_there,
    make_empty_fragments,
)
from ecs_anywhere_dns.commands.init.options import add_options
from ecs_anywhere_dns.commands.init.wish import KeyStep, Wish
from ecs_anywhere_dns.configuration import server_of
from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.memory.reading import known
from ecs_anywhere_dns.memory.records import Applied
from ecs_anywhere_dns.memory.state import State
from ecs_anywhere_dns.outcome import BadUsage, Exit, Stop
from ecs_anywhere_dns.pinned.belief import pins_of
from ecs_anywhere_dns.pinned.keys import WHAT_IT_IS, read_public_key
from ecs_anywhere_dns.printing import show_lines
from ecs_anywhere_dns.servers.layouts import assumed, layout_of
from ecs_anywhere_dns.servers.ownership import check_ours
from ecs_anywhere_dns.settings import Settings
from ecs_anywhere_dns.units import Unit, own_command, write_units

__all__ = ["add_options", "run"]

CONFIGURED = (
    "vpc", "region", "server", "account", "networks", "resolver_ips", "signature", "allowed_zones",
    "mode", "source", "endpoint_url", "profile", "host", "address", "port", "after", "standby_for",
    "metrics_file",
)  # fmt: skip
"""Keys of the configuration that are taken as they are said."""


def run(arguments: argparse.Namespace) -> int:
    """Write what is missing, and print what was done, also where it ends early. Raises Stop."""
    step: KeyStep = arguments.key_step
    layout = layout_of(arguments.server or "")
    wish = Wish(_given(arguments), arguments.replace, arguments.add, step, layout)
    settings, done = configure(arguments.config, wish)
    is_new = f"wrote {arguments.config}" in done
    paths = [assumed(settings[0].server)] if is_new else []
    said = [*done, *filter(None, paths), *(line for each in settings for line in pins_of(each))]
    try:
        for line in _initialise(arguments, settings):
            said.append(line)
    except Stop as problem:
        raise type(problem)(f"{'; '.join(said)}; but {problem.message}", problem.cure) from problem
    show_lines(said, as_json=arguments.json)
    return int(Exit.DONE)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keys of the configuration that were said. Raises BadUsage."""
    given = {key: getattr(arguments, key) for key in CONFIGURED if getattr(arguments, key)}
    if arguments.no_acknowledge:
        given["acknowledge"] = False
    if arguments.public_key and arguments.signature == "none":
        raise BadUsage("--public-key and --signature none contradict each other", "leave out one")
    if arguments.public_key:
        key = read_public_key(arguments.public_key, arguments.key_id or "")
        given["public_keys"] = [key.entry]
    elif arguments.key_id or arguments.key_step != "agree":
        raise BadUsage("--key-id, --add-key and --replace-key need --public-key", WHAT_IT_IS)
    return given


def _initialise(arguments: argparse.Namespace, settings: Sequence[Settings]) -> Iterator[str]:
    """Make what is missing, and yield a line for each thing that was made."""
    server = server_of(settings)
    # First, because they may refuse: a file of somebody else, or a configuration that is elsewhere.
    state = State(settings[0].state, settings[0].vpc, tuple(each.vpc for each in settings))
    check_ours(server, server.fragments(NOTHING), known(state.applied, Applied()).written)
    check_there(server, server.includes())
    yield from make_empty_fragments(server)
    # Only now can the server's own checker tell what it reads.
    missing = server.includes()
    if arguments.include:
        yield from add_includes(server, missing)
    else:
        yield from (f"add to {item.file}{_inside(item.inside)}: {item.line}" for item in missing)
    if arguments.timer:
        units = [
            Unit(own_command(), arguments.config, each, server, len(settings)) for each in settings
        ]
        for unit in units:
            unit.text()  # the service has to see the sources of all
        yield from write_units(units[0])
        yield "then: systemctl daemon-reload; systemctl enable --now ecs-anywhere-dns.timer"
    yield f"next: {NAME} doctor; {NAME} check; {NAME} apply --dry-run; {NAME} apply"


def _inside(block: str) -> str:
    return f" inside `{block} {{…}}`" if block else ""
