"""Look whether the tag calls a teardown back."""

from __future__ import annotations

from connectivity.domain.errors import WishedAgain
from connectivity.domain.wish import Wish, read_wish
from connectivity.usecases.ports import Vpcs


def check_wish(vpc_id: str, vpcs: Vpcs) -> None:
    """Check that the VPC's tag does not ask for the connection again: a tag that is put back while
    on-premises drains keeps everything as it was. Raises WishedAgain."""
    vpc = vpcs.find(vpc_id)
    if vpc is not None and read_wish(vpc.tags) is not Wish.DISABLED:
        raise WishedAgain(f"the tag of {vpc_id} asks for the connection again")
