"""IP types of interface endpoints: on-premises reaches them over IPv4, which our security groups
admit, and our endpoints are made for.

    address type   record type                  then
    ------------   --------------------------   ------------------------------------------------
    ipv6           any                          ours: made `ipv4` again; another one's: not fit
    any            ipv6                         the same, where its private DNS is on
    dualstack      dualstack                    it stays, and a warning names it
    dualstack      ipv4, service-defined        nothing: private names have A records alone
"""

from __future__ import annotations

from collections.abc import Iterator

from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.survey import Survey


def ipv6_alone(endpoint: InterfaceEndpoint) -> str | None:
    """Return why somebody else's interface endpoint serves nobody over IPv4; None if it does.
    Records count only where private DNS gives them out."""
    if "addresses" in endpoint.of_ipv6_alone:
        return "its addresses are of IPv6 alone"
    if "records" in endpoint.of_ipv6_alone and endpoint.private_dns:
        return f"its names have addresses of IPv6 alone ({_cure(endpoint)})"
    return None


def ipv6_warnings(survey: Survey) -> Iterator[str]:
    """Yield a warning for each interface endpoint of ours whose names have IPv6 addresses, too: a
    client on-premises that prefers them is admitted by none of our rules."""
    for endpoint in survey.endpoints:
        ours = endpoint.exists and survey.ownership.of_endpoint(endpoint)
        if ours and endpoint.type == "Interface" and endpoint.record_type == "dualstack":
            yield (
                f"{endpoint.id} ({endpoint.service_name}) answers with IPv6 addresses, too, to "
                f"which on-premises is not admitted; it was made with IPv4 alone "
                f"({_cure(endpoint)})"
            )


def _cure(endpoint: InterfaceEndpoint) -> str:
    return (
        f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint.id} --dns-options "
        "DnsRecordIpType=ipv4"
    )
