"""AWS Systems Manager's managed instances: activations, who is there, and Run Command, which moto
5.2.5 has for EC2 instances alone.

A test registers a host as its SSM agent would, with an activation, and says what a script does on
it. AWS: API reference of AWS Systems Manager (CreateActivation, DescribeInstanceInformation,
SendCommand, ListCommandInvocations, GetCommandInvocation, CommandPlugin).
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ssm.exceptions import SSMException, ValidationException
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

LONGEST_OUTPUT = 2500
"""Characters of an output in ListCommandInvocations."""
LONGEST_CONTENT = 24_000
"""Characters of an output in GetCommandInvocation."""
LONGEST_LIFE = timedelta(days=30)
USUAL_LIFE = timedelta(days=1)
A_PAGE = 50
DOWN_AND_UP = 1.0
"""AWS seconds until a host runs what it was sent: made up."""
SHELL = "AWS-RunShellScript"
"""AWS's own document, whose parameter is the script."""

_STOCK_SEND = SimpleSystemManagerResponse.send_command
_STOCK_GET = SimpleSystemManagerResponse.get_command_invocation
_STOCK_KNOWS = SimpleSystemManagerBackend._validate_resource_type_and_id

_current: ManagedInstances


class NotRegisteredError(Exception):
    """An error: AWS takes no host with this activation."""


@dataclass(frozen=True)
class Ended:
    """The end of a script on a host: its exit code and its output."""

    code: int
    output: str = ""
    error: str = ""

    @property
    def status(self) -> str:
        return "Success" if self.code == 0 else "Failed"

    @property
    def text(self) -> str:
        """Return both streams, as AWS shows them together."""
        failed = f"failed to run commands: exit status {self.code}" if self.code else ""
        below = f"{self.error}{failed}"
        return f"{self.output}\n----------ERROR-------\n{below}" if below else self.output


Run = Callable[[str], Ended]
"""A function that stands for running a script on a host."""


@dataclass
class Instance:
    """A host whose SSM agent is registered."""

    id: str
    name: str
    activation: str
    role: str
    run: Run
    ping: str = "Online"

    def described(self) -> dict[str, Any]:
        return {
            "InstanceId": self.id,
            "ComputerName": self.name,
            "ActivationId": self.activation,
            "IamRole": self.role,
            "PingStatus": self.ping,
            "PlatformType": "Linux",
            "ResourceType": "ManagedInstance",
            "AgentVersion": "3.3.3050.0",
            "LastPingDateTime": datetime.now(UTC),
        }


@dataclass
class Activation:
    """An activation, with which hosts register."""

    id: str
    code: str
    role: str
    limit: int
    until: datetime
    tags: Mapping[str, str]
    used: int = 0


@dataclass
class Invocation:
    """One command on one host."""

    command: str
    instance: Instance
    document: str
    asked: datetime
    ended: Ended | None = None
    status: str = "InProgress"

    def described(self, with_details: bool) -> dict[str, Any]:
        text = self.ended.text[:LONGEST_OUTPUT] if self.ended else ""
        plugin = {"Name": "aws:runShellScript", "Status": self.status, "Output": text}
        return {
            "CommandId": self.command,
            "InstanceId": self.instance.id,
            "InstanceName": self.instance.name,
            "DocumentName": self.document,
            "RequestedDateTime": self.asked,
            "Status": self.status,
            "StatusDetails": self.status,
            "CommandPlugins": [plugin] if with_details else [],
        }

    def shown(self) -> dict[str, Any]:
        ended = self.ended or Ended(-1)
        return {
            "CommandId": self.command,
            "InstanceId": self.instance.id,
            "DocumentName": self.document,
            "ResponseCode": ended.code,
            "Status": self.status,
            "StatusDetails": self.status,
            "StandardOutputContent": ended.output[:LONGEST_CONTENT],
            "StandardErrorContent": ended.error[:LONGEST_CONTENT],
        }


