"""The ports of the use cases, which `adapters` implement with AWS.

Every method may raise Throttled or Unavailable; every `make` is safe to repeat with the same
arguments, and every removal of what is not there is no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from connectivity.domain.custom_resource import Answer, Request
from connectivity.domain.deletion import Attached
from connectivity.domain.ledger import KEPT_SECONDS, Announcement, Beside, End, Entry, Served
from connectivity.domain.mails import Allowance
from connectivity.domain.model import (
    Answered,
    HostedZone,
    InboundResolver,
    InterfaceEndpoint,
    NetworkInterface,
    OfferedService,
    Profile,
    ResolverIp,
    ResolverRule,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Vpc,
)
from connectivity.domain.orphans import Known
from connectivity.domain.pacing import Bucket, Turn
from connectivity.domain.publication import Issue
from connectivity.domain.safety_valve import Asking
from connectivity.domain.usage import Usage
from connectivity.domain.whole_account import WholeAccount
from connectivity.domain.wish import Asked

_NOTHING = Served()
_NOTHING_BESIDE = Beside()
_NOTHING_SAID = End()
_NO_POLICIES: Mapping[str, str] = {}


class UsedName(Exception):
    """The function of this name is not ours: somebody made it after ours was removed."""


class UsedToken(Exception):
    """AWS knows the client token from another request: something was made with it, and AWS does not
    say what."""


class Vpcs(Protocol):
    """VPCs, and what belongs to them."""

    def find(self, vpc_id: str) -> Vpc | None:
        """Return the VPC; None if there is none in this account and Region."""

    def dns_support(self, vpc_id: str) -> bool:
        """Return the attribute enableDnsSupport. Raises UnknownVpc."""

    def dns_hostnames(self, vpc_id: str) -> bool:
        """Return the attribute enableDnsHostnames. Raises UnknownVpc."""

    def subnets(self, vpc_id: str) -> tuple[Subnet, ...]: ...

    def route_tables(self, vpc_id: str) -> tuple[RouteTable, ...]: ...

    def prefix_list(self, prefix_list_id: str) -> tuple[str, ...] | None:
        """Return the IPv4 networks of a prefix list; None if it may not be read."""

    def addresses_in_use(self, vpc_id: str, addresses: Iterable[str]) -> frozenset[str]:
        """Return the addresses of the VPC's network interfaces that have any of `addresses`."""

    def vpc_of_subnet(self, subnet_id: str) -> str | None:
        """Return the id of a subnet's VPC; None if there is no such subnet."""

    def interfaces_in(self, target: str) -> tuple[NetworkInterface, ...]:
        """Return everybody's network interfaces in a VPC or in a subnet, by its id."""

    def vpn_gateways(self, vpc_id: str) -> tuple[str, ...]:
        """Return the ids of the virtual private gateways that are attached to a VPC."""

    def set_tags(self, vpc_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of the VPC. Raises UnknownVpc and TagsRefused."""

    def remove_tags(self, vpc_id: str, keys: Iterable[str]) -> None:
        """Remove tags of the VPC. Raises UnknownVpc and TagsRefused."""


class Endpoints(Protocol):
    """VPC endpoints of both types."""

    def offered(self, service_names: Iterable[str]) -> Mapping[str, OfferedService]:
        """Return full name -> service, of those that the Region offers."""

    def all_in(self, vpc_id: str) -> tuple[InterfaceEndpoint, ...]:
        """Return everybody's VPC endpoints in the VPC, those that are being deleted, too."""

    def interfaces_at(self, addresses: Iterable[str]) -> Mapping[str, str]:
        """Return network interface -> its private IPv4 address, of the account's interfaces of VPC
        endpoints that have one of `addresses`, in any VPC."""

    def of_services(self, service_names: Iterable[str]) -> tuple[InterfaceEndpoint, ...]:
        """Return the account's interface endpoints for these services, in any VPC."""

    def make_interface(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        """Return the id of the endpoint made with this token, now or before. Raises UsedToken,
        NotReadyYet, QuotaReached, PreconditionsNotMet, TagsRefused."""

    def make_gateway(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        """Return the id of the endpoint made with this token, now or before. Raises as
        `make_interface` does."""

    def set_private_dns(
        self, endpoint_id: str, on: bool, for_inbound_resolver_only: bool = False
    ) -> None:
        """Turn private DNS of an interface endpoint on or off. Raises ConflictingPrivateDns, and
        NotReadyYet while it is being changed."""

    def give_back(
        self,
        endpoint_id: str,
        groups: Sequence[str],
        subnets: Sequence[str],
        ipv4: Sequence[str] = (),
    ) -> None:
        """Add security groups and subnets to an interface endpoint, which keeps what it has, and
        make IPv4 of what `ipv4` names (`InterfaceEndpoint.of_ipv6_alone`). Raises NotReadyYet while
        it is being changed."""

    def set_policy(self, endpoint_id: str, service_name: str, whose: str) -> None:
        """Let a VPC endpoint serve callers and resources of `whose` alone, or everybody where that
        is empty. Raises NotReadyYet while it is being changed."""

    def remove(self, endpoint_ids: Sequence[str]) -> Mapping[str, str]:
        """Start the deletion of VPC endpoints. Return id -> AWS's reason, of those that it refuses.
        Raises NotReadyYet where they are only being changed."""

    def addresses(self, interface_ids: Iterable[str]) -> Mapping[str, str]:
        """Return network interface -> its private IPv4 address, of those that exist."""


class Groups(Protocol):
    """Security groups."""

    def all_in(self, vpc_id: str) -> tuple[SecurityGroup, ...]: ...

    def make(self, vpc_id: str, name: str, purpose: str) -> str:
        """Make a security group, and return its id. Raises NotReadyYet where one has the name,
        QuotaReached, UnknownVpc and TagsRefused."""

    def admit(self, group_id: str, rules: Sequence[Rule]) -> None:
        """Add ingress rules. Raises QuotaReached, and NotReadyYet for a group not seen yet."""

    def revoke(self, group_id: str, rules: Sequence[Rule]) -> None:
        """Remove ingress rules. Raises NotReadyYet for a group not seen yet."""

    def holders(self, group_ids: Iterable[str]) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """Return security group -> the network interfaces that have it, of groups that any has."""

    def remove(self, group_id: str) -> None:
        """Remove the security group. Raises NotReadyYet while a resource depends on it."""


class Resolvers(Protocol):
    """Route 53 Resolver inbound endpoints."""

    def in_vpc(self, vpc_id: str) -> tuple[InboundResolver, ...]:
        """Return the Route 53 Resolver endpoints of the VPC, inbound and outbound, without their
        addresses."""

    def of_region(self) -> tuple[InboundResolver, ...]:
        """Return the Route 53 Resolver endpoints of the account, without their addresses. AWS gives
        a hundred a call and five calls a second to the account and Region: ask only where one is to
        be made, because the quota counts them, or where a tag names one of another VPC."""

    def find(self, resolver_id: str) -> InboundResolver | None:
        """Return the resolver, with its addresses if it is operational; None if it is gone. It is
        asked for every few seconds, and the account has five calls a second."""

    def addresses(self, resolver_id: str) -> tuple[ResolverIp, ...]:
        """Return the addresses of a Resolver endpoint; none if it is gone."""

    def make(
        self,
        vpc_id: str,
        addresses: Sequence[tuple[str, str | None]],
        group: str,
        token: str,
    ) -> str:
        """Make an inbound resolver, and return its id. Raises QuotaReached, ResolverRefused."""

    def remove(self, resolver_id: str) -> None:
        """Start the deletion of a resolver; do nothing while AWS makes, changes or deletes it."""

    def rules_of(self, vpc_id: str) -> tuple[ResolverRule, ...]:
        """Return the forwarding rules that are associated with the VPC: not those that AWS makes
        itself, nor those that send names back to the VPC's own Resolver (SYSTEM)."""


class HostedZones(Protocol):
    def associated_with(self, vpc_id: str) -> tuple[HostedZone, ...]:
        """Return the private hosted zones that people associated, not those that AWS made."""

    def profile_of(self, vpc_id: str) -> Profile | None:
        """Return the Route 53 Profile that is associated with the VPC, which is one at most."""

    def leads_to(self, zone: HostedZone) -> tuple[str, ...] | None:
        """Return the values of the A and CNAME records of the zone's own name; None if they may not
        be read."""


class Organizations(Protocol):
    def own(self) -> str | None:
        """Return the id of the organization that the account is in; empty where it is in none, and
        None where that may not be asked."""


class Parameters(Protocol):
    """Parameter Store. Others write there, too, so every look and every removal is bounded."""

    def read(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return name -> value of those of `names`, ten at most, that exist."""

    def below(
        self, path: str, most: int, recursive: bool = False
    ) -> tuple[Mapping[str, str], bool]:
        """Return name -> value of at most `most` parameters under `path`, directly or however deep,
        and whether these are all."""

    def history(self, name: str) -> Sequence[str]:
        """Return the values that the parameter had, as far as AWS remembers, oldest first; none
        if it is not there."""

    def write(self, name: str, value: str, as_list: bool = False) -> None:
        """Write a String, or a StringList. Raises QuotaReached, and PreconditionsNotMet where
        a parameter of another type has the name."""

    def versions(self, names: Sequence[str]) -> Mapping[str, int]:
        """Return name -> version, of those of `names` that were read or written here, as it was
        then."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove parameters, ten at most. AWS answers when they are gone. Raises NotReadyYet where
        it does not say so of each."""


class Metrics(Protocol):
    def usage(
        self, vpc_id: str, resolver_id: str, endpoints: Iterable[InterfaceEndpoint], days: int
    ) -> Usage | None:
        """Return the use of the resolver and the endpoints in the last `days`; None if that may not
        be seen."""


class Ledger(Protocol):
    """The ledger: an entry per VPC, and what the account and Region have in common."""

    def read(self, vpc_id: str) -> Entry:
        """Return the VPC's entry; `Entry(vpc_id)` if there is none."""

    def entries(self) -> tuple[Entry, ...]:
        """Return the entries of all VPCs, finished ones included."""

    def adopted(self) -> Mapping[str, frozenset[str]]:
        """Return VPC id -> ids of what the VPC was published with and was not made for it; of each
        connected VPC that has any."""

    def connected(self) -> frozenset[str]:
        """Return the ids of the VPCs that are connected."""

    def knock(self, vpc_id: str, heard: Mapping[str, str] | None = None) -> Entry:
        """Count a knock, write down the wish tags that it told of, if it did, and return the entry
        as it is then."""

    def knock_if_known(self, vpc_id: str) -> Entry | None:
        """Count a knock on a VPC that has an entry, and return that; None, and nothing is written,
        for any other."""

    def remember_request(self, vpc_id: str, asked: Asked) -> Asked:
        """Write down what a request event asks for, unless the request of a higher order is written
        down. Return the request that is. It is kept for two days."""

    def take_if_free(self, vpc_id: str, execution: str) -> Entry | None:
        """Make `execution` the holder, beginning with the knocks that there are, if nobody is the
        holder, or it is. Return the entry as it was before; None, and nothing is written, if
        somebody else is the holder."""

    def take(self, entry: Entry, execution: str) -> bool:
        """Make `execution` the holder instead of `entry.holder`, beginning with `entry.knocks`.
        False if somebody has taken the hold since the entry was read."""

    def record_asked(self, vpc_id: str, asked: str) -> None:
        """Write down the fingerprint of what the holder acts on."""

    def hand_over(self, entry: Entry, differences: str, at: float) -> bool:
        """Write down that a sweep knocks because of `differences`, at `at` in seconds since the
        epoch; it does not count as a knock. False, and nothing is written, if somebody has taken
        the hold since the entry was read."""

    def release(
        self, vpc_id: str, execution: str, seconds: int = KEPT_SECONDS, end: End = _NOTHING_SAID
    ) -> bool:
        """Give up the hold; the entry stays `seconds` unless it is knocked on. False if there was a
        knock since it was taken: go round again. What was said is written as `report` does, in
        either case; the record's link only while `execution` is the holder."""

    def announce(
        self, entry: Entry, tokens: Mapping[str, str], beside: Beside = _NOTHING_BESIDE
    ) -> None:
        """Write down purpose -> token of what is about to be made, and the values `beside`. Raises
        NotReadyYet if somebody else has written since `entry` was read: of two only one makes."""

    def hold(
        self,
        vpc_id: str,
        held: Mapping[str, str],
        made_at: float | None = None,
        policies: Mapping[str, str] = _NO_POLICIES,
    ) -> None:
        """Write down purpose -> id of what is held; of VPC endpoints and security groups just made
        also when, in seconds since the epoch, and what `record_policies` does."""

    def record_policies(self, vpc_id: str, policies: Mapping[str, str]) -> None:
        """Write down purpose -> the endpoint policies that were set, as `ledger.given_policy` has
        them."""

    def record_gone(self, vpc_id: str, purposes: Iterable[str]) -> None:
        """Write down that nothing is held for these purposes any more."""

    def record_withdrawal(self, vpc_id: str, at: str, status: str, detail: str) -> None:
        """Write down since when on-premises can read the withdrawal, with the status that is shown
        meanwhile; a `publish` of anything else forgets the time."""

    def record_removal(self, entry: Entry) -> None:
        """Write down that the holder has begun to remove everything."""

    def record_removed(self, vpc_id: str, purposes: Iterable[str]) -> None:
        """Write down the end of a removal, and as `record_gone` does."""

    def record_resolver_ips(
        self, vpc_id: str, resolver_ips: Mapping[str, str], lost: Iterable[str] = ()
    ) -> None:
        """Write down the resolver's addresses with their subnets, and the `lost` ones that
        on-premises was told of before; a `publish` of nothing served forgets these."""

    def record_doubt(self, vpc_id: str, fingerprint: str, at: str, proven: Iterable[str]) -> None:
        """Write down the fingerprint of what is not verified and published, since when, in ISO 8601
        UTC, and the ids of the endpoints whose private DNS is verified nevertheless."""

    def record_verified(self, vpc_id: str, endpoint_ids: Iterable[str]) -> None:
        """Write down the endpoints whose private DNS was verified. The doubt is over, and the probe
        gone."""

    def record_answers(self, entry: Entry, answers: Mapping[str, Answered]) -> None:
        """Write down what names answer at the VPC's own DNS server in the entry's round."""

    def record_deletion(self, vpc_id: str, line: str, at: float) -> None:
        """Write down the line about a deletion that AWS has refused, and when it was heard of, in
        seconds since the epoch."""

    def record_unconfirmed(self, vpc_id: str, hosts: Sequence[str]) -> None:
        """Write down the DNS hosts that did not confirm the withdrawal; `publish` clears them."""

    def issue(self, vpc_id: str, parameter: str, issue: Issue) -> None:
        """Write down the document that is about to be put into `parameter`, held from now on."""

    def publish(
        self,
        vpc_id: str,
        issue: Issue,
        endpoint_ids: Iterable[str],
        served: Served = _NOTHING,
    ) -> None:
        """Write down the document that on-premises reads now, the ids of our endpoints that it
        relies on, and the resources behind it."""

    def ask_for_removal(self, vpc_id: str, now: float) -> tuple[Asking, ...]:
        """Write down that a connected VPC asks to be torn down, `now` in seconds since the epoch.
        Return all that have asked, in the order in which they did; one may be there twice, and
        those of former hours may be missing."""

    def reserve(self, bucket: Bucket, calls: int, now: float) -> Turn:
        """Book `calls` for the account and Region, and return their turn; `now` is in seconds since
        the epoch."""

    def record_turns(self, vpc_id: str, turns: Mapping[str, Turn]) -> None:
        """Write down step -> turn of a VPC, in place of those that were written before."""

    def report(self, vpc_id: str, status: str, detail: str, told: Iterable[str] = ()) -> None:
        """Write down the status that the VPC shows, and the lines that a person was told."""

    def allow(self, allowance: Allowance, hour: str) -> bool:
        """Count that something happens in this hour of the clock, as in `2026-11-23T12`. False,
        and nothing is counted, where it happened as often as it may."""

    def known_orphans(self) -> Known:
        """Return the orphans of the Region that were seen and told of before."""

    def remember_orphans(self, known: Known) -> None: ...

    def hold_back_mail(self) -> None:
        """Count a mail that was not sent."""

    def take_held_back_mails(self) -> int:
        """Return the number of mails held back since the last call."""


class Executions(Protocol):
    def start(self, vpc_id: str, knocks: int, because: str) -> str:
        """Start an execution, and return its ARN. `knocks` and `because` are parts of its name, so
        that two knocks are two executions, and a knock and a sweep are."""

    def start_refused(self, subject: str, error: str, problem: str) -> str:
        """Start an execution that only reports why a request about `subject` is refused; return its
        ARN."""

    def all_running(self) -> frozenset[str]:
        """Return the ARNs of the executions that run. One that has just begun may be missing."""

    def is_running(self, execution: str) -> bool: ...


class Account(Protocol):
    """All VPCs of the account and Region at once."""

    def look(self, adopted: Iterable[str]) -> WholeAccount:
        """Return the VPCs that have the wish tag, what carries our owner tag, and the VPC endpoints
        with the ids `adopted`. Nothing is changed, and no value of a parameter is read."""


class Probe(Protocol):
    """The small function inside the VPC."""

    def make(self, name: str, subnets: Sequence[str], group: str) -> None:
        """Make the function; one that has the name stays as it is. Raises QuotaReached and
        ProbeFailed."""

    def ensure(self, name: str, vpc_id: str, subnets: Sequence[str], group: str) -> None:
        """Make the function if there is none. Raises NotReadyYet until it can be asked, UsedName,
        QuotaReached and ProbeFailed."""

    def ask(self, name: str, questions: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answers of the probe, as `probe.handler` has them. Raises NotReadyYet and
        ProbeFailed."""

    def remove(self, name: str) -> None:
        """Remove the function if it is there and ours. Raises NotReadyYet while AWS Lambda is at
        work on it."""


class Notifications(Protocol):
    def send(self, subject: str, text: str) -> None: ...


class RecordStore(Protocol):
    """The records of runs."""

    def store(self, key: str, data: bytes) -> None:
        """Store a record; one that has the key already is overwritten. Raises EvidenceNotKept."""


class Signatures(Protocol):
    """The stack's signing key."""

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a SHA-256 digest, in DER. Raises SigningRefused."""

    def public_key(self) -> bytes:
        """Return the public key: SubjectPublicKeyInfo in DER. Raises SigningRefused."""

    def is_usable(self) -> bool:
        """Tell whether the key signs: it is neither disabled nor on its way to be deleted. Raises
        SigningRefused where it is gone, or may not be looked at."""


class Stacks(Protocol):
    """The stack, whose custom resources CloudFormation asks about."""

    def check(self, request: Request) -> None:
        """Check that the answer would go to CloudFormation. Raises UnreadableRequest."""

    def answer(self, request: Request, answer: Answer) -> None:
        """Send the answer. Raises UnreadableRequest, and Unavailable where it did not arrive."""


class HostPolicy(Protocol):
    """The managed policy of the DNS hosts."""

    @property
    def arn(self) -> str: ...

    def attached_to(self) -> tuple[Attached, ...]:
        """Return every role, user and group that has the policy."""


class Protection(Protocol):
    """The ledger's protection against deletion."""

    def turn(self, *, on: bool) -> None:
        """Turn the protection on or off; no error where it is so already."""


class Clock(Protocol):
    def now(self) -> str:
        """Return the time in ISO 8601 UTC, in whole seconds."""

    def seconds(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
