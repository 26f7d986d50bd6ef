"""Every way a run can stop. Two kinds, and the state machine tells them apart by name.

`Waiting` is expected: the state machine retries it at a constant interval, a counted number of
times. `Fact` is final: it is reported to a person, with what was wrong, where, and the cure.
Anything else is a bug; it is neither retried nor dressed up.
"""

from __future__ import annotations


class Waiting(Exception):
    """An error that asking again later cures."""


class NotReadyYet(Waiting):
    """A resource that AWS is making or removing has not reached its final state."""


class JustBegun(Waiting):
    """AWS has begun to make or remove something a moment ago, and is never ready at once."""


class NotCompleteYet(Waiting):
    """A VPC that is being made still lacks what makes it fit, or a route towards on-premises."""


class NotResolvingYet(Waiting):
    """Some name does not resolve to its interface endpoint on every resolver IP.

    Waiting at first, because a private hosted zone is associated some time after its endpoint is
    available; a failed verification once the state machine's patience is over.
    """


class ConflictingPrivateDns(Waiting):
    """AWS refuses private DNS: the VPC already has an answer for that name.

    Waiting at first, because AWS detaches the zone of a deleted endpoint minutes later; what lasts
    was looked for by the preconditions.
    """


class NotAcknowledgedYet(Waiting):
    """A DNS host on-premises has not confirmed that it stopped forwarding.

    Ended by the use case itself when the drain time is over; the state machine's count is longer.
    """


class NotItsTurnYet(Waiting):
    """Other VPCs of this account and Region are to call AWS first."""


class TurnHoursAway(Waiting):
    """The turn is hours away, behind many other VPCs: a later execution comes back for it."""


class Throttled(Waiting):
    """AWS refused a call for its rate."""


class Unavailable(Waiting):
    """AWS did not answer, or answered with a server error. The call may have taken effect."""


class Fact(Exception):
    """Final until somebody changes something. The message names the cure."""


class UnreadableOption(Fact):
    """A tag of the VPC, or a field of a request event, cannot be understood."""


class UnreadableRequest(Fact):
    """A request event that does not say which VPC it is about, what it asks for, or when; or a
    request of AWS CloudFormation that is none."""


class UnknownVpc(Fact):
    """The VPC that a request names does not exist in this account and region."""


class VpcNotAllowed(Fact):
    """The stack has a list of the VPCs that may be connected, and this one is not on it."""


class RequestOvertaken(Fact):
    """A request event of the same moment asked for something else, and that one stands."""


class RequestPutOff(Fact):
    """A request was accepted, and so many executions were started for requests within this hour
    that its own has to wait for the next sweep."""


class TagsRefused(Fact):
    """AWS does not let us write status tags: a tag policy, or fifty tags on the VPC already."""


class OutOfReach(Fact):
    """A resource of ours has lost its owner tag, without which IAM lets us change nothing."""


class PreconditionsNotMet(Fact):
    """The VPC is not fit, for one or several reasons; nothing was made."""


class QuotaReached(Fact):
    """AWS refuses to make one more."""


class EndpointFailed(Fact):
    """An interface endpoint ended in a state that it does not leave by itself."""


class ResolverFailed(Fact):
    """The inbound resolver ended in a state that it does not leave by itself."""


class ResolverRefused(Fact):
    """AWS does not make the inbound resolver that was asked for; nothing of it was made."""


class ProbeFailed(Fact):
    """The probe inside the VPC could not be made or did not answer."""


class SigningRefused(Fact):
    """AWS KMS does not sign with the stack's key: it is disabled, on its way to be deleted, or not
    ours to use."""


class EvidenceNotKept(Fact):
    """Amazon S3 does not take the record of a run. No run fails of that; a person is told."""


class PublicationTooLarge(Fact):
    """The forwarding document does not fit into an advanced parameter (8 KB)."""


class WishedAgain(Fact):
    """A teardown met a VPC whose tag asks for the connection again, or for a plan before the
    withdrawal: nothing was removed yet."""


class NotRemoved(Fact):
    """Resources of ours could not be removed; the message names each with AWS's reason."""
