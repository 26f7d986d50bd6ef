"""Knot Resolver 5: Lua, to be taken in by kresd.conf before all other policies (`dofile(…)`).

Rendered only. STUB rather than FORWARD: with a trust anchor, FORWARD is always SERVFAIL here, as
it asks the forwarder for the keys of the root (measured with 5.6.0). STUB does not validate; the
names are exempt none the less, for whatever policy comes later. The policy was run with 5.6.0; the
exemption was not, and no test here runs either.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

LUA = """-- The first policy that fits counts: this file has to come before the others.
-- After a change: restart kresd, then cache.clear() for each of these names.
local names = {{
{names}
}}
policy.add(policy.suffix(policy.STUB({{{forwarders}}}), policy.todnames(names)))
-- An isolated site cannot validate. What is exempt already stays so.
local exempt = {{}}
for _, known in ipairs({{trust_anchors.insecure or {{}}, names}}) do
    for _, name in ipairs(known) do table.insert(exempt, name) end
end
trust_anchors.set_insecure(exempt)
"""


@dataclass(frozen=True)
class Knot:
    name = "knot"
    title = "Knot Resolver"

    document: Document

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        head = f"-- {HEADER}\n-- {forwarding.label}\n"
        text = head + ("" if forwarding.is_none else _lua(forwarding))
        return (Fragment(Path("ecs-anywhere.lua"), text),)


def _lua(forwarding: Forwarding) -> str:
    port = "" if forwarding.port == DNS_PORT else f"@{forwarding.port}"
    return LUA.format(
        names="\n".join(f"    '{zone}.'," for zone in forwarding.zones),
        forwarders=", ".join(f"'{address}{port}'" for address in forwarding.forwarders),
    )
