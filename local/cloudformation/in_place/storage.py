"""Tables, log groups, parameters and documents, changed in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.ssm.models import ssm_backends

from local.cloudformation.in_place.change import Change, Update

_TABLE = ("BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput", "SSESpecification")


def _update_table(change: Change) -> None:
    """Say only what differs: what somebody else has switched meanwhile, as the deletion protection,
    stays as it is."""
    dynamodb = change.client("dynamodb")
    wanted = {name: change.after[name] for name in _TABLE if _is_said(change, name)}
    if "SSESpecification" in wanted:
        wanted["SSESpecification"] = _encryption(wanted["SSESpecification"])
    elif change.differs("SSESpecification"):
        wanted["SSESpecification"] = {"Enabled": False}
    if wanted:
        dynamodb.update_table(TableName=change.id, **wanted)
    if change.differs("PointInTimeRecoverySpecification"):
        recovery = change.after.get("PointInTimeRecoverySpecification", {})
        enabled = {"PointInTimeRecoveryEnabled": False} | dict(recovery)
        dynamodb.update_continuous_backups(
            TableName=change.id, PointInTimeRecoverySpecification=enabled
        )
    if change.differs("TimeToLiveSpecification"):
        name = "TimeToLiveSpecification"
        off = {**change.before.get(name, {}), "Enabled": False}
        dynamodb.update_time_to_live(
            TableName=change.id, TimeToLiveSpecification=change.after.get(name, off)
        )


def _is_said(change: Change, name: str) -> bool:
    return change.differs(name) and name in change.after


def _encryption(specification: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the API's encryption, in which CloudFormation's `SSEEnabled` is `Enabled`."""
    rest = {name: value for name, value in specification.items() if name != "SSEEnabled"}
    return {"Enabled": specification["SSEEnabled"], **rest}


def _update_log_group(change: Change) -> None:
    logs, group = change.client("logs"), change.id
    if not change.differs("RetentionInDays"):
        return
    if "RetentionInDays" in change.after:
        days = int(change.after["RetentionInDays"])
        logs.put_retention_policy(logGroupName=group, retentionInDays=days)
    else:
        logs.delete_retention_policy(logGroupName=group)


_PARAMETER = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")


def _update_parameter(change: Change) -> Any:
    said = {name: change.after[name] for name in _PARAMETER if name in change.after}
    ssm = change.client("ssm")
    ssm.put_parameter(Name=change.id, Overwrite=True, **said)
    return ssm_backends[change.account][change.region].get_parameter(change.id)


def _update_document(change: Change) -> None:
    """Make a new version the default one (only with UpdateMethod NewVersion), or the former version
    that has this content already: AWS refuses a second one."""
    ssm = change.client("ssm")
    version = _version_with(change) or _new_version(ssm, change)
    ssm.update_document_default_version(Name=change.id, DocumentVersion=version)


def _version_with(change: Change) -> str | None:
    """Return the version that has the new content; moto 5.2.5 knows no ListDocumentVersions."""
    wanted = json.loads(_content(change.after))
    documents = ssm_backends[change.account][change.region]._documents[change.id]
    for version, document in documents.versions.items():
        if json.loads(document.content) == wanted:
            return str(version)
    return None


def _new_version(ssm: Any, change: Change) -> str:
    said = {name: change.after.get(name) for name in ("DocumentFormat", "VersionName")}
    made = ssm.update_document(
        Name=change.id,
        Content=_content(change.after),
        DocumentVersion="$LATEST",
        **{name: value for name, value in said.items() if value is not None},
    )
    return str(made["DocumentDescription"]["DocumentVersion"])


def _content(properties: Mapping[str, Any]) -> str:
    content = properties["Content"]
    return content if isinstance(content, str) else json.dumps(content)


UPDATES: Mapping[str, Update] = {
    "AWS::DynamoDB::Table": Update(
        _update_table,
        frozenset({*_TABLE, "PointInTimeRecoverySpecification", "TimeToLiveSpecification"}),
    ),
    "AWS::Logs::LogGroup": Update(
        _update_log_group, frozenset({"RetentionInDays"}), frozenset({"KmsKeyId", "Tags"})
    ),
    "AWS::SSM::Parameter": Update(_update_parameter, frozenset(_PARAMETER)),
    "AWS::SSM::Document": Update(
        _update_document,
        frozenset({"Content", "DocumentFormat", "VersionName"}),
        frozenset({"Tags", "UpdateMethod"}),
    ),
}
