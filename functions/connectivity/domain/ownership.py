"""Ownership: the rule behind "touch only what is ours". A tag proves nothing: whoever may tag can
copy ours onto anything, before, during and after a run (docs/decisions/0018).

    the ledger says     AWS shows                                       then it is
    ---------------     --------------------------------------------    --------------------------
    this id             our owner tag on it                             ours
    this id             another owner tag, or none                      ours and out of reach: it is
                                                                        named, and never touched
    making (no id yet)  of a VPC endpoint: nothing that counts, until   not ours yet
                        EC2 answers our client token with its id
    making (no id yet)  of a security group: the name with our random   ours
                        end, which nobody could know before
    making (no id yet)  of a resolver: our token as CreatorRequestId    ours
    anything else       anything                                        not ours

AWS IAM is a second line: our functions may change and delete only what carries our tag
(docs/operations.md lists what the roles could do beyond).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectivity.domain import ledger
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup
from connectivity.domain.tags import OWNER


@dataclass(frozen=True)
class Ownership:
    """The owner and the ledger's entry of one VPC, which decide which resources are ours."""

    owner: str
    """The value of the owner tag: the stack's name."""
    entry: Entry

    def of_endpoint(self, endpoint: InterfaceEndpoint) -> bool:
        """Tell whether this VPC endpoint, of either type, is ours and can be changed."""
        return endpoint.owner == self.owner and self._holds(endpoint)

    def groups(self, observed: Iterable[SecurityGroup]) -> dict[str, SecurityGroup]:
        """Return our security groups by their purpose, as far as they exist and can be changed."""
        known = self.known_groups(observed)
        return {purpose: each for purpose, each in known.items() if each.owner == self.owner}

    def others(self, observed: Iterable[SecurityGroup]) -> tuple[SecurityGroup, ...]:
        """Return the security groups that we did not make."""
        listed = tuple(observed)
        known = {group.id for group in self.known_groups(listed).values()}
        return tuple(group for group in listed if group.id not in known)

    def known_groups(self, observed: Iterable[SecurityGroup]) -> dict[str, SecurityGroup]:
        """Return by their purpose the security groups that we made, whatever their tags say."""
        listed = tuple(observed)
        by_id = {group.id: group for group in listed}
        by_name = {group.name: group for group in listed}
        found = {
            purpose: by_name.get(ledger.announced_token(self.entry, purpose) or "")
            or by_id.get(self.entry.held.get(purpose, ""))
            for purpose in ledger.GROUPS
        }
        return {purpose: group for purpose, group in found.items() if group is not None}

    def resolver(
        self, observed: Iterable[InboundResolver], also_deleting: bool = False
    ) -> InboundResolver | None:
        """Return our inbound resolver, known by its recorded id, or by the token of a creation
        whose answer never reached us."""
        recorded = self.entry.held.get(ledger.RESOLVER)
        token = ledger.announced_token(self.entry, ledger.RESOLVER)
        return next(
            (
                resolver
                for resolver in observed
                if (also_deleting or resolver.status != "deleting")
                and (resolver.id == recorded or (token and resolver.creator_request_id == token))
            ),
            None,
        )

    def out_of_reach(
        self,
        endpoints: Iterable[InterfaceEndpoint] = (),
        groups: Iterable[SecurityGroup] = (),
    ) -> dict[str, str]:
        """Return, by id, why something that we made can no longer be changed: somebody has taken
        its owner tag away, and IAM lets us touch nothing without it."""
        known: tuple[InterfaceEndpoint | SecurityGroup, ...] = (
            *(e for e in endpoints if e.exists and self._holds(e)),
            *self.known_groups(groups).values(),
        )
        return {each.id: self._lost(each.id) for each in known if each.owner != self.owner}

    def strays(
        self,
        endpoints: Iterable[InterfaceEndpoint],
        groups: Iterable[SecurityGroup],
        resolvers: Iterable[InboundResolver] = (),
    ) -> Iterator[str]:
        """Yield the ids of what looks like ours without being ours by the ledger: VPC endpoints and
        security groups with our owner tag, security groups and resolvers with a name like ours. A
        VPC endpoint whose creation we have announced may be the one that was made: not yet."""
        begun = ledger.begun_endpoints(self.entry)
        yield from (
            endpoint.id
            for endpoint in endpoints
            if endpoint.exists
            and endpoint.owner == self.owner
            and not self._holds(endpoint)
            and purpose_of(endpoint) not in begun
        )
        listed = tuple(groups)
        ours = {group.id for group in self.known_groups(listed).values()}
        for group in listed:
            looks = group.owner == self.owner or self.is_named_like_ours(group)
            if looks and group.id not in ours:
                yield group.id
        named = [resolver for resolver in resolvers if self.is_named_like_ours(resolver)]
        known = self.resolver(named)
        yield from (r.id for r in named if r != known and r.status != "deleting")

    def is_named_like_ours(self, named: SecurityGroup | InboundResolver) -> bool:
        """Tell whether a name begins as ours do, which proves nothing."""
        return named.name.startswith(resolver_name(self.entry.vpc_id))

    def _holds(self, endpoint: InterfaceEndpoint) -> bool:
        return self.entry.held.get(purpose_of(endpoint)) == endpoint.id

    def _lost(self, resource_id: str) -> str:
        return (
            f"made by us, but its tag {OWNER} is gone or another one; put it back (aws ec2 "
            f"create-tags --resources {resource_id} --tags Key={OWNER},Value={self.owner}) or "
            "delete it"
        )


def purpose_of(endpoint: InterfaceEndpoint) -> str:
    """Return the purpose under which the ledger holds a VPC endpoint for this service."""
    if endpoint.type == "Gateway":
        return ledger.gateway_purpose(endpoint.service_name)
    return ledger.endpoint_purpose(endpoint.service_name)


def group_name(vpc_id: str, purpose: str) -> str:
    """Return what the name of a security group of ours begins with. Its random end makes it known
    to nobody before it is there."""
    return f"ecs-anywhere-{vpc_id}-{purpose.removeprefix('group/')}"


def probe_name(vpc_id: str, token: str) -> str:
    """Return the name of the probe's function, which nobody knows before it is there."""
    return f"ecs-anywhere-probe-{vpc_id}-{token}"


def resolver_name(vpc_id: str) -> str:
    """Return the name of our inbound resolver: AWS lists them with their names, without tags."""
    return f"ecs-anywhere-{vpc_id}"
