"""The SDK's models as they ship: every operation that is called, and each as the SDK has it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.loaders import JSONFileLoader, Loader
from botocore.model import OperationModel, ServiceModel
from botocore.regions import EndpointResolver
from connectivity.adapters import aws
from connectivity.adapters.error_codes import MEANINGS
from connectivity.adapters.small_models import MODELS, SmallModels

ROOT = Path(__file__).parents[2]
FILES: Mapping[str, Callable[[Path], bytes]] = {
    ".json": Path.read_bytes,
    ".json.gz": lambda path: gzip.decompress(path.read_bytes()),
}
"""How botocore's files end -> how each is read."""
ADAPTERS = ROOT / "functions" / "connectivity" / "adapters"
RECORDED = ("tests/story/counts.json", "tests/faults/calls.json")
SERVICES = sorted(path.name for path in MODELS.iterdir() if path.is_dir())
SIGNED_AS = {"states": "stepfunctions"}
"""IAM's name of a service -> the SDK's, where they differ."""
ALLOWED_AS = {"InvokeFunction": "Invoke"}
"""IAM's name of an operation -> the API's, where they differ."""
BYTES = 500_000
"""What all functions together read: 0.5 MB when this was written, of which a quarter are the rules
for Amazon S3's addresses, which Finish alone reads. The SDK's own files are 20 MB."""


@pytest.fixture(autouse=True)
def read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedded AWS of another test shares what it has read with everybody in the process, and
    some of that is no longer as the SDK has it."""

    def load(_loader: JSONFileLoader, path: str) -> Any:
        for end, read in FILES.items():
            file = Path(f"{path}{end}")
            if file.is_file():
                return json.loads(read(file))
        return None

    monkeypatch.setattr(JSONFileLoader, "load_file", load)


@cache
def small() -> Loader:
    return SmallModels()


@cache
def whole() -> Loader:
    return Loader()


def model(loader: Loader, service: str) -> ServiceModel:
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


OPERATIONS = [
    (service, operation)
    for service in SERVICES
    for operation in model(small(), service).operation_names
]


def recorded(calls: Any) -> Iterator[tuple[str, str]]:
    """Yield the service and the operation of each call in a record, as in `ec2:CreateTags`."""
    for name, inner in calls.items():
        if found := re.search(r"\b([a-z0-9]+):(\w+)$", name):
            yield SIGNED_AS.get(found[1], found[1]), ALLOWED_AS.get(found[2], found[2])
        if isinstance(inner, Mapping):
            yield from recorded(inner)


@pytest.mark.parametrize("record", RECORDED)
def test_every_call_that_was_ever_recorded_is_in_the_models(record: str) -> None:
    calls = set(recorded(json.loads((ROOT / record).read_text())))
    assert len(calls) > 20
    assert calls <= set(OPERATIONS)


def test_every_operation_that_an_adapter_calls_is_in_the_models_and_no_other_is() -> None:
    assert sorted(operation for _, operation in OPERATIONS) == sorted(MEANINGS)


def test_every_client_that_an_adapter_makes_has_its_model() -> None:
    text = "".join(path.read_text() for path in ADAPTERS.glob("*.py"))
    assert set(re.findall(r'client\("([^"]+)"\)', text)) == set(SERVICES)


def test_the_models_are_what_the_script_makes_of_the_pinned_sdk(tmp_path: Path) -> None:
    """If this fails, an adapter calls something new or the pin has moved: `make models`. In a
    process of its own, as an embedded AWS of another test keeps what it has read."""
    write = "import sys; from pathlib import Path; from scripts import cut_models"
    command = [sys.executable, "-c", f"{write}; cut_models.write(Path(sys.argv[1]))", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert files(tmp_path) == files(MODELS)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_sdk_is_pinned_to_the_version_that_the_models_are_cut_from() -> None:
    """The embedded AWS runs the functions with one, and the other has the tests' models."""
    pins = {
        re.search(r"^botocore==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)[1]  # type: ignore[index]
        for lock in ("requirements-dev.lock", "requirements-runtime.lock")
    }
    assert pins == {botocore.__version__}


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=":".join)
def test_an_operation_is_sent_and_read_as_the_whole_model_says(
    service: str, operation: str
) -> None:
    ours, theirs = (model(each, service).operation_model(operation) for each in (small(), whole()))
    assert described(ours) == described(theirs)


