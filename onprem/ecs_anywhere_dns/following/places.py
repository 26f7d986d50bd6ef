"""The places that standbys take while they serve: who comes before whom then. Pure.

A standby that serves changes places with its first VPC: it comes behind what that one comes behind,
and its first VPC comes behind it. So whoever comes behind the first one comes behind the standby,
too, and no circle can arise where the configuration has none. What else the standby comes behind
stays before it, but for the VPCs between the two:

    vpc-b: standby_for = vpc-a, after = [vpc-c]; vpc-c: after = [vpc-a]
    vpc-a serves                      vpc-a, vpc-c, vpc-b
    vpc-b serves in its place         vpc-b, vpc-a, vpc-c; of the zones that vpc-a does not claim,
                                      vpc-b leaves to vpc-c what that claims, as before
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ecs_anywhere_dns.following.claims import Claim, all_before, takes, zone_of


def in_their_places(claims: Sequence[Claim], serving: Mapping[str, str]) -> list[Claim]:
    """Return the claims, each standby of `serving` in the place of its first VPC (standby to first
    VPC), in the order of `claims`."""
    placed = {claim.vpc: claim for claim in claims}
    # A standby of a standby takes the place that its first one has by then.
    for claim in sorted(claims, key=lambda each: len(all_before(each, claims))):
        if claim.vpc in serving:
            first = serving[claim.vpc]
            replaced = _replaced_by(claim.vpc, serving)
            standby = _without(claim, _left_to_others(claim, replaced, placed, claims))
            placed[claim.vpc] = _in_place_of(first, standby, list(placed.values()))
            placed[first] = replace(placed[first], behind={*placed[first].behind, claim.vpc})
    return [placed[claim.vpc] for claim in claims]


def _replaced_by(standby: str, serving: Mapping[str, str]) -> list[str]:
    """Return the VPCs in whose place a standby serves: its first one, and, where that is a standby
    that is to serve, too, the first one of that, and so on."""
    found = [serving[standby]]
    while found[-1] in serving:
        found.append(serving[found[-1]])
    return found


def _in_place_of(first: str, standby: Claim, claims: Sequence[Claim]) -> Claim:
    """Return the standby behind what its first VPC is behind, and behind no VPC that is behind
    that one."""
    of = {each.vpc: each for each in claims}
    kept = {
        vpc
        for vpc in standby.behind
        if vpc != first and (vpc not in of or first not in all_before(of[vpc], claims))
    }
    return replace(standby, behind={*of[first].behind, *kept})


def _left_to_others(
    standby: Claim,
    replaced: Sequence[str],
    placed: Mapping[str, Claim],
    claims: Sequence[Claim],
) -> set[str]:
    """Return the zones that a standby does not take from the VPCs between it and those that it
    replaces, as none of these claims them. What it holds is not left: nobody would have it."""
    before = all_before(standby, claims)
    between = [
        each
        for each in claims
        if each.vpc in before - {*replaced} and replaced[-1] in all_before(each, claims)
    ]
    firsts = [placed[vpc] for vpc in replaced]
    return {
        zone
        for zone in standby.zones
        if zone not in standby.holds
        and not any(takes(zone, each.zones, each.names) for each in firsts)
        and any(takes(zone, each.zones, each.names) for each in between)
    }


def _without(claim: Claim, zones: Collection[str]) -> Claim:
    names = tuple(name for name in claim.names if zone_of(name, claim.zones) not in zones)
    return replace(claim, zones=tuple(z for z in claim.zones if z not in zones), names=names)
