"""Evidence for a change ticket: what the last run that verified a VPC asked, got, made and
published, out of what AWS Step Functions and AWS CloudTrail keep; or out of a record that the run
itself has left, which is kept for longer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from connectivity.adapters import wiring
from connectivity.domain.convergence import spoilt
from connectivity.domain.evidence import FOLDER, sha256_of
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import parameter_names
from connectivity.usecases.acknowledgements import hear_acknowledgements

from ecs_anywhere import evidence_files
from ecs_anywhere.askers import asked_by
from ecs_anywhere.looking import checked_of
from ecs_anywhere.public_key import read_keys
from ecs_anywhere.record_shape import UnfitRecord, require_fit
from ecs_anywhere.stack import Stack
from ecs_anywhere.vouching import NotVouched, Vouched

SCHEMA = 1
CONNECTED = "connected"
LONGEST_RUN = 10 * 3600
"""Seconds: an execution ends after eight and a half hours. What began longer before the last
verification is looked through no more, the newest first; Step Functions keeps 90 days."""
UNSEEN = (
    "Routes, firewalls and DNS servers between on-premises and the VPC: ecs-anywhere-dns verify on "
    "each DNS host, and ecs-anywhere-check on each container host, say what comes there.",
    "Whether the link itself is private: that is Direct Connect's or the VPN's.",
    "Who else uses the interface endpoints, and what their policies allow.",
)
"""Facts that no line of this evidence states."""
UNSIGNED = (
    "Signature not checked: whoever may write a file could have written this record. "
    "ecs-anywhere evidence page FILE --public-key KEY checks it."
)


class NoEvidence(Exception):
    """Error: no run is kept that verified the VPC; the message says what to do."""


@dataclass(frozen=True)
class Evidence:
    """One run, as it can be shown to somebody who was not there."""

    vpc: str
    account: str
    region: str
    stack: str
    execution: str
    """ARN of the execution."""
    because: str
    """Cause of the run: `tag`, `request`, `sweep`, `verification` or `acknowledgement`."""
    asked_by: tuple[str, ...]
    """Callers that set or removed the wish tag, by AWS CloudTrail; empty where it knows nobody."""
    began: str
    ended: str
    """ISO 8601, UTC."""
    states: tuple[tuple[str, str], ...]
    """Times at which each state of the workflow was entered."""
    output: Mapping[str, Any]
    """Output of the execution: plan, ids, every question with what was expected and what came."""
    status: str
    """Status of the VPC now: `connected`, or what became of it since."""
    verified_at: str
    """Time of the last verification and publication, by the ledger; empty if there is none."""
    publication: Mapping[str, Any]
    """The document that stands now, if it is what the stack published last; else nothing."""
    foreign: str
    """Name of the parameter in which something else stands; empty if nothing does."""
    hosts: tuple[Mapping[str, Any], ...]
    """Acknowledgements of the DNS hosts."""
    container_hosts: tuple[Mapping[str, Any], ...] = ()
    """Answers of the container hosts about their own way, as AWS Systems Manager keeps it."""
    is_of_its_end: bool = False
    """True where `status` is the one with which the run ended, and not that of now."""
    record: Mapping[str, str] = field(default_factory=dict)
    """Place of the run's own record, and its SHA-256; empty where none can be seen."""
    not_checked: tuple[str, ...] = UNSEEN
    is_trusted: bool = True
    """True where AWS says it, or a record that the stack's key has signed or its ledger names."""

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        return list(self.output.get("findings") or ())

    @property
    def is_private(self) -> bool:
        """Tell whether every name led privately, and nothing was found or changed since. What
        anybody may have written proves nothing."""
        return self.is_trusted and self.says_private

    @property
    def says_private(self) -> bool:
        """Tell whether it says so, trusted or not."""
        proven = bool(self.findings) and all(each["ok"] for each in self.findings)
        public = any(each["verdict"] == "public" for each in self.container_hosts)
        return proven and self.status == CONNECTED and not self.foreign and not public

    def as_json(self) -> dict[str, Any]:
        """Return the record. `digest` is the SHA-256 of all the rest in canonical form, so that two
        copies can be compared; it is no signature."""
        said: dict[str, Any] = {"schema": SCHEMA, **asdict(self), "is_private": self.is_private}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return {**said, "digest": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}


def gather(stack: Stack, vpc_id: str) -> Evidence:
    """Return the evidence of the last run that verified the VPC. Raises NoEvidence."""
    entry = wiring.ledger().read(vpc_id)
    try:
        found = _of_an_execution(stack, entry)
    except NoEvidence:
        of_a_record = kept(stack, entry)
        if of_a_record is None:
            raise
        found = of_a_record
    names = parameter_names(stack.path, vpc_id)
    _, document = names
    stands = wiring.parameters().read(names)
    published = stands.get(document, "")
    foreign = document in spoilt(stands, entry, stack.path)
    heard = hear_acknowledgements(vpc_id, wiring.parameters(), stack.path)
    return replace(
        found,
        is_of_its_end=False,
        asked_by=tuple(asked_by(stack.client("cloudtrail"), vpc_id)),
        status=entry.status,
        verified_at=_utc(_moment(entry.verified_at)) if entry.served.wish else "",
        publication={} if foreign or not published else json.loads(published),
        foreign=document if foreign and entry.served.wish else "",
        hosts=tuple(asdict(each) for each in heard.readable),
        container_hosts=tuple(each.as_json() for each in checked_of(stack, vpc_id)),
    )


