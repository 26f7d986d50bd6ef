"""The JSON-RPC API of FreeIPA, as far as forward zones need it.

By its documentation: freeipa.readthedocs.io, "JSON-RPC API usage", and the commands dnszone_find
and dnsforwardzone_find, _add, _mod, _enable and _del.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.zones_by_api.https import Https
from ecs_anywhere_dns.servers.zones_by_api.zones import Zone

VERSION = "2.156"
"""The version of the API: that of FreeIPA 4.3. A later server takes it, and answers in its form."""
NOT_FOUND, NOTHING_TO_CHANGE = 4001, 4202
DONE = 200


@dataclass
class Rpc:
    """Forward zones of FreeIPA: the port `ZoneApi`. The first command logs in."""

    session: Https
    user: str
    password: str = field(repr=False)
    _is_logged_in: bool = False

    def zones(self) -> Sequence[Zone]:
        forward = self._call("dnsforwardzone_find", [], {"all": True})
        others = self._call("dnszone_find", [], {})
        return [
            *(_forward_zone(each) for each in forward),
            *(Zone(_name(each), _name(each)) for each in others),
        ]

    def create(self, zone: str, forwarders: Sequence[str]) -> None:
        # Without that flag it is refused: names of AWS exist in the internet's DNS.
        options = {**_content(forwarders), "skip_overlap_check": True}
        self._call("dnsforwardzone_add", [f"{zone}."], options)

    def change(self, zone: Zone, forwarders: Sequence[str]) -> None:
        self._call("dnsforwardzone_mod", [f"{zone.name}."], _content(forwarders), NOTHING_TO_CHANGE)
        if not zone.is_active:
            self._call("dnsforwardzone_enable", [f"{zone.name}."], {})

    def delete(self, zone: Zone) -> None:
        self._call("dnsforwardzone_del", [[f"{zone.name}."]], {}, NOT_FOUND)

    def put_in_force(self) -> None:
        """Do nothing: named follows the directory by itself."""

    def forget(self, names: Iterable[str]) -> None:
        """Do nothing: named flushes its whole cache with each change of a forward zone, and the API
        has no call for it."""

    def _call(
        self, command: str, words: list[Any], options: Mapping[str, Any], fine: int = 0
    ) -> Any:
        """Return the result of a command; None where its error is `fine`. Raises the errors of the
        port."""
        self._log_in()
        asked = {**options, "version": VERSION}
        if command.endswith("_find"):
            asked["sizelimit"] = 0
        body = json.dumps({"method": command, "params": [words, asked], "id": 0}).encode()
        answer = self._send("/session/json", body, "application/json")
        if answer.status != DONE:
            raise ReloadFailed(
                f"{self.session.place} refuses {command} ({answer.status}): {answer.said}", ""
            )
        said = answer.json(self.session.place)
        error = said.get("error") or {}
        if error and error.get("code") != fine:
            raise ReloadFailed(
                f"{self.session.place} refuses {command}: {error.get('message')}",
                "the user under [freeipa] needs the privilege DNS Administrators",
            )
        result = said.get("result") or {}
        if result.get("truncated"):
            raise ReloadFailed(
                f"{self.session.place} does not list all of its zones", "raise its search limit"
            )
        return result.get("result")

    def _log_in(self) -> None:
        if self._is_logged_in:
            return
        body = urlencode({"user": self.user, "password": self.password}).encode()
        answer = self._send("/session/login_password", body, "application/x-www-form-urlencoded")
        if answer.status != DONE:
            raise CheckFailed(
                f"{self.session.place} refuses the user {self.user!r} ({answer.status})",
                "correct user and the password's file under [freeipa]; a new password is expired "
                "until its owner has changed it",
            )
        self._is_logged_in = True

    def _send(self, path: str, body: bytes, kind: str) -> Any:
        # Without this Referer it refuses, as for a page of somebody else.
        headers = {"Referer": self.session.base, "Content-Type": kind, "Accept": "*/*"}
        return self.session.send("POST", path, body, headers)


def _content(forwarders: Sequence[str]) -> dict[str, Any]:
    return {"idnsforwarders": list(forwarders), "idnsforwardpolicy": "only"}


def _forward_zone(said: Mapping[str, Any]) -> Zone:
    words = [str(each).split() for each in said.get("idnsforwarders", ())]
    return Zone(
        name=_name(said),
        reference=_name(said),
        is_forward=True,
        forwarders=frozenset(each[0] for each in words if each),
        is_only=_first(said, "idnsforwardpolicy", "first") == "only",
        is_active=str(_first(said, "idnszoneactive", True)).upper() == "TRUE",
    )


def _first(said: Mapping[str, Any], key: str, default: Any) -> Any:
    values = said.get(key, default)
    return values[0] if isinstance(values, list) and values else values


def _name(said: Mapping[str, Any]) -> str:
    name = _first(said, "idnsname", "")
    text = name.get("__dns_name__", "") if isinstance(name, Mapping) else name
    return str(text).lower().rstrip(".")
