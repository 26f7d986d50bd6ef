"""A record of AWS CloudTrail, as Amazon EventBridge delivers it, of a refused deletion.

Fields: CloudTrail user guide, "CloudTrail record contents", version 1.10; the refusal as it was
recorded on AWS in the issue tracker of amazon-vpc-cni-k8s (DeleteSecurityGroup by Amazon EKS).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.unit.example import ACCOUNT, REGION

SUBNET_ID = "subnet-0a1b2c3d4e5f60718"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Terraform/ci@example.com"


def record(**changes: Any) -> dict[str, Any]:
    """The record, with `changes`; those that are None are left out."""
    whole = {
        "eventVersion": "1.10",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:ci@example.com",
            "arn": CALLER,
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "userName": "Terraform"},
                "attributes": {"creationDate": "2026-11-23T11:58:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": "2026-11-23T12:00:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DeleteSubnet",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.8",
        "errorCode": "Client.DependencyViolation",
        "errorMessage": f"The subnet '{SUBNET_ID}' has dependencies and cannot be deleted.",
        "requestParameters": {"subnetId": SUBNET_ID},
        "responseElements": None,
        "requestID": "1592dc20-b3db-4447-8911-4572506107b0",
        "eventID": "ac86cee0-80b7-4fe6-aab4-883d8443eb9e",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    } | changes
    left_out = {name for name, value in changes.items() if value is None}
    return {name: value for name, value in whole.items() if name not in left_out}


def delivered(detail: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The event that holds a record."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": ACCOUNT,
        "time": "2026-11-23T12:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": dict(detail),
    } | changes
