"""Lines of administrators that change or keep back the private answers, on the real servers.

`doctor` names each before a file is touched. Where it is sure that no answer would be right,
`apply` begins no switch.
"""

from __future__ import annotations

import pytest
from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import apply, assert_private
from tests.onprem.test_commands import amiss

SSM = "ssm.us-east-2.amazonaws.com"
SURE = [
    ("dnsmasq", "filter-rr=TXT,a", "filter-rr=TXT,a takes the private addresses"),
    ("dnsmasq", "filter-rr=1", "filter-rr=1 takes the private addresses"),
    ("dnsmasq", "alias=10.0.0.0,192.168.0.0,255.0.0.0", "alias=10.0.0.0"),
    ("dnsmasq", "alias=10.0.0.1-10.0.0.250,192.168.0.0,255.255.255.0", "alias=10.0.0.1"),
    ("dnsmasq", f"cname={SSM},there.example\nhost-record=there.example,10.9.9.9", f"answers {SSM}"),
    ("dnsmasq", f"interface-name={SSM},lo", f"answers {SSM}"),
    ("dnsmasq", f"dynamic-host={SSM},0.0.0.9,lo", f"answers {SSM}"),
    ("dnsmasq", f"host-record={SSM},fd00::9", f"answers {SSM}"),
    ("knot", "net.ipv4 = false", "net.ipv4 is false"),
    (
        "knot",
        "modules.load('renumber < iterate') renumber.config({ {'10.0.0.0/16', '192.168.0.0'} })",
        "the module renumber",
    ),
]
SEEN = [
    ("bind", 'deny-answer-aliases { "amazonaws.com"; };', "deny-answer-aliases", "aliases"),
    ("bind", "rate-limit { all-per-second 2; slip 0; };", "all-per-second", "a rate limit drops"),
]
"""What may keep back an answer: named, and tried all the same."""
HARMLESS = [
    ("dnsmasq", "filter-rr=AAAA,TXT"),
    ("dnsmasq", "alias=192.0.2.0,192.168.0.0,255.255.255.0"),
    ("dnsmasq", "cname=www.example,there.example"),
    ("dnsmasq", "address=/#/10.9.9.9"),
    ("dnsmasq", "address=/amazonaws.com/10.9.9.9"),
    (
        "knot",
        "modules.load('renumber < iterate') renumber.config({ {'192.0.2.0/24', '192.168.0.0'} })",
    ),
    (
        "bind",
        'deny-answer-aliases { "us-east-2.amazonaws.com"; } except-from { "amazonaws.com"; };',
    ),
    ("bind", "rate-limit { all-per-second 2; slip 0; exempt-clients { localhost; }; };"),
]
ZONE = "$TTL 60\n@ IN SOA ns. admin. 1 2 3 4 5\n@ IN NS ns.\n"


@pytest.mark.parametrize(("kind", "line", "said"), SURE)
def test_what_surely_changes_the_answers_is_named_before_anything_is_touched(
    lab: Lab, kind: str, line: str, said: str
) -> None:
    server = lab.start(kind, line)
    lab.publish()
    before = server.files()
    found = amiss(lab)
    assert any(said in what and cure for what, cure in found.items()), found
    report = apply(lab)
    assert (report["exit"], said in report["summary"]) == (Exit.CHECK_FAILED, True), report
    assert report["cure"]
    assert server.files() == before


@pytest.mark.parametrize(("kind", "line", "said", "advice"), SEEN)
def test_what_may_change_an_answer_is_named_also_where_it_is_rolled_back_for(
    lab: Lab, kind: str, line: str, said: str, advice: str
) -> None:
    lab.start(kind, line)
    lab.publish()
    found = amiss(lab)
    assert any(said in what and cure for what, cure in found.items()), found
    report = apply(lab)
    assert (report["exit"], advice in report["cure"]) == (Exit.ROLLED_BACK, True), report


@pytest.mark.parametrize(("kind", "line"), HARMLESS)
def test_what_changes_other_answers_is_no_finding(lab: Lab, kind: str, line: str) -> None:
    lab.start(kind, line)
    lab.publish()
    assert amiss(lab) == {}
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


@pytest.mark.parametrize(
    "trigger",
    [
        f"{SSM} CNAME .",
        f"{SSM} CNAME *.",
        f"{SSM} CNAME rpz-drop.",
        f"{SSM} A 10.9.9.9",
        "*.amazonaws.com CNAME walled.example.",
        "8.0.0.0.10.rpz-ip CNAME .",
        "32.41.0.0.10.rpz-ip A 192.0.2.1",
    ],
)
def test_a_response_policy_that_rewrites_a_name_is_named_and_its_cure_is_one(
    lab: Lab, trigger: str
) -> None:
    zone = lab.directory / "policy"
    zone.write_text(f"{ZONE}{trigger}\n")
    server = lab.start(
        "bind",
        'response-policy { zone "policy"; };',
        top=f'zone "policy" {{ type primary; file "{zone}"; }};',
    )
    lab.publish()
    before = server.files()
    (found,) = [(what, cure) for what, cure in amiss(lab).items() if "policy" in what]
    report = apply(lab)
    assert (report["exit"], report["summary"]) == (Exit.CHECK_FAILED, found[0])
    assert server.files() == before
    record = found[1].partition("`")[2].partition("`")[0]
    passing = "".join(f"{name} CNAME rpz-passthru.\n" for name in lab.names)
    kept = "" if trigger.startswith(SSM) else f"{trigger}\n"
    # What stands for a name itself comes before what stands for all below a domain.
    zone.write_text(f"{ZONE}{kept}{record if kept else passing}\n")
    server.restart()
    assert not [what for what in amiss(lab) if "policy" in what]
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


@pytest.mark.parametrize(
    ("policies", "more"),
    [
        ('zone "policy" policy disabled;', ""),
        ('zone "policy" policy passthru;', ""),
        ('zone "first"; zone "policy";', "*.us-east-2.amazonaws.com CNAME rpz-passthru.\n"),
    ],
)
def test_a_response_policy_that_lets_our_names_pass_is_no_finding(
    lab: Lab, policies: str, more: str
) -> None:
    for name, records in (("policy", "8.0.0.0.10.rpz-ip CNAME .\n"), ("first", more)):
        (lab.directory / name).write_text(f"{ZONE}{records}")
    lab.start(
        "bind",
        f"response-policy {{ {policies} }};",
        top="".join(
            f'zone "{name}" {{ type primary; file "{lab.directory / name}"; }};\n'
            for name in ("policy", "first")
        ),
    )
    lab.publish()
    assert amiss(lab) == {}
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


DENYING = [
    (
        "unbound",
        "access-control-view: 127.0.0.0/8 here",
        'view:\n  name: "here"\n  local-zone: "amazonaws.com" always_nxdomain',
    ),
    ("bind", "", 'zone "." { type primary; file "FILE"; };'),
]


@pytest.mark.parametrize(("kind", "line", "top"), DENYING)
def test_a_zone_or_view_that_denies_our_names_is_named_before_anything_is_touched(
    lab: Lab, kind: str, line: str, top: str
) -> None:
    """Neither stands where the checks of zones look."""
    file = lab.directory / "denying"
    file.write_text(f"{ZONE}ns IN A 127.0.0.1\n")
    server = lab.start(kind, line, top=top.replace("FILE", str(file)))
    lab.publish()
    before = server.files()
    found = amiss(lab)
    assert any("denies" in what and "by itself" in what for what in found), found
    report = apply(lab)
    assert (report["exit"], "denies" in report["summary"]) == (Exit.CHECK_FAILED, True), report
    assert server.files() == before
