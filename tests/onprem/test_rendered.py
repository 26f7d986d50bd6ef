"""The servers that a person configures: what is rendered for them, to the byte.

None of it is run here: each module says what was, elsewhere, and by what the rest was written.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers.contract import Renderer
from ecs_anywhere_dns.servers.coredns import CoreDns
from ecs_anywhere_dns.servers.knot import Knot
from ecs_anywhere_dns.servers.resolved import Resolved
from ecs_anywhere_dns.servers.windows import Windows

FORWARDING = Forwarding(
    ("ecs.us-east-2.amazonaws.com", "ssm.us-east-2.amazonaws.com"),
    ("10.0.0.32", "10.0.1.32"),
    "vpc-0a1b2c3d4e5f60718 generation 7 (active)",
)
WITHDRAWN = Forwarding((), (), "vpc-0a1b2c3d4e5f60718 generation 8 (withdrawn)")
RENDERERS = (CoreDns("us-east-2"), Knot("us-east-2"), Resolved("us-east-2"), Windows("us-east-2"))

COREDNS = """\
# managed by ecs-anywhere-dns, do not edit
# vpc-0a1b2c3d4e5f60718 generation 7 (active)

ecs.us-east-2.amazonaws.com:53,
ssm.us-east-2.amazonaws.com:53 {
    errors
    cache 60
    forward . 10.0.0.32 10.0.1.32 {
        policy sequential
        health_check 5s
        max_fails 2
    }
}
"""

KNOT = """\
-- managed by ecs-anywhere-dns, do not edit
-- vpc-0a1b2c3d4e5f60718 generation 7 (active)
-- The first policy that fits counts: this file has to come before the others.
-- After a change: restart kresd, then cache.clear() for each of these names.
local names = {
    'ecs.us-east-2.amazonaws.com.',
    'ssm.us-east-2.amazonaws.com.',
}
policy.add(policy.suffix(policy.STUB({'10.0.0.32', '10.0.1.32'}), policy.todnames(names)))
-- An isolated site cannot validate. What is exempt already stays so.
local exempt = {}
for _, known in ipairs({trust_anchors.insecure or {}, names}) do
    for _, name in ipairs(known) do table.insert(exempt, name) end
