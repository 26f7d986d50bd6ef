"""A refusal of AWS IAM, in the words that somebody can act on."""

from __future__ import annotations

import pytest
from connectivity.domain.denial import denied
from connectivity.domain.status import failed
from connectivity.domain.tags import as_tag_value

WHO = (
    "arn:aws:sts::111122223333:assumed-role/pc-EnsureEndpointsFunctionRole-1A2B/"
    "pc-EnsureEndpointsFunction-3C4D"
)
EC2 = (
    "An error occurred (UnauthorizedOperation) when calling the CreateVpcEndpoint operation: You "
    f"are not authorized to perform this operation. User: {WHO} is not authorized to perform: "
    "ec2:CreateVpcEndpoint on resource: arn:aws:ec2:us-east-2:111122223333:vpc/vpc-1 {} Encoded "
    "authorization failure message: 4Sx"
)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            "with an explicit deny in a service control policy.",
            "by an explicit deny in a service control policy: the organisation's administrators",
        ),
        (
            "with an explicit deny in a permissions boundary.",
            "by an explicit deny in a permissions boundary: who set the boundary",
        ),
        (
            "with an explicit deny in an identity-based policy",
            "by an explicit deny in an identity-based policy: somebody put it on the function's",
        ),
        (
            "because no identity-based policy allows the ec2:CreateVpcEndpoint action",
            "its role does not allow it any more",
        ),
        ("", "its role does not allow it any more"),
    ],
)
def test_action_function_kind_of_policy_and_who_can_mend_it_fit_into_the_tag(
    reason: str, said: str
) -> None:
    status = failed("ClientError", EC2.format(reason))
    assert status.detail.startswith("AWS denies ec2:CreateVpcEndpoint to EnsureEndpointsFunction")
    assert as_tag_value(said) in as_tag_value(status.detail)
    assert " ".join(EC2.format(reason).split()) in status.detail, "AWS's own words follow"


def test_a_denial_without_details_names_the_operation() -> None:
    text = "An error occurred (AccessDenied) when calling the Publish operation: no"
    assert str(denied(text)).startswith("AWS denies Publish: its role")


@pytest.mark.parametrize("text", ["subnet-a is full", "'NoneType' object is not subscriptable"])
def test_what_is_no_denial_is_left_as_it_is(text: str) -> None:
    assert denied(text) is None
    assert failed("Lambda.Unknown", text).detail.startswith("unexpected Lambda.Unknown")
