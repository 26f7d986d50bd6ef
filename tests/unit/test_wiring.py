"""What a function loads: the adapters that it uses and no other, counted in modules."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
HANDLERS = [f"handlers.{path.stem}" for path in sorted(FUNCTIONS.glob("handlers/[a-z]*.py"))]

ALWAYS = {"aws", "error_codes", "refusals", "refused_calls", "small_models", "wiring"}
"""The way to AWS, the meanings of its refusals, and their number."""
LEDGER = {
    "attribute_values",
    "bookings",
    "ledger",
    "ledger_items",
    "records",
    "removals",
    "table",
    "counted_hours",
    "remembered_orphans",
}
NEEDED: dict[str, set[str]] = {
    "settings()": set(),
    "stack_name()": set(),
    "take_refused_calls()": set(),
    "vpcs()": {"vpcs"},
    "endpoints()": {"endpoints", "vpcs"},
    "groups()": {"security_groups", "security_group_rules", "vpcs"},
    "resolvers()": {"resolvers", "vpcs"},
    "hosted_zones()": {"resolvers", "vpcs"},
    "organizations()": {"organizations"},
    "parameters()": {"parameters", "vpcs"},
    "metrics()": {"metrics"},
    "ledger()": LEDGER,
    "executions()": {"executions"},
    "account()": {
        "account",
        "endpoints",
        "resolvers",
        "security_groups",
        "security_group_rules",
        "vpcs",
    },
    "verification_clock()": set(),
    "probe()": {"probe"},
    "notifications()": {"notifications"},
    "host_policy()": {"host_policy"},
    "protection()": {"protection"},
    "signatures('key')": {"signatures"},
    "stacks()": {"stacks"},
    "clock()": {"notifications"},
    "record_store('bucket')": {"evidence"},
    "brief_signatures('key')": {"signatures"},
    "archive()": set(),
    "archive().records.store": {"evidence"},
    "archive().signatures.sign": {"signatures"},
    "desk(0.0)": {"vpcs", "notifications", *LEDGER},
    "aws()": set(),
    "aws().ledger.read": LEDGER,
    "aws().probe.ensure": {"probe"},
    "aws().signatures.sign": {"signatures"},
}
"""What is asked of the wiring -> the adapters' modules that it loads besides `ALWAYS`."""
SERVICES = {"stacks()": ["dynamodb"]}
"""What is asked of the wiring -> the services for which it makes a client at once."""

ENVIRONMENT = {
    **dict.fromkeys(
        ("ACCOUNT", "ARCHITECTURE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "EXTRA_TAGS"), ""
    ),
    **dict.fromkeys(("AWS_DEFAULT_REGION", "AWS_REGION"), "us-east-2"),
    **dict.fromkeys(("DEFAULT_ONPREM_CIDRS", "DEFAULT_SERVICES", "ALLOWED_VPCS"), ""),
    **dict.fromkeys(("HOST_POLICY_ARN", "PROBE_ROLE_ARN", "STATE_MACHINE_ARN", "TOPIC_ARN"), "arn"),
    **dict.fromkeys(("INTERFACE_ENDPOINT_QUOTA", "RESOLVER_ENDPOINT_QUOTA"), "4"),
    **dict.fromkeys(("RESOLVER_IP_COUNT", "RULES_PER_SECURITY_GROUP"), "2"),
    **dict.fromkeys(
        ("DRAIN_SECONDS", "EXPIRY_SECONDS", "REMOVAL_SHARE", "SWEEP_MINUTES", "VERIFY_HOURS"), "1"
    ),
    **dict.fromkeys(("IDLE_DAYS",), "1"),
    "ENDPOINT_POLICY": "account",
    **dict.fromkeys(
        ("ALLOW_PUBLIC_ONPREM_CIDRS", "FREE_ON_DELETION", "ONPREM_CIDRS_MAY_WIDEN"), "no"
    ),
    **dict.fromkeys(
        ("EVIDENCE_BUCKET", "LEDGER_TABLE", "OWNER", "PARAMETER_PATH", "SIGNING_KEY"), "any"
    ),
    **dict.fromkeys(("ALLOWED_SERVICE_OWNERS", "URL_SUFFIX"), "any"),
}
IN_A_PROCESS_EACH = """
import json, os, sys
import botocore.session
from connectivity.adapters import wiring

made = []
create = botocore.session.Session.create_client
def noted(session, service, *given, **named):
    made.append(service)
    return create(session, service, *given, **named)
botocore.session.Session.create_client = noted

for asked in json.loads(sys.argv[1]):
    sys.stdout.flush()
    if os.fork() == 0:
        eval(f"wiring.{asked}")
        adapters = [name for name in sys.modules if name.startswith("connectivity.adapters.")]
        print(json.dumps([asked, adapters, made]))
        sys.exit()
    assert os.wait()[1] == 0, asked
"""


def _python(code: str, *arguments: str, **environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=FUNCTIONS,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@cache
def _loaded() -> dict[str, tuple[set[str], list[str]]]:
    """Return for each of `NEEDED` the adapters' modules that are loaded, and the clients made."""
    lines = _python(IN_A_PROCESS_EACH, json.dumps([*NEEDED]), **ENVIRONMENT).splitlines()
    return {
        asked: ({name.rsplit(".", 1)[1] for name in modules}, made)
        for asked, modules, made in map(json.loads, lines)
    }


def test_importing_every_handler_loads_the_way_to_aws_and_no_adapter() -> None:
    code = (
        "import importlib, sys; [*map(importlib.import_module, sys.argv[1:])]; print(*sys.modules)"
    )
    modules = _python(code, *HANDLERS).split()
    adapters = {name for name in modules if name.startswith("connectivity.adapters.")}
    assert adapters == {f"connectivity.adapters.{name}" for name in ALWAYS}
    assert "boto3" not in modules


@pytest.mark.parametrize("asked", NEEDED)
def test_what_is_asked_of_the_wiring_loads_its_adapter_alone_and_makes_no_client(
    asked: str,
) -> None:
    modules, made = _loaded()[asked]
    assert modules - ALWAYS == NEEDED[asked]
    assert made == SERVICES.get(asked, [])


def test_everything_that_the_wiring_offers_is_asked_here() -> None:
    source = (FUNCTIONS / "connectivity" / "adapters" / "wiring.py").read_text()
    offered = {line[4:].split("(")[0] for line in source.splitlines() if line.startswith("def ")}
    private = {name for name in offered if name.startswith("_")}
    assert offered - private - {"creation_tags"} == {asked.split("(")[0] for asked in NEEDED}
