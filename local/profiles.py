"""Route 53 Profiles: private hosted zones, Resolver rules and interface endpoints in one bundle,
which answers in every VPC that it is associated with.

AWS: a VPC has one Profile at most. What is associated with the VPC itself goes before what its
Profile says of the same name, and the more specific name before both (Route 53 developer guide,
"How Amazon Route 53 Profiles settings are prioritized"). moto 5.2.5 does not know the service, so
that its API is here, and what it says in `profile_answers`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.iam import models as iam
from moto.moto_api._internal import mock_random
from werkzeug.wrappers import Response

from local import partitions
from local.gateway.calls import ApiCall, recognise

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

SERVICE = "route53profiles"
KINDS = {"route53": "HOSTED_ZONE", "route53resolver": "RESOLVER_RULE", "ec2": "VPC_ENDPOINT"}
"""The service of a resource's ARN -> AWS's word for its kind."""
Item = dict[str, Any]


class Refused(Exception):
    """An error as AWS answers it: its code, and a message."""


@dataclass
class Profiles:
    """The Profiles of all accounts; RAM shares each with everybody."""

    profiles: dict[str, Item] = field(default_factory=dict)
    resources: list[Item] = field(default_factory=list)
    vpcs: list[Item] = field(default_factory=list)
    changed: Callable[[Iterable[str]], None] = lambda _: None
    """A function that is called with the VPCs that may answer otherwise now."""

    def resources_of(self, vpc_id: str) -> list[str]:
        """Return the ARNs of what a VPC's Profile holds."""
        profiles = {each["ProfileId"] for each in self.vpcs if each["ResourceId"] == vpc_id}
        return [each["ResourceArn"] for each in self.resources if each["ProfileId"] in profiles]

    def vpcs_of(self, profile_id: str) -> list[str]:
        return [each["ResourceId"] for each in self.vpcs if each["ProfileId"] == profile_id]

    def answer(self, call: ApiCall) -> Mapping[str, Any]:
        """Carry out a call. Raises Refused."""
        asked, account = call.parameters, str(iam.get_account_id_from(call.access_key_id))
        match call.action:
            case "CreateProfile":
                id_ = f"rp-{mock_random.get_random_hex(14)}"
                self.profiles[id_] = {
                    "Id": id_,
                    "Arn": partitions.arn(SERVICE, call.region, account, f"profile/{id_}"),
                    "Name": asked["Name"],
                    "OwnerId": account,
                    "Status": "COMPLETE",
                }
                return {"Profile": self.profiles[id_]}
            case "DeleteProfile":
                return {"Profile": self.profiles.pop(asked["ProfileId"])}
            case "AssociateProfile":
                if any(each["ResourceId"] == asked["ResourceId"] for each in self.vpcs):
                    raise Refused("ConflictException", "The VPC has a Profile already")
                made = self._association(asked, account) | {"ResourceId": asked["ResourceId"]}
                self.vpcs.append(made)
                self.changed([asked["ResourceId"]])
                return {"ProfileAssociation": made}
            case "DisassociateProfile":
                gone = self._found(self.vpcs, asked, "ResourceId")
                self.vpcs.remove(gone)
                self.changed([asked["ResourceId"]])
                return {"ProfileAssociation": gone}
            case "AssociateResourceToProfile":
                arn = asked["ResourceArn"]
                kind = KINDS[arn.split(":")[2]]
                made = self._association(asked, account)
                made |= {"ResourceArn": arn, "ResourceType": kind}
                self.resources.append(made)
                self.changed(self.vpcs_of(asked["ProfileId"]))
                return {"ProfileResourceAssociation": made}
            case "DisassociateResourceFromProfile":
                gone = self._found(self.resources, asked, "ResourceArn")
                self.resources.remove(gone)
                self.changed(self.vpcs_of(asked["ProfileId"]))
                return {"ProfileResourceAssociation": gone}
            case "ListProfileAssociations":
                keys = ("ProfileId", "ResourceId")
                return {"ProfileAssociations": _matching(self.vpcs, asked, keys)}
            case "ListProfileResourceAssociations":
                found = _matching(self.resources, asked, ("ProfileId",))
                return {"ProfileResourceAssociations": found}
        raise Refused("ValidationException", f"{call.action} is not known here")

    def _association(self, asked: Mapping[str, Any], account: str) -> Item:
        if asked["ProfileId"] not in self.profiles:
            raise Refused("ResourceNotFoundException", f"{asked['ProfileId']} does not exist")
        return {
            "Id": f"rpa-{mock_random.get_random_hex(14)}",
            "ProfileId": asked["ProfileId"],
            "Name": asked["Name"],
            "OwnerId": account,
            "Status": "COMPLETE",
        }

    def _found(self, items: Iterable[Item], asked: Mapping[str, Any], key: str) -> Item:
        for item in items:
            if (item["ProfileId"], item[key]) == (asked["ProfileId"], asked[key]):
                return item
        raise Refused("ResourceNotFoundException", f"{asked[key]} is not associated")


def _matching(items: Iterable[Item], asked: Mapping[str, Any], keys: Iterable[str]) -> list[Item]:
    wanted = {key: asked[key] for key in keys if asked.get(key)}
    return [item for item in items if wanted.items() <= item.items()]


def install(aws: EmbeddedAws) -> None:
    """Install Profiles, before the gateway, which then stands in front of this API as of every
    other."""
    profiles, moto = Profiles(), aws.application
    aws.profiles = profiles

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = recognise(environ) if SERVICE in environ.get("HTTP_AUTHORIZATION", "") else None
        if call is None:
            return moto(environ, start_response)  # type: ignore[no-any-return]
        return _respond(profiles, call)(environ, start_response)

    aws.application = application


def _respond(profiles: Profiles, call: ApiCall) -> Response:
    try:
        return Response(json.dumps(profiles.answer(call)), mimetype="application/json")
    except Refused as error:
        code, message = error.args
        said = json.dumps({"Message": message})
        headers = {"x-amzn-errortype": code}
        return Response(said, 400, headers=headers, mimetype="application/json")
