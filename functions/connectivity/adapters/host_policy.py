"""The managed policy of the DNS hosts, through AWS IAM."""

from __future__ import annotations

from botocore.exceptions import ClientError

from connectivity.adapters.aws import client, items
from connectivity.adapters.refusals import is_answer
from connectivity.domain.deletion import Attached


class IamHostPolicy:
    """The port `HostPolicy` on AWS."""

    def __init__(self, arn: str) -> None:
        self.arn = arn

    def attached_to(self) -> tuple[Attached, ...]:
        return (
            *(Attached("role", name) for name in self._names("Role")),
            *(Attached("user", name) for name in self._names("User")),
            *(Attached("group", name) for name in self._names("Group")),
        )

    def _names(self, kind: str) -> list[str]:
        """Return the names of the `Role`s, `User`s or `Group`s that have the policy; none where
        somebody deleted it."""
        try:
            found = items(
                client("iam"),
                "list_entities_for_policy",
                f"Policy{kind}s",
                PolicyArn=self.arn,
                EntityFilter=kind,
            )
        except ClientError as error:
            if is_answer(error):
                return []
            raise
        return [str(item[f"{kind}Name"]) for item in found]
