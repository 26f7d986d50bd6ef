"""BIND 9 as Debian lays it out: named.conf includes named.conf.options and named.conf.local."""

from __future__ import annotations

from pathlib import Path

from tests.onprem.lab.dns_server import Ground, Launch

OPTIONS, ZONES = "ecs-anywhere.options", "ecs-anywhere.zones"
SECRET = "bGFib3JhdG9yeS1sYWJvcmF0b3J5LWxhYm9yYXRvcnk="
KEY = f'key "rndc-key" {{ algorithm hmac-sha256; secret "{SECRET}"; }};\n'


def write(ground: Ground) -> Launch:
    directory = ground.directory
    main, key = directory / "named.conf", directory / "rndc.key"
    key.write_text(KEY)
    (directory / "db.root").write_text(f". 3600000 NS root.\nroot. 3600000 A {ground.root[0]}\n")
    (directory / "named.conf.options").write_text(_options(ground))
    (directory / "named.conf.local").write_text(_local(ground))
    main.write_text(_main(directory, ground, key))
    return Launch(
        main,
        ("named", "-g", "-4", "-n", "1", "-c", str(main)),
        {
            "configuration": str(main),
            "zones": str(directory / ZONES),
            "options": str(directory / OPTIONS),
            "options_file": str(directory / "named.conf.options"),
            "rndc": ["rndc", "-s", "127.0.0.1", "-p", str(ground.control_port), "-k", str(key)],
            "start": ground.start_command,
        },
    )


def _main(directory: Path, ground: Ground, key: Path) -> str:
    return f"""include "{directory}/named.conf.options";
include "{directory}/named.conf.local";
{_include(ground, ZONES)}
include "{key}";
controls {{
    inet 127.0.0.1 port {ground.control_port} allow {{ 127.0.0.1; }} keys {{ "rndc-key"; }};
}};
{ground.top}
"""


def _options(ground: Ground) -> str:
    ip, port = ground.root
    forwarding = "" if ground.recurses else f"forwarders {{ {ip} port {port}; }}; forward only;"
    return f"""options {{
    directory "{ground.run}";
    pid-file "{ground.run}/named.pid";
    session-keyfile "{ground.run}/session.key";
    listen-on port {ground.port} {{ {ground.address}; }};
    listen-on-v6 {{ none; }};
    recursion yes;
    qname-minimization disabled;
    dnssec-validation {"auto" if ground.validating else "no"};
    {forwarding}
    {ground.admin}
    {_include(ground, OPTIONS)}
}};
"""


def _local(ground: Ground) -> str:
    hints = f'zone "." {{ type hint; file "{ground.directory}/db.root"; }};\n'
    return hints if ground.recurses else ""


def _include(ground: Ground, fragment: str) -> str:
    return f'include "{ground.directory}/{fragment}";' if ground.initialised else ""
