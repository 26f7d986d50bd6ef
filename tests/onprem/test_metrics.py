"""The file for monitoring: what it says after each run, and that a real node exporter reads it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError

from ecs_anywhere_dns.following.metrics import METRICS, PREFIX
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.memory.state import State
from ecs_anywhere_dns.outcome import Exit
from ecs_anywhere_dns.report import Report

from tests.onprem.several import Site, Vpc
from tests.onprem.test_commands import _table as table
from tests.onprem.test_several_vpcs import ireland, ohio

EXPORTER = "prometheus-node-exporter"
PATIENCE = 20.0
"""Seconds for the exporter to begin to answer."""
Samples = dict[tuple[str, str], float]
SAMPLE = re.compile(rf'{PREFIX}(\w+){{vpc="(vpc-[0-9a-f]+)"}} (\S+)')


def watched(folder: Path, *vpcs: Vpc) -> tuple[Site, Path]:
    """A host whose metrics go into a folder of their own."""
    file = folder / "textfiles" / "ecs_anywhere_dns.prom"
    file.parent.mkdir()
    there = Site(folder, list(vpcs))
    there.changes = {vpc.id: {"metrics_file": str(file)} for vpc in vpcs}
    return there, file


def samples_in(text: str) -> Samples:
    return {(name, vpc): float(value) for name, vpc, value in SAMPLE.findall(text)}


def samples_of(file: Path) -> Samples:
    return samples_in(file.read_text())


def of(samples: Samples, vpc: Vpc) -> dict[str, float]:
    return {name: value for (name, id_), value in samples.items() if id_ == vpc.id}


# --- what it says


def test_without_metrics_file_nothing_is_written(tmp_path: Path) -> None:
    there = Site(tmp_path, [ohio()])
    assert there.apply().exit == Exit.DONE
    assert not list(tmp_path.rglob("*.prom"))
    assert not list(tmp_path.rglob("verified*"))


def test_each_vpc_has_its_own_samples(tmp_path: Path) -> None:
    first, second = ohio(), ireland()
    there, file = watched(tmp_path, first, second)
    second.publish()
    assert there.apply().exit == Exit.DONE
    now = there.now.timestamp()
    for vpc in (first, second):
        asked = of(samples_of(file), vpc)
        assert asked == {
            "up": 1, "generation": vpc.generation, "resolvers_asked": 2, "resolvers_degraded": 0,
            "answers_asked": asked["answers_right"], "answers_right": asked["answers_asked"],
            "last_exit_code": 0, "last_verified_timestamp_seconds": now,
            "last_run_timestamp_seconds": now,
        }  # fmt: skip
        assert asked["answers_asked"] >= len(vpc.names)


def test_one_vpc_that_cannot_be_read_leaves_the_other_one_up(tmp_path: Path) -> None:
    first, second = ohio(), ireland()
    there, file = watched(tmp_path, first, second)
    there.apply()
    good = there.now.timestamp()
    second.is_readable = False
    there.apply()
    said = samples_of(file)
    assert of(said, first)["up"] == 1
    assert of(said, first)["last_verified_timestamp_seconds"] == there.now.timestamp()
    failed = of(said, second)
    assert (failed["up"], failed["last_exit_code"]) == (0, Exit.FETCH_FAILED)
    assert failed["generation"] == second.generation, "still forwarded as before"
    assert (failed["answers_asked"], failed["resolvers_asked"]) == (0, 0)
    assert failed["last_verified_timestamp_seconds"] == good


def test_wrong_answers_are_counted_also_where_the_run_fails(tmp_path: Path) -> None:
    vpc = ohio()
    there, file = watched(tmp_path, vpc)
    there.apply()
    there.poisoned = set(list(vpc.names)[:1])
    assert there.apply().exit == Exit.NOT_RESOLVING
    said = of(samples_of(file), vpc)
    assert (said["up"], said["last_exit_code"]) == (0, Exit.NOT_RESOLVING)
    assert 0 < said["answers_right"] < said["answers_asked"]


def test_resolver_ips_that_do_not_answer_are_counted(tmp_path: Path) -> None:
    vpc = ohio()
    there, file = watched(tmp_path, vpc)
    there.apply()
    vpc.answers = False
    there.apply()
    said = of(samples_of(file), vpc)
    assert (said["resolvers_asked"], said["resolvers_degraded"]) == (2, 2)
    assert (said["up"], said["last_exit_code"]) == (0, Exit.PREFLIGHT_FAILED)


def test_before_anything_was_applied_there_is_no_generation_and_no_good_run(tmp_path: Path) -> None:
    vpc = ohio()
    there, file = watched(tmp_path, vpc)
    vpc.is_readable = False
    there.apply()
    said = of(samples_of(file), vpc)
    assert said["up"] == 0
    assert said.keys().isdisjoint({"generation", "last_verified_timestamp_seconds"})


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    there, file = watched(tmp_path, ohio())
    there.apply(dry=True)
    assert not file.exists()


def test_a_run_that_finds_another_at_work_leaves_its_file(tmp_path: Path) -> None:
    there, file = watched(tmp_path, ohio())
    there.apply()
    before = file.read_bytes()
    with State(tmp_path / "state").locked():
        assert there.apply().exit == Exit.BUSY
    assert file.read_bytes() == before


def test_a_run_that_cannot_remember_tells_monitoring_that_it_failed(tmp_path: Path) -> None:
    vpc = ohio()
    there, file = watched(tmp_path, vpc)
    there.apply()
    applied = tmp_path / "state" / "applied.json"
    applied.write_text("{")
    report = there.apply()
    said = of(samples_of(file), vpc)
    assert (said["up"], said["last_exit_code"]) == (0, report.exit)
    assert report.exit == Exit.USAGE
    assert "generation" not in said


def test_the_readme_explains_every_metric_and_no_other() -> None:
    told = {name for row in table("Monitoring") for name in re.findall(r"`(\w+)`", row[0])}
    assert told == {f"{PREFIX}{metric.name}" for metric in METRICS}


# --- how it is written


def test_a_file_that_cannot_be_written_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    there, file = watched(tmp_path, ohio())
    file.parent.rmdir()
    report = there.apply()
    assert report.exit == Exit.DONE
    assert any("monitoring will not know" in h and str(file.parent) in h for h in report.hints)
    assert there.private(there.vpcs[0]) == set(there.vpcs[0].names)


def test_every_user_may_read_it_and_no_half_of_it_is_left(tmp_path: Path) -> None:
    there, file = watched(tmp_path, ohio())
    inodes = set()
    for _ in range(2):
        there.apply()
        inodes.add(file.stat().st_ino)
        assert file.stat().st_mode & 0o777 == 0o644
        assert list(file.parent.iterdir()) == [file]
    assert len(inodes) == 2, "another file takes its place, at once"


def test_each_metric_is_explained_once_before_its_samples(tmp_path: Path) -> None:
    first, second = ohio(), ireland()
    there, file = watched(tmp_path, first, second)
    there.apply()
    text = file.read_text()
    assert text.endswith("\n")
    lines = iter(text.splitlines())
    for metric in METRICS:
        name = f"{PREFIX}{metric.name}"
        assert next(lines) == f"# HELP {name} {metric.help}"
        assert next(lines) == f"# TYPE {name} gauge"
        for vpc in (first, second):
            assert next(lines).startswith(f'{name}{{vpc="{vpc.id}"}} ')
    assert list(lines) == []


def test_where_nothing_is_forwarded_any_more_the_file_is_gone(tmp_path: Path) -> None:
    first, second = ohio(), ireland()
    there, file = watched(tmp_path, first, second)
    there.apply()
    assert rolled_back(there, second).exit == Exit.DONE
    assert file.exists(), "the other one is still forwarded"
    assert rolled_back(there, first, second).exit == Exit.DONE
    assert list(file.parent.iterdir()) == []


def rolled_back(there: Site, *vpcs: Vpc) -> Report:
    there.now += timedelta(minutes=5)
    ids = [vpc.id for vpc in vpcs]
    return rollback([host for host in there.hosts() if host.settings.vpc in ids], to_none=True)


# --- who reads it


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def node_exporter(folder: Path) -> Iterator[str]:
    """The address of a real one that reads this folder, and does nothing else."""
    program = shutil.which(EXPORTER)
    assert program, f"install {EXPORTER}: scripts/install-dns-servers"
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [
            program, "--collector.disable-defaults", "--collector.textfile",
            f"--collector.textfile.directory={folder}", f"--web.listen-address={address}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield f"http://{address}/metrics"
        finally:
            process.terminate()


def scraped(url: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except (URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_a_real_node_exporter_tells_what_each_run_wrote(tmp_path: Path) -> None:
    first, second = ohio(), ireland()
    there, file = watched(tmp_path, first, second)
    with node_exporter(file.parent) as url:
        for is_readable in (True, False):
            second.is_readable = is_readable
            there.apply()
            said = scraped(url)
            assert "node_textfile_scrape_error 0" in said
            assert f'node_textfile_mtime_seconds{{file="{file}"}}' in said
            assert samples_in(said) == samples_of(file)
            for metric in METRICS:
                assert f"# HELP {PREFIX}{metric.name} {metric.help}\n" in said
                assert f"# TYPE {PREFIX}{metric.name} gauge\n" in said
            assert of(samples_in(said), second)["up"] == int(is_readable)
