"""Drift: changes that others made, in the words in which their repair is reported. Only a
connection that was verified and published has drift: steps for a new wish are no repair."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from connectivity.domain.derivation import our_resolver
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.ledger import RESOLVER, Entry, endpoint_purpose
from connectivity.domain.plan import endpoint_for
from connectivity.domain.policy_presets import open_document
from connectivity.domain.steps import (
    Admit,
    MakeGatewayEndpoint,
    MakeGroup,
    MendInterfaceEndpoint,
    Plan,
    Revoke,
    SetPolicy,
    Step,
    TurnOnPrivateDns,
    listed,
)
from connectivity.domain.survey import Survey
from connectivity.domain.tags import RESOLVER as RESOLVER_TAG


def is_connected(desired: Desired, survey: Survey) -> bool:
    """Return whether the last verified publication was for exactly this wish."""
    return survey.entry.served.wish == desired.fingerprint


def repairs(desired: Desired, survey: Survey, plan: Plan, spoilt: Iterable[str]) -> tuple[str, ...]:
    """Return a line for each thing that is put right, `spoilt` being names of parameters that do
    not say what was published. Read from what was published last, so that a run which goes on where
    another stopped says the same."""
    if not is_connected(desired, survey):
        return ()
    mended = {s.endpoint_id for s in plan if isinstance(s, MendInterfaceEndpoint) and s.subnets}
    return (
        *_resolver(desired, survey),
        *(line for wanted in desired.in_the_vpc for line in _endpoint(wanted, survey, mended)),
        *_answers(desired, survey),
        *(line for step in plan for line in _step(step, survey)),
        *(f"parameter {name} was edited or deleted: written again" for name in spoilt),
    )


def _resolver(desired: Desired, survey: Survey) -> Iterator[str]:
    entry = survey.entry
    now = desired.adopted_resolver or our_resolver(survey)
    if now != entry.served.resolver:
        if survey.named_resolver == now:
            return
        if _stood_elsewhere(entry, survey):
            yield (
                f"inbound resolver {entry.served.resolver}, which is not ours, is named by the tag "
                f"{RESOLVER_TAG} no longer: {now or 'ours'} is {'used' if now else 'made'} instead"
            )
            return
        yield _replacement(
            "inbound resolver", entry.served.resolver, RESOLVER, desired.adopted_resolver, survey
        )
        return
    addresses = {ip.ip for r in survey.resolvers if r.id == now for ip in r.attached}
    gone, new = entry.resolver_ips.keys() - addresses, addresses - entry.resolver_ips.keys()
    if addresses and (gone or new):
        yield (
            f"inbound resolver {now} was given other addresses "
            f"({_difference(gone, new)}): verified and published anew"
        )


def _stood_elsewhere(entry: Entry, survey: Survey) -> bool:
    """Tell whether the addresses that on-premises was told of are those of another VPC's
    resolver."""
    here = {subnet.id for subnet in survey.subnets}
    is_adopted = RESOLVER in entry.served.adopted
    return is_adopted and not here & set(entry.resolver_ips.values())


def _difference(gone: Iterable[str], new: Iterable[str]) -> str:
    """Return what is gone and what is new, as a person reads it."""
    said = {"gone": sorted(gone), "new": sorted(new)}
    return " - ".join(f"{word}: {' '.join(which)}" for word, which in said.items() if which)


def _endpoint(wanted: DesiredEndpoint, survey: Survey, mended: Collection[str]) -> Iterator[str]:
    now = endpoint_for(wanted, survey.endpoints, survey.ownership)
    if now is None or now.id not in survey.entry.verified_endpoints:
        purpose = endpoint_purpose(wanted.service_name)
        yield _replacement(
            f"interface endpoint for {wanted.service}", "", purpose, wanted.adopted, survey
        )
        return
    before = survey.entry.served.interfaces.get(now.id)
    if before is not None and set(before) != set(now.interfaces) and now.id not in mended:
        subnets = survey.entry.served.subnets.get(now.id, ())
        moved = _difference(set(subnets) - set(now.subnets), set(now.subnets) - set(subnets))
        yield (
            f"{now.id} ({wanted.service}) was given other addresses"
            f"{f' (subnets {moved})' if moved else ''}: verified and published anew"
        )


def _answers(desired: Desired, survey: Survey) -> Iterator[str]:
    """Yield a line for each adopted service whose names answer otherwise than when it was
    verified."""
    before = survey.entry.served.interfaces
    for wanted in desired.endpoints:
        now = set(wanted.addresses)
        if wanted.adopted and now and set(before.get(wanted.adopted, ())) != now:
            yield (
                f"the names of {wanted.service} lead to {' '.join(sorted(now))} now "
                f"({wanted.adopted}): verified and published anew"
            )


def _was_of_private_dns(step: TurnOnPrivateDns, survey: Survey) -> str:
    if any(e.id == step.endpoint_id and e.private_dns for e in survey.endpoints):
        return "open to the VPC's own workloads: kept to the inbound resolver"
    return "off: turned on"


def _replacement(what: str, which: str, purpose: str, adopted: str | None, survey: Survey) -> str:
    theirs = survey.entry.served.adopted.get(purpose)
    was = f"{what} {theirs or which}".strip() + (", which is not ours," if theirs else "")
    stands = any(endpoint.id == theirs and endpoint.exists for endpoint in survey.endpoints)
    state = "had private DNS off" if stands else "was gone"
    if theirs in survey.entry.served.by_name:
        state = "no longer answers for its names"
    instead = f"{adopted}, which is not ours, is used instead" if adopted else "ours is made"
    return f"{was} {state}: {instead if theirs or adopted else 'made anew'}"


def _step(step: Step, survey: Survey) -> Iterator[str]:
    """Yield the repair that a step is, in words; none for a step that only follows from another."""
    groups = survey.ownership.groups(survey.groups)
    match step:
        case MakeGroup() if step.purpose in survey.entry.held:
            yield f"security group {step.name} was gone: made anew"
        case Admit() if step.purpose in groups:
            yield f"{groups[step.purpose].id} did not admit {listed(step.rules)}: admitted again"
        case Revoke():
            yield f"{groups[step.purpose].id} admitted {listed(step.rules)}: revoked"
        case MakeGatewayEndpoint():
            yield f"gateway endpoint for {step.service_name} was gone: made anew"
        case MendInterfaceEndpoint():
            lost = ", ".join(step.lost)
            yield f"{step.endpoint_id} ({step.service}) had lost {lost}: added again"
        case SetPolicy() if step.was_reset:
            yield (
                f"the endpoint policy of {step.endpoint_id} was taken away: set again. To let "
                "everybody in all the same, set this one, which is kept: "
                f"{open_document(step.service_name)}"
            )
        case TurnOnPrivateDns() if step.endpoint_id in survey.entry.verified_endpoints:
            was = _was_of_private_dns(step, survey)
            yield f"private DNS of {step.endpoint_id} ({step.service}) was {was} again"
        case _:
            pass
