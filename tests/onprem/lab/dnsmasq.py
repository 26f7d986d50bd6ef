"""dnsmasq as Debian lays it out: dnsmasq.conf, and all of dnsmasq.d but the package's leavings."""

from __future__ import annotations

from tests.onprem.lab.dns_server import Ground, Launch

ROOT_KEY = ".,20326,8,2,E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"


def write(ground: Ground) -> Launch:
    directory = ground.directory
    main, fragments = directory / "dnsmasq.conf", directory / "dnsmasq.d"
    servers, pid_file = directory / "ecs-anywhere.servers", ground.run / "dnsmasq.pid"
    fragments.mkdir()
    main.write_text(_main(ground))
    if ground.initialised:
        rebinding = "rebind-domain-ok=/us-east-2.amazonaws.com/"
        lines = f"servers-file={servers}\n{rebinding}\n"
        (fragments / "ecs-anywhere.conf").write_text(lines)
    return Launch(
        main,
        ("dnsmasq", "-k", "-C", str(main)),
        {
            "configuration": str(main),
            "directory": str(fragments),
            "servers_file": str(servers),
            "pid_file": str(pid_file),
            "start": ground.start_command,
        },
    )


def _main(ground: Ground) -> str:
    ip, port = ground.root
    validation = f"dnssec\ntrust-anchor={ROOT_KEY}" if ground.validating else ""
    # The empty user: it stays whoever started it. In a user namespace there is nobody else.
    return f"""listen-address={ground.address}
port={ground.port}
bind-interfaces
no-resolv
no-hosts
user=
group=
pid-file={ground.run}/dnsmasq.pid
log-facility=-
server={ip}#{port}
{validation}
{ground.admin}
conf-dir={ground.directory}/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new
{ground.top}
"""
