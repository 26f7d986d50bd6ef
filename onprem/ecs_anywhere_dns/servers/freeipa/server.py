"""FreeIPA (Red Hat IdM): BIND, whose forward zones are entries of its directory. Written by its
documentation and sources, and tested on a model of its API with BIND behind; never run with it.

What they say, and the model does:
- A change of the directory reaches each named some time later (bind-dyndb-ldap, syncrepl), and it
  forgets its whole cache with it (src/fwd.c, `dns_view_flushcache`). So nothing has to be flushed,
  but waited for: until the DNS server answers the zones' names as the resolver IPs do.
- All IPA servers with DNS get the same zones, and one of them is asked: that at `address`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.answers.asking import Asking
from ecs_anywhere_dns.answers.questions import Question
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.freeipa.rpc import Rpc
from ecs_anywhere_dns.servers.waiting import comes_true
from ecs_anywhere_dns.servers.zones_by_api.https import PATIENCE, Https, password_in
from ecs_anywhere_dns.servers.zones_by_api.server import ZonesByApi

SYNC_POLL = 0.2
SYNC_PATIENCE = 20.0
"""Seconds until named has what the directory has."""


@dataclass(frozen=True)
class FreeIpa(ZonesByApi):
    name = "freeipa"
    title = "FreeIPA"
    reload_patience = PATIENCE + SYNC_PATIENCE

    password_file: Path = Path("/etc/ecs-anywhere-dns/freeipa.password")
    ca_file: str = "/etc/ipa/ca.crt"
    zones_file: Path = Path("/etc/ecs-anywhere-dns/freeipa.zones")

    def api(self) -> Rpc:
        for key in ("url", "user"):
            if not getattr(self, key):
                raise CheckFailed(
                    f"[freeipa] has no {key}",
                    'add it, as in url = "https://ipa.example.com/ipa", user = "ecs-dns"',
                )
        session = Https(self.url.rstrip("/"), self.ca_file, self.name)
        return Rpc(session, self.user, password_in(self.password_file, self.name))

    def check_effective(self, forwarding: Forwarding) -> None:
        """Check the zones of the directory, then wait until named answers like the forwarders,
        SYNC_PATIENCE seconds at most. The verification judges the answers. Raises ReloadFailed,
        CheckFailed."""
        super().check_effective(forwarding)
        pairs = list(self._asked(forwarding))
        if pairs:
            comes_true(lambda: _agree(pairs), SYNC_PATIENCE, poll=SYNC_POLL)

    def _asked(self, forwarding: Forwarding) -> Iterator[tuple[Question, Question]]:
        """Yield the same question for the DNS server and for a forwarder."""
        for zone, forwarders in forwarding.targets.items():
            for forwarder in forwarders[:1]:
                yield (
                    Question(self.address, self.port, zone),
                    Question(forwarder, forwarding.port, zone),
                )


def _agree(pairs: list[tuple[Question, Question]]) -> bool:
    answers = Asking()([question for pair in pairs for question in pair])
    said = {q: (a.rcode, frozenset(ip for _, ip in a.addresses)) for q, a in answers.items()}
    return all(said[here] == said[there] for here, there in pairs if not answers[there].problem)
