"""Differences: what one look at the whole account shows of a connected VPC otherwise than it was
when it was verified and published last.

Each difference is a line with ids and values: the same line again means that nothing has changed
since. Not everything is seen from so far: what else may have changed is found by the verification
on the clock (docs/decisions/0036).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectivity.domain import catalogue, endpoint_policy, ledger, publication
from connectivity.domain.acknowledgement import acknowledgements_path
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, Rule, SecurityGroup, Vpc
from connectivity.domain.plan import endpoint_rules, resolver_rules, shut_in
from connectivity.domain.policies import last_policy
from connectivity.domain.whole_account import WholeAccount
from connectivity.domain.wish import Options

_SKEW = 5.0
"""Seconds by which the clocks of Parameter Store and of a function may differ."""


@dataclass(frozen=True)
class View:
    """One VPC in the whole account, beside its entry in the ledger."""

    entry: Entry
    account: WholeAccount
    owner: str
    """The value of our owner tag: the stack's name."""
    parameter_path: str
    options: Options | None = None
    """The options in the VPC's tags; None where they cannot be read."""

    @property
    def vpc_id(self) -> str:
        return self.entry.vpc_id

    @property
    def vpc(self) -> Vpc | None:
        """Return the VPC; None where it has no wish tag, or is gone."""
        return self.account.vpcs.get(self.vpc_id)

    @property
    def endpoints(self) -> dict[str, InterfaceEndpoint]:
        """Return by id the VPC endpoints that exist."""
        return {e.id: e for e in self.account.endpoints.get(self.vpc_id, ()) if e.exists}

    def made(self, *beginnings: str) -> Iterator[tuple[str, str]]:
        """Yield purpose and id of what the ledger holds, of purposes that begin so."""
        for purpose, id_ in self.entry.held.items():
            if purpose.startswith(beginnings) and not id_.startswith(ledger.MAKING):
                yield purpose, id_


def differences(view: View) -> tuple[str, ...]:
    """Return a line for each difference, sorted; none where all is as it was left."""
    return tuple(
        sorted(
            {
                *_of_endpoints(view),
                *_of_groups(view),
                *_of_resolver(view),
                *_of_adopted(view),
                *_of_publication(view),
                *_of_acknowledgements(view),
                *_of_unfinished(view),
                *_strays(view),
            }
        )
    )


def fingerprint(lines: Iterable[str]) -> str:
    """Return the fingerprint of differences; empty where there are none."""
    text = "\n".join(lines)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def left_on(view: View) -> tuple[str, ...]:
    """Return a line for each endpoint of ours whose private DNS is on and was never verified."""
    held = dict(view.made(*ledger.ENDPOINT_PURPOSES)).values()
    return tuple(
        f"private DNS of {id_} is on and was never verified"
        for id_, endpoint in sorted(view.endpoints.items())
        if id_ in held and endpoint.private_dns and id_ not in view.entry.serving_endpoints
    )


def _of_endpoints(view: View) -> Iterator[str]:
    endpoints = view.endpoints
    for purpose, id_ in view.made(*ledger.ENDPOINT_PURPOSES):
        endpoint = endpoints.get(id_)
        if endpoint is None or endpoint.owner != view.owner:
            yield f"{id_} ({purpose}) is gone, or does not carry our tag any more"
        else:
            yield from _of_our_endpoint(endpoint, view.entry)


def _of_our_endpoint(endpoint: InterfaceEndpoint, entry: Entry) -> Iterator[str]:
    yield from _of_serving_endpoint(endpoint, entry)
    if endpoint_policy.fingerprint(endpoint.policy) != last_policy(endpoint, entry):
        yield (
            f"{endpoint.id} has another endpoint policy than it was given "
            f"({endpoint_policy.fingerprint(endpoint.policy)})"
        )
    if endpoint.type == "Gateway":
        return
    if endpoint.id not in entry.verified_endpoints:
        yield f"{endpoint.id} was never verified"
    if entry.held.get(ledger.ENDPOINTS_GROUP) not in endpoint.security_groups:
        yield f"{endpoint.id} does not have our security group"
    if endpoint.record_type == "dualstack":
        yield f"{endpoint.id} answers with IPv6 addresses, too"
    through_resolver_only = endpoint.service_name.endswith(f".{catalogue.GATEWAY_FIRST}")
    if through_resolver_only and not endpoint.for_inbound_resolver_only:
        yield f"private DNS of {endpoint.id} answers the VPC's own workloads, too"


def _of_serving_endpoint(endpoint: InterfaceEndpoint, entry: Entry) -> Iterator[str]:
    """Yield how an endpoint, ours or adopted, differs from what was verified."""
    id_, served = endpoint.id, entry.served
    if endpoint.state != "available":
        yield f"{id_} is {endpoint.state}"
    if endpoint.type == "Gateway":
        return
    if endpoint.of_ipv6_alone:
        yield f"{' and '.join(endpoint.of_ipv6_alone)} of {id_} are of IPv6 alone"
    if not endpoint.private_dns and id_ not in served.by_name:
        yield f"private DNS of {id_} is off"
    if id_ in served.subnets and set(served.subnets[id_]) != set(endpoint.subnets):
        yield f"{id_} stands in {_listed(endpoint.subnets)}, not in {_listed(served.subnets[id_])}"
    if id_ in served.interfaces and set(served.interfaces[id_]) != set(endpoint.interfaces):
        yield f"{id_} has other network interfaces: {_listed(endpoint.interfaces)}"


