"""The commands that the script may call, with the parameters that Microsoft's references give them.

https://learn.microsoft.com/powershell/module/ and there: dnsserver (Get- and Remove-DnsServerZone,
Add- and Set-DnsServerConditionalForwarderZone, Clear-DnsServerCache), dnsclient (Resolve-DnsName),
microsoft.powershell.core, .management and .utility. A parameter that stands in none of them is an
error here, as it is on Windows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.onprem.powershell.interpreter import Call, Script
from tests.onprem.powershell.values import (
    NOTHING,
    Enum,
    Properties,
    Thrown,
    as_object,
    is_true,
    plain,
    text_of,
)
from tests.onprem.powershell.windows import Windows


@dataclass(frozen=True)
class Signature:
    """Parameters in the order of their positions; those behind `switches` take no value."""

    parameters: str
    switches: str = ""

    def names(self) -> list[str]:
        return self.parameters.lower().split()


SIGNATURES = {
    "Get-DnsServerZone": Signature("Name"),
    "Remove-DnsServerZone": Signature("Name", "Force"),
    "Add-DnsServerConditionalForwarderZone": Signature(
        "Name MasterServers ForwarderTimeout ReplicationScope DirectoryPartitionName",
        "UseRecursion LoadExisting PassThru",
    ),
    "Set-DnsServerConditionalForwarderZone": Signature(
        "Name MasterServers UseRecursion ForwarderTimeout ReplicationScope DirectoryPartitionName",
        "PassThru",
    ),
    "Clear-DnsServerCache": Signature("", "Force"),
    "Resolve-DnsName": Signature("Name Type Server", "DnsOnly NoHostsFile QuickTimeout"),
    "Set-StrictMode": Signature("Version"),
    "Write-Host": Signature("Object"),
    "Start-Sleep": Signature("Seconds"),
    "Join-Path": Signature("Path ChildPath"),
    "Test-Path": Signature("LiteralPath"),
    "Remove-Item": Signature("LiteralPath", "Force"),
    "Get-ChildItem": Signature("LiteralPath Filter"),
    "ConvertTo-Json": Signature("Depth"),
    "ConvertFrom-Json": Signature(""),
    "Where-Object": Signature("FilterScript"),
    "ForEach-Object": Signature("Process"),
    "Sort-Object": Signature("Property", "Unique"),
}


class Cmdlets:
    """`Commands` of a script that runs on `windows`."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._signatures = {name.lower(): each for name, each in SIGNATURES.items()}

    def switches(self, name: str) -> frozenset[str]:
        assert name.lower() in self._signatures, f"no such command: {name}"
        return frozenset(self._signatures[name.lower()].switches.lower().split())

    def run(self, name: str, call: Call, items: list[Any], script: Script) -> list[Any]:
        names = self._signatures[name.lower()].names()
        given = dict(call.named) | dict(
            zip((x for x in names if x not in call.named), call.positional, strict=False)
        )
        unknown = set(given) - set(names) - self.switches(name)
        assert not unknown, f"{name} has no parameter {unknown}"
        cmdlet: Callable[..., list[Any]] = getattr(self, "_" + name.lower().replace("-", "_"))
        return cmdlet(given, items, script)

    def static(self, type_name: str, member: str, arguments: list[Any] | None) -> Any:
        if (type_name, member) == ("Text.Encoding", "UTF8"):
            return self._windows.utf8
        if (type_name, member) == ("NullString", "Value"):
            return Enum("")
        assert type_name in {"IO.File", "IO.Directory"} and arguments is not None, type_name
        method: Callable[..., Any] = getattr(self._windows.disk, member)
        done = method(*arguments)
        return NOTHING if done is None else done

    # DnsServer and DnsClient

    def _get_dnsserverzone(self, given: dict[str, Any], *_: Any) -> list[Any]:
        zones = self._windows.dns.zones
        if "name" not in given:
            return [zone.as_object() for zone in zones.values()]
        return [self._windows.dns.zone(given["name"]).as_object()]

    def _remove_dnsserverzone(self, given: dict[str, Any], *_: Any) -> list[Any]:
        self._windows.dns.remove(given["name"])
        return []

    def _add_dnsserverconditionalforwarderzone(self, given: dict[str, Any], *_: Any) -> list[Any]:
        self._windows.dns.add(
            given["name"], given["masterservers"], given["forwardertimeout"],
            given.get("replicationscope", ""), given.get("directorypartitionname", ""),
            is_true(given.get("userecursion", False)),
        )  # fmt: skip
        return []

    def _set_dnsserverconditionalforwarderzone(self, given: dict[str, Any], *_: Any) -> list[Any]:
        assert "replicationscope" not in given, "another parameter set than that of MasterServers"
        self._windows.dns.change(
            given["name"], given["masterservers"], given["userecursion"], given["forwardertimeout"]
        )
        return []

    def _clear_dnsservercache(self, given: dict[str, Any], *_: Any) -> list[Any]:
        assert given.get("force"), "it would ask the person"
        self._windows.dns.clear_cache()
        return []

    def _resolve_dnsname(self, given: dict[str, Any], *_: Any) -> list[Any]:
        assert given["type"] == "A" and given["dnsonly"] and given["nohostsfile"]
        name = given["name"].removesuffix(".")
        found = self._windows.dns.resolve(name, given["server"])
        alias = as_object({"Name": name, "Type": Enum("CNAME"), "NameHost": f"private.{name}"})
        return [alias] + [
            as_object({"Name": name, "Type": Enum("A"), "IPAddress": address}) for address in found
        ]

    # The rest

    def _set_strictmode(self, *_: Any) -> list[Any]:
        return []

    def _write_host(self, given: dict[str, Any], _: list[Any], script: Script) -> list[Any]:
        script.said.append(text_of(given["object"]))
        return []

    def _start_sleep(self, given: dict[str, Any], *_: Any) -> list[Any]:
        self._windows.dns.pass_time()
        return []

    def _join_path(self, given: dict[str, Any], *_: Any) -> list[Any]:
        return [str(Path(given["path"]) / given["childpath"])]

    def _test_path(self, given: dict[str, Any], *_: Any) -> list[Any]:
        return [Path(given["literalpath"]).exists()]

    def _remove_item(self, given: dict[str, Any], *_: Any) -> list[Any]:
        self._windows.disk.remove(given["literalpath"])
        return []

    def _get_childitem(self, given: dict[str, Any], *_: Any) -> list[Any]:
        found = sorted(Path(given["literalpath"]).glob(given["filter"]))
        return [as_object({"FullName": str(path)}) for path in found]

    def _convertto_json(self, given: dict[str, Any], items: list[Any], _: Script) -> list[Any]:
        assert len(items) == 1, "several items would become a list"
        assert _depth(items[0]) <= given["depth"], "what lies deeper would become a string"
        return [json.dumps(_for_json(items[0]), indent=2)]

    def _convertfrom_json(self, _: dict[str, Any], items: list[Any], __: Script) -> list[Any]:
        try:
            return [json.loads("\n".join(items), object_hook=as_object)]
        except ValueError as error:
            raise Thrown(f"Invalid JSON primitive: {error}", "ArgumentException") from None

    def _where_object(self, given: dict[str, Any], items: list[Any], script: Script) -> list[Any]:
        block = given["filterscript"]
        return [x for x in items if is_true(_only(script.call_block(block, x)))]

    def _foreach_object(self, given: dict[str, Any], items: list[Any], script: Script) -> list[Any]:
        return [made for x in items for made in script.call_block(given["process"], x)]

    def _sort_object(self, given: dict[str, Any], items: list[Any], _: Script) -> list[Any]:
        found = sorted(items, key=lambda x: text_of(x).lower())
        if not given.get("unique"):
            return found
        return [x for n, x in enumerate(found) if text_of(x) not in map(text_of, found[:n])]


def _only(outputs: list[Any]) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, dict | list) else 0


def _for_json(value: Any) -> Any:
    """Windows PowerShell writes a value that is no output at all as `{}`, not as null."""
    if value is NOTHING:
        return {}
    if isinstance(value, Properties):
        return {key: _for_json(inner) for key, inner in value.items()}
    return [_for_json(inner) for inner in value] if isinstance(value, list) else plain(value)
