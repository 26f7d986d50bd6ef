"""Desired x observed -> plan. A plan is a value; every step says why; applying it decides nothing.

The same inputs give the same plan, and the plan of a world that is as desired has no steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from connectivity.domain import catalogue, ledger
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, Rule, SecurityGroup
from connectivity.domain.ownership import Ownership, group_name, purpose_of
from connectivity.domain.policies import plan_policies
from connectivity.domain.steps import (
    Admit,
    MakeGatewayEndpoint,
    MakeGroup,
    MakeInterfaceEndpoint,
    MakeResolver,
    MendInterfaceEndpoint,
    Plan,
    Revoke,
    Step,
    TurnOnPrivateDns,
)

HOURS_A_MONTH = 730
INTERFACE_HOUR, RESOLVER_IP_HOUR = 0.01, 0.125
"""List prices in us-east-1, November 2026, in US dollars (docs/cost.md)."""


def plan_endpoints(
    desired: Desired,
    endpoints: Iterable[InterfaceEndpoint],
    groups: tuple[SecurityGroup, ...],
    ownership: Ownership,
) -> Plan:
    """Return the steps for the security group, then for the endpoints that are missing, then for
    what those that are there have lost; S3's gateway endpoint before all. What was begun is made
    with the request that was announced, also where nobody asks for it any more: that is how its id
    becomes known."""
    endpoints = tuple(endpoints)
    ours = [e for e in endpoints if e.exists and ownership.of_endpoint(e)]
    group = ownership.groups(groups).get(ledger.ENDPOINTS_GROUP)
    there = {purpose_of(endpoint) for endpoint in ours}
    begun = ledger.begun_endpoints(ownership.entry)
    rules = endpoint_rules(desired.onprem_cidrs, desired.vpc_cidrs)
    gateway = desired.gateway_service
    missing = (
        *(
            (
                MakeGatewayEndpoint(
                    gateway,
                    f"private DNS of {gateway} needs one; it has no routes",
                    desired.gateway_policy,
                ),
            )
            if gateway and ledger.gateway_purpose(gateway) not in {*there, *begun}
            else ()
        ),
        *plan_begun(ownership.entry),
        *(
            MakeInterfaceEndpoint(e.service_name, e.subnets, f"{e.service} has none", e.policy)
            for e in desired.ours
            if ledger.endpoint_purpose(e.service_name) not in {*there, *begun}
        ),
    )
    needed = desired.ours or begun or group
    return (
        *(_plan_group(ledger.ENDPOINTS_GROUP, rules, desired, groups, ownership) if needed else ()),
        *sorted(missing, key=lambda step: isinstance(step, MakeInterfaceEndpoint)),
        *(
            step
            for wanted in desired.ours
            if (found := endpoint_for(wanted, endpoints, ownership))
            for step in _mend(found, wanted, group.id if group else "")
        ),
        *plan_policies(desired, ours, ownership.entry),
    )


def endpoint_rules(onprem_cidrs: Iterable[str], vpc_cidrs: Iterable[str]) -> frozenset[Rule]:
    """Return the rules of the interface endpoints' security group: HTTPS from both networks."""
    return frozenset(Rule("tcp", 443, cidr) for cidr in (*onprem_cidrs, *vpc_cidrs))


def resolver_rules(onprem_cidrs: Iterable[str], probe_group: str) -> frozenset[Rule]:
    """Return the rules of the inbound resolver's security group: DNS from on-premises, and from
    what has the probe's group."""
    return frozenset(
        Rule(protocol, 53, source)
        for protocol in ("tcp", "udp")
        for source in (*onprem_cidrs, probe_group)
    )


def shut_in(probe: SecurityGroup) -> list[str]:
    """Return what the probe asks for, and its security group has no outbound rule for: `53/udp`."""
    asks = (("udp", 53), ("tcp", 53), ("tcp", 443))
    return [f"{port}/{protocol}" for protocol, port in asks if not probe.lets_out(protocol, port)]


