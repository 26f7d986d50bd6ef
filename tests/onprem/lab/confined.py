"""`python -m tests.onprem.lab.confined UNIT WORD…` becomes what systemd would start for a unit.

systemd cannot be process 1 of a test. So the unit is parsed, and its restrictions are applied as
systemd.exec(5) describes them, with the same means: a mount namespace, the capability bounding
set, no_new_privs, and system call filters by libseccomp. `NOT_APPLIED` names the rest. A directive
that is in neither is an error: nothing is passed over in silence.

Everything is mounted in a namespace of this process, which is made private before anything else.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

NOT_APPLIED = {
    "Type": "how systemd waits for the end, which the test does itself",
    "ExecStart": "the test takes the words of it that follow the program",
    "SuccessExitStatus": "what systemd makes of the exit code",
    "TimeoutStartSec": "the test has a bound of its own",
    "AmbientCapabilities": "empty: nothing to apply to a process of root",
    "KeyringMode": "no keys of the kernel are used here, and a session keyring outlives a test",
}
"""Directives of the service that are not applied here, and why."""
ONLY_IN_PART = {
    "PrivateDevices": "/dev has the few harmless devices; the device cgroup (BPF) is left out",
    "ProtectKernelModules": "the capability and the calls; /lib/modules stays readable",
    "ProtectKernelLogs": "the call and /dev/kmsg; /proc/kmsg stays, and needs a capability",
    "ProtectHostname": "the calls; no UTS namespace of its own",
    "ProtectClock": "the calls and the devices; the device cgroup is left out",
}
"""Directives of which systemd does more than what is done here."""

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID = 0x20000, 4096, 16384, 1 << 18, 2
NAMESPACES = 0x7E020080
"""CLONE_NEW…: time, mount, cgroup, UTS, IPC, user, PID, network."""
SYS_MOUNT_SETATTR, AT_RECURSIVE, AT_FDCWD, READ_ONLY = 442, 0x8000, -100, 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CAPABILITY_VERSION = 0x20080522
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
CAPABILITY_NAMES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
"""Names of capabilities in the order of their numbers (linux/capability.h)."""
ALLOW = 0x7FFF0000
NOT_EQUAL, EQUAL, GREATER, MASKED = 1, 4, 6, 7
"""Values of libseccomp's `enum scmp_compare`."""
LARGEST_FAMILY = 46
Directives = list[tuple[str, str]]

libc = ctypes.CDLL(None, use_errno=True)


def service_of(unit: Path) -> Directives:
    """The lines of its [Service] section, in their order."""
    lines = unit.read_text().partition("[Service]\n")[2].partition("\n[")[0].splitlines()
    said = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return [(key, value) for key, _, value in said]


def confine(service: Directives) -> None:
    """Confine this process for the rest of its life. Raises OSError, and ValueError for a directive
    that this module does not know."""
    last = dict(service)
    unknown = set(last) - set(APPLY) - set(NOT_APPLIED)
    if unknown:
        raise ValueError(f"nobody applies {', '.join(sorted(unknown))}")
    _mount(last)
    for key, value in service:
        if key not in NOT_APPLIED:
            APPLY[key](value)
    _drop_capabilities(_named_capabilities(last))
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _filter(service)


# --- mounts


def _mount(last: dict[str, str]) -> None:
    _check(libc.unshare(CLONE_NEWNS))
    # First of all: whatever follows is seen by nobody else.
    _mounted(None, "/", None, MS_REC | MS_PRIVATE)
    if last.get("PrivateTmp") == "yes":
        _empty_folders()
    if last.get("PrivateDevices") == "yes":
        _few_devices()
    if last.get("ProtectSystem") == "strict":
        _read_only_but(_paths(last.get("ReadWritePaths", "")))
    if last.get("ProtectKernelTunables") == "yes":
        _own_mount("/proc/sys", read_only=True)
        _set_read_only("/sys", True)
    if last.get("ProtectControlGroups") == "yes":
        _set_read_only("/sys/fs/cgroup", True)
    os.chdir("/")


def _empty_folders() -> None:
    """Empty the folders for temporary files, but for this checkout, in case it lies there: an
    installed program does not."""
    checkout = Path(__file__).parents[3]
    opened = os.open(checkout, os.O_PATH)
    for folder in ("/tmp", "/var/tmp"):
        _mounted("tmpfs", folder, "tmpfs", MS_NOSUID, "mode=1777")
        if checkout.is_relative_to(folder):
            checkout.mkdir(parents=True)
            _mounted(f"/proc/self/fd/{opened}", str(checkout), None, MS_BIND | MS_REC)
    os.close(opened)