def described(operation: OperationModel) -> Any:
    """Return everything that an operation's model says, followed into each of its shapes once."""
    shapes: dict[str, Any] = {}
    inner = [operation.input_shape, operation.output_shape, *operation.error_shapes]
    while inner:
        shape = inner.pop()
        if shape is None or shape.name in shapes:
            continue
        members = getattr(shape, "members", {})
        said = shape._shape_model  # type: ignore[attr-defined]
        shapes[shape.name] = said
        inner += [*members.values()]
        inner += [
            getattr(shape, name) for name in ("member", "key", "value") if hasattr(shape, name)
        ]
    plain = dict(operation._operation_model)  # type: ignore[attr-defined]
    return without_documentation([plain, operation.service_model.metadata, shapes])


def without_documentation(said: Any) -> Any:
    if isinstance(said, list):
        return [without_documentation(each) for each in said]
    if isinstance(said, Mapping):
        return {
            name: without_documentation(value)
            for name, value in said.items()
            if name != "documentation" or not isinstance(value, str)
        }
    return said


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_found_at_the_same_address_in_every_region(service: str) -> None:
    """By both of the SDK's ways: its rules, and its table."""
    rules = [each.load_service_model(service, "endpoint-rule-set-1") for each in (small(), whole())]
    assert rules[0] == rules[1]
    ours, theirs = (EndpointResolver(each.load_data("endpoints")) for each in (small(), whole()))
    prefix = model(small(), service).endpoint_prefix
    regions = [
        region
        for partition in whole().load_data("endpoints")["partitions"]
        for region in partition["regions"]
    ]
    assert len(regions) > 30
    for region in [*regions, "xx-new-1", "eu-north-7"]:
        assert ours.construct_endpoint(prefix, region) == theirs.construct_endpoint(prefix, region)


@pytest.mark.parametrize("service", SERVICES)
def test_pages_are_turned_as_the_whole_model_says(service: str) -> None:
    session = botocore.session.Session()
    session.register_component("data_loader", SmallModels())
    client = session.create_client(
        service, "us-east-2", aws_access_key_id="any", aws_secret_access_key="any"
    )
    whole_pages = whole().load_service_model(service, "paginators-1")["pagination"]
    for name in model(small(), service).operation_names:
        assert client.can_paginate(xform_name(name)) == (name in whole_pages)
        if name in whole_pages:
            ours = small().load_service_model(service, "paginators-1")["pagination"]
            assert ours[name] == whole_pages[name]


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_is_configured_as_the_whole_model_says(service: str) -> None:
    """Amazon S3's model alone has parameters of the client, whose documentation botocore reads."""
    ours, theirs = (model(each, service).client_context_parameters for each in (small(), whole()))
    assert [(each.name, each.type) for each in ours] == [(e.name, e.type) for e in theirs]


def test_what_is_not_there_is_read_from_the_sdk() -> None:
    """As where the runtime's SDK is newer than the pin, and asks for a file that we do not know."""
    assert small().load_data("partitions") == whole().load_data("partitions")
    assert small().load_data("_retry") == whole().load_data("_retry")
    assert small().load_service_model("sqs", "service-2")["metadata"]["serviceId"] == "SQS"
    assert small().load_service_model("ec2", "waiters-2")["waiters"]


@pytest.mark.parametrize(
    ("version", "reads"),
    [("1.34.145", False), ("1.36.3", False), ("1.38.0", True), (botocore.__version__, True)],
)
def test_an_sdk_that_is_too_old_for_the_models_reads_its_own(
    version: str, reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Lambda runtime's SDK is months behind the pin, and much older in a Region that is late:
    1.36.3 ends in KeyError for Amazon CloudWatch's protocol."""
    monkeypatch.setattr(botocore, "__version__", version)
    aws.forget_clients()
    loader = aws.session().get_component("data_loader")
    aws.forget_clients()
    assert isinstance(loader, SmallModels) == reads


def test_the_models_are_small() -> None:
    assert sum(len(text.encode()) for text in files(MODELS).values()) < BYTES
