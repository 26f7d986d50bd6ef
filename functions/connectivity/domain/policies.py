"""The policies of our VPC endpoints: which ones are set, which are kept, and what is told of them.

    AWS shows                       and asked for is    then
    ----------------------------    ----------------    -------------------------------------------
    what is asked for               that                nothing is done, but written down as ours
    AWS's own policy                another             it is set, also where ours was taken away
    one that we gave it last        another             it is changed
    anything else                   anything            somebody set it by hand: kept and named

What we gave it last is one policy once AWS has shown it, or has answered that it is set. Before
that the ledger has several: the answer to a change may be lost, and AWS show the one or the other.

An endpoint policy is only a second line behind the callers' own permissions, so that a person who
had to open or to close one in a hurry is not overruled (docs/decisions/0079).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectivity.domain import catalogue, ledger, tags
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.endpoint_policy import DEFAULT, denies_everything, fingerprint, is_default
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.ownership import purpose_of
from connectivity.domain.policy_presets import FULL_ACCESS, described, document
from connectivity.domain.steps import SetPolicy
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options


def plan_policies(
    desired: Desired, ours: Iterable[InterfaceEndpoint], entry: Entry
) -> tuple[SetPolicy, ...]:
    """Return the steps for the policies of `ours`, the VPC endpoints that are ours. AWS changes an
    endpoint only while it is available."""
    asked = _asked(desired)
    return tuple(
        SetPolicy(
            endpoint.id,
            endpoint.service_name,
            purpose,
            asked[purpose],
            _reason(endpoint, asked[purpose]),
            was_reset=is_default(endpoint.policy) and _was_seen(endpoint, entry),
        )
        for endpoint in sorted(ours, key=lambda e: e.id)
        if (purpose := purpose_of(endpoint)) in asked
        and endpoint.state == "available"
        and _differs(endpoint, asked[purpose])
        and not is_by_hand(endpoint, asked[purpose], entry)
    )


def policies_to_give(steps: Iterable[SetPolicy], entry: Entry) -> dict[str, str]:
    """Return by purpose what is written down before policies are set: AWS may show those that the
    endpoints have had as well as the new ones."""
    return {
        step.purpose: ledger.given_policy(
            step.endpoint_id, _given(step), entry.policies.get(step.purpose) or (DEFAULT,)
        )
        for step in steps
    }


def policies_given(steps: Iterable[SetPolicy]) -> dict[str, str]:
    """Return by purpose what is written down of policies that AWS has set: nothing else is ours."""
    return {step.purpose: ledger.given_policy(step.endpoint_id, _given(step)) for step in steps}


def policies_seen(
    desired: Desired, ours: Iterable[InterfaceEndpoint], entry: Entry
) -> dict[str, str]:
    """Return by purpose what is to be written down of policies that are there as asked for, and not
    yet known for ours alone: after an answer that was lost, and where somebody had set the same."""
    asked = _asked(desired)
    return {
        purpose: ledger.given_policy(endpoint.id, shown)
        for endpoint in ours
        if (purpose := purpose_of(endpoint)) in asked
        and not _differs(endpoint, asked[purpose])
        and tuple(entry.policies.get(purpose, (DEFAULT,)))
        != ((shown := fingerprint(endpoint.policy)),)
    }


def last_policy(endpoint: InterfaceEndpoint, entry: Entry) -> str:
    """Return the fingerprint of the policy that an endpoint of ours was given last."""
    return next(iter(entry.policies.get(purpose_of(endpoint), ())), DEFAULT)


def is_by_hand(endpoint: InterfaceEndpoint, asked: str, entry: Entry) -> bool:
    """Tell whether somebody else gave an endpoint of ours its policy."""
    given = entry.policies.get(purpose_of(endpoint), ())
    theirs = not is_default(endpoint.policy) and fingerprint(endpoint.policy) not in given
    return theirs and _differs(endpoint, asked)


def _was_seen(endpoint: InterfaceEndpoint, entry: Entry) -> bool:
    """Tell whether an endpoint is known to have had the policy of ours that it was given last."""
    given = entry.policies.get(purpose_of(endpoint), ())
    return len(given) == 1 and given[0] != DEFAULT


def _given(step: SetPolicy) -> str:
    return fingerprint(document(step.policy, step.service_name))


def policy_warnings(survey: Survey, desired: Desired) -> Iterator[str]:
    """Yield a warning for each VPC endpoint whose policy somebody else wrote: what the agents call
    has to be allowed, and only who wrote the policy knows why it is not."""
    there = {e.id: e for e in survey.endpoints if e.exists}
    asked = _asked(desired)
    for wanted in desired.endpoints:
        purpose = ledger.endpoint_purpose(wanted.service_name)
        if endpoint := there.get(wanted.adopted or survey.entry.held.get(purpose, "")):
            whose = None if wanted.adopted else asked[purpose]
            yield from _warnings(endpoint, wanted.service, whose, survey.entry)
    if desired.gateway_service:
        purpose = ledger.gateway_purpose(desired.gateway_service)
        if endpoint := there.get(survey.entry.held.get(purpose, "")):
            yield from _warnings(
                endpoint, f"{catalogue.GATEWAY_FIRST} gateway", asked[purpose], survey.entry
            )


def policy_lines(survey: Survey, desired: Desired, options: Options) -> Iterator[str]:
    """Yield which VPC endpoints get which policy, and why; nothing where AWS's own ones do."""
    if options.endpoint_policy == FULL_ACCESS:
        return
    by_hand = dict(_set_by_hand(survey, desired))
    by_tag = tags.ENDPOINT_POLICY in survey.vpc.tags
    why = f"tag {tags.ENDPOINT_POLICY}" if by_tag else "stack's parameter EndpointPolicy"
    limited = [each for each in desired.ours if each.policy and each.service not in by_hand]
    for whose in sorted({each.policy for each in limited}):
        yield (
            f"{_listed(e.service for e in limited)}: {described(whose)}, because the {why} says "
            "so; registration, image layers, AWS's documents and installers are let through. This "
            f"holds for the VPC's own workloads that use these names, too{_but_for_s3(limited)}"
        )
    if by_hand:
        names = _listed(f"{service} ({id_})" for service, id_ in by_hand.items())
        yield f"{names}: as somebody set it by hand, which is kept"
    if others := [e for e in desired.ours if not e.policy and e.service not in by_hand]:
        names = _listed(each.service for each in others)
        yield f"{names}: everybody, because AWS takes no endpoint policy for it"
    if adopted := [each for each in desired.endpoints if each.adopted]:
        names = _listed(f"{each.service} ({each.adopted})" for each in adopted)
        yield f"{names}: as its owner has it, because it is not ours"


