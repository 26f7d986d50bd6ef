"""Unbound as Debian lays it out: unbound.conf takes in all of unbound.conf.d."""

from __future__ import annotations

from tests.onprem.lab.dns_server import Ground, Launch

ROOT_KEY = ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
"""The real root's: the lab's root cannot prove anything with it."""


def write(ground: Ground) -> Launch:
    directory = ground.directory
    main, fragments = directory / "unbound.conf", directory / "unbound.conf.d"
    fragments.mkdir()
    (directory / "root.hints").write_text(f". 3600000 NS root.\nroot. 3600000 A {ground.root[0]}\n")
    main.write_text(_main(ground))
    return Launch(
        main,
        ("unbound", "-d", "-c", str(main)),
        {
            "configuration": str(main),
            "fragment": str(fragments / "ecs-anywhere.conf"),
            "control": ["unbound-control", "-c", str(main)],
            "start": ground.start_command,
        },
    )


def _main(ground: Ground) -> str:
    anchor = f'trust-anchor: "{ROOT_KEY}"' if ground.validating else ""
    return f"""server:
    interface: {ground.address}
    port: {ground.port}
    username: ""
    chroot: ""
    directory: "{ground.directory}"
    pidfile: "{ground.run}/unbound.pid"
    use-syslog: no
    logfile: ""
    num-threads: 1
    do-ip6: no
    do-not-query-localhost: no
    qname-minimisation: no
    {anchor}
    {_hints(ground)}
{_indented(ground.admin)}
remote-control:
    control-enable: yes
    control-interface: "{ground.run}/unbound.ctl"
    control-use-cert: no
{_everything_to_root(ground)}
include-toplevel: "{ground.directory}/unbound.conf.d/*.conf"
{ground.top}
"""


def _hints(ground: Ground) -> str:
    return f'root-hints: "{ground.directory}/root.hints"' if ground.recurses else ""


def _everything_to_root(ground: Ground) -> str:
    ip, port = ground.root
    return "" if ground.recurses else f'forward-zone:\n    name: "."\n    forward-addr: {ip}@{port}'


def _indented(lines: str) -> str:
    return "\n".join(f"    {line.strip()}" for line in lines.splitlines())
