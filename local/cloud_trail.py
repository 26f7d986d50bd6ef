"""Records of AWS CloudTrail, which Amazon EventBridge delivers where a trail is logging.

moto 5.2.5 keeps trails and records nothing. Here a trail is always logging, and records two calls:
DeleteVpc and DeleteSubnet, also those that Amazon EC2 refused. AWS records every call, and delivers
within minutes where this takes a moment. Fields: CloudTrail user guide, "CloudTrail record
contents"; the form of a refusal as it was recorded on AWS (amazon-vpc-cni-k8s, DeleteSecurityGroup
with `Client.DependencyViolation`).
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.responses import BaseResponse
from werkzeug.wrappers import Response

from local.contracts import Call
from local.gateway.calls import ApiCall
from local.gateway.errors import error_code
from local.partitions import partition_of

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

RECORDED = {"ec2:DeleteVpc": ("VpcId", "vpcId"), "ec2:DeleteSubnet": ("SubnetId", "subnetId")}
"""Call -> its parameter, and the name of that in a record."""
_CHANGING = ("Create", "Delete", "Modify")
"""Beginnings of the calls that LookupEvents shows here; AWS shows reads, too."""
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


def install(aws: EmbeddedAws) -> None:
    def listen(call: ApiCall, response: Response) -> None:
        if call.name in RECORDED:
            aws.events.publish(
                source="aws.ec2",
                detail_type="AWS API Call via CloudTrail",
                detail=_record(call, response, aws),
                resources=[],
                region=call.region,
            )

    aws.gateway.listen(listen)
    CloudTrailResponse.lookup_events = lambda self: _look_up(self, aws)


def _record(call: ApiCall, response: Response, aws: EmbeddedAws) -> dict[str, Any]:
    parameter, named = RECORDED[call.name]
    code, said = error_code(response), _MESSAGE.search(response.get_data(as_text=True))
    failure = {"errorCode": f"Client.{code}", "errorMessage": unescape(said[1]) if said else ""}
    return {
        "eventVersion": "1.10",
        "userIdentity": _identity(call, aws),
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": call.action,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "embedded AWS",
        **(failure if code else {}),
        "requestParameters": {named: call.parameters.get(parameter)},
        "responseElements": None if code else {"_return": True},
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": aws.settings.account,
        "eventCategory": "Management",
    }


def _identity(call: ApiCall, aws: EmbeddedAws) -> dict[str, str]:
    """Return who called: the session of a role, or else an administrator."""
    account, key = aws.settings.account, call.access_key_id
    principals: Any = aws.principals
    if principals.role_of(key):
        arn = principals.user_of(key)
        return {"type": "AssumedRole", "arn": arn, "accountId": account, "accessKeyId": key}
    return {
        "type": "IAMUser",
        "arn": f"arn:{partition_of(call.region)}:iam::{account}:user/administrator",
        "accountId": account,
        "accessKeyId": key,
        "userName": "administrator",
    }


def _look_up(response: BaseResponse, aws: EmbeddedAws) -> str:
    """Answer LookupEvents about a resource: the calls that named it, the newest first. moto 5.2.5
    does not know the operation."""
    asked = json.loads(response.body or "{}")
    wanted = {
        each["AttributeValue"]
        for each in asked.get("LookupAttributes", [])
        if each["AttributeKey"] == "ResourceName"
    }
    # Executions have times of this machine's clock, too, where AWS's goes faster.
    now, clock, scale = time.time(), aws.clock.now(), aws.clock.time_scale
    found = [
        {
            "EventId": f"{number:08x}-0000-4000-8000-000000000000",
            "EventName": call.action,
            "EventSource": f"{call.service}.amazonaws.com",
            "EventTime": now - (clock - call.at) * scale,
            "CloudTrailEvent": json.dumps(
                {
                    "userIdentity": {"arn": _arn_of(call, aws)},
                    "eventName": call.action,
                    "requestParameters": _as_recorded(call),
                    **({"errorCode": f"Client.{call.error}"} if call.error else {}),
                },
                default=str,
            ),
        }
        for number, call in enumerate(aws.journal.calls())
        if call.action.startswith(_CHANGING) and wanted & set(_values(call.parameters))
    ]
    most, start = asked.get("MaxResults", 50), int(asked.get("NextToken", 0))
    more = {"NextToken": str(start + most)} if len(found) > start + most else {}
    return json.dumps({"Events": found[::-1][start : start + most], **more})


def _as_recorded(call: Call) -> Mapping[str, Any]:
    """Return the parameters in the form of a record: that of CreateTags and DeleteTags is that of
    Amazon EC2's own protocol."""
    if call.name not in {"ec2:CreateTags", "ec2:DeleteTags"}:
        return call.parameters
    tags, resources = call.parameters.get("Tags") or [], call.parameters.get("Resources") or []
    return {
        "resourcesSet": {"items": [{"resourceId": each} for each in resources]},
        "tagSet": {"items": [{key.lower(): each[key] for key in each} for each in tags]},
    }


def _arn_of(call: Call, aws: EmbeddedAws) -> str:
    partition = partition_of(call.region)
    return call.role_arn or f"arn:{partition}:iam::{aws.settings.account}:user/administrator"


def _values(parameters: Any) -> Iterator[str]:
    """Yield every text in what a call was given, which holds lists and objects."""
    if isinstance(parameters, str):
        yield parameters
    elif isinstance(parameters, Mapping):
        for value in parameters.values():
            yield from _values(value)
    elif isinstance(parameters, Sequence):
        for value in parameters:
            yield from _values(value)