def plan_begun(entry: Entry) -> tuple[MakeGatewayEndpoint | MakeInterfaceEndpoint, ...]:
    """Return the steps that were announced and whose outcome nobody knows."""
    reason = "it was begun, and its id is not known"
    steps: list[MakeGatewayEndpoint | MakeInterfaceEndpoint] = []
    for purpose in sorted(ledger.begun_endpoints(entry)):
        announced = ledger.announcement(entry, purpose)
        service_name = purpose.partition("/")[2]
        if announced and purpose == ledger.gateway_purpose(service_name):
            steps.append(MakeGatewayEndpoint(service_name, reason, announced.policy))
        elif announced:
            subnets, policy = announced.subnets, announced.policy
            steps.append(MakeInterfaceEndpoint(service_name, subnets, reason, policy))
    return tuple(steps)


def _mend(endpoint: InterfaceEndpoint, wanted: DesiredEndpoint, group: str) -> Plan:
    """Return the step that gives an endpoint back what it has lost; none while it is not available,
    as AWS does not change it then."""
    shut = group not in endpoint.security_groups
    lost = tuple(subnet for subnet in wanted.subnets if subnet not in endpoint.subnets)
    ipv6 = endpoint.of_ipv6_alone
    if endpoint.state != "available" or not (shut or lost or ipv6):
        return ()
    reasons = [
        *(["without our security group on-premises does not reach it"] if shut else []),
        *([f"it does not stand in {', '.join(lost)}"] if lost else []),
        *([f"its {' and '.join(ipv6)} are of IPv6 alone"] if ipv6 else []),
    ]
    why = " and ".join(reasons)
    return (MendInterfaceEndpoint(endpoint.id, wanted.service, shut, lost, why, ipv6),)


def plan_resolver(
    desired: Desired,
    resolvers: Iterable[InboundResolver],
    groups: tuple[SecurityGroup, ...],
    ownership: Ownership,
) -> Plan:
    """Return the steps for the probe's and the resolver's security groups, then for the resolver if
    there is none; for an adopted resolver those for the probe's group alone."""
    probes = plan_probe(desired, groups, ownership)
    if desired.adopted_resolver:
        return probes
    probe = ownership.groups(groups).get(ledger.PROBE_GROUP)
    probe_source = probe.id if probe else ledger.PROBE_GROUP
    rules = resolver_rules(desired.onprem_cidrs, probe_source)
    return (
        *probes,
        *_plan_group(ledger.RESOLVER_GROUP, rules, desired, groups, ownership),
        *(() if ownership.resolver(resolvers) else (_make_resolver(desired),)),
    )


def plan_probe(desired: Desired, groups: tuple[SecurityGroup, ...], ownership: Ownership) -> Plan:
    """Return the steps for the probe's security group."""
    return _plan_group(ledger.PROBE_GROUP, frozenset(), desired, groups, ownership)


def plan_private_dns(
    desired: Desired, endpoints: Iterable[InterfaceEndpoint], ownership: Ownership
) -> tuple[TurnOnPrivateDns, ...]:
    """Return the steps in the catalogue's order, so that an agent is never sent to a name that is
    still public."""
    ours = {
        e.service_name: e
        for e in sorted(endpoints, key=lambda e: e.id, reverse=True)
        if e.type == "Interface" and e.exists and ownership.of_endpoint(e)
    }
    there = ((w, ours[w.service_name]) for w in desired.ours if w.service_name in ours)
    return tuple(
        TurnOnPrivateDns(
            endpoint_id=endpoint.id,
            service=wanted.service,
            for_inbound_resolver_only=wanted.service == catalogue.GATEWAY_FIRST,
            reason=reason,
        )
        for wanted, endpoint in there
        if (reason := _why_turned_on(wanted, endpoint))
    )


