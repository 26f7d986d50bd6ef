"""Windows DNS Server: a PowerShell script, to be run by a person on a DNS server.

Rendered only, and not run here: written by Microsoft's reference of the module DnsServer
(Add-, Set- and Remove-DnsServerConditionalForwarderZone). `-UseRecursion` is a switch in Add, and
a Boolean in Set; `-ReplicationScope` is not to be given with `-MasterServers` in Set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

TIMEOUT = 3
"""Seconds for one resolver IP. Microsoft's default is 3, too; it is said so that it stays."""

START = r"""#Requires -RunAsAdministrator
#Requires -Modules DnsServer
param(
    # Also into Active Directory: Forest, Domain or Legacy. Empty: only on this server.
    [ValidateSet('', 'Forest', 'Domain', 'Legacy')] [string] $ReplicationScope = ''
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
"""

REMEMBER = r"""
# What is ours: the zones that this script has made or taken over, noted before it does so.
$memory = Join-Path $env:ProgramData 'ecs-anywhere-dns\zones.txt'
$null = New-Item -ItemType Directory -Force -Path (Split-Path $memory)
$former = @(if (Test-Path $memory) { Get-Content $memory })
Set-Content -Path $memory -Value @($former + $zones | Where-Object { $_ } | Sort-Object -Unique)
"""

ENSURE = r"""
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

REMOVE = r"""
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


@dataclass(frozen=True)
class Windows:
    name = "windows"
    title = "Windows DNS Server"

    region: str

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Run twice, the script changes nothing but the cache. Raises BadUsage for another port
        than 53: a conditional forwarder has none."""
        if forwarding.port != DNS_PORT:
            raise BadUsage(
                f"Windows DNS Server cannot forward to port {forwarding.port}",
                "use resolver_port = 53",
            )
        head = f"# {HEADER}\n# {forwarding.label}\n"
        ensure = "" if forwarding.is_none else ENSURE
        text = head + START + _values(forwarding) + REMEMBER + ensure + REMOVE
        # Windows PowerShell 5.1 takes lines that end either way.
        return (Fragment(Path("ecs-anywhere-dns.ps1"), text),)


def _values(forwarding: Forwarding) -> str:
    return (
        f"\n$zones = @({_list(forwarding.zones)})\n"
        f"$resolvers = @({', '.join(_quoted(forwarding.forwarders))})\n"
        f"$timeout = {TIMEOUT}\n"
    )


def _list(words: tuple[str, ...]) -> str:
    lines = ",\n".join(f"    {word}" for word in _quoted(words))
    return f"\n{lines}\n" if words else ""


def _quoted(words: tuple[str, ...]) -> Iterator[str]:
    return (f"'{word}'" for word in words)
