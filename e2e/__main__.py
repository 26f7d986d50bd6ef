"""Run the eleven steps, and clean up: `make e2e`."""

from __future__ import annotations

import io
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

import boto3

from e2e import asked as questions
from e2e import entry, state
from e2e.amazon import UNANSWERED, Amazon, code_of
from e2e.asked import Asked
from e2e.cleanup import clean_up
from e2e.errors_of_the_app import gather
from e2e.lab import Lab, Skipped, StepFailedError
from e2e.record import NOBODY, Record
from e2e.state import State
from e2e.steps import STEPS, Step


def main() -> int:
    """Return 0 if all was as it shall be, 1 if not, 2 if it did not begin."""
    asked = questions.read(sys.argv[1:])
    listen_to_signals()
    amazon = Amazon()
    if not amazon.region:
        print("no Region is set: AWS_REGION=us-east-2 make e2e", file=sys.stderr)
        return 2
    account, found = amazon.account(), state.read(asked.folder / "state.json")
    if found and (found.account, found.region) != (account, amazon.region):
        print(
            f"the run {found.run} is in account {found.account}, {found.region}, and these "
            f"credentials are for {account}, {amazon.region}: finish it there, or clean up there",
            file=sys.stderr,
        )
        return 2
    if asked.cleanup:
        return _only_clean_up(asked, found)
    reasons = entry.refusals(amazon, asked.stack, found.vpc if found else "")
    if reasons:
        print("not here:\n" + "\n".join(f"  {reason}" for reason in reasons), file=sys.stderr)
        return 2
    if not entry.is_agreed(asked, account, amazon):
        return 2
    name = f"{datetime.now(UTC):%Y%m%dt%H%M%Sz}"
    path = asked.folder / "state.json"
    lab = _lab(asked, found or State(path, name, account, amazon.region, asked.stack))
    lab.state.keep()
    return run(lab)


def listen_to_signals() -> None:
    """Let each signal that ends a program begin the clean-up. Also Ctrl-C's: whoever starts it in
    the background has that ignored."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    if number == signal.SIGHUP:
        # The terminal is closed: a line for it would be an error, and end the clean-up.
        sys.stdout = sys.stderr = io.StringIO()
    raise KeyboardInterrupt


def _only_clean_up(asked: Asked, found: State | None) -> int:
    if found is None:
        print("nothing is left of any run")
        return 0
    return 1 if _clean_up(_lab(asked, found)) else 0


def _lab(asked: Asked, of: State) -> Lab:
    """Return what the steps work with. Each part of a run that died has a file of its own."""
    began = f"{datetime.now(UTC):%H%M%S}"
    about = {
        "run": of.run,
        "region": of.region,
        "endpoint": "embedded" if Amazon().endpoint else "AWS",
        "boto3": boto3.__version__,
        "python": sys.version.split()[0],
    }
    secrets = {of.account: NOBODY} | ({asked.email: "somebody@example.com"} if asked.email else {})
    record = Record(asked.folder / f"{of.run}-{began}.json", about, secrets)
    return Lab(asked, Amazon(record), record, of)


def run(lab: Lab) -> int:
    """Do the steps, and clean up. Return as `main` does."""
    is_whole = True
    try:
        for step in STEPS:
            if lab.asked.only and step.name not in lab.asked.only:
                continue
            if step.name in lab.state.done:
                print(f"{step.name}: done by an earlier part of this run", flush=True)
                continue
            if not _do(step, lab):
                is_whole = False
                break
            lab.state.keep(done=[*lab.state.done, step.name])
    except KeyboardInterrupt:
        print("\ninterrupted: cleaning up, once more Ctrl-C leaves it as it is", flush=True)
        is_whole = False
    except Exception as fault:  # noqa: BLE001 - whatever it is, what costs money is removed
        print(f"\n{fault!r}: cleaning up", flush=True)
        is_whole = False
    is_left = False
    if is_whole or not lab.asked.keep:
        is_left = bool(_clean_up(lab))
    else:
        print("kept as it is: make e2e goes on from here, make e2e CLEANUP=1 removes it")
    _gather(lab)
    lab.record.write()
    print(f"\nthe record: {lab.record.path}", flush=True)
    return 0 if is_whole and lab.record.is_good and not is_left else 1


def _gather(lab: Lab) -> None:
    """Ask AWS for the app's errors when all is removed. Whatever happens, the record is written."""
    try:
        gather(lab)
    except (Exception, KeyboardInterrupt) as problem:  # noqa: BLE001 - the record has all the rest
        lab.record.fact("errors of the app: not read", repr(problem))


def _do(step: Step, lab: Lab) -> bool:
    """Do one step, and return whether the next one may follow."""
    print(f"{step.name}: {step.about}", flush=True)
    lab.record.step, begun = step.name, time.monotonic()
    result, why = "done", ""
    try:
        if step.name == lab.asked.fail_at:
            raise StepFailedError("it was asked to fail")
        step.run(lab)
    except Skipped as reason:
        result, why = "skipped", str(reason)
    except StepFailedError as problem:
        result, why = "failed", str(problem)
    except UNANSWERED as error:
        result, why = "failed", f"{code_of(error)}: {error}"
    except KeyboardInterrupt:
        lab.record.end_step("interrupted", "by the person", time.monotonic() - begun)
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, what costs money is removed
        result, why = "failed", f"a fault in the step itself: {fault!r}"
        lab.record.fact("a fault in the step itself", traceback.format_exc())
    seconds = time.monotonic() - begun
    lab.record.end_step(result, why, seconds)
    print(f"  {result} in {seconds:.0f} s{f': {why}' if why else ''}", flush=True)
    return result != "failed"


def _clean_up(lab: Lab) -> list[str]:
    print("clean up", flush=True)
    try:
        left = clean_up(lab)
    except KeyboardInterrupt:
        left = ["it was interrupted"]
    for line in left:
        print(f"  LEFT {line}", flush=True)
    if left:
        print("  make e2e CLEANUP=1 tries again", flush=True)
    return left


if __name__ == "__main__":
    sys.exit(main())
