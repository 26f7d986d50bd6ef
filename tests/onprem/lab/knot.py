"""Knot Resolver as Debian lays it out: kresd.conf, and a folder for control sockets and cache."""

from __future__ import annotations

from tests.onprem.lab.dns_server import Ground, Launch


def write(ground: Ground) -> Launch:
    directory = ground.directory
    main, ours = directory / "kresd.conf", directory / "ecs-anywhere.lua"
    (directory / "root.hints").write_text(f". 3600000 NS root.\nroot. 3600000 A {ground.root[0]}\n")
    include = ""
    if ground.initialised:
        include = f"dofile('{ours}')"
    main.write_text(_main(ground, include))
    run = ground.run / "kresd"
    run.mkdir()
    return Launch(
        main,
        ("kresd", "-n", "-c", str(main), str(run)),
        {
            "configuration": str(main),
            "fragment": str(ours),
            "control": str(run / "control"),
            "start": ground.start_command,
        },
    )


def _main(ground: Ground, include: str) -> str:
    ip, port = ground.root
    everything = f"policy.add(policy.all(policy.STUB('{ip}@{port}')))"
    text = f"""net.ipv6 = false
net.listen('{ground.address}', {ground.port}, {{ kind = 'dns' }})
modules = {{ 'hints > iterate' }}
cache.open(8 * MB)
option('NO_MINIMIZE', true)
modules.unload('priming')
modules.unload('ta_signal_query')
modules.unload('ta_update')
modules.unload('detect_time_skew')
{"" if ground.validating else "trust_anchors.remove('.')"}
{f"hints.root_file('{ground.directory}/root.hints')" if ground.recurses else ""}
{ground.admin}
{include}
{ground.top}
{"" if ground.recurses else everything}
"""
    return text.rstrip("\n") + "\n"
