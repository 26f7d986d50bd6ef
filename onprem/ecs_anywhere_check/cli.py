"""`ecs-anywhere-check`: is this container host's way to AWS private? Changes nothing.

Exit codes: 0 all private, 1 something is public, 2 the command line, 3 something failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ecs_anywhere_check.agents import of_agent_log, of_introspection, of_peers
from ecs_anywhere_check.brief import brief
from ecs_anywhere_check.discovery import of_discovery
from ecs_anywhere_check.findings import Expected, Finding, expectation
from ecs_anywhere_check.host import Host
from ecs_anywhere_check.names import nameservers, of_name
from ecs_anywhere_check.setup import of_hosts_file, of_proxies, of_resolver_setup
from ecs_anywhere_check.showing import as_json, exit_code, show


def check(expected: Expected, region: str, host: Host) -> list[Finding]:
    """Return every finding, those of the names in the order of the names."""
    servers = nameservers(host)
    with ThreadPoolExecutor(max_workers=16) as pool:
        asked = [pool.submit(of_name, name, servers, expected, host) for name in expected.names]
        found = [finding for each in asked for finding in each.result()]
    return [
        *found,
        *of_resolver_setup(expected, host),
        *of_hosts_file(expected, host),
        *of_proxies(expected, host),
        *of_agent_log(expected, host),
        *of_peers(expected, host),
        *of_introspection(host),
        *of_discovery(expected, region, host),
    ]


def main(arguments: Sequence[str] | None = None, host: Host | None = None) -> int:
    """Check this host, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="ecs-anywhere-check",
        description="Tell whether this container host's way to AWS is private. Changes nothing.",
        epilog="exit codes: 0 all private, 1 something is public, 2 the command line, "
        "3 something failed",
    )
    parser.add_argument(
        "--region", default=os.environ.get("AWS_REGION", ""), help="as in eu-central-1"
    )
    parser.add_argument(
        "--document", help="file with the published forwarding document; - for standard input"
    )
    parser.add_argument(
        "--network", action="append", default=[], help="network of the VPC, as in 10.0.0.0/16"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="JSON instead of a table")
    shown.add_argument(
        "--brief", action="store_true", help="one line of JSON, as AWS Systems Manager keeps it"
    )
    options = parser.parse_args(arguments)
    try:
        document = _document(options.document)
        region = options.region or str((document or {}).get("region", ""))
        if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+", region):
            parser.error("--region is needed, as in eu-central-1")
        expected = expectation(region, document, options.network)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    host = host or Host()
    found = check(expected, region, host)
    if options.brief:
        print(brief(found, expected, host))
    elif options.json:
        print(json.dumps(as_json(found, expected, host), indent=2))
    else:
        print(show(found, expected))
    return exit_code(found)


def _document(path: str | None) -> Mapping[str, object] | None:
    if path is None:
        return None
    text = sys.stdin.read(65536) if path == "-" else Path(path).read_text("utf-8")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no forwarding document")
    return found