@dataclass
class ManagedInstances:
    """The managed instances of the account and Region."""

    aws: EmbeddedAws
    known: dict[str, Instance] = field(default_factory=dict)
    activations: dict[str, Activation] = field(default_factory=dict)
    invocations: list[Invocation] = field(default_factory=list)

    def register(self, activation_id: str, code: str, name: str, run: Run) -> str:
        """Do what an SSM agent does with an activation; return the instance's id. Raises
        NotRegisteredError."""
        activation = self.activations.get(activation_id)
        if activation is None or not secrets.compare_digest(activation.code, code):
            raise NotRegisteredError("InvalidActivation")
        if activation.used >= activation.limit or activation.until <= datetime.now(UTC):
            raise NotRegisteredError("ActivationExpired")
        activation.used += 1
        id_ = f"mi-{secrets.token_hex(9)[:17]}"
        self.known[id_] = Instance(id_, name, activation.id, activation.role, run)
        self.backend.add_tags_to_resource("ManagedInstance", id_, dict(activation.tags))
        return id_

    def join(self, instance: str, cluster: str, connected: bool = True) -> None:
        """Do what an ECS agent does that registers with a cluster, as an external instance."""
        from moto.ecs.models import ecs_backends

        settings = self.aws.settings
        ecs = ecs_backends[settings.account][settings.region]
        joined = _external(instance, connected, cluster, ecs)
        id_ = joined.container_instance_arn.rpartition("/")[2]
        ecs.container_instances.setdefault(cluster, {})[id_] = joined
        ecs.clusters[cluster].registered_container_instances_count += 1

    @property
    def backend(self) -> Any:
        from moto.ssm.models import ssm_backends

        return ssm_backends[self.aws.settings.account][self.aws.settings.region]

    def tags(self, instance: str) -> Mapping[str, str]:
        return dict(self.backend._resource_tags["ManagedInstance"][instance])

    def meant(self, ids: Iterable[str], targets: Iterable[Mapping[str, Any]]) -> list[Instance]:
        """Return the instances that a command is for: the named ones, or those that every target
        fits."""
        wanted = list(targets)
        named = [self.known[each] for each in ids if each in self.known]
        fitting = [
            each
            for each in self.known.values()
            if wanted and all(self.fits(each, t) for t in wanted)
        ]
        return list({each.id: each for each in (*named, *fitting)}.values())

    def fits(self, instance: Instance, only: Mapping[str, Any]) -> bool:
        """Tell whether a filter or a target is about this instance."""
        key, values = only["Key"], only["Values"]
        tags = self.tags(instance.id)
        if key == "tag-key":
            return bool(set(values) & set(tags))
        if key.startswith("tag:"):
            return tags.get(key.removeprefix("tag:")) in values
        facts = {
            "InstanceIds": instance.id,
            "ActivationIds": instance.activation,
            "PingStatus": instance.ping,
            "IamRole": instance.role,
            "ResourceType": "ManagedInstance",
        }
        if key not in facts:
            raise SSMException("InvalidInstanceInformationFilterValue", f"{key} is not known")
        return facts[key] in values

    def send(self, command: str, document: str, script: str, to: Iterable[Instance]) -> None:
        for instance in to:
            sent = Invocation(command, instance, document, datetime.now(UTC))
            self.invocations.append(sent)
            if instance.ping != "Online":
                sent.status = "Pending"
                continue
            self.aws.clock.after(DOWN_AND_UP, partial(_run, sent, script))


def _external(instance: str, connected: bool, cluster: str, ecs: Any) -> Any:
    """Return a container instance that is no instance of Amazon EC2, which moto's always are."""
    from moto.ecs.models import ContainerInstance

    joined = ContainerInstance.__new__(ContainerInstance)
    joined.__dict__ |= {
        "ec2_instance_id": instance,
        "agent_connected": connected,
        "status": "ACTIVE",
        "registered_resources": [],
        "remaining_resources": [],
        "pending_tasks_count": 0,
        "running_tasks_count": 0,
        "version_info": {"agentVersion": "1.98.0", "dockerVersion": "DockerVersion: 27.5.1"},
        "attributes": {"ecs.capability.external": "", "ecs.os-type": "linux"},
        "registered_at": datetime.now(UTC),
        "region_name": ecs.region_name,
        "id": str(uuid.uuid4()),
        "cluster_name": cluster,
        "_account_id": ecs.account_id,
        "_backend": ecs,
    }
    return joined


def _run(sent: Invocation, script: str) -> None:
    sent.ended = sent.instance.run(script)
    sent.status = sent.ended.status


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws.managed_instances = ManagedInstances(aws)
    aws.gateway.answer_unsigned("AmazonSSM.RegisterManagedInstance", _register)
    answering = SimpleSystemManagerResponse
    answering.create_activation = _create_activation
    answering.describe_activations = _describe_activations
    answering.delete_activation = _delete_activation
    answering.describe_instance_information = _describe_instances
    answering.send_command = _send
    answering.list_command_invocations = _list_invocations
    answering.get_command_invocation = _get_invocation
    SimpleSystemManagerBackend._validate_resource_type_and_id = _knows


def _register(said: Mapping[str, Any]) -> tuple[dict[str, str], int]:
    """Answer RegisterManagedInstance, which an SSM agent calls without a signature, with an
    activation."""
    code, name = said["ActivationCode"], said.get("Fingerprint", "")
    try:
        id_ = _current.register(said["ActivationId"], code, name, lambda _: Ended(0))
    except NotRegisteredError as error:
        return {"__type": str(error)}, 400
    return {"InstanceId": id_}, 200


def _knows(backend: Any, kind: str, id_: str) -> str:
    """Let managed instances have tags."""
    if kind == "ManagedInstance" and id_ in _current.known:
        return id_
    known: str = _STOCK_KNOWS(backend, kind, id_)
    return known


