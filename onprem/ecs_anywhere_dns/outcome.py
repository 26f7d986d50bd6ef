"""Exit codes of a run, and the errors that lead to them. An error is a fact with a cure: `message`
says what is wrong and where, `cure` what to do."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of the command; a contract with the monitoring that reads them."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    BUSY = 3
    DEGRADED = 10
    FETCH_FAILED = 20
    REFUSED = 30
    PREFLIGHT_FAILED = 40
    CHECK_FAILED = 50
    ROLLED_BACK = 60
    ROLLBACK_FAILED = 61
    NOT_RESOLVING = 70


MEANINGS = {
    Exit.DONE: "done, or nothing to do; every answer is right",
    Exit.UNEXPECTED: "a defect of this tool; the forwarding is as it was, or is restored next time",
    Exit.USAGE: "the command line or the configuration is wrong; nothing was changed",
    Exit.BUSY: "another run is at work; nothing was changed",
    Exit.DEGRADED: "the forwarding is right, but one resolver IP does not answer as it has to",
    Exit.FETCH_FAILED: "the publication could not be fetched; the forwarding is as it was",
    Exit.REFUSED: "the publication is unfit or not for this host; the forwarding is as it was",
    Exit.PREFLIGHT_FAILED: "no resolver IP answers as it has to; the forwarding is as it was, or a "
    "standby serves",
    Exit.CHECK_FAILED: "the DNS server's own check refuses the configuration, or a file could not "
    "be read or written; nothing was reloaded",
    Exit.ROLLED_BACK: "the DNS server did not answer as published; the former forwarding is back",
    Exit.ROLLBACK_FAILED: "the former forwarding could not be restored: a person is needed NOW",
    Exit.NOT_RESOLVING: "the DNS server does not answer as published; nothing was changed",
}


class Stop(Exception):
    """A reason why a run cannot go on. Each subclass has its exit code."""

    exit: Exit = Exit.UNEXPECTED

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


class BadUsage(Stop):
    exit = Exit.USAGE


class Busy(Stop):
    exit = Exit.BUSY


class FetchFailed(Stop):
    exit = Exit.FETCH_FAILED


class Refused(Stop):
    exit = Exit.REFUSED

    def __init__(self, message: str, cure: str = "", by_app: str = "") -> None:
        """`by_app` is the part of the cure that holds only for the parameter, as its next writer is
        the app: no sweep writes a file (`publication.source`)."""
        super().__init__(message, "; ".join(filter(None, (cure, by_app))))
        self.for_any_source = cure
        self.by_app = by_app


class PreflightFailed(Stop):
    exit = Exit.PREFLIGHT_FAILED


class CheckFailed(Stop):
    """The DNS server's own checker, or our check of its configuration, found an error."""

    exit = Exit.CHECK_FAILED


class ReloadFailed(Stop):
    """The server refused the reload after the swap, ended because of it, or forwards something
    else."""

    exit = Exit.ROLLED_BACK


class NotTaken(ReloadFailed):
    """The server refused the reload, and goes on with the configuration that it had."""


class NotResolving(Stop):
    """The server's answers are not those that were published."""

    exit = Exit.NOT_RESOLVING


class RollbackFailed(Stop):
    exit = Exit.ROLLBACK_FAILED


def reason_of(error: Exception) -> str:
    """Return the reason in words: an OSError's text has its number and repeats the path, which the
    message names already."""
    return getattr(error, "strerror", None) or str(error)
