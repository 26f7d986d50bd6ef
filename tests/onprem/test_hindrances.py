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
ALIAS, TARGET = "api.ecr.us-east-2.amazonaws.com", "ecr.us-east-2.amazonaws.com"
VIEW = "modules.load('view')"
OURS = "policy.todnames({'amazonaws.com'})"
DENY, STUB = (
    f"policy.suffix(policy.DENY, {OURS})",
    f"policy.suffix(policy.STUB('10.9.9.9'), {OURS})",
)
REROUTE = "policy.all(policy.REROUTE({['10.0.0.0/8'] = '192.168.0.0'}))"
RESPIP = 'module-config: "respip iterator"'
TAGGED = """define-tag: "t"
access-control-tag: 127.0.0.0/8 "t"
access-control-tag-action: 127.0.0.0/8 "t" refuse
local-zone: "amazonaws.com" transparent
local-zone-tag: "amazonaws.com" "t\""""
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
    ("knot", f"{VIEW} view:addr('127.0.0.0/8', {DENY})", "the module view has policy.DENY"),
    ("knot", f"{VIEW} view:addr('127.0.0.0/8', {STUB})", "the module view has policy.STUB"),
    ("knot", f"policy.add({DENY}, true)", "a policy for answers (policy.DENY"),
    ("knot", f"policy.add({REROUTE}, true)", "a policy for answers (policy.REROUTE"),
    (
        "knot",
        "modules.load('daf') daf.add('src = 127.0.0.0/8 reroute 10.0.0.0/8-192.168.0.0')",
        "a policy for answers (policy.REROUTE",
    ),
    ("knot", "modules.unload('policy')", "the module policy is not loaded"),
    ("knot", "modules.unload('iterate')", "the module iterate is not loaded"),
    ("bind", 'deny-answer-aliases { "amazonaws.com"; };', f"refuses {ALIAS}: it is an alias"),
    ("bind", f'deny-answer-aliases {{ "{TARGET}"; }};', f"refuses {ALIAS}: it is an alias"),
    (
        "bind",
        f'deny-answer-aliases {{ "amazonaws.com"; }} except-from {{ "dkr.{TARGET}"; }};',
        f"refuses {ALIAS}: it is an alias",
    ),
    ("bind", "rate-limit { all-per-second 2; slip 0; };", "all-per-second"),
    ("bind", "rate-limit { all-per-second 3; };", "all-per-second"),
    ("bind", "rate-limit { all-per-second 2; slip 1; };", "all-per-second"),
    ("bind", "recursive-clients 2;", "recursive-clients 2"),
    ("bind", "fetches-per-server 1 fail;", "fetches-per-server 1"),
    ("bind", "max-recursion-queries 1;", "max-recursion-queries 1"),
    ("bind", "max-recursion-queries 2;", "max-recursion-queries 2"),
    ("bind", "max-query-count 3;", "max-query-count 3"),
    ("bind", "max-records-per-type 1;", "max-records-per-type 1"),
    ("unbound", "ip-ratelimit: 3", "ip-ratelimit: 3"),
    ("unbound", "max-query-restarts: 0", "max-query-restarts: 0"),
    ("unbound", f"{RESPIP}\nresponse-ip: 10.0.0.0/8 always_nxdomain", "response-ip: 10.0.0.0/8"),
    ("unbound", f"{RESPIP}\nresponse-ip: 10.0.0.0/8 deny", "response-ip: 10.0.0.0/8 deny"),
    ("unbound", TAGGED, "access-control-tag-action: 127.0.0.0/8 t refuse"),
    ("dnsmasq", "dns-forward-max=2", "dns-forward-max=2"),
    ("powerdns", "network-timeout=3", "network-timeout=3"),
    ("powerdns", "max-qperq=0", "max-qperq=0"),
    ("powerdns", "max-qperq=1", "max-qperq=1"),
    ("powerdns", "max-total-msec=1", "max-total-msec=1"),
    ("powerdns", "server-down-max-fails=1", "server-down-max-fails=1"),
]
LUA = f'''function preresolve(dq)
  if not dq.qname:equal("{SSM}") then return false end
  dq:addAnswer(pdns.A, "10.9.9.9")
  return true
end
'''
SEEN = [
    ("powerdns", "lua-dns-script=FILE", "", LUA, "lua-dns-script"),
    ("powerdns", "", "", "rpzFile('POLICY', {policyName = 'p'})", "loads response policies"),
    ("unbound", RESPIP, 'rpz:\n  name: "p"\n  zonefile: "POLICY"', "", "response policy (rpz)"),
]
"""Programs and policies that change answers, which shows only once the names are asked for: named,
and tried all the same."""
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
    ("bind", f'deny-answer-aliases {{ "amazonaws.com"; }} except-from {{ "{ALIAS}"; }};'),
    ("bind", f'deny-answer-aliases {{ "{SSM}"; }};'),
    ("bind", "rate-limit { all-per-second 2; slip 0; exempt-clients { localhost; }; };"),
    ("bind", "rate-limit { all-per-second 2; slip 0; log-only yes; };"),
    ("bind", "recursive-clients 50;"),
    ("bind", "fetches-per-server 50;\nfetches-per-zone 1;"),
    ("bind", "max-records-per-type 2;\nmax-recursion-queries 4;"),
    ("bind", "clients-per-query 1;\nmax-clients-per-query 1;"),
    ("bind", "tcp-clients 1;"),
    ("unbound", "ratelimit: 1"),
    ("unbound", "ip-ratelimit: 50"),
    ("unbound", "ip-ratelimit: 1\nip-ratelimit-factor: 1"),
    ("unbound", "outgoing-range: 1"),
    ("unbound", "num-queries-per-thread: 1"),
    ("unbound", "max-query-restarts: 1"),
    ("unbound", "max-sent-count: 1"),
    ("unbound", "discard-timeout: 1\nwait-limit: 1"),
    ("unbound", "deny-any: yes\nprivate-address: 10.0.0.0/8"),
    ("unbound", f"{RESPIP}\nresponse-ip: 192.168.0.0/16 deny"),
    (
        "unbound",
        f"{RESPIP}\nresponse-ip: 10.0.0.0/8 deny\nresponse-ip: 10.0.0.0/16 always_transparent",
    ),
    ("unbound", f"{TAGGED}\naccess-control: 127.0.0.1/32 allow"),
    ("unbound", TAGGED.replace("access-control-tag: 127", "access-control-tag: 10")),
    ("dnsmasq", "dns-forward-max=50"),
    ("dnsmasq", "filterwin2k\nno-negcache\nlocal-service\nquery-port=5399"),
    ("powerdns", "max-mthreads=1"),
    ("powerdns", "max-total-msec=3000\nmax-tcp-per-client=1\ndisable-packetcache=yes"),
    ("powerdns", "max-total-msec=0\nserver-down-max-fails=0"),
    ("powerdns", "max-qperq=4"),
    ("knot", f"{VIEW} view:addr('10.10.0.0/16', {DENY})"),
    (
        "knot",
        f"{VIEW} view:addr('127.0.0.0/8', policy.suffix(policy.PASS, {OURS})) "
        f"view:addr('127.0.0.0/8', {DENY})",
    ),
    ("knot", f"policy.add({DENY}) policy.add(policy.all(policy.QTRACE), true)"),
    ("knot", "modules.load('daf') daf.add('qname ~ amazonaws.com deny')"),
    ("knot", "modules.load('daf') daf.add('src = 10.10.0.0/16 reroute 10.0.0.0/8-192.168.0.0')"),
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


