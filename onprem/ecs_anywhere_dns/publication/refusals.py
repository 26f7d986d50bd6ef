"""The refusals of Parameter Store: the meaning of each for a DNS host, and its cure."""

from __future__ import annotations

from dataclasses import dataclass

from ecs_anywhere_dns.outcome import FetchFailed
from ecs_anywhere_dns.publication.source import NotPublished

LONGEST_EXCERPT = 300

NO_CREDENTIALS = (
    "the SSM agent of a managed host writes some to ~/.aws/credentials of root; or give this host "
    "an access key or a profile (AWS_PROFILE); a metadata service is asked only with "
    "`instance_metadata = true` in the configuration"
)
LATER = "nothing to do: the next run tries again"
_CLOCK_OR_KEY = (
    "compare this host's clock with the real time (`timedatectl`): AWS takes five minutes of "
    "difference; if it is right, the secret access key is wrong"
)
_RENEW = "renew this host's temporary credentials; if they are new, set its clock (`timedatectl`)"
_UNKNOWN_KEY = "give this host an access key that exists in this account and partition"

CURES = {
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "InvalidSignatureException": _CLOCK_OR_KEY,
    "SignatureDoesNotMatch": _CLOCK_OR_KEY,
    "RequestExpired": _CLOCK_OR_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "ThrottlingException": LATER,
    "TooManyUpdates": LATER,
    "InternalServerError": LATER,
}
"""Cures by the error code of AWS. For every other code AWS's own words have to do."""


@dataclass(frozen=True)
class Call:
    """A call of Parameter Store, for the words of its refusal."""

    operation: str
    parameter: str
    region: str
    partition: str

    def refused(self, code: str, said: str) -> FetchFailed:
        """Return the error that means `code` and `said`, as AWS answers them."""
        if code == "ParameterNotFound":
            return self._not_published()
        message = f"{self.operation} of {self.parameter}: {code}: {said[:LONGEST_EXCERPT]}"
        if code.startswith("AccessDenied"):
            return FetchFailed(message, self._permission())
        return FetchFailed(message, CURES.get(code, ""))

    def _not_published(self) -> NotPublished:
        return NotPublished(
            f"there is no {self.parameter} in {self.region}: the VPC is not connected, or was "
            "disconnected",
            "tag the VPC, or correct vpc and region in the configuration; "
            "`ecs-anywhere-dns rollback --to-none` removes a forwarding that is no longer wanted",
        )

    def _permission(self) -> str:
        resource = (
            f"arn:{self.partition}:ssm:{self.region}:<account>:parameter/"
            f"{self.parameter.removeprefix('/')}"
        )
        return (
            f"allow ssm:{self.operation} on {resource} to the credentials of this host, and in the "
            "policy of the VPC's ssm endpoint if it has one"
        )
