"""Adoption of an inbound resolver that is not ours: used as it is if it fits, else the reason why
not.

The quota is four Route 53 Resolver endpoints per Region, so people share one
(docs/decisions/0012-an-inbound-resolver-that-is-not-ours.md). One of another VPC, a hub's, is used
where the VPC's own tag names it (docs/decisions/0060-a-hub-s-inbound-resolver.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectivity.domain import tags
from connectivity.domain.adoption import not_admitted, shut_out
from connectivity.domain.ledger import RESOLVER, known_id
from connectivity.domain.model import InboundResolver
from connectivity.domain.ownership import Ownership
from connectivity.domain.survey import Survey

FEWEST_ADDRESSES = 2
_SERVING = "operational"
_STILL_SERVING = frozenset({_SERVING, "updating", "auto_recovering"})
"""The states in which an adopted resolver still serves: its owner may change it, and the change is
waited for, as with our own."""


def candidates(
    resolvers: Iterable[InboundResolver], ownership: Ownership, named: str = ""
) -> tuple[InboundResolver, ...]:
    """Return somebody else's inbound resolvers in the VPC, by id; where the VPC's tag has `named`
    one, only that, wherever it stands. None where ours is, or was: on-premises forwards to its
    addresses, so ours stays, and is made anew where it went away."""
    resolvers, entry = tuple(resolvers), ownership.entry
    if known_id(entry, RESOLVER) or ownership.resolver(resolvers):
        return ()
    here = (r for r in resolvers if r.vpc == entry.vpc_id and r.direction == "inbound")
    if named:
        here = (r for r in resolvers if r.id == named)
    return tuple(sorted((r for r in here if r.status != "deleting"), key=lambda r: r.id))


def adopted_resolver(survey: Survey, onprem_cidrs: tuple[str, ...]) -> InboundResolver | None:
    """Return the resolver that is used: the last one as long as it exists, else the one with most
    addresses of those that fit. None also where the last one fits no longer."""
    fit = [r for r in _in_question(survey) if not _lacks(r, survey, onprem_cidrs)]
    return min(fit, key=lambda r: (-len(r.attached), r.id), default=None)


def unfit_resolvers(survey: Survey, onprem_cidrs: tuple[str, ...]) -> Iterator[str]:
    """Yield why no resolver can be used: each that exists, with everything that it lacks and the
    cure."""
    if adopted_resolver(survey, onprem_cidrs):
        return
    yield from _not_there(survey)
    for resolver in _in_question(survey):
        lacking = ", and ".join(_lacks(resolver, survey, onprem_cidrs))
        if survey.named_resolver:
            yield (
                f"the tag {tags.RESOLVER} names the inbound resolver {resolver.id} in "
                f"{resolver.vpc}, which cannot be used, because {lacking} - mend it, or take the "
                f"tag off: then one is made in {survey.vpc.id}"
            )
            continue
        if survey.ownership.is_named_like_ours(resolver):
            yield (
                f"the inbound resolver {resolver.id} in {survey.vpc.id} is named as ours are, is "
                f"not in our ledger, and cannot be used as somebody else's, because {lacking} - if "
                "it is ours, `make rebuild-ledger` writes it down"
            )
            continue
        yield (
            f"the existing inbound resolver {resolver.id} in {survey.vpc.id} is not ours and "
            f"cannot be used, because {lacking} - mend it, or delete it if nobody needs it: a "
            "second one is not made beside it"
        )


def is_serving(resolver: InboundResolver) -> bool:
    """Tell whether a resolver answers questions from outside its VPC."""
    return (resolver.direction, resolver.status) == ("inbound", _SERVING)


def _not_there(survey: Survey) -> Iterator[str]:
    named = survey.named_resolver
    if named and not serves_already(survey) and not _in_question(survey):
        yield (
            f"the tag {tags.RESOLVER} names {named}, and there is no such inbound resolver in "
            f"account {survey.account}, {survey.region} - correct it, or take the tag off: then "
            f"one is made in {survey.vpc.id}"
        )


def serves_already(survey: Survey) -> bool:
    """Tell whether an inbound resolver of ours is there, or was: then no other one is used."""
    is_known = known_id(survey.entry, RESOLVER)
    return bool(is_known or survey.ownership.resolver(survey.resolvers))


def _in_question(survey: Survey) -> tuple[InboundResolver, ...]:
    there = candidates(survey.resolvers, survey.ownership, survey.named_resolver)
    used = tuple(r for r in there if r.id == survey.entry.served.adopted.get(RESOLVER))
    return used or there


def _lacks(resolver: InboundResolver, survey: Survey, cidrs: tuple[str, ...]) -> list[str]:
    """Return everything that the resolver lacks."""
    is_used = resolver.id == survey.entry.served.adopted.get(RESOLVER)
    return [
        *_health(resolver, _STILL_SERVING if is_used else frozenset({_SERVING})),
        *(said for protocol in ("udp", "tcp") for said in _shut(resolver, protocol, survey, cidrs)),
    ]


def _health(resolver: InboundResolver, serving: frozenset[str]) -> Iterator[str]:
    if resolver.direction != "inbound":
        yield f"its direction is {resolver.direction} and inbound is needed"
    if resolver.status not in serving:
        said = f" ({resolver.message.rstrip('.')})" if resolver.message else ""
        yield f"its status is {resolver.status}{said} and {_SERVING} is needed"
    if "do53" not in resolver.protocols:
        yield (
            f"it speaks {', '.join(resolver.protocols)} only and Do53 is needed "
            "(aws route53resolver update-resolver-endpoint "
            f"--resolver-endpoint-id {resolver.id} --protocols Do53)"
        )
    if resolver.status == _SERVING and len(resolver.attached) < FEWEST_ADDRESSES:
        yield (
            f"{len(resolver.attached)} of its IPv4 addresses answer and {FEWEST_ADDRESSES} are "
            "needed (aws route53resolver associate-resolver-endpoint-ip-address "
            f"--resolver-endpoint-id {resolver.id} --ip-address SubnetId=...)"
        )


def _shut(
    resolver: InboundResolver, protocol: str, survey: Survey, onprem_cidrs: tuple[str, ...]
) -> Iterator[str]:
    """Yield the networks that the security groups of the resolver do not admit. The VPC's own
    networks count, too: the probe asks from there."""
    wanted = dict.fromkeys((*onprem_cidrs, *survey.vpc.cidrs))
    shut = not_admitted(survey, resolver.security_groups, protocol, 53, wanted)
    if shut and any(
        g.owner == survey.owner for g in survey.other_groups if g.id in resolver.security_groups
    ):
        yield (
            f"it does not admit 53/{protocol} from {', '.join(shut)} (it was made for "
            f"{resolver.vpc} by this stack: add that to the tag {tags.ONPREM_CIDRS} there)"
        )
    elif shut:
        named = (
            f"{c} (the VPC, where the probe asks)" if c in survey.vpc.cidrs else c for c in shut
        )
        yield shut_out(survey, resolver.security_groups, protocol, 53, list(named))
