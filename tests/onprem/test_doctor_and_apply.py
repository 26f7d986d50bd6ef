"""`doctor` and `apply` agree, over generated configurations of each server.

Whatever `doctor` calls well, `apply` does not roll back; whatever `apply` rolls back for, `doctor`
has named.
"""

from __future__ import annotations

from typing import Any

import pytest
from ecs_anywhere_dns.outcome import Exit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.onprem.lab.lab import KINDS, Lab
from tests.onprem.test_apply import apply
from tests.onprem.test_commands import amiss
from tests.shares import examples

VPC = "10.0.0.0/16"
SSM = "ssm.us-east-2.amazonaws.com"
LINES: dict[str, list[str]] = {
    "bind": [
        "deny-answer-addresses { 10.0.0.0/8; };",
        "blackhole { 10.0.0.0/8; };",
        "blackhole { 192.0.2.0/24; };",
        "allow-recursion { 10.0.0.0/8; };",
        "allow-query { none; };",
        "minimal-responses yes;",
        "max-cache-ttl 5;",
        "dns64 64:ff9b::/96 { };",
        "query-source address 127.0.0.1;",
        "query-source address 192.0.2.53;",
        f"TOP server {VPC} {{ bogus yes; }};",
        f"TOP server {VPC} {{ edns no; }};",
        f'TOP zone "{SSM}" {{ type forward; forward only; forwarders {{ 10.9.9.9; }}; }};',
        f'TOP zone "x.{SSM}" {{ type forward; forwarders {{ 10.9.9.9; }}; }};',
        'TOP zone "amazonaws.com" { type forward; forward first; forwarders { 203.0.113.1; }; };',
        'TOP acl "vpc" { 10.0.0.0/8; };',
        'deny-answer-aliases { "amazonaws.com"; };',
        'deny-answer-aliases { "amazonaws.com"; } except-from { "us-east-2.amazonaws.com"; };',
        "rate-limit { all-per-second 2; slip 0; };",
        "rate-limit { responses-per-second 5; };",
        "minimal-any yes;",
        "max-cache-ttl 0;",
        "recursive-clients 1;",
        "recursive-clients 20;",
        "fetches-per-server 2 drop;",
        "fetches-per-zone 1;",
        "rate-limit { all-per-second 7; };",
        "rate-limit { errors-per-second 1; nodata-per-second 1; slip 1; window 15; };",
        'deny-answer-aliases { "ecr.us-east-2.amazonaws.com"; };',
        "max-records-per-type 1;",
        "max-recursion-queries 1;",
        "tcp-clients 1;",
    ],
    "unbound": [
        "access-control: 127.0.0.0/8 refuse",
        f"do-not-query-address: {VPC}",
        "do-not-query-address: 192.0.2.0/24",
        "tls-upstream: yes",
        'module-config: "iterator"',
        'module-config: "dns64 iterator"',
        "private-address: 10.0.0.0/8",
        "cache-min-ttl: 3600",
        "serve-expired: yes",
        "outgoing-interface: 127.0.0.1",
        "do-not-query-address: 10.0.0.32",
        "tcp-upstream: yes",
        "cache-max-ttl: 0",
        'local-zone: "us-east-2.amazonaws.com." always_nxdomain',
        "access-control: 127.0.0.0/8 refuse_non_local",
        'local-zone: "amazonaws.com" refuse',
        f'local-zone: "{SSM}" static',
        f'local-zone: "{SSM}" transparent',
        f'local-data: "{SSM} A 10.9.9.9"',
        f'TOP forward-zone:\n  name: "{SSM}"\n  forward-addr: 10.9.9.9',
        'TOP stub-zone:\n  name: "amazonaws.com"\n  stub-addr: 203.0.113.1',
        "ratelimit: 1",
        "ip-ratelimit: 2",
        "ip-ratelimit: 7",
        "outgoing-range: 1",
        "num-queries-per-thread: 1",
        "jostle-timeout: 1",
        "deny-any: yes",
        "interface-action: 127.0.0.1 refuse",
        "discard-timeout: 1",
        "wait-limit: 1",
        "max-query-restarts: 0",
        'module-config: "respip iterator"\nresponse-ip: 10.0.0.0/8 redirect',
        'module-config: "respip iterator"\nresponse-ip: 192.168.0.0/16 deny',
    ],
    "dnsmasq": [
        "stop-dns-rebind",
        "bogus-priv",
        "domain-needed",
        "cache-size=0",
        "filter-A",
        "filter-AAAA",
        "no-ident",
        "min-cache-ttl=3600",
        "all-servers",
        "ignore-address=10.0.0.41",
        f"bogus-nxdomain={VPC}",
        f"address=/{SSM}/10.9.9.9",
        f"server=/{SSM}/10.9.9.9",
        "server=/amazonaws.com/203.0.113.1",
        f"host-record={SSM},10.9.9.9",
        f"host-record={SSM},fd00::9",
        f"cname={SSM},there.example",
        f"interface-name={SSM},lo",
        "filter-rr=A",
        "filter-rr=AAAA",
        "alias=10.0.0.0,192.168.0.0,255.0.0.0",
        "alias=192.0.2.0,192.168.0.0,255.255.255.0",
        "address=/#/10.9.9.9",
        "server=/#/203.0.113.1",
        "local=/amazonaws.com/",
        f"local=/{SSM}/",
        "rebind-domain-ok=amazonaws.com",
        "dns-forward-max=1",
        "dns-forward-max=20",
        "filterwin2k",
        "query-port=5399",
        "local-service",
        "no-negcache",
    ],
    "powerdns": [
        "dont-query=10.0.0.0/8",
        "minimum-ttl-override=3600",
        "dns64-prefix=64:ff9b::/96",
        "max-cache-ttl=5",
        "query-local-address=127.0.0.1",
        f"forward-zones={SSM}=10.9.9.9",
        "forward-zones=amazonaws.com=203.0.113.1",
        "serve-rfc1918=yes",
        "udp-truncation-threshold=512",
        "max-cache-ttl=0",
        "forward-zones-recurse=.=203.0.113.1",
        "nothing-below-nxdomain=yes",
        "max-mthreads=1",
        "max-total-msec=1",
        "network-timeout=2",
        "max-qperq=0",
        "max-tcp-per-client=1",
        "disable-packetcache=yes",
    ],
    "knot": [
        "modules.load('rebinding < iterate')",
        "modules.load('dns64') dns64.config('64:ff9b::')",
        "modules.load('predict')",
        "modules.load('serve_stale < cache')",
        "cache.max_ttl(5)",
        "cache.min_ttl(3600)",
        "net.outgoing_v4('127.0.0.1')",
        "net.outgoing_v4('192.0.2.53')",
        f"hints['{SSM}'] = '10.9.9.9'",
        f"policy.add(policy.suffix(policy.DENY, policy.todnames({{'{SSM}.'}})))",
        "TOP policy.add(policy.suffix(policy.STUB('203.0.113.1'), policy.todnames({'com.'})))",
        "TOP policy.add(policy.all(policy.REFUSE))",
        "policy.add(policy.all(policy.QTRACE))",
        "net.bufsize(4096)",
        "net.ipv4 = false",
        "modules.load('renumber < iterate') renumber.config({ {'10.0.0.0/16', '192.168.0.0'} })",
        "modules.load('renumber < iterate') renumber.config({ {'192.0.2.0/24', '192.168.0.0'} })",
        "modules.load('workarounds < iterate')",
        "modules.load('view') view:addr('127.0.0.0/8', policy.all(policy.DENY))",
        "modules.load('view') view:addr('10.10.0.0/16', policy.all(policy.REFUSE))",
        "policy.add(policy.all(policy.REROUTE({['10.0.0.0/8'] = '192.168.0.0'})), true)",
        "TOP policy.add(policy.all(policy.DROP), true)",
        "modules.load('daf') daf.add('qname ~ amazonaws.com deny')",
        "modules.unload('policy')",
    ],
    "resolved": [
        "Domains=~.",
        "Domains=corp.example",
        f"Domains=~{SSM}",
        "Domains=~us-east-2.amazonaws.com",
        "DNSOverTLS=opportunistic",
        "DNSOverTLS=yes",
        "Cache=no-negative",
        "StaleRetentionSec=1d",
        "ReadEtcHosts=no",
        f"TOP [Delegate]\nDNS=203.0.113.1\nDomains=~{SSM}",
        f"TOP [Delegate]\nDNS=203.0.113.1\nDomains=~x.{SSM}",
        "TOP [Delegate]\nDNS=203.0.113.1\nDomains=~amazonaws.com",
        "TOP [Delegate]\nDNS=203.0.113.1\nDefaultRoute=yes",
    ],
}
"""What administrators write: among the options, or with TOP behind everything."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_doctor_calls_well_is_not_rolled_back_and_a_reason_to_is_named(kind: str) -> None:
    @settings(
        max_examples=examples(18),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.sampled_from(LINES[kind]), max_size=2, unique_by=_key))
    def agree(lines: list[str]) -> None:
        said, report = judged(kind, lines)
        assert report["exit"] != Exit.ROLLBACK_FAILED, report
        if not said:
            assert report["exit"] in {Exit.DONE, Exit.DEGRADED}, report
        if report["exit"] == Exit.ROLLED_BACK:
            assert said, report

    agree()


def judged(kind: str, lines: list[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """What `doctor` finds amiss, and then the report of `apply`."""
    lab = Lab()
    try:
        top = [line.removeprefix("TOP ") for line in lines if line.startswith("TOP ")]
        admin = [line for line in lines if not line.startswith("TOP ")]
        lab.start(kind, "\n".join(admin), top="\n".join(top))
        lab.publish()
        return amiss(lab), apply(lab)
    finally:
        lab.close()


def _key(line: str) -> str:
    """Servers take most options once."""
    words = line.replace("=", " ").replace(":", " ").split()
    return " ".join(words[:3]) if words[0] == "TOP" else words[0]
