"""The ledger's entry of one VPC: who is at work, what we hold, what was promised to on-premises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectivity.domain.model import Answered
from connectivity.domain.pacing import Turn
from connectivity.domain.policy_presets import is_somebody
from connectivity.domain.publication import Issue

KEPT_SECONDS = 400 * 24 * 3600
"""Seconds for which a VPC that holds nothing keeps its knock count, generation and promised
addresses: longer than the 90 days for which Step Functions remembers a name."""
_KEPT_BRIEFLY = 24 * 3600

MAKING = "making:"
VISIBLE_WITHIN = 120
"""Seconds after its creation in which a VPC endpoint or a security group that AWS does not show is
not taken for gone: Amazon EC2's API is eventually consistent."""
_ENDPOINT, _GATEWAY = "endpoint/", "gateway/"
ENDPOINT_PURPOSES = (_ENDPOINT, _GATEWAY)
REMOVED = "removed"
"""The status of a VPC in which somebody has looked and found nothing of ours."""
PLANNED, WAITING = "planned", "waiting"
"""The status of a VPC for which nothing shall be made, or nothing was made yet."""
HELD_UP = "held-up"
"""The status of a VPC that asks to be torn down together with too many others."""
NEEDED = "needed"
"""The status of a VPC that asks to be torn down while other VPCs use resources made for it."""
REBUILT = "rebuilt"
"""The wish of a VPC that is published, in a ledger that was rebuilt: nobody knows what it was."""


@dataclass(frozen=True)
class Served:
    """The resources used by the last verified publication. If the wish is the same and one of them
    differs now, it has drifted."""

    wish: str = ""
    """Fingerprint of what was desired, or REBUILT; empty while nothing is published."""
    resolver: str = ""
    """Id of the inbound resolver, ours or not."""
    adopted: Mapping[str, str] = field(default_factory=dict)
    """Purpose -> id of what is somebody else's: used, never changed, never removed."""
    interfaces: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Id of an interface endpoint -> its network interfaces, sorted. Each has one address for life,
    so where they are the same, the published addresses are."""
    subnets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Id of an interface endpoint -> its subnets, sorted."""
    parameters: Mapping[str, int] = field(default_factory=dict)
    """Name of a parameter of the publication -> its version as it was written. Empty in entries of
    former versions."""
    by_name: Sequence[str] = ()
    """Ids of what is adopted because names lead to it: its own private DNS is off, or it stands in
    another VPC, or cannot be seen from this account."""


@dataclass(frozen=True)
class Said:
    """The status that was written on a VPC, and reported."""

    status: str
    detail: str
    told: frozenset[str] = frozenset()
    """Lines that a person was told, as `mails.as_news` has them."""


@dataclass(frozen=True)
class Link:
    """The last record of a VPC's runs: what the next one names, and is compared with."""

    number: int
    """Counted from 1."""
    sha256: str
    """SHA-256 of the record's bytes, in hexadecimal; known also where the record could not be
    kept."""
    round: str
    """`Entry.round` as it was in the recorded round."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Purpose -> id of what was held at the end of that round."""


@dataclass(frozen=True)
class End:
    """The values that are written together with the end of a round."""

    said: Said | None = None
    link: Link | None = None
    """The round's record; None where none was to be kept."""


@dataclass(frozen=True)
class Beside:
    """The values that are written together with an announcement."""

    held: Mapping[str, str] = field(default_factory=dict)
    """Purpose -> id of what was made before."""
    turns: Mapping[str, Turn] = field(default_factory=dict)
    """Step -> turn, all that are to be remembered; empty where there is nothing new."""
    groups_made_at: float | None = None
    """The time at which the announced security groups are made, in seconds since the epoch."""


