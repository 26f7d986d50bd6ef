"""Answers of a VPC's Route 53 Profile, after those of the zones and rules of the VPC itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from local.contracts import NetworkState
from local.forwarding_rules import ForwardingRules, publish_all
from local.hosted_zones import HostedZones, vpc_of
from local.private_dns import answers_of
from local.profiles import Profiles

if TYPE_CHECKING:
    from local.engine import EmbeddedAws


@dataclass
class ProfileAnswers:
    """The source of answers that reads Profiles."""

    profiles: Profiles
    zones: HostedZones
    rules: ForwardingRules
    endpoints: Any

    def add_answers(self, vpc_id: str, state: NetworkState) -> NetworkState:
        arns = self.profiles.resources_of(vpc_id)
        if not arns:
            return state
        own = {name.removeprefix("*.") for name in state.names} | state.zones
        bundled = NetworkState(state.cidrs)
        for arn in sorted(arns):
            bundled = self._with(arn, vpc_id, bundled)
        names = {n: ips for n, ips in bundled.names.items() if n.removeprefix("*.") not in own}
        zones = bundled.zones - own
        there = self.zones.with_names(vpc_id, state, names, zones)
        return replace(there, unanswered=state.unanswered | (bundled.unanswered - own))

    def _with(self, arn: str, vpc_id: str, state: NetworkState) -> NetworkState:
        id_ = arn.rpartition("/")[2]
        match arn.split(":")[2]:
            case "route53":
                zone, records = self.zones.zone(id_)
                return self.zones.with_names(vpc_id, state, records, [zone])
            case "route53resolver":
                domain, targets = self.rules.rule(id_)
                return self.rules.forwarded(vpc_id, state, domain, targets)
            case _:
                names: Mapping[str, tuple[str, ...]] = self.endpoints.private_names_of(id_)
                return self.zones.with_names(vpc_id, state, names, ())

    def followers(self, vpc_id: str) -> Iterator[Any]:
        """Yield the other VPCs with a Profile: what it holds may lead into the one that changed."""
        there = {each["ResourceId"] for each in self.profiles.vpcs}
        yield from filter(None, map(vpc_of, sorted(there - {vpc_id})))


def install(aws: EmbeddedAws) -> None:
    answers = answers_of(aws)
    rules = ForwardingRules(answers, aws.hosted_zones)
    part = ProfileAnswers(aws.profiles, aws.hosted_zones, rules, aws.interface_endpoints)
    answers.sources.append(part.add_answers)
    answers.followers.append(part.followers)
    aws.profiles.changed = lambda vpc_ids: publish_all(vpc_ids, answers)
