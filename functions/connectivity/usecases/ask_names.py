"""Ask what names answer: at the VPC's own DNS server, by the probe, before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import plan as plans
from connectivity.domain.desired import Desired
from connectivity.domain.model import Answered
from connectivity.domain.networks import is_private
from connectivity.domain.verification import HTTPS, TRANSPORTS
from connectivity.usecases.aws import Aws
from connectivity.usecases.ensure_probe import probe_in
from connectivity.usecases.security_groups import group_steps


def ask_names(desired: Desired, names: Sequence[str], server: str, aws: Aws) -> tuple[str, ...]:
    """Write down what `names` answer at the DNS server with the address `server`, and return them.
    The probe is gone then; its security group stays for the verification. Raises NotReadyYet,
    ProbeFailed, OutOfReach."""
    entry = aws.ledger.read(desired.vpc_id)
    ownership, groups = aws.ownership(entry), aws.groups.all_in(desired.vpc_id)
    steps = group_steps((ledgers.PROBE_GROUP,), groups, ownership, aws)
    steps.apply(plans.plan_probe(desired, groups, ownership))
    name = probe_in(steps.ids[ledgers.PROBE_GROUP], desired, aws.ledger.read(desired.vpc_id), aws)
    answers = _resolved(aws.probe.ask(name, _dns_questions(names, server))["dns"])
    answers |= _tried(answers, aws.probe.ask(name, _tls_questions(answers))["tls"])
    aws.probe.remove(name)
    aws.ledger.record_gone(desired.vpc_id, [ledgers.PROBE])
    aws.ledger.record_answers(entry, answers)
    return tuple(answers)


def _dns_questions(names: Iterable[str], server: str) -> dict[str, Any]:
    return {
        "dns": [
            {"name": name, "resolver": server, "transport": transport}
            for name in names
            for transport in TRANSPORTS
        ],
        "tls": [],
    }


def _tls_questions(answers: Mapping[str, Answered]) -> dict[str, Any]:
    return {
        "dns": [],
        "tls": [
            {"name": name, "address": ip, "port": HTTPS}
            for name, said in answers.items()
            for ip in said.addresses
            if is_private(ip)
        ],
    }


def _resolved(said: Iterable[Mapping[str, Any]]) -> dict[str, Answered]:
    """Return by name what was answered; an error where one transport had none."""
    found: dict[str, Answered] = {}
    for answer in said:
        before = found.get(answer["name"], Answered())
        addresses = {*before.addresses, *answer["addresses"]}
        found[answer["name"]] = Answered(
            tuple(sorted(addresses)), before.error or str(answer["error"])
        )
    return found


def _tried(
    answers: Mapping[str, Answered], said: Iterable[Mapping[str, Any]]
) -> dict[str, Answered]:
    """Return those names again of which an address does not serve them on 443/tcp."""
    return {
        answer["name"]: Answered(
            answers[answer["name"]].addresses, shut=f"{answer['address']} {answer['error']}"
        )
        for answer in said
        if answer["error"]
    }
