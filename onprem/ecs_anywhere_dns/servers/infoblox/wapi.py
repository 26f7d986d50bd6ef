"""The WAPI of Infoblox NIOS, as far as forward zones need it.

By Infoblox' own reference (`/wapidoc` of every Grid Master: objects zone_forward, grid,
restartservicestatus, member:dns), which the Grid has for its own version. That `restartservices`
takes `members` and `services`, without which it is for the whole Grid: Infoblox' own module
nios_restartservices of the Ansible collection infoblox.nios_modules.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import HEADER
from ecs_anywhere_dns.servers.waiting import comes_true
from ecs_anywhere_dns.servers.zones_by_api.https import Https
from ecs_anywhere_dns.servers.zones_by_api.zones import Zone

OTHER_KINDS = ("zone_auth", "zone_stub", "zone_delegated", "zone_rp")
FIELDS = "fqdn,comment,forward_to,forwarders_only,disable,forwarding_servers"
PAGE = "1000"
UNAUTHORIZED, FORBIDDEN = 401, 403
IN_FORCE = {"NO", "NO_REQUEST"}
"""The words of `restartservicestatus` for a member whose DNS service has every change in force."""
RESTART_POLL = 1.0
RESTART_PATIENCE = 120.0
"""Seconds. The service of the systemd unit has 180 for a run."""


@dataclass(frozen=True)
class Grid:
    """The place of our zones in the Grid."""

    view: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Wapi:
    """Forward zones of Infoblox NIOS: the port `ZoneApi`."""

    session: Https
    credentials: tuple[str, str]
    grid: Grid

    def __repr__(self) -> str:
        """Return a text without the password."""
        return f"Wapi({self.session.place})"

    def zones(self) -> Sequence[Zone]:
        forward = [self._forward_zone(each) for each in self._all("zone_forward", FIELDS)]
        others = [
            Zone(_name(each), str(each["_ref"]))
            for kind in OTHER_KINDS
            for each in self._all(kind, "fqdn")
        ]
        return [*forward, *others]

    def create(self, zone: str, forwarders: Sequence[str]) -> None:
        self._ask("POST", "/zone_forward", self._content(forwarders) | self._named(zone))

    def change(self, zone: Zone, forwarders: Sequence[str]) -> None:
        self._ask("PUT", f"/{quote(zone.reference)}", self._content(forwarders))

    def delete(self, zone: Zone) -> None:
        self._ask("DELETE", f"/{quote(zone.reference)}")

    def put_in_force(self) -> None:
        grid = quote(self._only("grid")["_ref"])
        wish = {
            "members": list(self.grid.members),
            "services": ["DNS"],
            "restart_option": "RESTART_IF_NEEDED",
        }
        self._ask("POST", f"/{grid}?_function=restartservices", wish)
        pending: dict[str, str] = {}

        def all_have_it() -> bool:
            only_dns = {"service_option": "DNS"}
            self._ask("POST", f"/{grid}?_function=requestrestartservicestatus", only_dns)
            pending.clear()
            pending.update(self._pending())
            return not pending

        if not comes_true(all_have_it, RESTART_PATIENCE, poll=RESTART_POLL):
            said = ", ".join(f"{member}: {status}" for member, status in pending.items())
            raise ReloadFailed(
                f"the DNS service has not loaded the change in {RESTART_PATIENCE:.0f} s ({said})",
                "look at it in Grid Manager: Grid, Restart Services",
            )

    def forget(self, names: Iterable[str]) -> None:
        for member in self.grid.members:
            found = self._only("member:dns", host_name=member)
            path = f"/{quote(found['_ref'])}?_function=clear_dns_cache"
            for name in names:
                which = {"domain": name, "view": self.grid.view, "clear_full_tree": True}
                self._ask("POST", path, which)

    def _pending(self) -> Iterator[tuple[str, str]]:
        """Yield each member that serves our zones and does not have the last change in force, with
        its status."""
        found = self._ask("GET", "/restartservicestatus?_return_fields=member,dns_status")
        statuses = {str(each["member"]): str(each["dns_status"]) for each in found}
        for member in self.grid.members:
            status = statuses.get(member, "no such member")
            if status not in IN_FORCE:
                yield member, status

    def _forward_zone(self, said: Mapping[str, Any]) -> Zone:
        servers = {str(each["name"]): each for each in said.get("forwarding_servers", ())}
        ours = [servers[member] for member in self.grid.members if member in servers]
        return Zone(
            name=_name(said),
            reference=str(said["_ref"]),
            is_forward=True,
            forwarders=frozenset(str(each["address"]) for each in said.get("forward_to", ())),
            is_only=said.get("forwarders_only") is True
            and all(each.get("forwarders_only") is True for each in ours),
            is_active=not said.get("disable"),
            is_marked=said.get("comment") == HEADER,
            is_served=len(ours) == len(self.grid.members)
            and not any(each.get("use_override_forwarders") for each in ours),
        )

    def _named(self, zone: str) -> dict[str, Any]:
        return {"fqdn": zone, "view": self.grid.view, "comment": HEADER}

    def _content(self, forwarders: Sequence[str]) -> dict[str, Any]:
        servers = [
            {"name": member, "forwarders_only": True, "forward_to": [],
             "use_override_forwarders": False}
            for member in self.grid.members
        ]  # fmt: skip
        return {
            "forward_to": [
                {"address": address, "name": f"inbound-{address.replace('.', '-')}.ecs-anywhere"}
                for address in forwarders
            ],
            "forwarders_only": True,
            "forwarding_servers": servers,
            "disable": False,
        }

    def _only(self, kind: str, **search: str) -> Mapping[str, Any]:
        """Return the one object of that kind. Raises CheckFailed."""
        words = f"?{urlencode(search)}" if search else ""
        found = self._ask("GET", f"/{kind}{words}")
        if len(found) != 1:
            said = ", ".join(search.values()) or "one"
            raise CheckFailed(
                f"the Grid at {self.session.place} has {len(found)} objects {kind} ({said})",
                "correct members under [infoblox]",
            )
        only: Mapping[str, Any] = found[0]
        return only

    def _all(self, kind: str, fields: str) -> Iterator[Mapping[str, Any]]:
        """Yield all objects of the view, page by page."""
        asked = {
            "view": self.grid.view, "_return_fields": fields, "_return_as_object": "1",
            "_paging": "1", "_max_results": PAGE,
        }  # fmt: skip
        words = asked
        while True:
            page = self._ask("GET", f"/{kind}?{urlencode(words)}")
            yield from page["result"]
            if not page.get("next_page_id"):
                return
            words = {"_page_id": page["next_page_id"]}

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """Return the content of the answer. Raises ReloadFailed, and CheckFailed for
        credentials."""
        token = base64.b64encode(":".join(self.credentials).encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        body = None if content is None else json.dumps(content).encode()
        answer = self.session.send(method, path, body, headers)
        if answer.status in (UNAUTHORIZED, FORBIDDEN):
            raise CheckFailed(
                f"{self.session.place} refuses the user {self.credentials[0]!r} ({answer.status})",
                "correct user and the password's file under [infoblox]; the user needs the API, "
                "and to write forward zones and restart DNS",
            )
        if not 200 <= answer.status < 300:
            raise ReloadFailed(
                f"{self.session.place} refuses {method} {path.partition('?')[0]}: {answer.said}",
                "look at what it says; the user under [infoblox] may lack a permission",
            )
        return answer.json(self.session.place)


def _name(said: Mapping[str, Any]) -> str:
    return str(said["fqdn"]).lower().rstrip(".")