def _why_turned_on(wanted: DesiredEndpoint, endpoint: InterfaceEndpoint) -> str | None:
    if not endpoint.private_dns:
        return f"{', '.join(wanted.private_names)} still resolve publicly"
    if wanted.service == catalogue.GATEWAY_FIRST and not endpoint.for_inbound_resolver_only:
        return "it answers the VPC's own workloads, too, which have the gateway endpoint"
    return None


def _plan_group(
    purpose: str,
    rules: frozenset[Rule],
    desired: Desired,
    groups: tuple[SecurityGroup, ...],
    ownership: Ownership,
) -> Plan:
    """Return the steps for a security group. Networks are admitted before others are revoked, so
    that one which only got another mask is never shut out; the other way round where old and new
    rules together are more than AWS lets a group hold."""
    group = ownership.groups(groups).get(purpose)
    there = group.rules if group else frozenset()
    missing, extra = _in_order(rules - there), _in_order(there - rules)
    steps: list[Step] = []
    if group is None:
        steps.append(MakeGroup(purpose, group_name(desired.vpc_id, purpose), "there is none"))
    admit = Admit(purpose, missing, "asked for and not there") if missing else None
    revoke = Revoke(purpose, extra, "there and not asked for") if extra else None
    if admit and revoke and _rules_counted(there | rules) > desired.rules_per_group:
        first = (
            f"{revoke.reason} - first, because old and new rules together are more than the "
            f"{desired.rules_per_group} that a security group holds"
        )
        return (*steps, replace(revoke, reason=first), admit)
    return (*steps, *(step for step in (admit, revoke) if step))


def _rules_counted(rules: Iterable[Rule]) -> float:
    """Return how many rules AWS counts at most: IPv4 and IPv6 apart, a prefix list as many as it
    may have entries, which is not known here."""
    sources = [rule.source for rule in rules]
    if any(source.startswith("pl-") for source in sources):
        return math.inf
    return len([source for source in sources if ":" not in source])


def _in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=_rule_order))


def _rule_order(rule: Rule) -> tuple[str, int, int, str]:
    return rule.protocol, rule.port, rule.last_port or rule.port, rule.source


def _make_resolver(desired: Desired) -> MakeResolver:
    """Return the step, which asks for the promised addresses again: on-premises forwards to
    them."""
    waiting = {
        subnet: sorted(ip for ip, there in desired.promised.items() if there == subnet)
        for subnet in desired.resolver_subnets
    }
    addresses = tuple(
        (subnet, waiting[subnet].pop(0) if waiting[subnet] else None)
        for subnet in desired.resolver_subnets
    )
    return MakeResolver(addresses, "there is none")


def monthly_dollars(desired: Desired) -> float:
    """Return the list price of what is ours in us-east-1 for 730 hours, traffic apart
    (docs/cost.md)."""
    return price(*billed(desired))


def billed(desired: Desired) -> tuple[int, int]:
    """Return how many network interfaces of interface endpoints, and how many addresses of the
    inbound resolver, are ours."""
    interfaces = sum(len(endpoint.subnets) for endpoint in desired.ours)
    return interfaces, 0 if desired.adopted_resolver else len(desired.resolver_subnets)


def price(interfaces: int, resolver_ips: int) -> float:
    """Return the list price of so many interfaces and addresses for 730 hours, in US dollars."""
    return HOURS_A_MONTH * (INTERFACE_HOUR * interfaces + RESOLVER_IP_HOUR * resolver_ips)


def endpoint_for(
    wanted: DesiredEndpoint, endpoints: Iterable[InterfaceEndpoint], ownership: Ownership
) -> InterfaceEndpoint | None:
    """Return the interface endpoint that serves `wanted`: the adopted one, or ours."""
    return next(
        (
            endpoint
            for endpoint in sorted(endpoints, key=lambda e: e.id)
            if endpoint.exists
            and endpoint.type == "Interface"
            and endpoint.service_name == wanted.service_name
            and (
                endpoint.id == wanted.adopted if wanted.adopted else ownership.of_endpoint(endpoint)
            )
        ),
        None,
    )