@dataclass(frozen=True)
class Entry:
    """One VPC's entry. An entry that does not exist yet is `Entry(vpc_id)`."""

    vpc_id: str
    knocks: int = 0
    holder: str | None = None
    """ARN of the execution that is at work on this VPC."""
    begun: int = 0
    """The knocks that the holder knew when its round began."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Purpose -> id of what we made for it, or `making:<token>` from before its creation until its
    id is known. The token makes a repeated creation the same creation; behind that of an interface
    endpoint stands what it was to be made of, because AWS answers only the same request."""
    made_at: float = 0.0
    """The time at which the last VPC endpoint was made, in seconds since the epoch: AWS may not
    show it yet."""
    groups_made_at: Mapping[str, float] = field(default_factory=dict)
    """Purpose -> when the creation of its security group was announced or answered, or found out
    about, in seconds since the epoch."""
    resolver_ips: Mapping[str, str] = field(default_factory=dict)
    """Address -> subnet of the inbound resolver: asked for again when it has to be made anew."""
    lost_ips: tuple[str, ...] = ()
    """Addresses that on-premises was told of once and that the resolver has no longer; forgotten
    when on-premises is told to stop forwarding."""
    generation: int = 0
    """The generation that was published last; it grows for ever, also across a teardown."""
    issued: Issue | None = None
    """The document that was issued last: remembered before it is written, so that on-premises
    never reads a generation that the ledger does not know. None in entries of former versions."""
    verified: str = ""
    """Fingerprint of the connection that was verified and published last."""
    verified_endpoints: frozenset[str] = frozenset()
    """Ids of the endpoints whose private DNS was verified and published: on-premises relies on
    them."""
    proven_endpoints: frozenset[str] = frozenset()
    """Ids of the endpoints whose private DNS was verified and not published yet: a failure after
    that is no reason to turn it off."""
    verified_at: float = 0.0
    """The time of the last verified publication, in seconds since the epoch."""
    asked: str = ""
    """`Settings.fingerprint` of what the VPC asked for when an execution took the hold last."""
    taken_at: float = 0.0
    """The time at which an execution took the hold last, in seconds since the epoch."""
    handed: str = ""
    """Fingerprint of the differences for which a sweep started an execution last: an execution that
    has seen them and ended well has judged them."""
    unread: bool = False
    """The differences that a sweep found are unread: no execution has taken the hold since."""
    swept_at: float = 0.0
    """The time of the last knock of a sweep, in seconds since the epoch: the VPC that waits longest
    is knocked on first."""
    served: Served = Served()
    doubt: str = ""
    """Fingerprint of what was desired when private DNS was last turned on, or its publication
    refused, and that was not verified and published since."""
    doubted_at: str = ""
    """The time of the first try with this `doubt`, in ISO 8601 UTC."""
    withdrawn_at: str = ""
    """The time at which the last withdrawal was written for on-premises, in ISO 8601 UTC; empty
    where it was not, or is not known. Its own `issued_at` says when it was made, which may be long
    before."""
    removing: str = ""
    """ARN of the execution that has begun to remove everything: what it finds no longer there is
    on its way, and it is not called back by the tag."""
    answers: Mapping[str, Answered] = field(default_factory=dict)
    """Name -> what the VPC's own DNS server said of it, of names that others answer for."""
    answered_at: float = 0.0
    """The time of `answers`, in seconds since the epoch."""
    answered_in: str = ""
    """The round of `answers`."""
    deletion: str = ""
    """The line about the deletion that AWS refused last; empty if there was none."""
    deletion_at: float = 0.0
    """The time at which that deletion was heard of, in seconds since the epoch."""
    unconfirmed: tuple[str, ...] = ()
    """DNS hosts that the last teardown did not hear of in time; cleared by what is published."""
    heard: Mapping[str, str] | None = None
    """The wish tags as the last tag event told them, until somebody has acted on them."""
    turns: Mapping[str, Turn] = field(default_factory=dict)
    """Step -> the turn that was reserved for it, so that a repetition does not reserve again."""
    policies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Purpose -> fingerprints of the endpoint policies that were set on the VPC endpoint that is
    held for it, the last one first: it alone once it is known to be set, and the ones before it as
    long as AWS may still show them. Nothing of one that has had AWS's own policy from the start."""
    status: str = ""
    detail: str = ""
    told: frozenset[str] = frozenset()
    """Lines of the status that a person was told, as `mails.as_news` has them."""
    recorded: Link | None = None
    """The last record; None where no run was ever recorded."""

    @property
    def holds_something(self) -> bool:
        return bool(self.held)

    @property
    def kept_seconds(self) -> int:
        """Return the seconds for which the entry is kept after its last execution. A VPC without
        any record may not exist: anybody can make up an id, or thousands."""
        was = self.held or self.status or self.generation or self.resolver_ips
        return KEPT_SECONDS if was else _KEPT_BRIEFLY

    @property
    def is_new(self) -> bool:
        """Return whether nothing was ever made for this VPC, published or reported. The security
        group of the probe, which asks for names before that, does not count."""
        made = self.held.keys() - {PROBE_GROUP}
        return not made and not self.generation and not self.status

    @property
    def is_at_rest(self) -> bool:
        """Return whether no sweep has to come back for the VPC: nothing is held, no execution is at
        work or died, and no status is left that could be wrong by now."""
        return not self.held and self.holder is None and self.status in {"", REMOVED}

    @property
    def may_have_left_something(self) -> bool:
        """Return whether a teardown ended between its last removal and the check that nothing is
        left."""
        return not self.held and self.status not in {"", REMOVED, PLANNED, WAITING}

    @property
    def is_being_removed(self) -> bool:
        """Tell whether the execution that is at work has begun to remove everything."""
        return bool(self.removing) and self.removing == self.holder

    @property
    def removal_has_begun(self) -> bool:
        """Tell whether on-premises was told to stop forwarding, or something was removed, and the
        rest is still there."""
        return bool(self.removing or (self.withdrawn_at and PUBLICATION in self.held))

    @property
    def was_knocked_on(self) -> bool:
        """Tell whether somebody has knocked since the round began that is at work."""
        return self.knocks > self.begun

    @property
    def serving_endpoints(self) -> frozenset[str]:
        """Ids of the endpoints whose private DNS was verified: it stays on."""
        return self.verified_endpoints | self.proven_endpoints

    @property
    def highest_generation(self) -> int:
        """The highest generation that on-premises may have read from us; 0 if there was none."""
        return max(self.generation, self.issued.generation if self.issued else 0)

    @property
    def round(self) -> str:
        """The round that is at work: an execution, and the knocks that it knows."""
        return f"{self.holder}#{self.begun}"

    @property
    def interface_endpoints(self) -> int:
        """Return the number of interface endpoints of ours that exist or are being made."""
        return sum(purpose.startswith(_ENDPOINT) for purpose in self.held)