def evidence_of(
    content: Mapping[str, Any],
    record: Mapping[str, str] | None = None,
    is_trusted: bool = False,
) -> Evidence:
    """Return the evidence that a kept record is, as it was when the run ended. `record` says where
    it is kept, `is_trusted` whether its signature, or the ledger's link, was found right. Raises
    UnfitRecord for what does not fit the schema."""
    require_fit(content)
    held: Mapping[str, str] = content["held"]
    return Evidence(
        vpc=str(content["vpcId"]),
        account=str(content["account"]),
        region=str(content["region"]),
        stack=str(content["stack"]),
        execution=str(content["execution"]),
        because=str(content["because"]),
        asked_by=(),
        began=str(content["began"]),
        ended=str(content["ended"]),
        states=(),
        output={
            "findings": content["questions"],
            "checks": content["questionsAsked"],
            "steps": content["steps"],
            "placement": content["placement"],
            "warnings": content["warnings"],
            "repairs": content["repairs"],
            "made": content["made"],
            "removed": content["removed"],
            "resolver": {"id": held.get("resolver", ""), "ips": content["resolverIps"]},
            "endpoints": [id_ for purpose, id_ in held.items() if purpose.startswith("endpoint/")],
        },
        status=str(content["status"]),
        verified_at=str(content["ended"]) if content["questions"] else "",
        foreign="",
        publication=content["publication"] or {},
        hosts=tuple(content["acknowledgements"]),
        is_of_its_end=True,
        record=record or {},
        not_checked=UNSEEN if is_trusted else (UNSIGNED, *UNSEEN),
        is_trusted=is_trusted,
    )


def recorded_entries(stack: Stack) -> dict[str, Entry]:
    """Return the ledger's entry of each VPC that has a last link."""
    entries = wiring.ledger().entries() if stack.table else ()
    return {entry.vpc_id: entry for entry in entries if entry.recorded}


def expired(entries: Iterable[Entry], days: int, now: float) -> frozenset[str]:
    """Return the VPCs whose last record is older than so many days. A link has no time of its own:
    it is of an execution that took the hold when the entry says so, or before."""
    oldest = now - days * 86400
    return frozenset(e.vpc_id for e in entries if 0 < e.taken_at < oldest - LONGEST_RUN)


def _of_an_execution(stack: Stack, entry: Entry) -> Evidence:
    """Return what AWS Step Functions keeps of the last run that verified. Raises NoEvidence."""
    client = stack.client("stepfunctions")
    arn, described, output = _last_verified(client, stack, entry)
    return Evidence(
        vpc=entry.vpc_id,
        account=stack.account,
        region=stack.region,
        stack=stack.name,
        execution=arn,
        because=str(json.loads(described["input"]).get("because", "tag")),
        asked_by=(),
        began=_utc(described["startDate"]),
        ended=_utc(described["stopDate"]),
        states=tuple(_states(client, arn)),
        output=output,
        status=entry.status,
        verified_at="",
        publication={},
        foreign="",
        hosts=(),
        record=_record_of(stack, entry, arn),
    )


def _record_of(stack: Stack, entry: Entry, execution: str) -> dict[str, str]:
    """Return where the record of the VPC's last run is kept; empty if it is another run's."""
    last = entry.recorded
    if last is None or not last.round.startswith(f"{execution}#"):
        return {}
    bucket = stack.outputs.get("EvidenceBucket", "")
    return {
        "place": f"s3://{bucket}/{FOLDER}/{entry.vpc_id}/ number {last.number}",
        "sha256": last.sha256,
    }


def kept(stack: Stack, entry: Entry) -> Evidence | None:
    """Return the newest kept record that holds questions; None where none can be read. Raises
    NoEvidence for a file there that nobody vouches for."""
    bucket = stack.outputs.get("EvidenceBucket", "")
    if not bucket:
        return None
    key = read_keys([stack.outputs.get("PublicationPublicKey", "")])
    vouched = Vouched(entry, key, stack.outputs.get("PublicationKeyId", ""))
    below = f"s3://{bucket}/{FOLDER}/{entry.vpc_id}/"
    try:
        for file in evidence_files.newest_first(below, stack.client("s3")):
            content = vouched.content(file)
            if content.get("questions"):
                place = {"place": f"s3://{bucket}/{file.name}", "sha256": sha256_of(file.data)}
                return evidence_of(content, place, is_trusted=True)
    except (BotoCoreError, ClientError):
        return None
    except (NotVouched, UnfitRecord) as why:
        raise NoEvidence(
            f"{why}. No record of {entry.vpc_id} is shown: ecs-anywhere evidence verify says more"
        ) from why
    return None


def _last_verified(
    client: Any, stack: Stack, entry: Entry
) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=stack.outputs["StateMachineArn"],
        statusFilter="SUCCEEDED",
        PaginationConfig={"PageSize": 1000},
    )
    vpc_id, oldest = entry.vpc_id, entry.verified_at - LONGEST_RUN
    for page in pages:
        for each in page["executions"]:
            if each["startDate"].timestamp() < oldest:
                raise _none(vpc_id)
            if not each["name"].startswith(f"{vpc_id}-"):
                continue
            described = client.describe_execution(executionArn=each["executionArn"])
            output = json.loads(described.get("output") or "{}")
            if output.get("findings"):
                return str(each["executionArn"]), described, output
    raise _none(vpc_id)


def _none(vpc_id: str) -> NoEvidence:
    return NoEvidence(
        f"AWS Step Functions keeps no run that verified {vpc_id}: let it be verified now "
        f"(ecs-anywhere verify {vpc_id})"
    )


def _states(client: Any, arn: str) -> Iterator[tuple[str, str]]:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    for page in pages:
        for event in page["events"]:
            if event["type"].endswith("StateEntered"):
                name = event["stateEnteredEventDetails"]["name"]
                yield _utc(event["timestamp"]), str(name)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