def _of_groups(view: View) -> Iterator[str]:
    there = {g.id: g for g in view.account.groups.get(view.vpc_id, ())}
    expected = _expected_rules(view)
    for purpose, id_ in view.made("group/"):
        group = there.get(id_)
        if group is None:
            yield f"{id_} ({purpose}) is gone, or does not carry our tag any more"
        elif purpose in expected and group.rules != expected[purpose]:
            missing = [f"{_said(rule)} (missing)" for rule in expected[purpose] - group.rules]
            changed = [*missing, *map(_said, group.rules - expected[purpose])]
            yield f"the rules of {id_} ({purpose}) differ: {_listed(changed)}"
        elif purpose == ledger.PROBE_GROUP and shut_in(group):
            yield f"{id_} ({purpose}) has no outbound rule for {', '.join(shut_in(group))}"


def _expected_rules(view: View) -> dict[str, frozenset[Rule]]:
    """Return by purpose the rules of our security groups; empty where what they follow from cannot
    be read."""
    vpc, options, probe = view.vpc, view.options, view.entry.held.get(ledger.PROBE_GROUP)
    if vpc is None or options is None or probe is None:
        return {}
    return {
        ledger.ENDPOINTS_GROUP: endpoint_rules(options.onprem_cidrs, vpc.cidrs),
        ledger.RESOLVER_GROUP: resolver_rules(options.onprem_cidrs, probe),
        ledger.PROBE_GROUP: frozenset(),
    }


def _of_resolver(view: View) -> Iterator[str]:
    held = view.entry.held
    for _, id_ in view.made(ledger.RESOLVER):
        resolver = view.account.resolvers.get(id_)
        yield from _of_serving_resolver(id_, resolver, view.entry)
        if resolver and held.get(ledger.RESOLVER_GROUP) not in resolver.security_groups:
            yield f"{id_} does not have our security group"


def _of_serving_resolver(id_: str, resolver: InboundResolver | None, entry: Entry) -> Iterator[str]:
    """Yield how an inbound resolver, ours or adopted, differs from what was verified. Its addresses
    are not looked at, which would be a call for each; another address is a change of it."""
    if resolver is None:
        yield f"{id_} is gone"
        return
    if resolver.status != "operational":
        yield f"{id_} is {resolver.status}"
    if "do53" not in resolver.protocols:
        yield f"{id_} does not answer DNS over port 53"
    if resolver.modified_at > entry.verified_at:
        yield f"{id_} was changed at {resolver.modified_at:.0f}, after it was verified"


def _of_adopted(view: View) -> Iterator[str]:
    endpoints = view.endpoints
    for purpose, id_ in view.entry.served.adopted.items():
        if purpose == ledger.RESOLVER:
            yield from _of_serving_resolver(id_, view.account.resolvers.get(id_), view.entry)
        elif id_ in endpoints:
            yield from _of_serving_endpoint(endpoints[id_], view.entry)
        elif not _is_elsewhere(id_, view):
            yield f"{id_}, which is not ours, is gone"


def _is_elsewhere(id_: str, view: View) -> bool:
    """Tell whether something that names lead to stands in another VPC, or cannot be seen at all:
    whether it still serves, only the verification on the clock finds out."""
    if id_ not in view.entry.served.by_name:
        return False
    there = (e for endpoints in view.account.endpoints.values() for e in endpoints)
    return not id_.startswith("vpce-") or any(e.id == id_ and e.exists for e in there)


def _of_publication(view: View) -> Iterator[str]:
    if ledger.PUBLICATION not in view.entry.held:
        return
    there, served = view.account.parameters.get(view.vpc_id, {}), view.entry.served.parameters
    for name in publication.parameter_names(view.parameter_path, view.vpc_id):
        if name not in there:
            yield f"parameter {name} is gone"
        elif name in served and there[name].version != served[name]:
            yield f"parameter {name} has version {there[name].version}, not {served[name]}"
        elif there[name].modified_at > view.entry.verified_at + _SKEW:
            # Deleted and made anew it counts from 1 again.
            yield f"parameter {name} was written at {there[name].modified_at:.0f}, and not by us"


def _of_acknowledgements(view: View) -> Iterator[str]:
    """Yield what DNS hosts have said since an execution listened last: their events were lost."""
    start = f"{acknowledgements_path(view.parameter_path, view.vpc_id)}/"
    for name, stored in view.account.parameters.get(view.vpc_id, {}).items():
        if name.startswith(start) and stored.modified_at > view.entry.taken_at:
            yield f"{name} was written at {stored.modified_at:.0f}, and nobody has read it"


def _of_unfinished(view: View) -> Iterator[str]:
    for purpose, id_ in view.entry.held.items():
        if id_.startswith(ledger.MAKING):
            yield f"{purpose} was begun, and its id is not known"
        elif purpose in {ledger.PROBE, ledger.ACKNOWLEDGEMENTS}:
            yield f"{purpose} {id_} was left behind"


def _strays(view: View) -> Iterator[str]:
    """Yield what carries our tag and is in nobody's ledger."""
    held = set(view.entry.held.values())
    there: tuple[InterfaceEndpoint | SecurityGroup, ...] = (
        *view.endpoints.values(),
        *view.account.groups.get(view.vpc_id, ()),
    )
    for each in there:
        if each.owner == view.owner and each.id not in held:
            yield f"{each.id} carries our tag and is not in the ledger"


def _listed(words: Iterable[str]) -> str:
    return " ".join(sorted(words)) or "none"


def _said(rule: Rule) -> str:
    last = "" if rule.last_port is None else f"-{rule.last_port}"
    return f"{rule.protocol}:{rule.port}{last}:{rule.source}"
