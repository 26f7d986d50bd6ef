"""Leaks: which container hosts and tasks still reach AWS's services over the internet, by which
name, and since when; out of records that AWS keeps. Where no record is, nothing is proven, and
nothing is ever stopped.

    record                                   a leak is
    --------------------------------------   ---------------------------------------------------
    a call in AWS CloudTrail (management     made by a host or a task of ECS Anywhere, of a
    or network activity)                     service below, from a public address, and through
                                             no VPC endpoint
    a query in a Resolver query log          a name of such a service, answered publicly

Schemas: AWS CloudTrail user guide, "CloudTrail record contents" (`vpcEndpointId`,
`sourceIPAddress`, `tlsDetails.clientProvidedHostHeader`); Route 53 developer guide, "Values that
appear in VPC Resolver query logs". A host's credentials have its id as the session's name (AWS
Systems Manager user guide, hybrid activations), a task's the task's id (Amazon ECS developer guide,
task IAM roles).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any

from connectivity.domain.printable import printable

SERVICES: Mapping[str, str] = {
    "ecs.amazonaws.com": "ecs",
    "ssm.amazonaws.com": "ssm",
    "ssmmessages.amazonaws.com": "ssmmessages",
    "ec2messages.amazonaws.com": "ec2messages",
    "ecr.amazonaws.com": "ecr",
    "logs.amazonaws.com": "logs",
}
"""CloudTrail's source of an event -> the service by its short name."""
_LABELS = frozenset({"ecs", "ecs-a", "ecs-t", *SERVICES.values(), "api.ecr", "dkr.ecr"})
_NUMBERED = re.compile(r"ecs-[at]-\d+\.")
_HOST = re.compile(r"assumed-role/[^/]+/(mi-[0-9a-f]{8,17})$")
_TASK = re.compile(r"assumed-role/[^/]+/([0-9a-f]{32})$")
LONGEST = 100


@dataclass(frozen=True)
class Record:
    """One public way that was taken."""

    who: str
    """A host (`mi-…`), a task, or the address that asked for a name."""
    service: str
    name: str
    """The host name that was called or asked for; empty where the record has none."""
    address: str
    """The public one: that the call came from, or that the name led to."""
    at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True)
class Leak:
    """All of one host's or task's public ways to one service."""

    who: str
    service: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    since: str
    last: str
    times: int

    @property
    def cure(self) -> str:
        if any(_NUMBERED.match(name) for name in self.names):
            return "its agent keeps a host from before the cut-over: restart the agent (ecs)"
        if any(".dualstack." in name or "fips" in name for name in self.names):
            return (
                "it is told to use another name than the one that is private: look for a "
                "setting for FIPS or dual-stack endpoints there"
            )
        if self.service in {"ecr", "logs"}:
            return (
                f"add {self.service} to ecs-anywhere:services; if it is there, run "
                "ecs-anywhere-check on that host"
            )
        return "its DNS server does not forward the name: ecs-anywhere-check on that host says why"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "cure": self.cure}


def leaks(records: Iterable[Record]) -> list[Leak]:
    """Return the leaks, those that happened last first."""
    grouped: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        grouped.setdefault((record.who, record.service), []).append(record)
    found = [_leak(who, service, found) for (who, service), found in grouped.items()]
    return sorted(found, key=lambda each: (each.last, each.who), reverse=True)


def _leak(who: str, service: str, records: list[Record]) -> Leak:
    moments = sorted(record.at for record in records)
    return Leak(
        who,
        service,
        tuple(sorted({record.name for record in records} - {""})),
        tuple(sorted({record.address for record in records})),
        moments[0],
        moments[-1],
        len(records),
    )


def public_ways(said: Iterable[Any]) -> Iterator[Record]:
    """Yield the public ways among what AWS has recorded. What is no record of a known kind is
    passed over."""
    for each in said:
        if not isinstance(each, Mapping):
            continue
        record = _of_query(each) if "query_name" in each else _of_call(each)
        if record:
            yield record


def _of_call(event: Mapping[str, Any]) -> Record | None:
    service = SERVICES.get(str(event.get("eventSource", "")))
    who = _caller(event.get("userIdentity"))
    address = str(event.get("sourceIPAddress", ""))
    if not service or not who or event.get("vpcEndpointId") or not _is_public(address):
        return None
    tls = event.get("tlsDetails")
    name = tls.get("clientProvidedHostHeader", "") if isinstance(tls, Mapping) else ""
    return Record(who, service, _text(name), address, _text(event.get("eventTime", "")))


def _caller(identity: Any) -> str:
    """Return the id of a container host or of a task; empty for anybody else."""
    arn = str(identity.get("arn", "")) if isinstance(identity, Mapping) else ""
    if host := _HOST.search(arn):
        return host[1]
    task = _TASK.search(arn)
    return f"task {task[1]}" if task else ""


def _of_query(query: Mapping[str, Any]) -> Record | None:
    name = _text(query["query_name"]).rstrip(".").lower()
    service = _service_of(name)
    answers = query.get("answers")
    found = [
        str(each.get("Rdata", ""))
        for each in (answers if isinstance(answers, list) else ())
        if isinstance(each, Mapping) and each.get("Type") in {"A", "AAAA"}
    ]
    public = next((each for each in found if _is_public(each)), "")
    if not service or not public:
        return None
    who = _text(query.get("srcaddr", ""))
    return Record(who, service, name, public, _text(query.get("query_timestamp", "")))


def _service_of(name: str) -> str:
    """Return the service of a name as `ecs-a.eu-central-1.amazonaws.com`; empty for any other."""
    if not re.search(r"\.amazonaws\.com(\.cn)?$", name):
        return ""
    labels = name.split(".")
    label = ".".join(labels[:2]) if labels[1] == "ecr" else labels[0]
    label = "dkr.ecr" if labels[1:3] == ["dkr", "ecr"] else label
    known = label in _LABELS or _NUMBERED.match(name)
    return "ecr" if label in {"api.ecr", "dkr.ecr"} else label.partition("-")[0] if known else ""


def _is_public(address: str) -> bool:
    """Tell whether it is an address of the internet; a service's name, as CloudTrail has it for
    calls of AWS itself, is none."""
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


def _text(said: Any) -> str:
    return printable(str(said), LONGEST)
