"""PowerDNS Recursor as Debian lays it out: recursor.conf, recursor.lua, recursor.d."""

from __future__ import annotations

from tests.onprem.lab.dns_server import Ground, Launch


def write(ground: Ground) -> Launch:
    directory = ground.directory
    main, more = directory / "recursor.conf", directory / "recursor.d"
    zones, lua = directory / "ecs-anywhere.zones", directory / "ecs-anywhere.lua"
    more.mkdir()
    (directory / "root.hints").write_text(f". 3600000 NS root.\nroot. 3600000 A {ground.root[0]}\n")
    (directory / "recursor.lua").write_text("-- the administrator's own\n")
    main.write_text(_main(ground))
    if ground.initialised:
        (more / "ecs-anywhere.conf").write_text(f"forward-zones-file={zones}\n")
        with (directory / "recursor.lua").open("a") as admins:
            admins.write(f'dofile("{lua}")\n')
    return Launch(
        main,
        ("pdns_recursor", f"--config-dir={directory}"),
        {
            "configuration": str(main),
            "zones_file": str(zones),
            "rec_control": ["rec_control", f"--socket-dir={ground.run}"],
            "start": ground.start_command,
        },
    )


def _main(ground: Ground) -> str:
    ip, port = ground.root
    everything = "" if ground.recurses else f".={ip}:{port}"
    # By default it asks no server in a network for documentation (RFC 5737): the lab's internet.
    return f"""local-address={ground.address}
local-port={ground.port}
config-dir={ground.directory}
include-dir={ground.directory}/recursor.d
lua-config-file={ground.directory}/recursor.lua
socket-dir={ground.run}
security-poll-suffix=
dont-query=
qname-minimization=no
dnssec={"validate" if ground.validating else "off"}
daemon=no
disable-syslog=yes
quiet=yes
threads=1
hint-file={ground.directory}/root.hints
forward-zones-recurse={everything}
{ground.admin}
{ground.top}
"""
