"""Look whether the tag calls a teardown back."""

from __future__ import annotations

from connectivity.domain.errors import WishedAgain
from connectivity.domain.wish import Wish, read_wish
from connectivity.usecases.ports import Vpcs


def check_wish(vpc_id: str, vpcs: Vpcs) -> None:
    """Raises WishedAgain where the VPC's tag asks for the connection: whoever puts it back while
    on-premises drains finds everything as it was."""
    vpc = vpcs.find(vpc_id)
    if vpc is not None and read_wish(vpc.tags) is not Wish.DISABLED:
        raise WishedAgain(f"the tag of {vpc_id} asks for the connection again")