@dataclass(frozen=True)
class Announcement:
    """The record that is written before a creation."""

    token: str
    group: str = ""
    """Id of the security group of an interface endpoint."""
    subnets: tuple[str, ...] = ()
    """Ids of the subnets of an interface endpoint."""
    policy: str = ""
    """Id of the account or organization whose callers its endpoint policy lets in; empty for AWS's
    own policy."""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.token, self.group, *self.subnets, self.policy)))


def announcement(entry: Entry, purpose: str) -> Announcement | None:
    """Return what was announced, while its id is not known yet."""
    recorded = entry.held.get(purpose, "")
    if not recorded.startswith(MAKING):
        return None
    token, *made_of = recorded.removeprefix(MAKING).split(" ")
    policy = made_of.pop() if made_of and is_somebody(made_of[-1]) else ""
    group, *subnets = made_of or [""]
    return Announcement(token, group, tuple(subnets), policy)


def announced_token(entry: Entry, purpose: str) -> str | None:
    """Return the token of a creation that was announced and whose id is not known yet."""
    announced = announcement(entry, purpose)
    return announced.token if announced else None


def known_id(entry: Entry, purpose: str) -> str | None:
    """Return the id that AWS gave what is held for this purpose; None while it is only announced,
    or not held."""
    recorded = entry.held.get(purpose, "")
    return recorded if recorded and not recorded.startswith(MAKING) else None


def begun_endpoints(entry: Entry) -> tuple[str, ...]:
    """Return the purposes of VPC endpoints that were announced and whose ids are not known: each
    may have been made, or not."""
    return tuple(
        purpose
        for purpose, recorded in entry.held.items()
        if purpose.startswith(ENDPOINT_PURPOSES) and recorded.startswith(MAKING)
    )


def unseen_endpoints(entry: Entry, shown: Iterable[str], now: float) -> tuple[str, ...]:
    """Return the ids of VPC endpoints that were made a moment ago and are not among those that AWS
    shows: they will be. `now` is in seconds since the epoch."""
    if now >= entry.made_at + VISIBLE_WITHIN:
        return ()
    there = set(shown)
    return tuple(
        id_
        for purpose, id_ in entry.held.items()
        if purpose.startswith(ENDPOINT_PURPOSES) and not id_.startswith(MAKING) and id_ not in there
    )


def unseen_groups(entry: Entry, shown: Iterable[str], now: float) -> dict[str, str]:
    """Return purpose -> id of the security groups that were made a moment ago and are not among
    those that AWS shows: they will be. One that was only announced, and may never have been made,
    is there by its name. `shown` are ids and names, `now` is in seconds since the epoch."""
    there = set(shown)
    young = (p for p, at in entry.groups_made_at.items() if now < at + VISIBLE_WITHIN)
    named = {p: entry.held[p].removeprefix(MAKING) for p in young if p in entry.held}
    return {purpose: name for purpose, name in named.items() if name not in there}


_MOST_POLICIES = 4
"""Fingerprints that are remembered of one VPC endpoint: of what was set and, because the answer to
a change may be lost, of what may still be there."""


def given_policy(endpoint_id: str, given: str, before: Iterable[str] = ()) -> str:
    """Return what is written down of a VPC endpoint that is given a policy, by the fingerprint of
    that and of those that it had from us `before`."""
    known = list(dict.fromkeys([given, *before]))[:_MOST_POLICIES]
    return " ".join([endpoint_id, *known])


def policies_of(held: Mapping[str, str], written: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Return by purpose the fingerprints of what was `written` down of those VPC endpoints that are
    still held."""
    words = {purpose: line.split(" ") for purpose, line in written.items()}
    return {purpose: tuple(w[1:]) for purpose, w in words.items() if held.get(purpose) == w[0]}


def endpoint_purpose(service_name: str) -> str:
    return f"{_ENDPOINT}{service_name}"


def gateway_purpose(service_name: str) -> str:
    return f"{_GATEWAY}{service_name}"


RESOLVER = "resolver"
PROBE = "probe"
PUBLICATION = "publication"
ACKNOWLEDGEMENTS = "acknowledgements"
"""A purpose in entries of former versions, whose teardown had removed the publication, and not yet
all acknowledgements."""
ENDPOINTS_GROUP = "group/endpoints"
RESOLVER_GROUP = "group/resolver"
PROBE_GROUP = "group/probe"
GROUPS = (ENDPOINTS_GROUP, RESOLVER_GROUP, PROBE_GROUP)