@pytest.mark.parametrize(("kind", "line", "top", "script", "said"), SEEN)
def test_what_may_change_an_answer_is_named_also_where_it_is_rolled_back_for(
    lab: Lab, kind: str, line: str, top: str, script: str, said: str
) -> None:
    file, policy = lab.directory / "script", lab.directory / "policy"
    policy.write_text(f"{ZONE}8.0.0.0.10.rpz-ip CNAME .\n")
    file.write_text(script.replace("POLICY", str(policy)))
    server = lab.start(
        kind, line.replace("FILE", str(file)), top=top.replace("POLICY", str(policy))
    )
    if script and not line:
        with (server.directory / "recursor.lua").open("a") as admins:
            admins.write(file.read_text())
        server.restart()
    lab.publish()
    found = amiss(lab)
    assert any(said in what and cure for what, cure in found.items()), found
    assert apply(lab)["exit"] == Exit.ROLLED_BACK
    assert [what for what in amiss(lab) if said in what]


def test_a_script_that_was_seen_to_change_nothing_is_well(lab: Lab) -> None:
    script = lab.directory / "script"
    script.write_text("function preresolve(dq) return false end\n")
    lab.start("powerdns", f"lua-dns-script={script}")
    lab.publish()
    (found,) = amiss(lab)
    assert "lua-dns-script" in found
    assert apply(lab)["exit"] == Exit.DONE
    assert amiss(lab) == {}


@pytest.mark.parametrize(("kind", "line"), HARMLESS)
def test_what_changes_other_answers_is_no_finding(lab: Lab, kind: str, line: str) -> None:
    lab.start(kind, line)
    lab.publish()
    assert amiss(lab) == {}
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


@pytest.mark.parametrize("behind", ["slip 0; window 3600;", "slip 1;"])
def test_a_limit_on_the_same_answer_leaves_one_to_a_verification(lab: Lab, behind: str) -> None:
    """A client that asks for a name again within the second is not answered, on purpose."""
    lab.start("bind", f"rate-limit {{ responses-per-second 1; {behind} }};")
    lab.publish()
    assert amiss(lab) == {}
    assert apply(lab)["exit"] == Exit.DONE
    for name, addresses in lab.names.items():
        assert lab.ask(name, transport="tcp").addresses == addresses


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("powerdns", "max-qperq=4\nmax-total-msec=3000\nserver-down-max-fails=2"),
        ("bind", "max-recursion-queries 4;\nmax-query-count 4;"),
    ],
)
def test_the_lowest_limit_that_is_well_serves_beside_a_dead_resolver_ip(
    lab: Lab, kind: str, line: str
) -> None:
    """Whatever the server asks first, and with nothing in its cache."""
    server = lab.start(kind, line)
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    for dead in lab.resolver_ips:
        for name in (SSM, ALIAS):
            server.restart()
            lab.resolvers[dead].behaviour = "silent"
            assert lab.ask(name, patience=8).rcode == "NOERROR"
            lab.resolvers[dead].behaviour = "right"


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
