"""`ecs-anywhere`, as a person runs it: it says what is and what will be, and changes nothing that
it was not asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

from tests.story.app import App

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "evidence.schema.json").read_text())


def run(app: App, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'functions'}:{ROOT / 'cli'}",
        "AWS_ENDPOINT_URL": app.aws.url,
        "AWS_DEFAULT_REGION": app.aws.settings.region,
        "AWS_ACCESS_KEY_ID": "operator",
        "AWS_SECRET_ACCESS_KEY": "any",
        "ECS_ANYWHERE_STACK": app.aws.settings.stack_name,
    }
    return subprocess.run(
        [sys.executable, "-m", "ecs_anywhere", *arguments],
        env=environment,
        input=answer,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_from_plan_to_gone_a_person_needs_one_command_each(app: App, tmp_path: Path) -> None:
    vpc_id = app.vpc()
    since = app.aws.journal.mark()
    planned = run(app, "plan", vpc_id)
    assert planned.returncode == 0, planned.stderr
    assert "about 270.10 a month" in planned.stdout
    assert f"ecs-a.{app.aws.settings.region}.amazonaws.com" in planned.stdout
    asked = {call.action for call in app.aws.journal.calls(since) if not call.role_arn}
    assert not {each for each in asked if not each.startswith(("Describe", "Get", "List"))} - {
        "Query",
        "Scan",
    }, "only reads"

    connected = run(app, "enable", vpc_id, "--yes")
    assert connected.returncode == 0, connected.stdout + connected.stderr
    assert "Verify resolution" in connected.stdout
    assert "connected: 6 services" in connected.stdout

    shown = run(app, "status", "--json")
    [line] = [each for each in json.loads(shown.stdout) if each["vpc"] == vpc_id]
    assert line["state"] == "connected"
    assert line["resolver_ips"] == sorted(app.parameters(vpc_id)["resolver-ips"].split(","))
    assert line["monthly"] == 270.1

    since = app.aws.journal.mark()
    wasted = run(app, "costs", "--json")
    assert wasted.returncode == 0, wasted.stderr
    assert not [each for each in json.loads(wasted.stdout) if each["vpc"] == vpc_id]
    asked = {call.action for call in app.aws.journal.calls(since) if not call.role_arn}
    assert not {a for a in asked if not a.startswith(("Describe", "Get", "List"))} - {"Scan"}

    verified = run(app, "verify", vpc_id)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    [again] = [e for e in json.loads(run(app, "status", "--json").stdout) if e["vpc"] == vpc_id]
    assert again["verified_at"] > line["verified_at"]

    written = run(app, "evidence", vpc_id, "--output", str(tmp_path))
    assert written.returncode == 0, written.stdout + written.stderr
    record, shown_as = (Path(line) for line in written.stdout.split())
    said = json.loads(record.read_text())
    assert (said["because"], said["is_private"]) == ("verification", True)
    assert {each["transport"] for each in said["output"]["findings"]} == {"udp", "tcp", "tls"}
    assert any(line.endswith(":user/administrator") for line in said["asked_by"]), "by CloudTrail"
    assert said["publication"]["checksum"] in shown_as.read_text()

    kept = run(app, "evidence", "verify", "--json")
    assert kept.returncode == 0, kept.stdout + kept.stderr
    checked = json.loads(kept.stdout)
    assert (checked["whole"], checked["signatures_checked"]) == (True, True)
    assert checked["records"][vpc_id] == 2, "connected, and verified again"
    assert said["record"]["sha256"] == checked["last"][vpc_id]["sha256"]

    again_asked = run(app, "enable", vpc_id, "--yes")
    assert again_asked.returncode == 0, "the same tag again is an event, too: in another case"
    assert "connected: 6 services" in again_asked.stdout

    unanswered = run(app, "disable", vpc_id)
    assert unanswered.returncode == 4, "nobody is there to answer"
    refused = run(app, "disable", vpc_id, answer="n\n")
    assert refused.returncode == 4
    assert app.tags(vpc_id)["ecs-anywhere:private-connectivity"] == "Enabled"

    gone = run(app, "disable", vpc_id, "--yes")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert "removed: nothing of ours is left" in gone.stdout
    assert app.endpoints(vpc_id) == {}

    a_record_is_taken_away(app, vpc_id, tmp_path / "kept")

    idle = run(app, "watch", vpc_id)
    assert idle.stdout.startswith("Nobody is at work on it.\nremoved: "), idle.stdout
    assert run(app, "verify", vpc_id).returncode == 1, "it is not connected"
    old = run(app, "evidence", vpc_id, "--output", str(tmp_path / "later"))
    assert old.returncode == 1, "it was private, and is no more"
    [later] = (tmp_path / "later").glob("*.html")
    assert "The VPC is removed now" in later.read_text()


def a_record_is_taken_away(app: App, vpc_id: str, folder: Path) -> None:
    """An auditor has the files and the public key, and no AWS; then somebody deletes one."""
    s3, bucket = app.client("s3"), app.aws.outputs["EvidenceBucket"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"records/{vpc_id}/")["Contents"]
    keys = sorted(each["Key"] for each in found)
    assert len(keys) >= 3
    for key in keys:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        Draft202012Validator(SCHEMA).validate(json.loads(path.read_text()))
    last = json.loads((folder / keys[-1]).read_text())
    assert (last["status"], last["held"]) == ("removed", {}), "the probe's group waits, or is gone"
    assert "resolver" in last["removed"]
    offline = ["evidence", "verify", str(folder)]
    key = ["--public-key", app.aws.outputs["PublicationPublicKey"]]
    assert run(app, *offline, *key).returncode == 0
    assert run(app, *offline).returncode == 3, "signed records need a key"
    s3.delete_object(Bucket=bucket, Key=keys[-1])
    taken = run(app, "evidence", "verify")
    assert taken.returncode == 1
    assert f"the ledger's last record is {len(keys)}" in taken.stdout
    (folder / keys[1]).unlink()
    broken = run(app, *offline, *key)
    assert broken.returncode == 1
    assert "record 2 is missing" in broken.stdout


def test_a_plan_of_what_cannot_be_says_why_and_of_no_vpc_too(app: App) -> None:
    vpc_id = app.vpc()
    app.client("ec2").modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": False})
    unfit = run(app, "plan", vpc_id)
    assert unfit.returncode == 1
    assert "enableDnsSupport" in unfit.stderr
    assert run(app, "plan", "vpc-00000000").returncode == 1
    hub = run(app, "plan", vpc_id, "--resolver", "rslvr-in-0a1b2c3d4e5f67890")
    assert hub.returncode == 1
    assert "rslvr-in-0a1b2c3d4e5f67890" in hub.stderr


def test_the_deployment_is_examined_and_a_rule_that_is_off_is_found(app: App) -> None:
    well = run(app, "doctor")
    assert well.returncode == 0, well.stdout + well.stderr
    events = app.client("events")
    rule = next(r["Name"] for r in events.list_rules()["Rules"] if "TagChanged" in r["Name"])
    events.disable_rule(Name=rule)
    ill = run(app, "doctor")
    events.enable_rule(Name=rule)
    assert ill.returncode == 1
    assert f"aws events enable-rule --name {rule}" in ill.stdout


def test_a_stack_that_is_not_there_is_said_in_one_line(app: App) -> None:
    for command in (["status"], ["doctor"], ["plan", "vpc-0a1b2c3d"]):
        ran = run(app, *command, "--stack", "nobody")
        assert ran.returncode == 3
        assert "the stack nobody cannot be read" in ran.stderr
        assert len(ran.stderr.strip().splitlines()) == 1, "no traceback"


def test_there_is_no_evidence_of_what_was_never_verified(app: App) -> None:
    ran = run(app, "evidence", app.vpc())
    assert ran.returncode == 1
    assert "let it be verified now" in ran.stderr
