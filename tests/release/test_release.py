"""The files of `make release`: checked by who installs them, the same for who builds them again."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from scripts import lambda_python
from tests.onprem.example import published
from tests.template import sam_template

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-tools" / "bin" / "python"
LOCKS = {
    "ecs-anywhere-dns": "onprem/requirements.lock",
    "ecs-anywhere-private-connectivity": "functions/requirements.txt",
}
MAGIC_NUMBER = (3571).to_bytes(2, "little") + b"\r\n"
"""What byte code of Python 3.13 begins with (Lib/importlib/_bootstrap_external.py)."""
pytestmark = pytest.mark.timeout(900)
"""Seconds: a release is built first, or two, and a busy machine takes minutes for each."""
COLLECTION = "ecs_anywhere.private_connectivity"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_in(tmp_path_factory.mktemp("release") / "1")


def built_in(folder: Path) -> Path:
    """Build a release of this commit by itself, and return its folder."""
    command = [PYTHON, ROOT / "scripts" / "release.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_same_commit_gives_the_same_bytes(release: Path, tmp_path: Path) -> None:
    first, second = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        for folder in (release, built_in(tmp_path / "2"))
    )
    assert first == second
    assert len(first) == 13


def test_every_file_has_its_checksum_as_sha256sum_reads_them(release: Path) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=release, capture_output=True
    )
    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == 12


@pytest.mark.parametrize("name", LOCKS)
def test_the_sbom_names_every_package_that_is_installed(release: Path, name: str) -> None:
    bom = json.loads((release / f"{name}.cdx.json").read_text())
    listed = {(each["name"], each["version"]) for each in bom["components"]}
    pinned = _PIN.findall((ROOT / LOCKS[name]).read_text())
    assert listed == {(package, version) for package, version, _ in pinned}
    assert bom["bomFormat"] == "CycloneDX"


@pytest.mark.parametrize("lock", LOCKS.values())
def test_root_and_lambda_install_nothing_without_a_hash(lock: str) -> None:
    pinned = _PIN.findall((ROOT / lock).read_text())
    assert pinned
    assert not [package for package, _, rest in pinned if "--hash=sha256:" not in rest]


def test_the_command_line_s_wheel_has_the_app_s_planner_and_the_manual(
    release: Path,
) -> None:
    [wheel] = release.glob("ecs_anywhere-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    planner = {f"connectivity/{path}" for path in ("domain/plan.py", "adapters/wiring.py")}
    models = "connectivity/adapters/models/endpoints.json"
    assert {*planner, models, "ecs_anywhere/operations.md"} <= set(names)
    there = ROOT / "functions" / "connectivity"
    sources = {f"connectivity/{p.relative_to(there).as_posix()}" for p in there.rglob("*.py")}
    assert sources == {
        name for name in names if name.startswith("connectivity/") and name.endswith(".py")
    }


def test_the_check_of_a_container_host_is_one_file_that_runs(
    release: Path,
) -> None:
    file = release / "ecs-anywhere-check.pyz"
    ran = subprocess.run([file, "--help"], capture_output=True, text=True, cwd="/")
    assert ran.stdout.startswith("usage: ecs-anywhere-check"), ran.stderr


def test_ansible_installs_the_collection_and_finds_its_role(release: Path, tmp_path: Path) -> None:
    """`ansible-galaxy` compares each file with the checksum that the archive has of it."""
    [archive] = release.glob("ecs_anywhere-private_connectivity-*.tar.gz")
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    galaxy = [PYTHON.parent / "ansible-galaxy", "collection"]
    for words in (["install", archive], ["verify", "--offline", COLLECTION]):
        command = [*galaxy, *words, "-p", tmp_path]
        ran = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    there = tmp_path / "ansible_collections" / "ecs_anywhere" / "private_connectivity"
    assert (there / "roles" / "dns_host" / "tasks" / "main.yml").exists()


def test_the_app_needs_no_build_before_sam_deploy(release: Path) -> None:
    """Everything that a handler imports is in the folder that the template names."""
    [archive] = release.glob("ecs-anywhere-private-connectivity-*.zip")
    names = set(zipfile.ZipFile(archive).namelist())
    modules = [each["Handler"].rsplit(".", 1)[0] for each in sam_template.functions().values()]
    assert {f"functions/{module.replace('.', '/')}.py" for module in modules} <= names
    assert {"functions/aws_lambda_powertools/__init__.py", "functions/dns/__init__.py"} <= names
    assert {"template.yaml", "statemachine/private_connectivity.asl.yaml"} <= names
    assert not [name for name in names if name.startswith("/")]


def test_the_app_has_the_byte_code_of_its_modules_for_the_runtime_and_no_other(
    release: Path,
) -> None:
    [archive] = release.glob("ecs-anywhere-private-connectivity-*.zip")
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        code = {name: packed.read(name) for name in names if name.endswith(".pyc")}
    sent_on = ("functions/probe/", "functions/dns/")
    sources = {n for n in names if n.endswith(".py") and not n.startswith(sent_on)}
    of_a_source = {name for name in code if "__pycache__" in name}
    assert {_source_of(name) for name in of_a_source} == sources - {"functions/pack.py"}
    assert code.keys() - of_a_source == {"functions/typing_extensions.pyc"}
    assert {content[:4] for content in code.values()} == {MAGIC_NUMBER}
    assert {content[4:8] for content in code.values()} == {b"\x01\0\0\0"}, "unchecked (PEP 552)"


def _source_of(name: str) -> str:
    path = PurePosixPath(name)
    module, cache, _ = path.name.split(".")
    assert cache == "cpython-313"
    return str(path.parent.parent / f"{module}.py")


def test_sam_build_of_a_release_gives_what_the_release_has(release: Path, tmp_path: Path) -> None:
    """Who builds it once more needs no package index, and deploys the same files."""
    [archive] = release.glob("ecs-anywhere-private-connectivity-*.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "release")
    functions = tmp_path / "release" / "functions"
    built = tmp_path / "build" / "functions"
    built.parent.mkdir()
    with_all = "build-VerifyResolutionFunction"
    python = f"LAMBDA_PYTHON={lambda_python.find()}"
    command = ["make", "-C", str(functions), with_all, f"ARTIFACTS_DIR={built}", python]
    alone = {**os.environ, "PIP_NO_INDEX": "1", "PYTHONHASHSEED": "0"}
    ran = subprocess.run(command, capture_output=True, text=True, env=alone)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    by_hand = {Path("Makefile"), Path("pack.py"), Path("requirements.txt")}
    assert files_of(built) == {
        path: content for path, content in files_of(functions).items() if path not in by_hand
    }


def files_of(folder: Path) -> dict[Path, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


# --- the Debian package

LIBRARIES = "boto3, cryptography.hazmat.primitives.asymmetric.ec, jsonschema, dns.resolver"
PYTHONS = {"3.11": sys.executable, "3.13": lambda_python.find()}


@pytest.fixture(scope="module")
def package(release: Path) -> Path:
    [file] = release.glob("ecs-anywhere-dns_*_amd64.deb")
    return file


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return folder / "opt" / "ecs-anywhere-dns"


def test_the_debian_package_names_what_its_compiled_parts_need(package: Path) -> None:
    said = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True)
    fields = dict(re.findall(r"^([\w-]+): (.*)$", said.stdout, re.MULTILINE))
    assert fields["Architecture"] == "amd64"
    assert fields["Depends"] == "python3 (>= 3.11), python3 (<< 3.15), libc6 (>= 2.28)"


def test_it_has_the_compiled_parts_of_every_python_that_it_takes(unpacked: Path) -> None:
    compiled = {path.name for path in unpacked.rglob("*.so")}
    for python in ("311", "312", "313", "314"):
        for part in ("_cffi_backend", "rpds"):
            assert f"{part}.cpython-{python}-x86_64-linux-gnu.so" in compiled
    assert "_rust.abi3.so" in compiled, "one for all of them"


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_its_command_runs_with_nothing_but_python(
    unpacked: Path, python: str, tmp_path: Path
) -> None:
    runs(python, unpacked / "bin" / "ecs-anywhere-dns", tmp_path)


def runs(python: str, program: Path, folder: Path) -> None:
    """Run the tool with nothing but its own libraries: whatever is missing there is missing."""
    source = folder / "document.json"
    source.write_text(published())
    config = str(folder / "none.toml")
    words = ["--config", config, "render", "--server", "bind", "--source", str(source)]
    command = [python, "-I", "-S", "-B", str(program), *words]
    ran = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert ran.returncode == 0 and "10.0.0.32" in ran.stdout, ran.stderr
    library = program.parents[1] / "lib"
    code = f"import sys; sys.path.insert(0, {str(library)!r}); import {LIBRARIES}"
    ran = subprocess.run([python, "-I", "-S", "-B", "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def dpkg(root: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run dpkg on a system of its own, in which nothing else is installed."""
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    forced = ["--force-depends", "--force-script-chrootless"]
    return subprocess.run(
        [*as_root, "dpkg", f"--root={root}", "--log=/dev/null", *forced, *words],
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def system(tmp_path: Path) -> Path:
    state = tmp_path / "system" / "var" / "lib" / "dpkg"
    for name in ("updates", "info"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()
    return tmp_path / "system"


def test_removed_it_leaves_nothing(package: Path, system: Path) -> None:
    installed = dpkg(system, "--install", package)
    assert installed.returncode == 0, installed.stderr
    home = system / "opt" / "ecs-anywhere-dns"
    assert list(home.rglob("*.pyc")), "the confined service could not compile them"
    for command in ("ecs-anywhere-dns", "ecs-anywhere-check"):
        link = system / "usr" / "bin" / command
        assert link.readlink() == Path("/opt/ecs-anywhere-dns/bin") / command
    assert (system / "usr/share/man/man8/ecs-anywhere-dns.8.gz").exists()
    removed = dpkg(system, "--purge", "ecs-anywhere-dns")
    assert removed.returncode == 0, removed.stderr
    left = [path for path in system.rglob("*") if "dpkg" not in path.parts]
    assert not [path for path in left if not path.is_dir() or "ecs" in path.name]


def test_it_says_so_where_a_host_would_go_on_forwarding_unfollowed(
    package: Path, system: Path
) -> None:
    assert dpkg(system, "--install", package).returncode == 0
    timer = system / "etc" / "systemd" / "system" / "ecs-anywhere-dns.timer"
    timer.parent.mkdir(parents=True)
    timer.touch()
    assert "nobody follows the VPC any more" in dpkg(system, "--remove", "ecs-anywhere-dns").stderr
    assert timer.exists()


def test_it_does_not_mix_with_a_virtual_environment(package: Path, system: Path) -> None:
    home = system / "opt" / "ecs-anywhere-dns"
    home.mkdir(parents=True)
    (home / "pyvenv.cfg").touch()
    refused = dpkg(system, "--install", package)
    assert refused.returncode != 0 and "virtual environment" in refused.stderr
    assert list(home.iterdir()) == [home / "pyvenv.cfg"]


# --- the RPM package


@pytest.fixture(scope="module")
def rpm(release: Path) -> Path:
    [file] = release.glob("ecs-anywhere-dns-*.x86_64.rpm")
    return file


@pytest.fixture(scope="module")
def installed_rpm(rpm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system of its own, in which nothing else is installed: no shell for scripts either."""
    root = tmp_path_factory.mktemp("rpm")
    asked_rpm("--root", root, "--nodeps", "--noscripts", "--install", rpm)
    return root


def asked_rpm(*words: str | Path) -> str:
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    ran = subprocess.run([*as_root, "rpm", *words], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_rpm_package_has_the_files_of_the_debian_package(
    rpm: Path, package: Path, unpacked: Path
) -> None:
    listed = set(asked_rpm("--query", "--list", "--package", rpm).splitlines())
    files = {f"/{path}" for path in deb_files(package) if not path.startswith("usr/share/doc")}
    assert files <= listed
    licenses = "/usr/share/licenses/ecs-anywhere-dns"
    of_its_own = {licenses, f"{licenses}/LICENSE"}
    folders = {f"/opt/ecs-anywhere-dns{each}" for each in ("", "/bin", "/lib")}
    beneath = {path for path in listed - files if path.startswith("/opt/ecs-anywhere-dns/lib/")}
    assert listed - files - beneath == of_its_own | folders
    library = unpacked / "lib"
    assert all((library / path[len("/opt/ecs-anywhere-dns/lib/") :]).is_dir() for path in beneath)


def deb_files(package: Path) -> set[str]:
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(tar.stdout)) as packed:
        return {each.name.removeprefix("./") for each in packed if not each.isdir()}


def test_the_rpm_package_requires_a_python_by_its_own_name(rpm: Path) -> None:
    """RHEL 9's python3 is 3.9; its newer ones are python3.11 and python3.12."""
    required = asked_rpm("--query", "--requires", "--package", rpm).splitlines()
    versions = ("3.14", "3.13", "3.12", "3.11")
    assert f"({' or '.join(f'/usr/bin/python{version}' for version in versions)})" in required
    assert "glibc >= 2.28" in required
    assert asked_rpm("--query", "--queryformat", "%{ARCH}", "--package", rpm) == "x86_64"


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_the_command_of_the_rpm_package_runs_with_nothing_but_python(
    installed_rpm: Path, python: str, tmp_path: Path
) -> None:
    runs(python, installed_rpm / "opt/ecs-anywhere-dns/bin/ecs-anywhere-dns", tmp_path)


def test_the_command_of_the_rpm_package_finds_a_python_or_says_which_it_needs(
    installed_rpm: Path, tmp_path: Path
) -> None:
    program = installed_rpm / "opt/ecs-anywhere-dns/bin/ecs-anywhere-dns"
    missing = tmp_path / "program"
    missing.write_text(program.read_text().replace("/usr/bin/python", f"{tmp_path}/python"))
    ran = subprocess.run(["sh", missing], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "ecs-anywhere-dns needs one of these in /usr/bin: python3.14" in ran.stderr
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    (tmp_path / f"python{version}").symlink_to(os.path.realpath(sys.executable))
    there = tmp_path / "bin" / "ecs-anywhere-dns"
    there.parent.mkdir()
    there.write_text(missing.read_text())
    (tmp_path / "lib").symlink_to(program.parents[1] / "lib")
    ran = subprocess.run(["sh", there, "--version"], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


# --- the installer


@pytest.fixture(scope="module")
def installers(release: Path) -> dict[str, Path]:
    found = release.glob("ecs-anywhere-dns-*.pyz")
    return {path.stem.rpartition("-")[2]: path for path in found}


def install(file: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(file), "--root", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, cwd="/")


def test_the_installer_asks_no_index_runs_twice_and_leaves_nothing(
    installers: dict[str, Path], tmp_path: Path
) -> None:
    file, root = installers[platform.machine()], tmp_path / "root"
    root.mkdir()
    home = root / "opt" / "ecs-anywhere-dns"
    ran = install(file, root)
    assert ran.stdout.startswith(f"installed 0.1.0 into {home}\nwrote "), ran.stderr
    assert install(file, root, "--check").returncode == 0
    runs(sys.executable, home / "bin" / "ecs-anywhere-dns", tmp_path)
    assert os.access(home / "bin" / "ecs-anywhere-dns", os.X_OK)
    link = root / "usr/local/bin/ecs-anywhere-dns"
    assert link.readlink() == Path("/opt/ecs-anywhere-dns/bin/ecs-anywhere-dns")
    assert list(home.rglob("*.pyc")), "the confined service could not compile them"
    # One that died had unpacked a part of another version.
    (home / "lib-0000-cpython-311.half" / "x").mkdir(parents=True)
    assert install(file, root).stdout == f"kept 0.1.0 in {home} as it is\n"
    assert len(list(home.glob("lib-*"))) == 1
    assert install(file, root, "--remove").stdout == f"removed {home}\n"
    assert list(root.iterdir()) == []
    assert install(file, root, "--remove").returncode == 0


def test_the_installer_leaves_a_package_and_a_virtual_environment_alone(
    installers: dict[str, Path], tmp_path: Path
) -> None:
    home = tmp_path / "opt" / "ecs-anywhere-dns"
    (home / "lib").mkdir(parents=True)
    for said in ("is of a package of this system", "is a virtual environment"):
        ran = install(installers[platform.machine()], tmp_path)
        assert ran.returncode == 1 and said in ran.stderr
        (home / "pyvenv.cfg").touch()
    assert not (tmp_path / "usr").exists()


def test_the_installer_says_which_python_and_which_machine_it_is_for(
    installers: dict[str, Path], tmp_path: Path
) -> None:
    other = next(file for machine, file in installers.items() if machine != platform.machine())
    ran = install(other, tmp_path)
    assert ran.returncode == 2 and "take another file of the release" in ran.stderr
    code = (
        "import runpy, sys; sys.version_info = (3, 6);"
        f"sys.argv = ['x']; runpy.run_path({str(other)!r}, run_name='__main__')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "this is Python 3.6, and the tool runs with 3.11, 3.12, 3.13, 3.14" in ran.stderr
    assert not list(tmp_path.iterdir())


def test_the_installers_have_the_compiled_parts_of_their_machine(
    installers: dict[str, Path],
) -> None:
    assert installers.keys() == {"x86_64", "aarch64"}
    for machine, file in installers.items():
        parts = {name for name in zipfile.ZipFile(file).namelist() if name.endswith(".so")}
        assert f"lib/rpds/rpds.cpython-311-{machine}-linux-gnu.so" in parts
        assert not [part for part in parts if "linux-gnu" in part and machine not in part]


# --- Ansible installs it


IN_A_SYSTEM_OF_ITS_OWN = """
set -e
for folder in /opt /usr/local /var/cache; do mount -t tmpfs none $folder; done
play() { "$PLAYER" -i localhost, "$FOLDER/play.yml" -e "@$FOLDER/variables.json" "$@"; }
play
/usr/local/bin/ecs-anywhere-dns --version
play -e dns_host_state=absent
find /opt /usr/local /var/cache "$FOLDER/host" ! -type d
"""


def test_a_play_installs_the_tool_on_a_host_and_takes_it_away(
    installers: dict[str, Path], tmp_path: Path
) -> None:
    """On systemd-resolved, which needs no line in a file of the administrator's."""
    host, collections = tmp_path / "host", tmp_path / "ansible_collections" / "ecs_anywhere"
    collections.mkdir(parents=True)
    (collections / "private_connectivity").symlink_to(ROOT / "ansible")
    variables = {
        "dns_host_package": str(installers[platform.machine()]),
        "dns_host_python": os.path.realpath(sys.executable),
        "dns_host_command": "/usr/local/bin/ecs-anywhere-dns",
        "dns_host_config_file": str(host / "ecs-anywhere-dns" / "config.toml"),
        "dns_host_timer": False,
        "dns_host_apply": False,
        "dns_host_config": {
            "server": "resolved", "vpc": "vpc-0123456789abcdef0", "region": "us-east-2",
            "account": "111122223333", "networks": ["10.0.0.0/16"], "signature": "none",
            "state": str(host / "lib" / "ecs-anywhere-dns"),
            "resolved": {"delegates": f"{host}/delegates", "anchors": f"{host}/anchors"},
        },
        "ansible_python_interpreter": os.path.realpath(sys.executable),
    }  # fmt: skip
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    play = {"hosts": "all", "connection": "local", "gather_facts": False}
    (tmp_path / "play.yml").write_text(json.dumps([{**play, "roles": [f"{COLLECTION}.dns_host"]}]))
    private = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    ran = subprocess.run(
        ["unshare", *private, "bash", "-c", IN_A_SYSTEM_OF_ITS_OWN],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PLAYER": str(PYTHON.parent / "ansible-playbook"),
            "FOLDER": str(tmp_path),
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            "LC_ALL": "C.UTF-8",
        },
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(re.findall(r"changed=[1-9]\d* ", ran.stdout)) == 2, ran.stdout
    assert ran.stdout.rstrip().splitlines()[-1].startswith("localhost"), "no file is left"
