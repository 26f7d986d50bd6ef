"""Bad endings of creations and removals whose call was accepted, as tests ask for them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

FOREVER = math.inf


class Ending(StrEnum):
    """The endings in place of `available`, `OPERATIONAL` or gone."""

    FAILED = "failed"
    """A new interface endpoint's state, with LastError and FailureReason (EC2's model)."""
    PARTIAL = "partial"
    """Another state of a new interface endpoint, which AWS does not explain; here such an endpoint
    serves nothing."""
    UNDELETABLE = "undeletable"
    """DeleteVpcEndpoints answers 200 and lists the endpoint as `Unsuccessful`."""
    BUSY = "busy"
    """A deletion that is `Unsuccessful` because the endpoint is being modified
    (terraform-provider-aws #42884 has the code and the text of ModifyVpcEndpoint; that a deletion
    is refused like it is an inference)."""
    NEEDS_ACTION_AT_FIRST = "action needed at first"
    """A new resolver endpoint is ACTION_NEEDED before it is OPERATIONAL
    (terraform-provider-aws #46782)."""
    NEEDS_ACTION = "action needed"
    """The endpoint is unhealthy, and Resolver cannot recover it (Resolver's model)."""
    FAILED_CREATION = "failed creation"
    """The endpoint is unhealthy, because its first address could not be made (Resolver's model)."""


OF_A_NEW_ENDPOINT = frozenset({Ending.FAILED, Ending.PARTIAL})
OF_A_DELETION = frozenset({Ending.UNDELETABLE, Ending.BUSY})
OF_A_NEW_RESOLVER = frozenset(
    {Ending.NEEDS_ACTION_AT_FIRST, Ending.NEEDS_ACTION, Ending.FAILED_CREATION}
)

SAYINGS: Mapping[Ending, tuple[str, str]] = {
    Ending.FAILED: ("InternalError", "The VPC endpoint could not be created."),
    Ending.PARTIAL: ("InternalError", "The VPC endpoint could be created in some zones only."),
    Ending.BUSY: ("OperationInProgress", "VpcEndpoint modify operation in progress"),
    Ending.UNDELETABLE: (
        "InvalidParameter",
        "Operation is not allowed for requester-managed VPC endpoints for the service {service}.",
    ),
}
"""Code and message. The last is what AWS says of endpoints that Amazon RDS or ElastiCache made;
the texts of the others are ours, as nobody has shown AWS's."""


@dataclass
class Spoil:
    """A spoil: creations or removals from now on end badly, `times` times; `struck` counts them."""

    ending: Ending
    what: str | None = None
    """The short name of an interface endpoint's service (`ecs`) or a resolver endpoint's Name;
    None is any."""
    times: float = 1
    struck: int = 0

    def strikes(self, possible: Collection[Ending], what: str) -> bool:
        """Tell whether the spoil strikes, and count it; False when it has struck as often as it
        should."""
        meant = self.ending in possible and self.what in (None, what) and self.struck < self.times
        self.struck += meant
        return meant