def _few_devices() -> None:
    opened = {name: os.open(f"/dev/{name}", os.O_PATH) for name in DEVICES}
    _mounted("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755")
    for name, descriptor in opened.items():
        Path("/dev", name).touch()
        _mounted(f"/proc/self/fd/{descriptor}", f"/dev/{name}", None, MS_BIND)
        os.close(descriptor)
    Path("/dev/shm").mkdir()
    _mounted("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID, "mode=1777")


def _read_only_but(writable: Iterable[Path]) -> None:
    kept = [path for path in writable if path.exists()]
    for path in kept:
        _own_mount(str(path), read_only=False)
    _set_read_only("/", True)
    for free in ("/dev", "/proc", "/sys", "/tmp", "/var/tmp", *map(str, kept)):
        _set_read_only(free, False)


def _paths(value: str) -> list[Path]:
    return [Path(word.removeprefix("-").replace("%%", "%")) for word in shlex.split(value)]


def _own_mount(path: str, *, read_only: bool) -> None:
    _mounted(path, path, None, MS_BIND | MS_REC)
    _set_read_only(path, read_only)


def _set_read_only(path: str, value: bool) -> None:
    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    attributes = Attributes(READ_ONLY if value else 0, 0 if value else READ_ONLY, 0, 0)
    size = ctypes.sizeof(attributes)
    pointer = ctypes.byref(attributes)
    _check(
        libc.syscall(
            SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE, pointer, ctypes.c_size_t(size)
        ),
        path,
    )


def _mounted(
    source: str | None, target: str, kind: str | None, flags: int, options: str = ""
) -> None:
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    _check(libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None), target)


# --- what a process may do


def _drop_capabilities(kept: set[int]) -> None:
    for number in range(len(CAPABILITY_NAMES)):
        if number not in kept:
            _check(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), CAPABILITY_NAMES[number])
    bits = sum(1 << number for number in kept)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    _check(libc.capset(header, data))


def _named_capabilities(last: dict[str, str]) -> set[int]:
    words = last["CapabilityBoundingSet"].split()
    return {CAPABILITY_NAMES.index(word.removeprefix("CAP_")) for word in words}


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint), ("operation", ctypes.c_int),
        ("first", ctypes.c_uint64), ("second", ctypes.c_uint64),
    ]  # fmt: skip