end
trust_anchors.set_insecure(exempt)
"""

RESOLVED = """\
# managed by ecs-anywhere-dns, do not edit
# vpc-0a1b2c3d4e5f60718 generation 7 (active)
# Belongs to /etc/systemd/network/<the link's>.network.d/, then `networkctl reload`.
# At once, and until the next start: L=<link>; resolvectl dns $L 10.0.0.32 10.0.1.32; \
resolvectl domain $L ~ecs.us-east-2.amazonaws.com ~ssm.us-east-2.amazonaws.com; \
resolvectl default-route $L no; resolvectl dnssec $L no; resolvectl flush-caches
[Network]
DNS=10.0.0.32
DNS=10.0.1.32
Domains=~ecs.us-east-2.amazonaws.com
Domains=~ssm.us-east-2.amazonaws.com
DNSDefaultRoute=no
DNSSEC=no
"""

WINDOWS_START = r"""#Requires -RunAsAdministrator
#Requires -Modules DnsServer
param(
    # Also into Active Directory: Forest, Domain or Legacy. Empty: only on this server.
    [ValidateSet('', 'Forest', 'Domain', 'Legacy')] [string] $ReplicationScope = ''
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
"""

WINDOWS_MEMORY = r"""
# What is ours: the zones that this script has made or taken over, noted before it does so.
$memory = Join-Path $env:ProgramData 'ecs-anywhere-dns\zones.txt'
$null = New-Item -ItemType Directory -Force -Path (Split-Path $memory)
$former = @(if (Test-Path $memory) { Get-Content $memory })
Set-Content -Path $memory -Value @($former + $zones | Where-Object { $_ } | Sort-Object -Unique)
"""

WINDOWS_REMOVAL = r"""
# What an earlier run of this script made, and this one does not ask for.
foreach ($zone in $former | Where-Object { $_ -and $_ -notin $zones }) {
    $found = Get-DnsServerZone -Name $zone -ErrorAction SilentlyContinue
    if ($null -ne $found -and $found.ZoneType -eq 'Forwarder') {
        Remove-DnsServerZone -Name $zone -Force
    }
}
Set-Content -Path $memory -Value $zones
Clear-DnsServerCache -Force
"""

WINDOWS = (
    "# managed by ecs-anywhere-dns, do not edit\n"
    "# vpc-0a1b2c3d4e5f60718 generation 7 (active)\n"
    + WINDOWS_START
    + r"""
$zones = @(
    'ecs.us-east-2.amazonaws.com',
    'ssm.us-east-2.amazonaws.com'
)
$resolvers = @('10.0.0.32', '10.0.1.32')
$timeout = 3
"""
    + WINDOWS_MEMORY
    + r"""
foreach ($zone in $zones) {
    $found = Get-DnsServerZone -Name $zone -ErrorAction SilentlyContinue
    if ($null -eq $found) {
        $made = @{ Name = $zone; MasterServers = $resolvers; ForwarderTimeout = $timeout }
        if ($ReplicationScope) { $made.ReplicationScope = $ReplicationScope }
        Add-DnsServerConditionalForwarderZone @made
    } elseif ($found.ZoneType -ne 'Forwarder') {
        throw "$zone is a zone of type $($found.ZoneType) here; remove it, or do not forward it"
    }
    # Without recursion of its own: a dead resolver is a failure, never a question to the internet.
    Set-DnsServerConditionalForwarderZone -Name $zone -MasterServers $resolvers `
        -UseRecursion $false -ForwarderTimeout $timeout
}
"""
    + WINDOWS_REMOVAL
)


@pytest.mark.parametrize(
    ("renderer", "path", "text"),
    [
        (CoreDns("us-east-2"), "ecs-anywhere.corefile", COREDNS),
        (Knot("us-east-2"), "ecs-anywhere.lua", KNOT),
        (Resolved("us-east-2"), "ecs-anywhere.network.conf", RESOLVED),
        (Windows("us-east-2"), "ecs-anywhere-dns.ps1", WINDOWS),
    ],
)
def test_it_is_rendered_to_the_byte(renderer: Renderer, path: str, text: str) -> None:
    (fragment,) = renderer.fragments(FORWARDING)
    assert (fragment.path, fragment.text) == (Path(path), text)


@pytest.mark.parametrize(
    ("renderer", "comment"),
    [(CoreDns("us-east-2"), "#"), (Knot("us-east-2"), "--"), (Resolved("us-east-2"), "#")],
)
def test_nothing_to_forward_is_nothing_but_the_header(renderer: Renderer, comment: str) -> None:
    (fragment,) = renderer.fragments(WITHDRAWN)
    assert fragment.text == (
        f"{comment} managed by ecs-anywhere-dns, do not edit\n"
        f"{comment} vpc-0a1b2c3d4e5f60718 generation 8 (withdrawn)\n"
    )


def test_on_windows_nothing_to_forward_removes_what_was_there() -> None:
    """There the zones stay until somebody removes them."""
    (fragment,) = Windows("us-east-2").fragments(WITHDRAWN)
    assert fragment.text == (
        "# managed by ecs-anywhere-dns, do not edit\n"
        "# vpc-0a1b2c3d4e5f60718 generation 8 (withdrawn)\n"
        f"{WINDOWS_START}\n$zones = @()\n$resolvers = @()\n$timeout = 3\n"
        f"{WINDOWS_MEMORY}{WINDOWS_REMOVAL}"
    )


@pytest.mark.parametrize(
    ("renderer", "written"),
    [
        (CoreDns("us-east-2"), "forward . 10.0.0.32:5453 10.0.1.32:5453 {"),
        (Knot("us-east-2"), "policy.STUB({'10.0.0.32@5453', '10.0.1.32@5453'})"),
        (Resolved("us-east-2"), "DNS=10.0.0.32:5453\nDNS=10.0.1.32:5453\n"),
    ],
)
def test_another_port_is_written_as_the_server_wants_it(renderer: Renderer, written: str) -> None:
    (fragment,) = renderer.fragments(replace(FORWARDING, port=5453))
    assert written in fragment.text


def test_windows_forwards_to_no_other_port() -> None:
    with pytest.raises(BadUsage, match="cannot forward to port 5453"):
        Windows("us-east-2").fragments(replace(FORWARDING, port=5453))


def test_the_same_forwarding_is_the_same_bytes() -> None:
    for renderer in RENDERERS:
        assert renderer.fragments(FORWARDING) == renderer.fragments(replace(FORWARDING))
