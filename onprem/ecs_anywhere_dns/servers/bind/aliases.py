"""deny-answer-aliases of BIND: CNAMEs that named does not take (SERVFAIL).

Measured with 9.18: the list is of the names that CNAMEs lead to, `except-from` of their owners. Of
a zone that is forwarded, it holds also for a CNAME to a name of the same zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_anywhere_dns.pinned.aws_names import region_parent
from ecs_anywhere_dns.servers.bind.named_conf import View, names_in
from ecs_anywhere_dns.servers.bind.views import covers
from ecs_anywhere_dns.servers.contract import Finding

OPTION = "deny-answer-aliases"


def refused_in(view: View, aliases: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the first of these CNAMEs, owner -> target, that a view does not take."""
    said = view.option(OPTION)
    if said is None:
        return
    denied = names_in(said.block)
    exempt = names_in(said.blocks[1]) if len(said.blocks) > 1 else ()
    for owner, target in sorted(aliases.items()):
        if covers(denied, target) and not covers(exempt, owner):
            yield Finding(
                False,
                f"{view.title} has {OPTION}, which refuses {owner}: it is an alias of {target} "
                "(SERVFAIL)",
                f'add "{region_parent(owner)}"; to its except-from',
            )
            return
