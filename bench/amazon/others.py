"""Parameter Store, KMS, SNS, the functions that the app makes, and the start of executions."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from bench.amazon.account import Account, Parameters, Refused, pages
from bench.amazon.compute import Compute
from bench.amazon.resolution import Resolution


class ParameterStore:
    """Parameters by their names."""

    def __init__(self, account: Account) -> None:
        self.values: dict[str, dict[str, Any]] = {}
        self._clock = account.clock
        account.operations |= {
            "ssm:DeleteParameters": self._delete,
            "ssm:DescribeParameters": self._describe,
            "ssm:GetParameterHistory": self._history,
            "ssm:GetParameters": self._get,
            "ssm:GetParametersByPath": self._get_by_path,
            "ssm:PutParameter": self._put,
        }

    def _put(self, parameters: Parameters) -> dict[str, Any]:
        name = parameters["Name"]
        before = self.values.get(name)
        if before is not None and not parameters.get("Overwrite"):
            raise Refused("ParameterAlreadyExists", f"{name} exists")
        version = 1 if before is None else before["Version"] + 1
        self.values[name] = {
            "Name": name,
            "Value": parameters["Value"],
            "Type": parameters.get("Type", "String"),
            "Version": version,
            "LastModifiedDate": datetime.fromtimestamp(self._clock.epoch(), UTC),
        }
        return {"Version": version}

    def _get(self, parameters: Parameters) -> dict[str, Any]:
        names = parameters["Names"]
        found = [dict(self.values[name]) for name in names if name in self.values]
        return {
            "Parameters": found,
            "InvalidParameters": [n for n in names if n not in self.values],
        }

    def _get_by_path(self, parameters: Parameters) -> dict[str, Any]:
        path, deep = f"{parameters['Path'].rstrip('/')}/", parameters.get("Recursive", False)
        found = [
            dict(value)
            for name, value in self.values.items()
            if name.startswith(path) and (deep or "/" not in name[len(path) :])
        ]
        return pages(found, "Parameters", parameters, 10)

    def _describe(self, parameters: Parameters) -> dict[str, Any]:
        keys = ("Name", "Type", "Version", "LastModifiedDate")
        found = [{key: value[key] for key in keys} for value in self.values.values()]
        for asked in parameters.get("ParameterFilters", ()):
            starts = tuple(asked["Values"])
            found = [each for each in found if each["Name"].startswith(starts)]
        return pages(found, "Parameters", parameters, 50)

    def _history(self, parameters: Parameters) -> dict[str, Any]:
        name = parameters["Name"]
        if name not in self.values:
            raise Refused("ParameterNotFound", name)
        return pages([dict(self.values[name])], "Parameters", parameters, 50)

    def _delete(self, parameters: Parameters) -> dict[str, Any]:
        deleted = [name for name in parameters["Names"] if self.values.pop(name, None)]
        return {"DeletedParameters": deleted}


_KEY = ec.generate_private_key(ec.SECP256R1())


def add_signatures(account: Account) -> None:
    """Add a key in AWS KMS, a topic of SNS whose mails are counted among the calls, and metrics of
    CloudWatch that show a connection in use."""

    def sign(parameters: Parameters) -> dict[str, Any]:
        signature = _KEY.sign(parameters["Message"], ec.ECDSA(Prehashed(SHA256())))
        return {"Signature": signature, "KeyId": parameters["KeyId"]}

    def in_use(parameters: Parameters) -> dict[str, Any]:
        asked = parameters["MetricDataQueries"]
        return {"MetricDataResults": [{"Id": each["Id"], "Values": [1e12]} for each in asked]}

    account.operations |= {
        "cloudwatch:GetMetricData": in_use,
        "kms:DescribeKey": lambda _: {"KeyMetadata": {"KeyState": "Enabled"}},
        "kms:Sign": sign,
        "s3:PutObject": lambda _: {"ETag": "any"},
        "sns:Publish": lambda _: {"MessageId": "1"},
    }


class Probes:
    """Functions that the app makes in a VPC. They ask what a client there would be answered."""

    def __init__(self, account: Account, compute: Compute, resolution: Resolution) -> None:
        self._clock, self._compute, self._resolution = account.clock, compute, resolution
        self._functions: dict[str, dict[str, Any]] = {}
        account.operations |= {
            "lambda:CreateFunction": self._create,
            "lambda:DeleteFunction": self._delete,
            "lambda:GetFunctionConfiguration": self._get,
            "lambda:InvokeFunction": self._invoke,
        }

    def _create(self, parameters: Parameters) -> dict[str, Any]:
        name, attached = parameters["FunctionName"], parameters["VpcConfig"]
        if name in self._functions:
            raise Refused("ResourceConflictException", f"Function already exist: {name}", 409)
        network = self._compute.network_of_subnet(attached["SubnetIds"][0])
        groups = attached["SecurityGroupIds"]
        interfaces = [
            self._compute.add_interface(network, each, groups) for each in attached["SubnetIds"]
        ]
        digest = b64encode(sha256(parameters["Code"]["ZipFile"]).digest()).decode()
        kept = ("FunctionName", "Role", "Handler", "Runtime")
        self._functions[name] = {
            **{key: parameters[key] for key in kept},
            "State": "Pending",
            "CodeSha256": digest,
            "VpcConfig": {**attached, "VpcId": network.id},
            "interfaces": interfaces,
        }
        ready = network.lifecycles.probe_made

        def activate() -> None:
            if name in self._functions:
                self._functions[name]["State"] = "Active"

        if ready:
            self._clock.after(ready, activate)
        else:
            activate()
        return dict(self._functions[name])

    def _there(self, parameters: Parameters) -> dict[str, Any]:
        name = parameters["FunctionName"]
        if name not in self._functions:
            raise Refused("ResourceNotFoundException", f"Function not found: {name}", 404)
        return self._functions[name]

    def _get(self, parameters: Parameters) -> dict[str, Any]:
        return dict(self._there(parameters))

    def _delete(self, parameters: Parameters) -> dict[str, Any]:
        function = self._there(parameters)
        del self._functions[function["FunctionName"]]
        network = self._compute.networks[function["VpcConfig"]["VpcId"]]
        interfaces = function["interfaces"]

        def forget() -> None:
            for id_ in interfaces:
                network.interfaces.pop(id_, None)

        self._clock.after(network.lifecycles.probe_linger, forget)
        return {}

    def _invoke(self, parameters: Parameters) -> dict[str, Any]:
        function = self._there(parameters)
        if function["State"] != "Active":
            raise Refused("ResourceConflictException", "The function is Pending", 409)
        network = self._compute.networks[function["VpcConfig"]["VpcId"]]
        asked, resolves = json.loads(parameters["Payload"]), self._resolution.answers(network)
        rest = {"chain": [], "error": "", "milliseconds": 1.0}
        answers = {
            "dns": [
                {**each, **rest, "addresses": self._answer(network.id, each["name"], resolves)}
                for each in asked["dns"]
            ],
            "tls": [{**each, "error": "", "milliseconds": 1.0} for each in asked["tls"]],
        }
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answers).encode())}

    def _answer(self, vpc_id: str, name: str, resolves: bool) -> list[str]:
        if not resolves:
            return []
        network, now = self._compute.networks[vpc_id], self._clock.now
        wildcard = f"*.{name.partition('.')[2]}"
        found = network.answers(name, now) or network.answers(wildcard, now)
        return found or ["52.95.16.1"]


class Starts(Protocol):
    """The state machine, as the service sees it."""

    running: set[str]
    """The ARNs of the executions that run."""

    def start(self, name: str, given: Any) -> str:
        """Start an execution, and return its ARN."""

    def is_running(self, execution: str) -> bool:
        """Tell whether an execution runs. Raises KeyError for one that never was."""


def add_executions(account: Account, machine: Callable[[], Starts]) -> None:
    def start(parameters: Parameters) -> dict[str, Any]:
        arn = machine().start(parameters["name"], json.loads(parameters["input"]))
        return {"executionArn": arn}

    def describe(parameters: Parameters) -> dict[str, Any]:
        try:
            running = machine().is_running(parameters["executionArn"])
        except KeyError:
            raise Refused("ExecutionDoesNotExist", parameters["executionArn"]) from None
        return {"status": "RUNNING" if running else "SUCCEEDED"}

    def listed(parameters: Parameters) -> dict[str, Any]:
        found = [{"executionArn": arn} for arn in sorted(machine().running)]
        return pages(found, "executions", {"MaxResults": 1000, **parameters}, 1000, "nextToken")

    account.operations |= {
        "states:ListExecutions": listed,
        "states:StartExecution": start,
        "states:DescribeExecution": describe,
    }
