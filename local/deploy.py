"""Deploying the app into the embedded AWS, with the same `sam deploy` as into the real one: a new
stack, or the update of one that is there."""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import boto3
from samtranslator.yaml_helper import yaml_parse

from local.settings import REPOSITORY, Settings

CACHE = REPOSITORY / ".local" / "dependencies"
PACKED = REPOSITORY / ".local" / "packed"
KEPT_SECONDS = 24 * 60 * 60
BUCKET = "deployments"
READABLE_BY_ALL = 0o100644
"""AWS Lambda runs code as another user; a checkout may be readable by its owner only."""
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


class Destination(Protocol):
    """An endpoint that answers AWS's API; its settings name the stack, the account and Region."""

    settings: Settings

    @property
    def url(self) -> str: ...


class DeploymentFailedError(Exception):
    """The stack is not there; the message is what the deployment said last."""


def deploy(
    aws: Destination,
    parameters: Mapping[str, str],
    source: Path = REPOSITORY,
    *,
    with_sam_cli: bool = True,
) -> Mapping[str, str]:
    """Deploy the app in `source` as `aws.settings.stack_name`; returns the stack's outputs.

    A stack of that name is updated; parameters that are not given keep their values.

    Uses the SAM CLI of this Python's environment. Where there is none (it supports a new
    Python later than everything else does), or where `with_sam_cli` is false, the SAM translator
    does the same in a third of the time.
    """
    sam = sam_cli() if with_sam_cli else None
    with TemporaryDirectory(prefix="deploy-") as folder:
        staged = stage(Path(folder) / "app", source)
        if sam is None:
            deploy_with_translator(aws, staged, parameters)
        else:
            deploy_with_sam(aws, sam, staged, parameters)
    return outputs(aws)


def sam_cli() -> Path | None:
    """Return the `sam` beside the running interpreter."""
    sam = Path(sys.executable).parent / "sam"
    return sam if sam.exists() else None


def stage(target: Path, source: Path = REPOSITORY) -> Path:
    """Copy the app's template and state machine to `target`, and put a zip file of the functions in
    their folder's place, so that the unchanged template deploys from there. `CodeUri` may name
    either, but SAM zips a folder once for every function that shares it, which takes longer than
    all the rest."""
    target.mkdir(parents=True)
    shutil.copy2(source / "template.yaml", target)
    shutil.copytree(source / "statemachine", target / "statemachine")
    shutil.copy2(packed(source / "functions"), target / "functions")
    return target


def packed(functions: Path) -> Path:
    """Return the zip file of the functions with their dependencies and byte code: made once for
    each state of the sources and each Python, and kept for a day after its last use."""
    dependencies = install_dependencies(functions)
    archive = PACKED / f"{_digest_of(functions, dependencies.name)}.zip"
    if archive.exists():
        archive.touch()
        return archive
    PACKED.mkdir(parents=True, exist_ok=True)
    _remove_unused(PACKED)
    with TemporaryDirectory(dir=PACKED) as folder:
        everything = Path(folder) / "functions"
        shutil.copytree(functions, everything, ignore=shutil.ignore_patterns("__pycache__"))
        _compile(everything)
        shutil.copytree(dependencies, everything, dirs_exist_ok=True)
        made = Path(folder) / archive.name
        _zip(everything, made)
        made.rename(archive)
    return archive


def _digest_of(functions: Path, dependencies: str) -> str:
    """Return a text that differs where the zip file would differ."""
    digest = hashlib.sha256(dependencies.encode())
    for path in sorted(each for each in functions.rglob("*") if each.is_file()):
        if "__pycache__" not in path.parts:
            name = path.relative_to(functions).as_posix()
            digest.update(f"\0{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _remove_unused(folder: Path) -> None:
    """Remove the zip files that nobody has used for a day."""
    for archive in folder.glob("*.zip"):
        with suppress(FileNotFoundError):  # another process was quicker
            if archive.stat().st_mtime < time.time() - KEPT_SECONDS:
                archive.unlink()


def install_dependencies(functions: Path) -> Path:
    """Return the folder of the installed requirements: made once for each requirement file and
    Python."""
    lock = functions / "requirements.lock"
    requirements = lock if lock.exists() else functions / "requirements.txt"
    python = f"{sys.implementation.cache_tag}-{platform.machine()}"
    digest = hashlib.sha256(requirements.read_bytes() + python.encode()).hexdigest()[:16]
    installed = CACHE / f"{python}-{digest}"
    if not installed.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as folder:
            packages = Path(folder) / "packages"
            _pip_install(requirements, packages)
            _compile(packages)
            with suppress(OSError):  # another process was quicker
                packages.rename(installed)
    return installed


def _pip_install(requirements: Path, target: Path) -> None:
    target.mkdir()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, "--no-compile", "--target", str(target), "-r", str(requirements)])


