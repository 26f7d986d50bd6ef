"""What people have to know after a change; nobody else tells them."""

from __future__ import annotations

from ecs_anywhere_dns.answers.judgement import Verdict
from ecs_anywhere_dns.answers.questions import Question
from ecs_anywhere_dns.following.hints import (
    DRAINING,
    NUMBERED_HOSTS,
    RESTART_AGENTS,
    TWO_ARE_NEEDED,
    hints_of,
    lasting,
)
from ecs_anywhere_dns.forwarding import NOTHING, forwarding_of

from tests.onprem.example import fit

DOCUMENT = fit()
BOTH = forwarding_of(DOCUMENT, DOCUMENT.resolver_ips, None)
ONE = forwarding_of(DOCUMENT, DOCUMENT.resolver_ips[:1], None)


def test_the_first_forwarding_needs_the_agents_restarted() -> None:
    numbered = NUMBERED_HOSTS.format(region="us-east-2")
    assert "ecs-a-1.us-east-2" in numbered
    assert hints_of(NOTHING, BOTH, DOCUMENT) == (RESTART_AGENTS, numbered)


def test_afterwards_there_is_nothing_to_say() -> None:
    assert hints_of(BOTH, BOTH, DOCUMENT) == ()
    assert hints_of(ONE, BOTH, DOCUMENT) == ()


def test_draining_is_said_in_every_run() -> None:
    document = fit(state="draining")
    assert hints_of(BOTH, BOTH, document) == (DRAINING,)


def test_one_resolver_less_is_said_in_every_run() -> None:
    said = TWO_ARE_NEEDED.format(all=2, used=1)
    assert hints_of(BOTH, ONE, DOCUMENT) == (said,)
    assert hints_of(ONE, ONE, DOCUMENT) == (said,)
    assert said == "of 2 resolver IPs 1 are forwarded to: one more failure is an outage"


def test_a_withdrawal_needs_nobody() -> None:
    withdrawn = fit(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    assert hints_of(BOTH, forwarding_of(withdrawn, (), None), withdrawn) == ()


def test_answers_that_stay_for_too_long_are_summed_up_in_one_line() -> None:
    """dnsmasq counts the seconds down, so that no two answers say the same."""
    question = Question("127.0.0.1", 53, min(DOCUMENT.names))
    kept = [Verdict(question, True, "ttl", f"{left} s, more than 300") for left in (3598, 3600)]
    (said,) = lasting([*kept, Verdict(question, True, "right")])
    assert "up to 3600 s" in said and "min-cache-ttl" in said
    assert lasting([Verdict(question, True, "right")]) == ()