def _create_activation(response: Any) -> ActionResult:
    now = datetime.now(UTC)
    until = response._get_param("ExpirationDate")
    ends = datetime.fromtimestamp(float(until), UTC) if until else now + USUAL_LIFE
    if not now < ends <= now + LONGEST_LIFE:
        raise ValidationException("ExpirationDate must be within 30 days")
    made = Activation(
        id=str(uuid.uuid4()),
        code=secrets.token_urlsafe(15)[:20],
        role=response._get_param("IamRole"),
        limit=int(response._get_param("RegistrationLimit") or 1),
        until=ends,
        tags={each["Key"]: each["Value"] for each in response._get_param("Tags") or []},
    )
    _current.activations[made.id] = made
    return ActionResult({"ActivationId": made.id, "ActivationCode": made.code})


def _describe_activations(_response: Any) -> ActionResult:
    """Answer DescribeActivations, without codes: AWS never shows one again."""
    now = datetime.now(UTC)
    found = [
        {
            "ActivationId": each.id,
            "IamRole": each.role,
            "RegistrationLimit": each.limit,
            "RegistrationsCount": each.used,
            "ExpirationDate": each.until,
            "Expired": each.until <= now,
            "Tags": [{"Key": key, "Value": value} for key, value in each.tags.items()],
        }
        for each in _current.activations.values()
    ]
    return ActionResult({"ActivationList": found})


def _delete_activation(response: Any) -> ActionResult:
    if _current.activations.pop(response._get_param("ActivationId"), None) is None:
        raise SSMException("InvalidActivation", "The activation isn't valid")
    return ActionResult({})


def _describe_instances(response: Any) -> ActionResult:
    filters = response._get_param("Filters") or []
    by_tag = [each for each in filters if each["Key"].startswith("tag")]
    if by_tag and len(by_tag) < len(filters):
        raise SSMException(
            "InvalidInstanceInformationFilterValue", "Tag filters can't be combined with others"
        )
    found = [
        each.described()
        for each in _current.known.values()
        if all(_current.fits(each, only) for only in filters)
    ]
    return ActionResult(_page(response, "InstanceInformationList", found))


def _send(response: Any) -> ActionResult:
    document = str(response._get_param("DocumentName")).rpartition("/")[2]
    ids, targets = response._get_param("InstanceIds") or [], response._get_param("Targets") or []
    if unknown := [each for each in ids if each.startswith("mi-") and each not in _current.known]:
        raise SSMException("InvalidInstanceId", f"Instances {unknown} not in a valid state")
    script = _script(response, document)
    answer: ActionResult = _STOCK_SEND(response)
    command = answer.result["Command"]
    _current.send(command["CommandId"], document, script, _current.meant(ids, targets))
    return answer


def _script(response: Any, document: str) -> str:
    """Return what is to be run. Raises AWS's error for a document that is not there."""
    if document == SHELL:
        return "\n".join(response._get_param("Parameters")["commands"])
    found = response.ssm_backend._documents.get(document)
    if found is None:
        raise SSMException("InvalidDocument", f"document {document} does not exist")
    content = json.loads(found.get_default_version().content)
    steps = [each["inputs"]["runCommand"] for each in content.get("mainSteps", [])]
    return "\n".join(line for step in steps for line in step)


def _list_invocations(response: Any) -> ActionResult:
    wanted = {each["key"]: each["value"] for each in response._get_param("Filters") or []}
    command, instance = response._get_param("CommandId"), response._get_param("InstanceId")
    found = [
        each.described(bool(response._get_param("Details")))
        for each in reversed(_current.invocations)
        if (not command or each.command == command)
        and (not instance or each.instance.id == instance)
        and all(_is_wanted(each, key, value) for key, value in wanted.items())
    ]
    return ActionResult(_page(response, "CommandInvocations", found))


def _is_wanted(each: Invocation, key: str, value: str) -> bool:
    match key:
        case "DocumentName":
            return each.document == value
        case "Status":
            return each.status == value
        case "InvokedAfter":
            return each.asked >= datetime.fromisoformat(value)
        case "InvokedBefore":
            return each.asked <= datetime.fromisoformat(value)
    raise ValidationException(f"ListCommandInvocations takes no filter {key}")


def _get_invocation(response: Any) -> ActionResult:
    asked = (response._get_param("CommandId"), response._get_param("InstanceId"))
    for each in _current.invocations:
        if (each.command, each.instance.id) == asked:
            return ActionResult(each.shown())
    stock: ActionResult = _STOCK_GET(response)
    return stock


def _page(response: Any, key: str, found: list[Any]) -> dict[str, Any]:
    start, size = int(response._get_param("NextToken") or 0), response._get_param("MaxResults")
    end = start + min(int(size or A_PAGE), A_PAGE)
    return {key: found[start:end], **({"NextToken": str(end)} if end < len(found) else {})}
