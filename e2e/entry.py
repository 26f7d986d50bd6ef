"""The beginning of a run: its account, its cost, and a person's yes. Nothing is made before
that."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime

from connectivity.domain import tags

from e2e.amazon import UNANSWERED, Amazon
from e2e.asked import Asked
from e2e.credentials import lifetime, too_short

HOURS = 3.0
_ENDPOINTS, _ZONES, _RESOLVER_IPS = 9, 2, 2
"""The most that exist at once: six endpoints, and for a while those of `ecr+logs`."""
_PER_ENDPOINT, _PER_RESOLVER_IP, _THE_REST = 0.01, 0.125, 1.0
"""USD an hour in us-east-2 (AWS PrivateLink and Amazon Route 53 pricing); the last is USD a run,
for the key in AWS KMS, Lambda, Step Functions and logs."""
_PRODUCTION = re.compile(r"(prd|prod|production|live)\d*")
_NOT_YET = frozenset({"no", "non", "not", "pre"})
"""Words that turn the next one into its opposite: `non-prod`."""


def estimate(hours: float = HOURS) -> float:
    """Return what the run costs at most, in USD."""
    hourly = _ENDPOINTS * _ZONES * _PER_ENDPOINT + _RESOLVER_IPS * _PER_RESOLVER_IP
    return hours * hourly + _THE_REST


def refusals(amazon: Amazon, stack: str, own_vpc: str) -> list[str]:
    """Return why not to run here. An account that somebody uses for this already, or that is called
    a production one, is none to try things in."""
    ec2 = amazon.client("ec2")
    tagged = [{"Name": "tag-key", "Values": [tags.WISH]}]
    vpcs = sorted(v["VpcId"] for v in ec2.describe_vpcs(Filters=tagged)["Vpcs"])
    others = [vpc for vpc in vpcs if vpc != own_vpc]
    reasons = []
    if others:
        reasons.append(f"{', '.join(others)} carries the tag {tags.WISH}: this account is in use")
    stacks = amazon.client("cloudformation").get_paginator("describe_stacks").paginate()
    reasons += [
        f"the stack {each['StackName']} is this app already: two in one Region refuse each other"
        for page in stacks
        for each in page["Stacks"]
        if each["StackName"] != stack
        and {"LedgerTable", "OnPremDnsHostPolicyArn"}
        <= {output["OutputKey"] for output in each.get("Outputs", [])}
    ]
    reasons += [
        f"the account's alias {alias} sounds like production"
        for alias in _aliases(amazon)
        if sounds_like_production(alias)
    ]
    return [*reasons, *too_short(amazon.credentials(), datetime.now(UTC), HOURS + 1)]


def sounds_like_production(alias: str) -> bool:
    """Tell whether a whole word of the account's alias, between hyphens or underscores, means
    production."""
    words = re.split(r"[-_]", alias.lower())
    pairs = zip(["", *words], words, strict=False)
    return any(_PRODUCTION.fullmatch(word) and before not in _NOT_YET for before, word in pairs)


def _aliases(amazon: Amazon) -> list[str]:
    try:
        return list(amazon.client("iam").list_account_aliases()["AccountAliases"])
    except UNANSWERED:
        return []


def is_agreed(asked: Asked, account: str, amazon: Amazon) -> bool:
    """Tell what will happen, and return whether the person has said yes."""
    endpoint = amazon.endpoint
    print(
        f"""\
This makes real things in AWS{f", here {endpoint}" if endpoint else ""}:

  account   {account}
  region    {amazon.region}
  stack     {asked.stack}
  key       {lifetime(amazon.credentials())}
  a VPC of its own, up to {_ENDPOINTS} interface endpoints, and an inbound resolver
  cost      about {estimate():.2f} USD for {HOURS:.0f} hours, when nothing else goes wrong

At the end, at a failure, at Ctrl-C and when the terminal is closed all of it is removed (KEEP=1:
not at a failure), which may take an hour more: AWS Lambda keeps network interfaces for 20 to 45
minutes. `make e2e CLEANUP=1` does that by itself.
""",
        flush=True,
    )
    if asked.yes:
        return True
    if not sys.stdin.isatty():
        print("nobody is there to say yes: YES=1", flush=True)
        return False
    return input("Go on? Type yes: ").strip().lower() == "yes"
