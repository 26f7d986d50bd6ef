"""DNS servers that are told by an API: models of Infoblox' WAPI and of FreeIPA's JSON-RPC, written
by their documentation, with a real BIND behind that answers.

Both are slow in their own way, as the real ones are: a Grid's members have a change only after a
restart of their service that was asked for, and named beside a directory some time after it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import trustme

from tests.onprem.lab import tool
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab

USER, PASSWORD = "ecs-dns", "correct horse/battery:staple"
PORT = 8443
LATE = 0.4
"""Seconds until BIND has what the API was told."""
MEMBER = "dns1.example.com"


@dataclass
class Bind:
    """The BIND behind an API."""

    lab: Lab
    server: DnsServer
    file: Path
    flushes_with_a_change: bool
    is_deaf: bool = False
    """True where the DNS service never hears of a change."""
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def take(self, zones: Callable[[], Mapping[str, list[str]]]) -> None:
        """Answer by the zones that there are when its turn comes."""
        with self._one_at_a_time:
            if not self.is_deaf:
                self._take(zones())

    def _take(self, zones: Mapping[str, list[str]]) -> None:
        port = self.lab.resolver_port
        lines = []
        for zone, forwarders in sorted(zones.items()):
            to = " ".join(f"{address} port {port};" for address in forwarders)
            lines.append(f'zone "{zone}" {{ type forward; forward only; forwarders {{ {to} }}; }};')
        text = "\n".join(lines) + "\n"
        if text == self.file.read_text():
            return
        self.file.write_text(text)
        self.rndc("reconfig")
        if self.flushes_with_a_change:
            self.rndc("flush")

    def rndc(self, *words: str) -> None:
        command = [*self.lab.prefix, *self.server.table["rndc"], *words]
        subprocess.run(command, check=True, capture_output=True, timeout=20)


@dataclass
class Answer:
    status: int
    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Model:
    """The part that both APIs share. `forward` are the zones that forward, by their names, with
    what the API has of each; `others` are zones of other kinds."""

    bind: Bind
    forward: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    breaks_off_after: int | None = None
    """The number of writes that are answered; the next is done, and answered with bytes that are no
    HTTP."""
    answers_oddly: bool = False
    """True where every answer is JSON of a form that the documentation does not have."""

    def is_to_break_off(self) -> bool:
        """Tell it once."""
        breaks = self.breaks_off_after is not None and len(self.writes) > self.breaks_off_after
        if breaks:
            self.breaks_off_after = None
        return breaks

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def later(self, do: Callable[[], None]) -> None:
        def unless_the_laboratory_has_ended() -> None:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                do()

        timer = threading.Timer(LATE, unless_the_laboratory_has_ended)
        timer.daemon = True
        timer.start()


@dataclass
class Wapi(Model):
    is_changed: bool = False
    """True where something has changed since the last restart that was asked for."""
    is_restarting: bool = False
    restarts: list[dict[str, Any]] = field(default_factory=list)
    """The body of each request for a restart."""

    def table(self) -> dict[str, Any]:
        return {"view": "default", "members": [MEMBER]}

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{PORT}/wapi/v2.12"

    def answer(self, asked: Asked) -> Answer:
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {token}":
            return Answer(401, "Authorization Required")
        path = unquote(asked.path).removeprefix("/wapi/v2.12/")
        function = asked.query.get("_function")
        content = json.loads(asked.body) if asked.body else {}
        if function:
            return self._call(path, function, content)
        if asked.method == "GET":
            return self._get(path, asked.query)
        return self._write(asked.method, path, content)

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        if path == "grid":
            return Answer(200, [{"_ref": "grid/b25l:Infoblox"}])
        if path == "member:dns":
            found = [MEMBER] if query.get("host_name") == MEMBER else []
            return Answer(200, [{"_ref": f"member:dns/{m}:{m}", "host_name": m} for m in found])
        if path == "restartservicestatus":
            status = "RESTART_PENDING" if self.is_restarting else "NO"
            status = "YES" if self.is_changed else status
            return Answer(200, [{"member": MEMBER, "dns_status": status}])
        found_zones: list[dict[str, Any]] = []
        if path == "zone_forward":
            found_zones = list(self.forward.values())
        if path == "zone_auth":
            found_zones = [{"_ref": f"zone_auth/x:{z}/default", "fqdn": z} for z in self.others]
        # A page holds one zone, so that the next is asked for.
        first = int(query.get("_page_id", "0"))
        page = {"result": found_zones[first : first + 1]}
        return Answer(
            200, page | ({"next_page_id": str(first + 1)} if found_zones[first + 1 :] else {})
        )

    def _write(self, method: str, path: str, content: dict[str, Any]) -> Answer:
        self.writes.append(f"{method} {path}")
        self.is_changed = True
        if method == "POST":
            zone = content["fqdn"]
            if zone in self.forward:
                return Answer(400, {"Error": "AdmConDataError: None (IBDataConflictError)"})
            self.forward[zone] = {"_ref": f"zone_forward/ZG5z:{zone}/default", **content}
            return Answer(201, self.forward[zone]["_ref"])
        if path.startswith("zone_auth/"):
            self.others.remove(path.split(":")[1].partition("/")[0])
            return Answer(200, path)
        [name] = [z for z, has in self.forward.items() if has["_ref"] == path]
        if method == "DELETE":
            del self.forward[name]
        else:
            self.forward[name] |= content
        return Answer(200, path)

    def _call(self, path: str, function: str, content: dict[str, Any]) -> Answer:
        if function == "restartservices":
            self.restarts.append(content)
            assert content["restart_option"] == "RESTART_IF_NEEDED"
            if self.is_changed:
                self.is_changed, self.is_restarting = False, True
                self.later(self._restart)
        if function == "clear_dns_cache":
            assert content["view"] == "default" and content["clear_full_tree"] is True
            self.bind.rndc("flushtree", content["domain"])
        return Answer(200, {})

    def _restart(self) -> None:
        self.bind.take(self.zones)
        self.is_restarting = False

    def zones(self) -> dict[str, list[str]]:
        return {
            name: [server["address"] for server in has["forward_to"]]
            for name, has in self.forward.items()
            if has["forwarders_only"] and [s["name"] for s in has["forwarding_servers"]] == [MEMBER]
        }

    def make_by_hand(self, zone: str, address: str) -> None:
        server = {"name": MEMBER, "forwarders_only": True, "use_override_forwarders": False}
        self.forward[zone] = {
            "_ref": f"zone_forward/aGFuZA:{zone}/default", "fqdn": zone, "forwarders_only": True,
            "forward_to": [{"address": address, "name": "ns"}], "forwarding_servers": [server],
        }  # fmt: skip


@dataclass
class Ipa(Model):
    session: str = "MagBearerToken=xyz"

    def table(self) -> dict[str, Any]:
        return {}

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{PORT}/ipa"

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Referer") != self.url:
            return Answer(400, "Missing or invalid HTTP Referer")
        if asked.path == "/ipa/session/login_password":
            said = parse_qs(asked.body.decode())
            if (said["user"], said["password"]) != ([USER], [PASSWORD]):
                return Answer(401, "", {"X-IPA-Rejection-Reason": "invalid-password"})
            return Answer(200, "", {"Set-Cookie": f"ipa_session={self.session}; path=/ipa; secure"})
        if f"ipa_session={self.session}" not in asked.headers.get("Cookie", ""):
            return Answer(401, "")
        call = json.loads(asked.body)
        words, options = call["params"]
        result, error = self._run(call["method"], words, options)
        return Answer(200, {"result": result, "error": error, "id": call["id"]})

    def _run(self, command: str, words: list[Any], options: dict[str, Any]) -> tuple[Any, Any]:
        if command.endswith("_find"):
            assert options["sizelimit"] == 0
            names = self.others if command == "dnszone_find" else list(self.forward)
            found = [
                {"idnsname": [{"__dns_name__": f"{name}."}], **self.forward.get(name, {})}
                for name in names
            ]
            return {"result": found, "count": len(found), "truncated": False}, None
        name = (words[0][0] if isinstance(words[0], list) else words[0]).rstrip(".")
        self.writes.append(f"{command} {name}")
        if command == "dnsforwardzone_add":
            if name in self.forward or name in self.others:
                return None, {"code": 4002, "message": f"DNS forward zone {name}. already exists"}
            if not options.get("skip_overlap_check"):
                return None, {"code": 3009, "message": f"DNS zone {name}. already exists in DNS"}
            self.forward[name] = {"idnszoneactive": [True]}
        elif name not in self.forward:
            return None, {"code": 4001, "message": f"{name}.: DNS forward zone not found"}
        if command == "dnsforwardzone_del":
            del self.forward[name]
        else:
            wanted = {
                "idnsforwarders": options["idnsforwarders"],
                "idnsforwardpolicy": [options["idnsforwardpolicy"]],
            }
            self.forward[name] |= wanted
        self.later(lambda: self.bind.take(self.zones))
        return {"result": {}, "value": name}, None

    def zones(self) -> dict[str, list[str]]:
        return {
            name: has["idnsforwarders"]
            for name, has in self.forward.items()
            if has["idnsforwardpolicy"] == ["only"] and has["idnszoneactive"] == [True]
        }

    def make_by_hand(self, zone: str, address: str) -> None:
        self.forward[zone] = {
            "idnsforwarders": [address], "idnsforwardpolicy": ["only"], "idnszoneactive": [True],
        }  # fmt: skip


KINDS: Mapping[str, type[Wapi | Ipa]] = {"infoblox": Wapi, "freeipa": Ipa}


class Appliance:
    """One of them at work in a laboratory, and the tool's configuration for it."""

    def __init__(self, lab: Lab, kind: str, authority: trustme.CA) -> None:
        self.lab, self.kind = lab, kind
        file = lab.directory / "appliance.zones"
        file.write_text("")
        self.server = lab.start("bind", initialised=False, top=f'include "{file}";')
        self.model = KINDS[kind](Bind(lab, self.server, file, kind == "freeipa"))
        self.password_file = self.server.ground.run / "password"
        self.password_file.write_text(f"{PASSWORD}\n")
        self.password_file.chmod(0o600)
        self.zones_file = self.server.ground.run / f"{kind}.zones"
        authority.cert_pem.write_to_path(str(lab.directory / "ca.pem"))
        self._serve(authority)
        self.configure()

    def configure(self, **changes: Any) -> None:
        """Write the tool's configuration; `changes`: of the server's table."""
        table = {
            "url": self.model.url,
            "user": USER,
            "password_file": str(self.password_file),
            "ca_file": str(self.lab.directory / "ca.pem"),
            "zones_file": str(self.zones_file),
            **self.model.table(),
        }
        settings = self.lab._settings(self.server) | {"server": self.kind}
        text = tool.configuration(settings, self.kind, table | changes)
        (self.server.ground.run / "config.toml").write_text(text)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _serve(self, authority: trustme.CA) -> None:
        model = self.model

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None: ...

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = dict(self.headers.items())
                said = model.answer(Asked(self.command, parts.path, query, headers, body))
                if model.is_to_break_off():
                    self.wfile.write(b"no HTTP\r\n\r\n")
                    self.close_connection = True
                    return
                content = json.dumps([7] if model.answers_oddly else said.content).encode()
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._http.socket.close()
        listening = self.lab.network.bind("tcp", "127.0.0.1", PORT)
        listening.setblocking(True)
        self._http.socket = context.wrap_socket(listening, server_side=True)
        self._http.server_activate()
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
