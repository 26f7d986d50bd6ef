"""Clean-up: the app takes away what it has made, then the stack goes, then what the run made."""

from __future__ import annotations

import time
from collections.abc import Callable

from connectivity.domain import tags

from e2e import sandbox, stack
from e2e.amazon import UNANSWERED
from e2e.lab import MINUTE, Lab, StepFailedError
from e2e.steps.hosts import restore_tags


def clean_up(lab: Lab) -> list[str]:
    """Return what could not be removed, and why; empty when nothing is left. Each thing is tried
    although another was in vain."""
    lab.record.step = "clean up"
    tasks: tuple[tuple[str, Callable[[Lab], None]], ...] = (
        ("the tags of the container host", restore_tags),
        ("what the app has made", _disconnect),
        ("the role", _remove_role),
        ("the stack", _remove_stack),
        ("what the app has left", _remove_owned),
        ("the logs", _remove_logs),
        ("the records of runs", stack.remove_records),
        ("the bucket", stack.remove_bucket),
        ("the VPC", sandbox.remove_vpc),
    )
    left = []
    for what, task in tasks:
        print(f"  removing {what}", flush=True)
        try:
            task(lab)
        except (StepFailedError, *UNANSWERED) as problem:
            left.append(f"{what}: {problem}")
            lab.record.fact(f"left: {what}", str(problem))
    if not left:
        lab.state.forget()
    lab.record.write()
    return left


def _disconnect(lab: Lab) -> None:
    """Say yes to the removal, and wait for it; do nothing where the stack was never there."""
    if not lab.state.vpc or not stack.status(lab):
        return
    vpcs = lab.client("ec2").describe_vpcs(Filters=lab.in_vpc())["Vpcs"]
    there = lab.tags() if vpcs else {}
    if tags.STATUS not in there and tags.WISH not in there:
        return
    lab.tag(wish="remove")
    begun = time.monotonic()

    def is_removed() -> bool:
        status = lab.tags().get(tags.STATUS)
        is_late = time.monotonic() - begun > 40 * lab.pause
        may_be = status == "removed" or (status is None and is_late)
        return may_be and _is_nothing_there(lab)

    lab.until(is_removed, "the status removed", 30 * MINUTE)


def _is_nothing_there(lab: Lab) -> bool:
    """Tell whether nobody is at work, and nothing stands. A status alone says little: `removed` may
    be an earlier teardown's, while the VPC is being connected again, and where the tag went before
    anything came of it none is ever written."""
    is_at_work = lab.at_work()
    return not is_at_work and not lab.endpoints() and not lab.resolvers()


def _remove_role(lab: Lab) -> None:
    iam, role = lab.client("iam"), lab.state.role
    if not role:
        return
    pages = iam.get_paginator("list_roles").paginate()
    if role in {each["RoleName"] for page in pages for each in page["Roles"]}:
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=role)
    lab.state.keep(role="")


def _remove_stack(lab: Lab) -> None:
    if lab.state.stack_begun and stack.delete(lab):
        raise StepFailedError(f"{lab.state.stack}: {'; '.join(stack.failures(lab)[:5])}")


def _remove_owned(lab: Lab) -> None:
    """Remove what carries the stack's owner tag or the resolver's name in the run's own VPC,
    although the app should have done so: nothing that costs money is left."""
    if not lab.state.vpc:
        return
    for each in lab.endpoints():
        lab.record.expect(False, f"{each['VpcEndpointId']} was removed by the app")
        lab.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[each["VpcEndpointId"]])
    for each in lab.resolvers():
        lab.record.expect(False, f"{each['Id']} was removed by the app")
        if each["Status"] != "DELETING":
            lab.client("route53resolver").delete_resolver_endpoint(ResolverEndpointId=each["Id"])
    lab.until(lambda: not lab.endpoints() and not lab.resolvers(), "the end of these", 10 * MINUTE)


def _remove_logs(lab: Lab) -> None:
    """Remove log groups of the stack's name, which a late function may have made anew."""
    logs = lab.client("logs")
    for prefix in (f"/{lab.state.stack}", f"/aws/vendedlogs/states/{lab.state.stack}"):
        for group in logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])
