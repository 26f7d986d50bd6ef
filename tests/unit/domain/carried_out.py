"""A plan carried out on the survey that it was made from: what AWS and the ledger show afterwards.

It decides nothing. What AWS would refuse is an assertion here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from connectivity.domain import plan
from connectivity.domain.convergence import whole_plan
from connectivity.domain.derivation import our_resolver
from connectivity.domain.desired import Desired
from connectivity.domain.endpoint_policy import fingerprint
from connectivity.domain.ledger import ENDPOINTS_GROUP, RESOLVER, Served, begun_endpoints
from connectivity.domain.model import (
    InboundResolver,
    InterfaceEndpoint,
    ResolverIp,
    Rule,
    SecurityGroup,
)
from connectivity.domain.ownership import purpose_of
from connectivity.domain.policy_presets import document
from connectivity.domain.preconditions import prepare
from connectivity.domain.removal_steps import RemoveEndpoint, TurnOffPrivateDns
from connectivity.domain.steps import (
    Admit,
    MakeGatewayEndpoint,
    MakeGroup,
    MakeInterfaceEndpoint,
    MakeResolver,
    MendInterfaceEndpoint,
    Plan,
    Revoke,
    SetPolicy,
    Step,
    TurnOnPrivateDns,
)
from connectivity.domain.survey import Survey

from tests.unit.domain.any_vpc import AnyVpc
from tests.unit.example import US


def desired_of(vpc: AnyVpc) -> Desired:
    """Return the desired resources. Raises PreconditionsNotMet."""
    return prepare(vpc.survey, vpc.options, vpc.limits).desired


def plan_of(vpc: AnyVpc) -> Plan:
    """Return the whole plan. Raises PreconditionsNotMet."""
    return whole_plan(desired_of(vpc), vpc.survey)


def after(steps: Iterable[Step], vpc: AnyVpc) -> AnyVpc:
    survey = vpc.survey
    for step in steps:
        survey = _after(step, survey)
    return replace(vpc, survey=survey)


def learnt(vpc: AnyVpc) -> AnyVpc:
    """Return the VPC after one look more, if the id of something that was begun has to be learnt
    first."""
    return after(plan_of(vpc), vpc) if begun_endpoints(vpc.survey.entry) else vpc


def connected(vpc: AnyVpc) -> AnyVpc:
    """Return the VPC after two looks: private DNS is planned for what is there, not for what will
    be."""
    vpc = learnt(vpc)
    made = after(plan_of(vpc), vpc)
    return after(plan_of(made), made)


def published(vpc: AnyVpc) -> AnyVpc:
    """Connected, and written down as verified and published."""
    vpc = connected(vpc)
    desired, ownership = desired_of(vpc), vpc.survey.ownership
    found = (plan.endpoint_for(e, vpc.survey.endpoints, ownership) for e in desired.endpoints)
    serving = [endpoint for endpoint in found if endpoint]
    resolver = desired.adopted_resolver or our_resolver(vpc.survey) or ""
    addresses = {
        ip.ip: ip.subnet for r in vpc.survey.resolvers if r.id == resolver for ip in r.attached
    }
    return _remember(
        vpc,
        resolver_ips=addresses or vpc.survey.entry.resolver_ips,
        verified_endpoints=frozenset(endpoint.id for endpoint in serving),
        served=Served(
            desired.fingerprint,
            resolver,
            desired.adopted,
            interfaces={endpoint.id: endpoint.interfaces for endpoint in serving},
            subnets={endpoint.id: endpoint.subnets for endpoint in serving},
        ),
    )


def _remember(vpc: AnyVpc, **changes: Any) -> AnyVpc:
    entry = replace(vpc.survey.entry, **changes)
    return replace(vpc, survey=replace(vpc.survey, entry=entry))


def _after(step: Step, survey: Survey) -> Survey:
    match step:
        case MakeGroup():
            return _with_group(survey, step)
        case Admit():
            return _with_rules(survey, step.purpose, frozenset(step.rules), frozenset())
        case Revoke():
            return _with_rules(survey, step.purpose, frozenset(), frozenset(step.rules))
        case MakeGatewayEndpoint():
            name = step.service_name
            made = InterfaceEndpoint("", name, "available", "Gateway")
            return _with_endpoint(survey, replace(made, policy=document(step.policy, name)))
        case MakeInterfaceEndpoint():
            name = step.service_name
            groups = (_our_group(survey),)
            made = InterfaceEndpoint("", name, "pending", "Interface", False, step.subnets, groups)
            return _with_endpoint(survey, replace(made, policy=document(step.policy, name)))
        case SetPolicy():
            return _with_policy(survey, step)
        case MendInterfaceEndpoint():
            return _mended(survey, step)
        case MakeResolver():
            return _with_resolver(survey, step)
        case TurnOnPrivateDns():
            return _with_private_dns(survey, step)
        case TurnOffPrivateDns():
            return _without_private_dns(survey, step.endpoint_id)
        case RemoveEndpoint():
            return _without_endpoint(survey, step.endpoint_id)


def _new_id(survey: Survey, purpose: str) -> str:
    """Unlike that of whatever was held for the same purpose before."""
    return f"made-{purpose}-after-{survey.entry.held.get(purpose, 'nothing')}"


def _holding(survey: Survey, purpose: str, resource_id: str) -> Survey:
    held = {**survey.entry.held, purpose: resource_id}
    return replace(survey, entry=replace(survey.entry, held=held))


def _with_group(survey: Survey, step: MakeGroup) -> Survey:
    name = f"{step.name}-{len(survey.groups)}"
    made = SecurityGroup(_new_id(survey, step.purpose), name, owner=US)
    return _holding(replace(survey, groups=(*survey.groups, made)), step.purpose, made.id)


def _with_rules(
    survey: Survey, purpose: str, more: frozenset[Rule], less: frozenset[Rule]
) -> Survey:
    """A source that is a purpose stands for the group made for it."""
    held = survey.entry.held
    resolved = {replace(rule, source=held.get(rule.source, rule.source)) for rule in more}
    group = survey.ownership.groups(survey.groups)[purpose]
    assert less <= group.rules
    assert not resolved & group.rules
    changed = replace(group, rules=(group.rules | resolved) - less)
    others = (g for g in survey.groups if g is not group)
    return replace(survey, groups=(*others, changed))


def _with_endpoint(survey: Survey, endpoint: InterfaceEndpoint) -> Survey:
    purpose = purpose_of(endpoint)
    begun = f"vpce-ours-{endpoint.type}-{endpoint.service_name}"
    if begun in {e.id for e in survey.endpoints} and purpose in begun_endpoints(survey.entry):
        return _holding(survey, purpose, begun)
    made = replace(endpoint, id=_new_id(survey, purpose), owner=US)
    survey = _with_less_room(survey, made.subnets)
    return _holding(replace(survey, endpoints=(*survey.endpoints, made)), purpose, made.id)


def _with_less_room(survey: Survey, taken: Iterable[str]) -> Survey:
    less = Counter(taken)
    left = (replace(s, free_addresses=s.free_addresses - less[s.id]) for s in survey.subnets)
    return replace(survey, subnets=tuple(left))


def _with_resolver(survey: Survey, step: MakeResolver) -> Survey:
    """AWS chooses the addresses that are not asked for."""
    ips = tuple(
        ResolverIp(asked_for or f"10.20.1.{number}", subnet, "attached")
        for number, (subnet, asked_for) in enumerate(step.addresses)
    )
    made = InboundResolver(_new_id(survey, RESOLVER), survey.vpc.id, "operational", ips)
    survey = _holding(_with_less_room(survey, (ip.subnet for ip in ips)), RESOLVER, made.id)
    entry = replace(survey.entry, resolver_ips={ip.ip: ip.subnet for ip in ips})
    return replace(survey, resolvers=(*survey.resolvers, made), entry=entry)


def _with_private_dns(survey: Survey, step: TurnOnPrivateDns) -> Survey:
    """AWS answers a name from one interface endpoint only."""
    [before] = [endpoint for endpoint in survey.endpoints if endpoint.id == step.endpoint_id]
    assert before.exists
    beside = [e for e in survey.endpoints if e.service_name == before.service_name and e.exists]
    assert not any(endpoint.private_dns for endpoint in beside if endpoint is not before)
    only = step.for_inbound_resolver_only
    on = replace(before, private_dns=True, for_inbound_resolver_only=only)
    assert on != before
    return replace(survey, endpoints=tuple(on if e is before else e for e in survey.endpoints))


def _without_private_dns(survey: Survey, endpoint_id: str) -> Survey:
    [before] = [endpoint for endpoint in survey.endpoints if endpoint.id == endpoint_id]
    assert (before.state, before.private_dns) == ("available", True)
    off = replace(before, private_dns=False)
    return replace(survey, endpoints=tuple(off if e is before else e for e in survey.endpoints))


def _with_policy(survey: Survey, step: SetPolicy) -> Survey:
    [before] = [endpoint for endpoint in survey.endpoints if endpoint.id == step.endpoint_id]
    assert before.state == "available"
    set_ = replace(before, policy=document(step.policy, step.service_name))
    assert set_ != before
    given = {**survey.entry.policies, step.purpose: (fingerprint(set_.policy),)}
    survey = replace(survey, entry=replace(survey.entry, policies=given))
    return replace(survey, endpoints=tuple(set_ if e is before else e for e in survey.endpoints))


def _mended(survey: Survey, step: MendInterfaceEndpoint) -> Survey:
    """AWS refuses a second subnet of a zone, and what is not available."""
    [before] = [endpoint for endpoint in survey.endpoints if endpoint.id == step.endpoint_id]
    assert before.state == "available"
    subnets = tuple(sorted({*before.subnets, *step.subnets}))
    zones = [s.zone for s in survey.subnets if s.id in subnets]
    assert len(zones) == len(set(zones)) == len(subnets)
    groups = (_our_group(survey),) if step.group else ()
    mended = replace(
        before,
        subnets=subnets,
        security_groups=(*before.security_groups, *groups),
        address_type="ipv4" if "addresses" in step.ipv4 else before.address_type,
        record_type="ipv4" if "records" in step.ipv4 else before.record_type,
    )
    assert mended != before
    others = (mended if e is before else e for e in survey.endpoints)
    return replace(survey, endpoints=tuple(others))


def _our_group(survey: Survey) -> str:
    return survey.ownership.groups(survey.groups)[ENDPOINTS_GROUP].id


def _without_endpoint(survey: Survey, endpoint_id: str) -> Survey:
    """Return the survey with the endpoint on its way out; the ledger forgets it at once."""
    [gone] = [endpoint for endpoint in survey.endpoints if endpoint.id == endpoint_id]
    assert gone.exists
    left = (replace(e, state="deleting") if e is gone else e for e in survey.endpoints)
    held = {p: id_ for p, id_ in survey.entry.held.items() if p != purpose_of(gone)}
    entry = replace(survey.entry, held=held)
    return replace(survey, endpoints=tuple(left), entry=entry)
