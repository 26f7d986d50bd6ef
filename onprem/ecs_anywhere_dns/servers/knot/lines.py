"""The fragment of Knot Resolver: written, and read back strictly.

Run again it replaces what it added before, and it puts itself before all other policies: the first
that fits counts. STUB rather than FORWARD: with a trust anchor, FORWARD is always SERVFAIL here, as
it asks the forwarder for the keys of the root (measured with 5.6.0). STUB does not validate. The
flag keeps the module dns64 away from names that have private IPv4 addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import HEADER
from ecs_anywhere_dns.servers.fragment_lines import CURE, Entry, checked, forwarding_in, lines_of
from ecs_anywhere_dns.servers.mark import MARK_PORT, MARK_ZONE, mark_of

START = """\
for _, id in ipairs(ecs_anywhere_dns and ecs_anywhere_dns.rules or {}) do policy.del(id) end
ecs_anywhere_dns = { mark = '', rules = {} }
local function first(rule)
    table.insert(policy.rules, 1, table.remove(policy.rules))
    table.insert(ecs_anywhere_dns.rules, 1, rule.id)
end
local function forward(zone, servers)
    local names = policy.todnames({ zone .. '.' })
    first(policy.add(policy.suffix(policy.STUB(servers), names)))
    first(policy.add(policy.suffix(policy.FLAGS({ 'DNS64_DISABLE' }), names)))
end
"""
LINE = re.compile(r"forward\('(?P<zone>[^']+)', \{(?P<servers>('[^']+'(, )?)+)\}\)")
SERVER = re.compile(r"(?P<address>[0-9.]+)(@(?P<port>\d{1,5}))?")
MARK = re.compile(r"ecs_anywhere_dns\.mark = '(?P<mark>[0-9.]+)'")
LAST = re.compile(r"log\('\[ecs-anywhere-dns\] read: %s', '[^'\\]*'\)")


def text_for(forwarding: Forwarding) -> str:
    head = f"-- {HEADER}\n-- {forwarding.label}\n"
    return head + START + "".join(f"{line}\n" for line in _lines(forwarding))


def _lines(forwarding: Forwarding) -> Iterator[str]:
    port = "" if forwarding.port == DNS_PORT else f"@{forwarding.port}"
    for zone, forwarders in forwarding.targets.items():
        servers = ", ".join(f"'{address}{port}'" for address in forwarders)
        yield f"forward('{zone}', {{{servers}}})"
    if not forwarding.is_none:
        yield f"ecs_anywhere_dns.mark = '{mark_of(forwarding)}'"
    label = re.sub(r"[^\w ().,-]", "_", forwarding.label, flags=re.ASCII)
    yield f"log('[ecs-anywhere-dns] read: %s', '{label}')"


def read_fragment(text: str, place: str) -> Forwarding:
    """Return the forwarding of our file. Raises CheckFailed where it is not as we write it."""
    start = {number for number, _ in enumerate(START.splitlines(), 3)}
    try:
        entries = [
            entry
            for number, line in lines_of(text, "--")
            if number not in start
            for entry in _entries(number, line)
        ]
        if START not in text:
            raise CheckFailed("its first lines are not ours", CURE)
        return forwarding_in(entries, place)
    except CheckFailed as problem:
        raise CheckFailed(f"{place}: {problem.message}", problem.cure) from None


def _entries(number: int, line: str) -> Iterator[Entry]:
    mark, said = MARK.fullmatch(line), LINE.fullmatch(line)
    if mark:
        yield MARK_ZONE, mark["mark"], MARK_PORT
    elif said:
        for word in said["servers"].split(", "):
            where = SERVER.fullmatch(word.strip("'"))
            if where is None:
                raise CheckFailed(f"line {number}: {word} is no address", CURE)
            yield checked(said["zone"], where["address"], where["port"], number)
    elif not LAST.fullmatch(line):
        raise CheckFailed(f"line {number}: {line!r} is not ours", CURE)
