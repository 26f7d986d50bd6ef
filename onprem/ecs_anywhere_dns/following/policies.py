"""Response policies (RPZ) of the DNS server that rewrite the published names, seen beforehand.

A policy zone is a zone whose owners are triggers
(https://datatracker.ietf.org/doc/html/draft-vixie-dnsop-dns-rpz-00): `<name>.<zone>` for a name
that is asked for, `<length>.<reversed address>.rpz-ip.<zone>` for an address in an answer. A server
that answers questions for that zone tells which there are, wildcards included, before a name is
ever looked up. Where it refuses such questions nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network

from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.pinned.aws_names import region_parent
from ecs_anywhere_dns.servers.contract import Finding, HasPolicies

PASSING = ("rpz-passthru", "rpz-tcp-only")
"""Targets of a CNAME that leave the answer as it is."""
SHORTEST, LONGEST = 8, 32
"""Prefix lengths of IPv4 networks for which there may be a trigger."""


def rewritten(host: Host, document: Document) -> Iterator[Finding]:
    """Yield the policy zone that rewrites a published name; one name of each zone is enough.
    Raises CheckFailed where the configuration of the server cannot be read."""
    zones = host.server.policy_zones() if isinstance(host.server, HasPolicies) else ()
    if not zones or document.state == "withdrawn":
        return
    passed: set[str] = set()
    for zone in zones:
        by_name = _asked(host, {name: f"{name}.{zone}" for name in document.names})
        # A rule for the name comes before one for an address, also where it lets it pass.
        passed |= {name for name, answer in by_name.items() if _passes(answer)}
        hit = [name for name, answer in by_name.items() if _rewrites(answer)]
        hit = [name for name in hit if name not in passed] or list(
            _by_address(host, document, zone, passed)
        )
        if hit:
            parent = region_parent(hit[0])
            yield Finding(
                False,
                f"the response policy zone {zone} of {host.server.title} rewrites {hit[0]}",
                f"add `*.{parent} CNAME rpz-passthru.` to that zone, or to one before it",
            )


def check_not_rewritten(host: Host, document: Document) -> None:
    """Check that no response policy rewrites the published names. Raises CheckFailed."""
    for finding in rewritten(host, document):
        raise CheckFailed(finding.what, finding.cure)


def _by_address(host: Host, document: Document, zone: str, passed: set[str]) -> Iterator[str]:
    """Yield the names that a trigger for an address concerns."""
    names = {n: ips for n, ips in document.names.items() if n not in passed}
    triggers = {ip: _triggers(ip) for ips in names.values() for ip in ips}
    every = sorted({trigger for each in triggers.values() for trigger in each})
    answers = _asked(host, {trigger: f"{trigger}.rpz-ip.{zone}" for trigger in every})
    found = {trigger for trigger, answer in answers.items() if _rewrites(answer)}
    for name, ips in names.items():
        if any(found.intersection(triggers[ip]) for ip in ips):
            yield name


def _triggers(address: str) -> tuple[str, ...]:
    """Return the owners of triggers for all networks that hold an address."""
    networks = (
        ip_network(f"{address}/{length}", strict=False) for length in range(SHORTEST, LONGEST + 1)
    )
    return tuple(
        f"{network.prefixlen}.{'.'.join(reversed(str(network.network_address).split('.')))}"
        for network in networks
    )


def _asked(host: Host, names: Mapping[str, str]) -> Mapping[str, Answer]:
    place = (host.settings.address, host.settings.port)
    questions = {key: Question(*place, name, recurses=False) for key, name in names.items()}
    answers = host.asks(list(questions.values()))
    return {key: answers[question] for key, question in questions.items()}


def _targets(answer: Answer) -> Sequence[str]:
    return [target.rstrip(".") for _, target in answer.chain]


def _passes(answer: Answer) -> bool:
    return any(target in PASSING for target in _targets(answer))


def _rewrites(answer: Answer) -> bool:
    is_rule = answer.rcode == "NOERROR" and answer.authoritative
    return is_rule and bool(answer.chain or answer.addresses) and not _passes(answer)