def _set_by_hand(survey: Survey, desired: Desired) -> Iterator[tuple[str, str]]:
    """Yield the service and the id of each interface endpoint of ours that has a policy of somebody
    else's."""
    there = {e.id: e for e in survey.endpoints if e.exists}
    for wanted in desired.ours:
        held = survey.entry.held.get(ledger.endpoint_purpose(wanted.service_name), "")
        if held in there and is_by_hand(there[held], wanted.policy, survey.entry):
            yield wanted.service, held


def _but_for_s3(limited: Iterable[DesiredEndpoint]) -> str:
    """Return an exception to what is said of workloads in the VPC: private DNS of our interface
    endpoint for Amazon S3 is for the inbound resolver only."""
    s3 = catalogue.GATEWAY_FIRST
    there = any(each.service == s3 for each in limited)
    return f", but for {s3}, whose names change for on-premises only" if there else ""


def _asked(desired: Desired) -> dict[str, str]:
    """Return by purpose whose callers our VPC endpoints shall let in."""
    asked = {ledger.endpoint_purpose(each.service_name): each.policy for each in desired.ours}
    if desired.gateway_service:
        asked[ledger.gateway_purpose(desired.gateway_service)] = desired.gateway_policy
    return asked


def _differs(endpoint: InterfaceEndpoint, asked: str) -> bool:
    return fingerprint(endpoint.policy) != fingerprint(document(asked, endpoint.service_name))


def _reason(endpoint: InterfaceEndpoint, asked: str) -> str:
    if not asked:
        return "full access is asked for"
    return "it lets everybody in" if is_default(endpoint.policy) else "it has another one of ours"


def _warnings(
    endpoint: InterfaceEndpoint, service: str, asked: str | None, entry: Entry
) -> Iterator[str]:
    """Yield the warning about one VPC endpoint; `asked` is None where it is not ours."""
    reset = f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint.id} --reset-policy"
    ours = asked is not None and not is_by_hand(endpoint, asked, entry)
    by_hand = f". It was set by hand, and is kept until you reset it: {reset}"
    if denies_everything(endpoint.policy):
        yield (
            f"the endpoint policy of {endpoint.id} ({service}) allows nothing, so the agents get "
            f"AccessDenied{f' ({reset})' if asked is None else by_hand}"
        )
    elif not ours and not is_default(endpoint.policy):
        yield (
            f"{endpoint.id} ({service}) has an endpoint policy of its own: what it does not allow "
            f"is denied to the agents{'' if asked is None else by_hand}"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
