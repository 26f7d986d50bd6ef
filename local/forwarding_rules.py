"""Resolver rules of type FORWARD as answers: what a VPC says of a name that it forwards.

AWS: of the rules and the private hosted zones of a VPC the most specific name wins, and of the same
name the rule; a query goes to the rule's targets, and to SERVFAIL where none of them answers (Route
53 developer guide, "Forwarding outbound DNS queries to your network"). A target answers here if it
is an address of an inbound resolver of this embedded AWS, in whichever VPC: as if the network
between them were there. moto 5.2.5: rules are rows in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moto.route53resolver.models import Route53ResolverBackend, route53resolver_backends

from local.contracts import NetworkState
from local.hosted_zones import HostedZones, vpc_of
from local.private_dns import VpcAnswers, answers_of

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

CHANGES = ("associate_resolver_rule", "disassociate_resolver_rule")

_stock = {name: getattr(Route53ResolverBackend, name) for name in CHANGES}


@dataclass
class ForwardingRules:
    """The FORWARD rules of all accounts, and the VPCs that they are associated with."""

    answers: VpcAnswers
    zones: HostedZones

    def add_answers(self, vpc_id: str, state: NetworkState) -> NetworkState:
        """Add the answers of the rules' targets in the VPC, for each rule's name and those
        below."""
        for domain, targets in sorted(self._rules(vpc_id)):
            state = self.forwarded(vpc_id, state, domain, targets)
        return state

    def forwarded(
        self, vpc_id: str, state: NetworkState, domain: str, targets: tuple[str, ...]
    ) -> NetworkState:
        """Return the state with what the targets say of the domain and of names below it."""
        kept = {n: ips for n, ips in state.names.items() if n.removeprefix("*.") != domain}
        state = replace(state, names=kept, zones=state.zones - {domain})
        told = self.answers.at_resolver(targets)
        if told is None:
            silent = self.zones.with_names(vpc_id, state, {}, ())
            return replace(silent, unanswered=state.unanswered | {domain})
        below = ((n, ips) for n, ips in told.names.items() if _is_below(n, domain))
        names = {n: ips for n, ips in below if n not in kept}
        zones = (zone for zone in told.zones if _is_below(zone, domain))
        return self.zones.with_names(vpc_id, state, names, zones)

    def rule(self, rule_id: str) -> tuple[str, tuple[str, ...]]:
        """Return the domain and the targets of a FORWARD rule, whoever's it is."""
        return next(
            _said(b.resolver_rules[rule_id]) for b in _backends() if rule_id in b.resolver_rules
        )

    def _rules(self, vpc_id: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for backend in _backends():
            for association in list(backend.resolver_rule_associations.values()):
                rule = backend.resolver_rules.get(association.resolver_rule_id)
                if rule and association.vpc_id == vpc_id and rule.rule_type == "FORWARD":
                    yield _said(rule)

    def followers(self, vpc_id: str) -> Iterator[Any]:
        """Yield the other VPCs with rules: the VPC that changed may be where these lead."""
        backends = _backends()
        there = {a.vpc_id for b in backends for a in list(b.resolver_rule_associations.values())}
        yield from filter(None, map(vpc_of, sorted(there - {vpc_id})))


def _said(rule: Any) -> tuple[str, tuple[str, ...]]:
    targets = tuple(target["Ip"] for target in rule.target_ips or ())
    return rule.domain_name.rstrip("."), targets


def _backends() -> list[Any]:
    accounts = list(route53resolver_backends)
    return [b for each in accounts for b in list(route53resolver_backends[each].values())]


def _is_below(name: str, domain: str) -> bool:
    bare = name.removeprefix("*.")
    return not domain or bare == domain or bare.endswith(f".{domain}")


def install(aws: EmbeddedAws) -> None:
    answers = answers_of(aws)
    part = ForwardingRules(answers, aws.hosted_zones)
    answers.sources.append(part.add_answers)
    answers.followers.append(part.followers)
    for name in CHANGES:
        setattr(Route53ResolverBackend, name, _published(_stock[name], answers))


def _published(change: Callable[..., Any], answers: VpcAnswers) -> Callable[..., Any]:
    """Return a change after which the VPC that it is about answers as it says."""

    def changed(*arguments: Any, **named: Any) -> Any:
        association = change(*arguments, **named)
        publish_all([association.vpc_id], answers)
        return association

    return changed


def publish_all(vpc_ids: Iterable[str], answers: VpcAnswers) -> None:
    for vpc in filter(None, map(vpc_of, vpc_ids)):
        answers.publish(vpc)
