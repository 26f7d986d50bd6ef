"""The names, asked from another network: an instance in a peered VPC, or a host on-premises."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from e2e.lab import MINUTE, Lab, Skipped, StepFailedError
from e2e.steps.connecting import connect

Ask = Callable[[str], str]
"""A function that runs a shell script there, and returns what it printed."""
_LINE = "answer"


def run(lab: Lab) -> None:
    if not lab.asked.onprem:
        raise Skipped(
            "nobody outside is there to ask: ONPREM=i-... names an instance in a peered VPC that "
            "AWS Systems Manager manages, ONPREM='ssh dns1 sh -s' a host on-premises"
        )
    connect(lab)
    document = lab.published()
    ask = _by_ssm(lab) if lab.asked.onprem.startswith("i-") else _by_command(lab.asked.onprem)
    answers = ask(script(document))
    for what, is_right in judged(document, answers):
        lab.record.expect(is_right, what)
    if lab.asked.node:
        _pushed(lab)
    else:
        lab.record.fact("not tried", "the push to a DNS host: NODE=mi-... names one")


def script(document: Mapping[str, Any]) -> str:
    """Return a script that asks each resolver address for each name, over UDP and TCP, and opens
    TLS; one line for each answer."""
    lines = ["set -u"]
    for name, expected in document["names"].items():
        for ip in document["resolverIps"]:
            for transport in ("notcp", "tcp"):
                asked = (
                    f"dig +short +time=3 +tries=2 +{transport} @{ip} {name} A | sort | tr '\\n' ' '"
                )
                lines.append(f'echo "{_LINE} {name} {ip} {transport} $({asked})"')
        opened = (
            f"curl -s -o /dev/null --max-time 10 --resolve {name}:443:{expected[0]} "
            f"-w '%{{http_code}} %{{errormsg}}' https://{name}/"
        )
        lines.append(f'echo "tls {name} {expected[0]} $({opened})"')
    return "\n".join(lines)


def judged(document: Mapping[str, Any], printed: str) -> list[tuple[str, bool]]:
    """Return what was asked, and whether it was answered rightly."""
    said = [line.split() for line in printed.splitlines()]
    found: list[tuple[str, bool]] = []
    for name, expected in document["names"].items():
        for ip in document["resolverIps"]:
            for transport in ("notcp", "tcp"):
                got = [_addresses(w[4:]) for w in said if w[:4] == [_LINE, name, ip, transport]]
                is_right = got == [sorted(expected)]
                over = "tcp" if transport == "tcp" else "udp"
                found.append((f"{name} asked of {ip} over {over}: {got}", is_right))
        opened = [w[3:] for w in said if w[:2] == ["tls", name]]
        is_open = bool(opened and opened[0] and opened[0][0] != "000")
        found.append((f"TLS for {name}: {opened}", is_open))
    return found


def _addresses(words: Sequence[str]) -> list[str]:
    """Return the addresses among what `dig +short` printed, which names what an alias leads to."""
    return [word for word in words if not word.endswith(".")]


def _by_command(command: str) -> Ask:
    def ask(text: str) -> str:
        done = subprocess.run(  # noqa: S603
            shlex.split(command),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode not in {0, 1}:
            raise StepFailedError(f"{command}: {done.stderr.strip()[-500:]}")
        return done.stdout

    return ask


def _by_ssm(lab: Lab) -> Ask:
    def ask(text: str) -> str:
        ssm, instance = lab.client("ssm"), lab.asked.onprem
        sent = ssm.send_command(
            InstanceIds=[instance],
            DocumentName="AWS-RunShellScript",
            Parameters={"commands": text.splitlines()},
        )["Command"]["CommandId"]
        ended = lab.until(
            lambda: _invocation(lab, sent, instance), "the command's end", 10 * MINUTE
        )
        return str(ended["StandardOutputContent"])

    return ask


def _invocation(lab: Lab, command: str, instance: str) -> dict[str, str]:
    listed = lab.client("ssm").list_command_invocations(CommandId=command, InstanceId=instance)
    if not listed["CommandInvocations"]:
        return {}
    said = lab.client("ssm").get_command_invocation(CommandId=command, InstanceId=instance)
    return {} if said["Status"] in {"Pending", "InProgress", "Delayed"} else dict(said)


def _pushed(lab: Lab) -> None:
    """Check that the publication ran the command on the DNS host."""
    listed = lab.client("ssm").list_command_invocations(InstanceId=lab.asked.node, MaxResults=20)
    ours = [c for c in listed["CommandInvocations"] if lab.state.stack[:20] in c["DocumentName"]]
    there = [c["Status"] for c in ours]
    lab.record.fact("commands on the DNS host", there)
    lab.record.expect("Success" in there, "the publication was pushed to the DNS host")
    if ours:
        _found_by_document(lab, ours[0]["DocumentName"])


def _found_by_document(lab: Lab, document: str) -> None:
    """Check that runs are found by their document, with their output: so the checks of container
    hosts are read."""
    found = lab.client("ssm").list_command_invocations(
        Filters=[{"key": "DocumentName", "value": document}], Details=True
    )["CommandInvocations"]
    lab.record.expect(
        bool(found) and {c["DocumentName"] for c in found} == {document},
        "Run Command's runs are found by the document's name",
    )
    said = [p.get("Output", "") for c in found for p in c["CommandPlugins"]]
    lab.record.expect(any(said), "and hold what was printed")
