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
    def find(self, vpc_id: str) -> Vpc | None: ...

    def dns_support(self, vpc_id: str) -> bool: ...

    def dns_hostnames(self, vpc_id: str) -> bool: ...

    def subnets(self, vpc_id: str) -> tuple[Subnet, ...]: ...

    def route_tables(self, vpc_id: str) -> tuple[RouteTable, ...]: ...

    def prefix_list(self, prefix_list_id: str) -> tuple[str, ...] | None:
        """Return the IPv4 networks of a prefix list; None if it may not be read."""

    def addresses_in_use(self, vpc_id: str, addresses: Iterable[str]) -> frozenset[str]:
        """Addresses of the network interfaces that hold any of `addresses`."""

    def vpc_of_subnet(self, subnet_id: str) -> str | None:
        """Return the id of a subnet's VPC; None if there is no such subnet."""

    def interfaces_in(self, target: str) -> tuple[NetworkInterface, ...]:
        """Return everybody's network interfaces in a VPC or in a subnet, by its id."""

    def vpn_gateways(self, vpc_id: str) -> tuple[str, ...]:
        """Return the ids of the virtual private gateways that are attached to a VPC."""

    def set_tags(self, vpc_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of the VPC. Raises UnknownVpc."""

    def remove_tags(self, vpc_id: str, keys: Iterable[str]) -> None:
        """Remove tags of the VPC. Raises UnknownVpc."""


class Endpoints(Protocol):
    """VPC endpoints of both types."""

    def offered(self, service_names: Iterable[str]) -> Mapping[str, OfferedService]: ...

    def all_in(self, vpc_id: str) -> tuple[InterfaceEndpoint, ...]: ...

    def interfaces_at(self, addresses: Iterable[str]) -> Mapping[str, str]:
        """Return network interface -> its private IPv4 address, of the account's interfaces of VPC
        endpoints that have one of `addresses`, in any VPC."""

    def of_services(self, service_names: Iterable[str]) -> tuple[InterfaceEndpoint, ...]:
        """Return the account's interface endpoints for these services, in any VPC."""

    def make_interface(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        """Return the id of the endpoint made with this token, now or before. Raises UsedToken,
        QuotaReached, PreconditionsNotMet."""

    def make_gateway(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        """Return the id of the endpoint made with this token, now or before. Raises as
        `make_interface` does."""

    def set_private_dns(
        self, endpoint_id: str, on: bool, for_inbound_resolver_only: bool = False
    ) -> None:
        """Turn private DNS of an interface endpoint on or off. Raises ConflictingPrivateDns."""

    def give_back(self, endpoint_id: str, groups: Sequence[str], subnets: Sequence[str]) -> None:
        """Add security groups and subnets to an interface endpoint, which keeps what it has. Raises
        NotReadyYet while it is being changed."""

    def set_policy(self, endpoint_id: str, service_name: str, whose: str) -> None:
        """Let a VPC endpoint serve callers and resources of `whose` alone, or everybody where that
        is empty. Raises NotReadyYet while it is being changed."""

    def remove(self, endpoint_ids: Sequence[str]) -> Mapping[str, str]:
        """Start their deletion; the answer maps each refused id to AWS's reason."""

    def addresses(self, interface_ids: Iterable[str]) -> Mapping[str, str]:
        """Network interface -> its private IPv4 address, as far as they exist."""


class Groups(Protocol):
    """Security groups."""

    def all_in(self, vpc_id: str) -> tuple[SecurityGroup, ...]: ...

    def make(self, vpc_id: str, name: str, purpose: str) -> str: ...

    def admit(self, group_id: str, rules: Sequence[Rule]) -> None: ...

    def revoke(self, group_id: str, rules: Sequence[Rule]) -> None: ...

    def holders(self, group_ids: Iterable[str]) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """Return by security group the network interfaces that hold it, of those that are held."""

    def remove(self, group_id: str) -> None:
        """Remove the security group. Raises NotReadyYet while a resource depends on it."""


class Resolvers(Protocol):
    """Route 53 Resolver inbound endpoints."""

    def in_vpc(self, vpc_id: str) -> tuple[InboundResolver, ...]:
        """Return the Route 53 Resolver endpoints of the VPC, inbound and outbound, without their
        addresses."""

    def of_region(self) -> tuple[InboundResolver, ...]:
        """Return those of either direction of the whole account, without their addresses. AWS gives
        a hundred a call and five calls a second to the account and Region: ask only where one is to
        be made, because the quota counts them, or where a tag names one of another VPC."""

    def find(self, resolver_id: str) -> InboundResolver | None:
        """Return the resolver, with its addresses if it is operational: it is asked every few
        seconds, and the account has five calls a second."""

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

    def remove(self, resolver_id: str) -> None: ...

    def rules_of(self, vpc_id: str) -> tuple[ResolverRule, ...]:
        """Return the forwarding rules that are associated with the VPC: not those that AWS makes
        itself, nor those that send names back to the VPC's own Resolver (SYSTEM)."""


class HostedZones(Protocol):
    def associated_with(self, vpc_id: str) -> tuple[HostedZone, ...]:
        """Return the private hosted zones that people associated, not those that AWS made."""

    def profile_of(self, vpc_id: str) -> Profile | None:
        """Return the Route 53 Profile that is associated with the VPC, which is one at most."""

    def leads_to(self, zone: HostedZone) -> tuple[str, ...] | None:
        """Return what the record of the zone's own name says; None if it may not be read."""


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

    def write(self, name: str, value: str, as_list: bool = False) -> None: ...

    def versions(self, names: Sequence[str]) -> Mapping[str, int]:
        """Return the versions of those of `names` that were read or written here, as they were
        then."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove parameters, ten at most. AWS answers when they are gone. Raises NotReadyYet where
        it does not say so of each."""


class Metrics(Protocol):
    def usage(
        self, vpc_id: str, resolver_id: str, endpoints: Iterable[InterfaceEndpoint], days: int
    ) -> Usage | None:
        """Return what went through the resolver and the endpoints in the last `days`; None if that
        may not be seen."""


class Ledger(Protocol):
    def read(self, vpc_id: str) -> Entry: ...

    def entries(self) -> tuple[Entry, ...]:
        """Return the entries of all VPCs, finished ones included."""

    def knock(self, vpc_id: str, heard: Mapping[str, str] | None = None) -> Entry:
        """Count a knock, and write down the wish tags that it told of, if it did; the entry after
        it."""

    def knock_if_known(self, vpc_id: str) -> Entry | None:
        """Count a knock on a VPC that was knocked on before; None for any other, of which nothing
        is written down."""

    def remember_request(self, vpc_id: str, asked: Asked) -> Asked:
        """Write down what a request event asks for, unless one of a higher order was written down
        before. Return the one that stands. It is kept for two days."""

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
        """Write down by purpose that it is being made, and with which token, and what else is to
        be written. Raises NotReadyYet if somebody else has written since `entry` was read: of two
        only one makes."""

    def hold(
        self,
        vpc_id: str,
        held: Mapping[str, str],
        made_at: float | None = None,
        policies: Mapping[str, str] = _NO_POLICIES,
    ) -> None:
        """Write down ids by purpose; of VPC endpoints and security groups that were just made also
        when that was, in seconds since the epoch, and what `record_policies` does."""

    def record_policies(self, vpc_id: str, policies: Mapping[str, str]) -> None:
        """Write down by purpose which endpoint policies were set, as `ledger.given_policies` has
        them."""

    def let_go(self, vpc_id: str, purposes: Iterable[str]) -> None: ...

    def record_withdrawal(self, vpc_id: str, at: str, status: str, detail: str) -> None:
        """Write down since when on-premises can read the withdrawal, with the status that is shown
        meanwhile; a `publish` of anything else forgets the time."""

    def record_removal(self, entry: Entry) -> None:
        """Write down that the holder has begun to remove everything."""

    def forget(self, vpc_id: str, purposes: Iterable[str]) -> None:
        """Write down, at the end of a removal, that nothing is held for these purposes."""

    def promise(
        self, vpc_id: str, resolver_ips: Mapping[str, str], lost: Iterable[str] = ()
    ) -> None:
        """Write down the resolver's addresses with their subnets, and which ones on-premises was
        told of before that are `lost`; a `publish` of nothing served forgets these."""

    def doubt(self, vpc_id: str, fingerprint: str, at: str, proven: Iterable[str]) -> None:
        """Remember what is not verified and published, and since when, and the ids of the
        endpoints whose private DNS is verified nevertheless."""

    def record_verified(self, vpc_id: str, endpoint_ids: Iterable[str]) -> None:
        """Remember whose private DNS was verified; the probe is gone, and the doubt."""

    def record_answers(self, entry: Entry, answers: Mapping[str, Answered]) -> None:
        """Write down what names answer at the VPC's own DNS server in the entry's round."""

    def record_deletion(self, vpc_id: str, line: str, at: float) -> None:
        """Write down what there is to say of a deletion that AWS has refused, and when it was heard
        of, in seconds since the epoch."""

    def miss(self, vpc_id: str, hosts: Sequence[str]) -> None:
        """Write down which DNS hosts did not confirm the withdrawal; `publish` clears it."""

    def issue(self, vpc_id: str, parameter: str, issue: Issue) -> None:
        """Remember what is about to be written into `parameter`, which is held from now on."""

    def publish(
        self,
        vpc_id: str,
        issue: Issue,
        endpoint_ids: Iterable[str],
        served: Served = _NOTHING,
    ) -> None:
        """Remember what on-premises reads, and on which endpoints of ours it relies."""

    def ask_for_removal(self, vpc_id: str, now: float) -> tuple[Asking, ...]:
        """Write down that a connected VPC asks to be torn down, `now` in seconds since the epoch.
        Return all that have asked, in the order in which they did; one may be there twice, and
        those of former hours may be missing."""

    def reserve(self, bucket: Bucket, calls: int, now: float) -> Turn:
        """Book so many calls, for all of this account and Region, from `now` on: seconds since the
        epoch."""

    def remember(self, vpc_id: str, turns: Mapping[str, Turn]) -> None:
        """Record the turns of a VPC by step, in place of those that were recorded before."""

    def report(self, vpc_id: str, status: str, detail: str, told: Iterable[str] = ()) -> None: ...

    def allow(self, allowance: Allowance, hour: str) -> bool:
        """Count that something happens in this hour of the clock, as in `2026-11-23T12`. False,
        and nothing is counted, where it happened as often as it may."""

    def known_orphans(self) -> Known:
        """Return which orphans of the Region were seen and told of before."""

    def remember_orphans(self, known: Known) -> None: ...

    def hold_back_mail(self) -> None:
        """Count a mail that was not sent."""

    def take_held_back_mails(self) -> int:
        """Return how many mails were held back since this was asked last."""


class Executions(Protocol):
    def start(self, vpc_id: str, knocks: int, because: str) -> str:
        """Start an execution, and return its ARN. `knocks` and `because` are parts of its name, so
        that two knocks are two executions, and a knock and a sweep are."""

    def start_refused(self, subject: str, error: str, problem: str) -> str:
        """An execution that only reports why a request about `subject` cannot be carried out."""

    def all_running(self) -> frozenset[str]:
        """Return the ARNs of the executions that run. One that has just begun may be missing."""

    def is_running(self, execution: str) -> bool: ...


class Account(Protocol):
    """All VPCs of the account and Region at once."""

    def look(self, adopted: Iterable[str]) -> WholeAccount:
        """Return what asks for something, and what carries our owner tag; also the VPC endpoints
        whose ids are `adopted`. Nothing is changed, and no value of a parameter is read."""


class Probe(Protocol):
    """The small function inside the VPC."""

    def make(self, name: str, subnets: Sequence[str], group: str) -> None:
        """Make the function. One that has the name already stays as it is."""

    def ensure(self, name: str, vpc_id: str, subnets: Sequence[str], group: str) -> None:
        """Make it if it is not there. Raises NotReadyYet until it can be asked, UsedName, and
        ProbeFailed."""

    def ask(self, name: str, questions: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answers of the probe. Raises ProbeFailed."""

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

    def answer(self, request: Request, answer: Answer) -> None: ...


class HostPolicy(Protocol):
    """The managed policy of the DNS hosts."""

    @property
    def arn(self) -> str: ...

    def attached_to(self) -> tuple[Attached, ...]:
        """Return every role, user and group that has the policy."""


class Protection(Protocol):
    """The ledger's protection against deletion."""

    def turn(self, *, on: bool) -> None: ...


class Clock(Protocol):
    def now(self) -> str:
        """ISO 8601, UTC, whole seconds."""

    def seconds(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