def _compile(folder: Path) -> None:
    """Write byte code that stays valid although a zip file loses the sources' times."""
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=1, invalidation_mode=unchecked)


def _zip(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo.from_file(file, file.relative_to(folder))
            entry.external_attr = READABLE_BY_ALL << 16
            zipped.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=1)


def deploy_with_sam(
    aws: Destination, sam: Path, staged: Path, parameters: Mapping[str, str]
) -> None:
    _make_bucket(aws)
    overrides = [f'{name}="{value}"' for name, value in parameters.items()]
    command = [
        *(str(sam), "deploy", "--template-file", "template.yaml"),
        *("--stack-name", aws.settings.stack_name, "--s3-bucket", BUCKET),
        *("--region", aws.settings.region, "--capabilities", *CAPABILITIES),
        *("--no-confirm-changeset", "--no-progressbar"),
        *(("--parameter-overrides", *overrides) if overrides else ()),
    ]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    } | {
        "AWS_ACCESS_KEY_ID": aws.settings.account,
        "AWS_SECRET_ACCESS_KEY": "unused",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.1",
        "__SAM_CLI_APP_DIR": str(staged.parent / "sam-cli"),
    }
    _run(command, cwd=staged, env=environment)


def _run(command: list[str], **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise DeploymentFailedError("\n".join([" ".join(command[:2]), *said[-25:]]))


def deploy_with_translator(aws: Destination, staged: Path, parameters: Mapping[str, str]) -> None:
    """Do what `sam deploy` does: upload the files that the template names, make the stack or update
    it."""
    _make_bucket(aws)
    template = yaml_parse((staged / "template.yaml").read_text())
    uploaded: dict[str, str] = {}

    def upload(properties: dict[str, Any], name: str) -> None:
        if name in properties:
            path = properties[name]
            uploaded.setdefault(path, _upload(aws, staged / path))
            properties[name] = uploaded[path]

    upload(template.get("Globals", {}).get("Function", {}), "CodeUri")
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            upload(resource["Properties"], "CodeUri")
        if resource["Type"] == "AWS::Serverless::StateMachine":
            upload(resource["Properties"], "DefinitionUri")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    _bring_about(aws, json.dumps(template, default=str), given)


def _bring_about(aws: Destination, template: str, given: list[dict[str, Any]]) -> None:
    """Make the stack, or update it; what is not given keeps its value."""
    cloudformation = _client(aws, "cloudformation")
    name = aws.settings.stack_name
    stacks = cloudformation.describe_stacks()["Stacks"]
    there = next((stack for stack in stacks if stack["StackName"] == name), None)
    if there is None:
        create = cloudformation.create_stack
        create(StackName=name, TemplateBody=template, Parameters=given, Capabilities=CAPABILITIES)
        return
    names = {each["ParameterKey"] for each in given}
    slots = json.loads(template).get("Parameters", {})
    kept = [
        {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
        for each in there.get("Parameters", [])
        if each["ParameterKey"] in slots.keys() - names
    ]
    cloudformation.update_stack(
        StackName=name, TemplateBody=template, Parameters=given + kept, Capabilities=CAPABILITIES
    )


def _upload(aws: Destination, file: Path) -> str:
    body = file.read_bytes()
    key = hashlib.sha256(body).hexdigest()
    _client(aws, "s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/{key}"


def outputs(aws: Destination) -> Mapping[str, str]:
    """Return the stack's outputs. Raises DeploymentFailedError with the reason if it did not come
    to be."""
    cloudformation = _client(aws, "cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=aws.settings.stack_name)["Stacks"]
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        events = cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        reasons = [
            event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"] in {"CREATE_FAILED", "UPDATE_FAILED"}
        ]
        raise DeploymentFailedError("\n".join([stack["StackStatus"], *reasons]))
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _make_bucket(aws: Destination) -> None:
    s3, region = _client(aws, "s3"), aws.settings.region
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, **({} if region == "us-east-1" else place))


def _client(aws: Destination, service: str) -> Any:
    session: Any = boto3.Session(aws.settings.account, "unused", region_name=aws.settings.region)
    return session.client(service, endpoint_url=aws.url)
