"""Look whether the tag calls a teardown back."""

from __future__ import annotations

from connectivity.domain.errors import WishedAgain
from connectivity.domain.ledger import Entry
from connectivity.domain.wish import Wish, read_wish
from connectivity.usecases.ports import Vpcs


def check_wish(entry: Entry, vpcs: Vpcs) -> None:
    """Check that the VPC's tag does not ask for the connection again: a tag that is put back while
    on-premises drains keeps everything as it was. A tag that asks for a plan stops a teardown only
    before on-premises was told: after that, what stands would serve nobody. Raises WishedAgain, and
    UnreadableOption for a value that cannot be understood."""
    vpc = vpcs.find(entry.vpc_id)
    wish = read_wish(vpc.tags) if vpc is not None else Wish.DISABLED
    if wish is Wish.ENABLED or (wish is Wish.PLAN and not entry.removal_has_begun):
        raise WishedAgain(f"the tag of {entry.vpc_id} says {wish.value}")