class Filter:
    """One filter of libseccomp: everything is allowed but what is denied, with EPERM."""

    def __init__(self, default: int = ALLOW) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(default)))

    def set(self, call: str, action: int, *comparisons: tuple[int, int, int, int]) -> None:
        """Add a rule for a call; do nothing where this machine has no such call. All comparisons
        have to hold."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        given = (_Comparison * len(comparisons))(*(_Comparison(*each) for each in comparisons))
        error = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(comparisons), given
        )
        if error:
            raise OSError(-error, f"{call}: {os.strerror(-error)}")

    def deny(self, call: str, *comparisons: tuple[int, int, int, int], code: int = 1) -> None:
        self.set(call, 0x00050000 | code, *comparisons)

    def load(self) -> None:
        error = self._library.seccomp_load(self._context)
        if error:
            raise OSError(-error, "seccomp_load")


def _filter(service: Directives) -> None:
    """The list of calls last: the other filters have to be loaded under it."""
    last = dict(service)
    denied = Filter()
    for key, add in FILTERS.items():
        if last.get(key) not in (None, "no"):
            add(denied, last[key])
    allowed = allowed_calls([value for key, value in service if key == "SystemCallFilter"])
    listed = Filter(0x00050000 | 1)
    # What loads the second filter.
    for call in sorted(allowed | {"seccomp", "prctl"}):
        listed.set(call, ALLOW)
    denied.load()
    listed.load()


def allowed_calls(lists: Sequence[str]) -> set[str]:
    """Return the calls that lists of systemd.exec(5) allow: the first list decides whether it
    allows or denies; later ones add to it or, with `~`, take away."""
    allowed: set[str] = {*group("@default")}
    for value in lists:
        named = {call for word in value.removeprefix("~").split() for call in group(word)}
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def group(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    return {call for inner in _listed(word) for call in group(inner)}


@cache
def _listed(name: str) -> tuple[str, ...]:
    said = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    )
    lines = (line.strip() for line in said.stdout.splitlines()[1:])
    return tuple(line for line in lines if line and not line.startswith("#"))


def _families(denied: Filter, value: str) -> None:
    allowed = {int(getattr(socket, word)) for word in value.split()}
    for family in set(range(LARGEST_FAMILY + 1)) - allowed:
        denied.deny("socket", (0, EQUAL, family, 0), code=97)
    denied.deny("socket", (0, GREATER, LARGEST_FAMILY, 0), code=97)


def _namespaces(denied: Filter, _: str) -> None:
    denied.deny("clone3", code=38)  # its flags cannot be looked into
    denied.deny("setns")
    for bit in (1 << number for number in range(32) if NAMESPACES >> number & 1):
        denied.deny("unshare", (0, MASKED, bit, bit))
        denied.deny("clone", (0, MASKED, bit, bit))


def _executable_memory(denied: Filter, _: str) -> None:
    denied.deny("mmap", (2, MASKED, 6, 6))
    denied.deny("mprotect", (2, MASKED, 4, 4))
    denied.deny("pkey_mprotect", (2, MASKED, 4, 4))
    denied.deny("shmat", (2, MASKED, 0o100000, 0o100000))


def _set_id_bits(denied: Filter, _: str) -> None:
    for bit in (stat.S_ISUID, stat.S_ISGID):
        for call, argument in (
            ("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2), ("mkdir", 1),
            ("mkdirat", 2), ("mknod", 1), ("mknodat", 2), ("creat", 1),
        ):  # fmt: skip
            denied.deny(call, (argument, MASKED, bit, bit))
        denied.deny("open", (1, MASKED, os.O_CREAT, os.O_CREAT), (2, MASKED, bit, bit))
        denied.deny("openat", (2, MASKED, os.O_CREAT, os.O_CREAT), (3, MASKED, bit, bit))
    denied.deny("openat2", code=38)


def _realtime(denied: Filter, _: str) -> None:
    denied.deny("sched_setscheduler", (1, GREATER, 0, 0))


def _personality(denied: Filter, _: str) -> None:
    denied.deny("personality", (0, NOT_EQUAL, 0, 0))


def _calls(*groups: str) -> Callable[[Filter, str], None]:
    def add(denied: Filter, _: str) -> None:
        for call in {call for name in groups for call in group(name)}:
            denied.deny(call)

    return add


FILTERS: dict[str, Callable[[Filter, str], None]] = {
    "RestrictAddressFamilies": _families,
    "RestrictNamespaces": _namespaces,
    "MemoryDenyWriteExecute": _executable_memory,
    "RestrictSUIDSGID": _set_id_bits,
    "RestrictRealtime": _realtime,
    "LockPersonality": _personality,
    "ProtectClock": _calls("@clock"),
    "ProtectKernelModules": _calls("@module"),
    "ProtectKernelLogs": _calls("syslog"),
    "ProtectHostname": _calls("sethostname", "setdomainname"),
    "PrivateDevices": _calls("@raw-io"),
}


def _expected(*values: str) -> Callable[[str], None]:
    """Applied elsewhere, for these values."""

    def check(value: str) -> None:
        if value not in values:
            raise ValueError(f"{value!r} is not known here, only {values}")

    return check


def _environment(value: str) -> None:
    name, _, said = value.partition("=")
    os.environ[name] = said


APPLY: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(FILTERS, lambda _: None),
    "Environment": _environment,
    "UMask": lambda value: os.umask(int(value, 8)),
    "NoNewPrivileges": _expected("yes"),
    "CapabilityBoundingSet": lambda _: None,
    "ProtectSystem": _expected("strict"),
    "ReadWritePaths": lambda _: None,
    # Without it all of / is read-only, too; with `yes` it would be hidden.
    "ProtectHome": _expected("read-only"),
    "PrivateTmp": _expected("yes"),
    "ProtectControlGroups": _expected("yes"),
    "ProtectKernelTunables": _expected("yes"),
    # libseccomp kills what comes by another architecture's calls.
    "SystemCallArchitectures": _expected("native"),
    "SystemCallFilter": lambda _: None,
    "SystemCallErrorNumber": _expected("EPERM"),
}


def _check(result: int, what: str = "") -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{os.strerror(code)}: {what}")


if __name__ == "__main__":
    confine(service_of(Path(sys.argv[1])))
    os.execvp(sys.argv[2], sys.argv[2:])
