"""The policies of our VPC endpoints: which ones are set, which are kept, and what is told of them.

    AWS shows                       and asked for is    then
    ----------------------------    ----------------    -------------------------------------------
    what is asked for               that                nothing is done
    AWS's own policy                another             it is set, also where ours was taken away
    one that was set here before    another             it is changed
    anything else                   anything            somebody set it by hand: kept and named

An endpoint policy is only a second line behind the callers' own permissions, so that a person who
had to open or to close one in a hurry is not overruled (docs/decisions/0079).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectivity.domain import catalogue, ledger, tags
from connectivity.domain.desired import Desired
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
            was_reset=is_default(endpoint.policy) and last_policy(endpoint, entry) != DEFAULT,
        )
        for endpoint in sorted(ours, key=lambda e: e.id)
        if (purpose := purpose_of(endpoint)) in asked
        and endpoint.state == "available"
        and _differs(endpoint, asked[purpose])
        and not is_by_hand(endpoint, asked[purpose], entry)
    )


def last_policy(endpoint: InterfaceEndpoint, entry: Entry) -> str:
    """Return the fingerprint of the policy that an endpoint of ours was given last."""
    return next(iter(entry.policies.get(purpose_of(endpoint), ())), DEFAULT)


def is_by_hand(endpoint: InterfaceEndpoint, asked: str, entry: Entry) -> bool:
    """Tell whether somebody else gave an endpoint of ours its policy."""
    given = entry.policies.get(purpose_of(endpoint), ())
    theirs = not is_default(endpoint.policy) and fingerprint(endpoint.policy) not in given
    return theirs and _differs(endpoint, asked)


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
    by_tag = tags.ENDPOINT_POLICY in survey.vpc.tags
    why = f"tag {tags.ENDPOINT_POLICY}" if by_tag else "stack's parameter EndpointPolicy"
    limited = [each for each in desired.ours if each.policy]
    for whose in sorted({each.policy for each in limited}):
        yield (
            f"{_listed(e.service for e in limited)}: {described(whose)}, because the {why} says "
            "so; registration, image layers, AWS's documents and installers are let through. The "
            "VPC's own workloads that use these names are held to it, too"
        )
    if others := [each for each in desired.ours if not each.policy]:
        names = _listed(each.service for each in others)
        yield f"{names}: everybody, because AWS takes no endpoint policy for it"
    if adopted := [each for each in desired.endpoints if each.adopted]:
        names = _listed(f"{each.service} ({each.adopted})" for each in adopted)
        yield f"{names}: as its owner has it, because it is not ours"


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
    if denies_everything(endpoint.policy):
        yield (
            f"the endpoint policy of {endpoint.id} ({service}) allows nothing, so the agents get "
            f"AccessDenied ({reset})"
        )
    elif not ours and not is_default(endpoint.policy):
        by_hand = f". It was set by hand, and is kept until you reset it: {reset}"
        yield (
            f"{endpoint.id} ({service}) has an endpoint policy of its own: what it does not allow "
            f"is denied to the agents{'' if asked is None else by_hand}"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
