"""The organization that the account is in, through AWS Organizations."""

from __future__ import annotations

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client
from connectivity.adapters.refusals import code_of, is_answer

_NONE = "AWSOrganizationsNotInUseException"


class AwsOrganizations:
    """The port `Organizations` on AWS."""

    def own(self) -> str | None:
        """Any account of an organization may be allowed to ask, not its management account alone
        (AWS Organizations API reference, "DescribeOrganization")."""
        try:
            return str(call(client("organizations").describe_organization)["Organization"]["Id"])
        except ClientError as error:
            if not is_answer(error):
                raise
            return "" if code_of(error) == _NONE else None
