"""Lambda functions really run, and fail as on AWS."""

from __future__ import annotations

import base64
import functools
import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from local.contracts import Credentials, InboundAddress, NetworkState, Site
from local.engine import EmbeddedAws
from local.lambda_functions import install, moto_lambda
from local.lambda_functions.runtime_api import Invocation, RuntimeApi
from local.lambda_functions.service import LambdaService
from local.settings import Lifecycles, Settings

REGION = "us-east-2"
SETTINGS = Settings(
    region=REGION,
    time_scale=0.005,
    function_environments=3,
    lifecycles=Lifecycles(vpc_function_pending=100, vpc_function_eni_linger=100),
)


class FakePrincipals:
    """Credentials that say whose they are."""

    def credentials_for(self, role_arn: str, session_name: str) -> Credentials:
        role = role_arn.rsplit("/", 1)[-1]
        return Credentials(f"ASIA-{role}-{session_name}", "secret", "token")

    def role_of(self, access_key_id: str) -> str | None:
        return None


@dataclass
class FakeNetworks:
    """A VPC that is this machine; it remembers what was started in which VPC."""

    started: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def run_inside(
        self,
        vpc_id: str,
        cidrs: Sequence[str],
        command: Sequence[str],
        environment: Mapping[str, str],
        runtime_api: str,
    ) -> subprocess.Popen[bytes]:
        self.started.append((vpc_id, tuple(cidrs)))
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def apply(self, vpc_id: str, state: NetworkState) -> None: ...

    def connect_site(self, vpc_id: str, cidrs: Sequence[str], onprem_cidr: str) -> Site:
        raise NotImplementedError

    def inbound_addresses(self) -> Sequence[InboundAddress]:
        return ()

    def close(self) -> None: ...


def zipped(source: str, path: str = "app.py") -> bytes:
    return archive_of({path: (textwrap.dedent(source), 0o644)})


DOS_ARCHIVE = 0x20


def archive_of(files: Mapping[str, tuple[str, int]]) -> bytes:
    """A zip of files: their contents and Unix modes (0: none)."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, (text, mode) in files.items():
            entry = zipfile.ZipInfo(path)
            # The low bits are MS-DOS's; without any, writestr() would make it mode 0600.
            entry.external_attr = mode << 16 | DOS_ARCHIVE
            archive.writestr(entry, text)
    return content.getvalue()


@functools.cache
def client_of(url: str, service: str) -> Any:
    session: Any = boto3.Session("test", "test", region_name=REGION)
    return session.client(service, endpoint_url=url)


@dataclass(frozen=True)
class Account:
    """The functions of one test, through the API."""

    url: str

    def client(self, service: str) -> Any:
        return client_of(self.url, service)

    def role(self) -> str:
        name = f"role-{uuid.uuid4().hex[:8]}"
        self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        return f"arn:aws:iam::123456789012:role/{name}"

    def function(self, source: str, **options: Any) -> str:
        name = f"fn-{uuid.uuid4().hex[:8]}"
        defaults: dict[str, Any] = {
            "Role": self.role(),
            "Handler": "app.handler",
            "Runtime": "python3.13",
            "Code": {"ZipFile": zipped(source)},
        }
        self.client("lambda").create_function(FunctionName=name, **(defaults | options))
        return name

    def invoke(self, name: str, event: object = None, **options: Any) -> tuple[Any, Any]:
        """The payload, and the whole response."""
        payload = {} if event is None else {"Payload": json.dumps(event)}
        response = self.client("lambda").invoke(FunctionName=name, **payload, **options)
        body = response["Payload"].read()
        return json.loads(body) if body else None, response


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    engine = EmbeddedAws(SETTINGS, gaps=())
    with engine:
        engine.principals = FakePrincipals()
        engine.networks = FakeNetworks()
        install(engine)
        yield engine


@pytest.fixture
def account(aws: EmbeddedAws) -> Account:
    return Account(aws.url)


@pytest.fixture
def stock(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The same moto, as if nothing were installed, where there is no Docker."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/docker.sock")
    moto_lambda.stop_answering(lambdas(aws))
    yield Account(aws.url)
    moto_lambda.answer_with(lambdas(aws))


def lambdas(aws: EmbeddedAws) -> LambdaService:
    return cast(LambdaService, aws.lambdas)


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_running(pid: int) -> bool:
    """Zombies do not count: they have ended, whether or not their parent has looked."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


COUNTER = """
    import os
    count = 0
    def handler(event, context):
        global count
        count += 1
        return {"count": count, "pid": os.getpid(), "event": event}
"""

OTHER_VERSION = """
    def handler(event, context):
        return "new code"
"""


def test_stock_moto_runs_no_function(stock: Account) -> None:
    name = stock.function(COUNTER)
    response = stock.client("lambda").invoke(FunctionName=name)
    assert b"count" not in response["Payload"].read(), (
        "moto heals this now: remove local/lambda_functions"
    )


def test_stock_moto_has_no_function_lifecycle(stock: Account) -> None:
    _, subnet, group = vpc_with_subnet(stock)
    attach = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    name = stock.function(COUNTER, VpcConfig=attach)
    configuration = stock.client("lambda").get_function_configuration(FunctionName=name)
    seen = (configuration["State"], configuration["VpcConfig"]["VpcId"])
    assert seen == ("Active", "vpc-123abc"), (
        "moto heals this now: remove local/lambda_functions/vpc.py"
    )
    assert interfaces_of(stock, group) == []


def test_stock_moto_drops_the_layers_of_a_template(stock: Account) -> None:
    assert not deploy_template(stock).get("Layers"), (
        "moto heals this now: remove _patch_layers_of_templates"
    )


def test_stock_moto_ignores_the_qualifier(stock: Account) -> None:
    name = stock.function(COUNTER)
    response = stock.client("lambda").invoke(FunctionName=name, Qualifier="no-such")
    assert response["StatusCode"] == 200, "moto heals this now: remove _patch_qualifier"


def test_an_environment_stays_warm_and_keeps_its_globals(account: Account) -> None:
    name = account.function(COUNTER)
    first, _ = account.invoke(name, {"a": 1})
    second, _ = account.invoke(name)
    assert first["event"] == {"a": 1}
    assert second["event"] == {}
    assert (first["count"], second["count"]) == (1, 2)
    assert first["pid"] == second["pid"]


def test_new_code_or_configuration_means_a_new_environment(account: Account) -> None:
    name = account.function(COUNTER)
    first, _ = account.invoke(name)
    client = account.client("lambda")
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"A": "changed"}}
    )
    second, _ = account.invoke(name)
    client.update_function_code(FunctionName=name, ZipFile=zipped(OTHER_VERSION))
    third, _ = account.invoke(name)
    assert second["count"] == 1
    assert third == "new code"
    assert eventually(lambda: not is_running(first["pid"]) and not is_running(second["pid"]))


def test_a_function_s_sleeps_take_aws_time(account: Account) -> None:
    """botocore's waits between its attempts are of the same time as what it waits for."""
    name = account.function(
        """
        import time
        def handler(event, context):
            begun = time.monotonic()
            time.sleep(100)
            return time.monotonic() - begun
        """
    )
    took, _ = account.invoke(name)
    assert 100 * SETTINGS.time_scale <= took < 50


def test_sleeps_take_aws_time_also_after_another_pace(aws: EmbeddedAws, account: Account) -> None:
    """An environment that was warm kept the old pace: its waits were over too soon, or too late."""
    name = account.function(
        """
        import sitecustomize
        def handler(event, context):
            return sitecustomize._SCALE
        """
    )
    usual, _ = account.invoke(name)
    aws.clock.time_scale = 4 * SETTINGS.time_scale
    try:
        slower, _ = account.invoke(name)
    finally:
        aws.clock.time_scale = SETTINGS.time_scale
    usual_again, _ = account.invoke(name)
    scale = SETTINGS.time_scale
    assert (usual, slower, usual_again) == (scale, 4 * scale, scale)


def test_the_environment_is_lambdas_own(
    account: Account, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("AWS_LAMBDA_LOG_FORMAT", "JSON")
    monkeypatch.setattr(aws, "lambda_environment", {"SSL_CERT_FILE": "/some.pem"}, raising=False)
    role = account.role()
    name = account.function(
        """
        import os
        def handler(event, context):
            return {"cwd": os.getcwd(), "environment": dict(os.environ)}
        """,
        Role=role,
        MemorySize=256,
        Environment={"Variables": {"TABLE": "ledger"}},
    )
    seen, _ = account.invoke(name)
    environment = seen["environment"]
    assert environment.pop("PWD") == environment["LAMBDA_TASK_ROOT"] == seen["cwd"]
    assert environment["PYTHONPATH"].split(":")[0] == seen["cwd"]
    assert environment["AWS_ACCESS_KEY_ID"] == f"ASIA-{role.rsplit('/')[-1]}-{name}"
    assert environment["AWS_ENDPOINT_URL"] == aws.url
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["TABLE"] == "ledger"
    assert environment["SSL_CERT_FILE"] == "/some.pem"
    assert set(environment) <= {
        *("TABLE", "SSL_CERT_FILE", "LANG", "LC_CTYPE", "TZ", "PATH", "PYTHONPATH", "HOME"),
        *("TMPDIR", "LAMBDA_TASK_ROOT", "_HANDLER", "AWS_REGION", "AWS_DEFAULT_REGION"),
        *("AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME"),
        *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME"),
        *("AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_ACCESS_KEY_ID"),
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "_X_AMZN_TRACE_ID"),
    }


def test_a_function_calls_aws_and_knows_its_invocation(account: Account) -> None:
    name = account.function(
        """
        import boto3
        def handler(event, context):
            return {
                "account": boto3.client("sts").get_caller_identity()["Account"],
                "request_id": context.aws_request_id,
                "arn": context.invoked_function_arn,
                "left": context.get_remaining_time_in_millis(),
            }
        """,
        Timeout=20,
    )
    seen, response = account.invoke(name)
    assert seen["account"] == "123456789012"
    assert str(uuid.UUID(seen["request_id"])) == seen["request_id"]
    assert seen["arn"].endswith(f":123456789012:function:{name}")
    assert 0 < seen["left"] <= 20_000
    assert response["ExecutedVersion"] == "$LATEST"


def test_a_function_is_found_by_name_arn_partial_arn_and_qualifier(account: Account) -> None:
    name = account.function(
        "def handler(event, context): return [context.function_version, "
        "context.invoked_function_arn.split(':function:')[1]]"
    )
    client = account.client("lambda")
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:{name}"
    assert account.invoke(arn)[0] == ["$LATEST", name]
    assert account.invoke(f"123456789012:function:{name}")[0] == ["$LATEST", name]
    assert account.invoke(name, Qualifier="live")[0] == ["1", f"{name}:live"]
    assert account.invoke(f"{arn}:1")[0] == ["1", f"{name}:1"]
    assert account.invoke(name, {"qualifier": "1"})[0] == ["$LATEST", name]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        account.invoke("no-such-function")


UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ERRORS = {
    "raise": (
        "def handler(event, context): raise KeyError('vpc-id')",
        {"errorType": "KeyError", "errorMessage": "'vpc-id'"},
    ),
    "import": (
        "import no_such_module",
        {
            "errorType": "Runtime.ImportModuleError",
            "errorMessage": "Unable to import module 'app': No module named 'no_such_module'",
        },
    ),
    "exit": (
        "import os\ndef handler(event, context): os._exit(3)",
        {
            "errorType": "Runtime.ExitError",
            "errorMessage": "RequestId: {id} Error: Runtime exited with error: exit status 3",
        },
    ),
    "killed": (
        "import os, signal\ndef handler(event, context): os.kill(os.getpid(), signal.SIGKILL)",
        {
            "errorType": "Runtime.ExitError",
            "errorMessage": "RequestId: {id} Error: Runtime exited with error: signal: killed",
        },
    ),
    "timeout": (
        "import select\ndef handler(event, context): select.select([], [], [], 60)",
        {
            "errorType": "Sandbox.Timedout",
            "errorMessage": "RequestId: {id} Error: Task timed out after 1.00 seconds",
        },
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_have_lambdas_shape(account: Account, case: str) -> None:
    source, expected = ERRORS[case]
    name = account.function(source, Timeout=1)
    error, response = account.invoke(name)
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    assert error["errorType"] == expected["errorType"]
    assert re.sub(UUID, "{id}", error["errorMessage"]) == expected["errorMessage"]
    if case == "raise":
        assert "raise KeyError" in error["stackTrace"][-1]
    again, _ = account.invoke(name)
    assert again["errorType"] == expected["errorType"], "a broken environment is replaced"


def test_code_must_be_readable_by_everybody(account: Account) -> None:
    """ "Lambda requires global read permissions on code files": it fails where it reads them."""
    secret = archive_of({"app.py": ("def handler(*_): return 1", 0o600)})
    error, response = account.invoke(account.function("", Code={"ZipFile": secret}))
    assert response["FunctionError"] == "Unhandled"
    assert error["errorType"] == "PermissionError"
    assert error["errorMessage"] == "[Errno 13] Permission denied: '/var/task/app.py'"

    app = "import os, plain\ndef handler(*_): return sorted(os.listdir('.'))"
    files = {
        "app.py": (app, 0o100644),
        "plain.py": ("", 0),
        "unused.py": ("", 0o600),
        "secret.txt": ("", 0o600),
    }
    listed, _ = account.invoke(account.function("", Code={"ZipFile": archive_of(files)}))
    assert {"app.py", "plain.py", "unused.py"} <= set(listed)
    assert "secret.txt" not in listed


def test_a_payload_that_is_no_json_is_refused(account: Account) -> None:
    name = account.function(COUNTER)
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        account.client("lambda").invoke(FunctionName=name, Payload=b"{no json")


def test_output_and_errors_are_in_the_functions_log_group(
    account: Account, aws: EmbeddedAws
) -> None:
    name = account.function(
        """
        import sys
        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            raise ValueError("wrong")
        """
    )
    _, response = account.invoke(name, LogType="Tail")
    lines = lambdas(aws).logs(name)
    assert lines[0].startswith("START RequestId: ")
    assert {"to stdout", "to stderr"} <= set(lines)
    assert any(line.startswith("[ERROR] ValueError: wrong\nTraceback") for line in lines)
    assert b"to stdout" in base64.b64decode(response["LogResult"])
    group = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")
    assert [event["message"] for event in group["events"]] == lines


def test_an_event_is_accepted_at_once_and_tried_three_times(
    account: Account, tmp_path: Path
) -> None:
    name = account.function(
        f"""
        def handler(event, context):
            with open("{tmp_path}/attempts", "a") as file:
                file.write(context.aws_request_id + "\\n")
            raise RuntimeError("always")
        """
    )
    payload, response = account.invoke(name, {}, InvocationType="Event")
    assert (payload, response["StatusCode"]) == (None, 202)
    assert "FunctionError" not in response
    attempts = tmp_path / "attempts"

    def three() -> bool:
        return attempts.exists() and len(attempts.read_text().split()) == 3

    assert eventually(three)
    time.sleep(0.3)
    assert three(), "there is no fourth attempt"
    assert len(set(attempts.read_text().split())) == 1, "all attempts are one request"


FAILING = "def handler(event, context): raise RuntimeError('always')"


def destination(account: Account) -> tuple[str, str]:
    """A new queue: its URL and its ARN."""
    name = f"failures-{uuid.uuid4().hex[:8]}"
    url = account.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:123456789012:{name}"


def failing_function(account: Account, destination_arn: str, retries: int, **options: Any) -> str:
    name = account.function(FAILING, **options)
    on_failure = {"OnFailure": {"Destination": destination_arn}}
    account.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=retries, DestinationConfig=on_failure
    )
    return name


def received(account: Account, queue: str) -> list[dict[str, Any]]:
    answer = account.client("sqs").receive_message(QueueUrl=queue)
    return [json.loads(message["Body"]) for message in answer.get("Messages", ())]


def first_received(account: Account, queue: str) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []

    def arrived() -> bool:
        messages.extend(received(account, queue))
        return bool(messages)

    assert eventually(arrived)
    return messages[0]


def test_stock_moto_tells_no_destination(stock: Account) -> None:
    queue, arn = destination(stock)
    name = failing_function(stock, arn, retries=0)
    stock.client("lambda").invoke(FunctionName=name, InvocationType="Event")
    time.sleep(0.1)
    assert received(stock, queue) == [], (
        "moto heals this now: remove local/lambda_functions/asynchronous.py"
    )


def test_an_event_that_failed_for_good_goes_to_the_destination(account: Account) -> None:
    queue, arn = destination(account)
    name = failing_function(account, arn, retries=1)
    account.invoke(name, {"vpc": "vpc-1"}, InvocationType="Event")
    record = first_received(account, queue)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    assert re.fullmatch(UUID, record["requestContext"].pop("requestId"))
    assert record["responsePayload"].pop("stackTrace")
    assert record["responsePayload"].pop("requestId", "")  # awslambdaric adds it
    assert record == {
        "version": "1.0",
        "requestContext": {
            "functionArn": f"arn:aws:lambda:{REGION}:123456789012:function:{name}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 2,
        },
        "requestPayload": {"vpc": "vpc-1"},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorType": "RuntimeError", "errorMessage": "always"},
    }


def test_a_topic_may_be_the_destination(account: Account) -> None:
    queue, arn = destination(account)
    sns = account.client("sns")
    topic = sns.create_topic(Name=f"failures-{uuid.uuid4().hex[:8]}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    name = failing_function(account, topic, retries=0)
    account.invoke(name, {}, InvocationType="Event")
    record = json.loads(first_received(account, queue)["Message"])
    assert record["requestContext"]["approximateInvokeCount"] == 1


def test_the_functions_role_must_be_allowed_to_tell_the_destination(
    aws: EmbeddedAws, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedAws(SETTINGS, gaps=("gateway",)) as engine:
        install(engine)
        account = Account(engine.url)
        queue, arn = destination(account)
        role = account.role()
        name = failing_function(account, arn, retries=0, Role=role)
        account.invoke(name, {}, InvocationType="Event")
        assert eventually(lambda: f"{name}: event lost" in caplog.text)
        assert "not authorized to perform: sqs:SendMessage" in caplog.text
        assert received(account, queue) == []

        allowed = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
        account.client("iam").put_role_policy(
            RoleName=role.rsplit("/")[-1],
            PolicyName="tell",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
        )
        account.invoke(name, {}, InvocationType="Event")
        assert eventually(lambda: bool(received(account, queue)))
    install(aws)


def test_dry_run_runs_nothing(account: Account) -> None:
    name = account.function("raise RuntimeError('not to be imported')")
    assert account.invoke(name, {}, InvocationType="DryRun")[1]["StatusCode"] == 204


def test_no_more_environments_than_allowed(account: Account) -> None:
    names = [account.function(COUNTER) for _ in range(SETTINGS.function_environments + 2)]
    pids = [account.invoke(name)[0]["pid"] for name in names]
    assert eventually(lambda: [is_running(pid) for pid in pids] == [False] * 2 + [True] * 3), (
        "the least recently used make room"
    )


def test_invocations_wait_while_all_environments_are_busy(account: Account) -> None:
    name = account.function(
        """
        import os, time
        def handler(event, context):
            time.sleep(0.2)
            return os.getpid()
        """
    )
    pids: list[int] = []
    threads = [
        threading.Thread(target=lambda: pids.append(account.invoke(name)[0])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 8
    assert 1 < len(set(pids)) <= SETTINGS.function_environments


def test_code_may_come_from_s3_and_a_role_must_exist(account: Account) -> None:
    bucket = f"code-{uuid.uuid4().hex[:8]}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="app.zip", Body=zipped(OTHER_VERSION))
    code = {"S3Bucket": bucket, "S3Key": "app.zip"}
    assert account.invoke(account.function("", Code=code))[0] == "new code"
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        account.function("", Role="arn:aws:iam::123456789012:role/no-such-role")


def deploy_template(account: Account) -> Any:
    """A function and a layer by CloudFormation; the function's configuration."""
    bucket = f"code-{uuid.uuid4().hex[:8]}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    app = "import shared\ndef handler(event, context): return shared.WORD"
    s3.put_object(Bucket=bucket, Key="app.zip", Body=zipped(app))
    s3.put_object(
        Bucket=bucket, Key="layer.zip", Body=zipped("WORD = 'layered'", "python/shared.py")
    )
    name = f"fn-{uuid.uuid4().hex[:8]}"
    function = {
        "FunctionName": name,
        "Handler": "app.handler",
        "Runtime": "python3.13",
        "Role": account.role(),
        "Timeout": 7,
        "MemorySize": 256,
        "Environment": {"Variables": {"TABLE": "ledger"}},
        "Code": {"S3Bucket": bucket, "S3Key": "app.zip"},
        "Layers": [{"Ref": "Shared"}],
    }
    layer = {"LayerName": name, "Content": {"S3Bucket": bucket, "S3Key": "layer.zip"}}
    resources = {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Shared": {"Type": "AWS::Lambda::LayerVersion", "Properties": layer},
    }
    account.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources})
    )
    return account.client("lambda").get_function_configuration(FunctionName=name)


def test_cloudformation_makes_the_same_functions(account: Account) -> None:
    configuration = deploy_template(account)
    assert (configuration["Timeout"], configuration["MemorySize"]) == (7, 256)
    assert configuration["Environment"] == {"Variables": {"TABLE": "ledger"}}
    assert len(configuration["Layers"]) == 1
    assert account.invoke(configuration["FunctionName"])[0] == "layered"


def vpc_with_subnet(account: Account) -> tuple[str, str, str]:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24", AvailabilityZone=f"{REGION}a")[
        "Subnet"
    ]["SubnetId"]
    group = ec2.create_security_group(GroupName="probe", Description="probe", VpcId=vpc)
    return vpc, subnet, group["GroupId"]


def interfaces_of(account: Account, group: str) -> list[Any]:
    filters = [{"Name": "group-id", "Values": [group]}]
    response = account.client("ec2").describe_network_interfaces(Filters=filters)
    return list(response["NetworkInterfaces"])


def test_a_function_in_a_vpc_is_pending_first_and_its_interfaces_linger(
    account: Account, aws: EmbeddedAws
) -> None:
    vpc, subnet, group = vpc_with_subnet(account)
    attach = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    client = account.client("lambda")
    name = account.function(COUNTER, VpcConfig=attach)

    pending = client.get_function_configuration(FunctionName=name)
    assert (pending["State"], pending["StateReasonCode"]) == ("Pending", "Creating")
    assert pending["LastUpdateStatus"] == "InProgress"
    assert pending["VpcConfig"]["VpcId"] == vpc
    with pytest.raises(ClientError, match="currently in the following state: Pending") as refusal:
        account.invoke(name)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409

    def state() -> Any:
        return client.get_function(FunctionName=name)["Configuration"]

    assert eventually(lambda: bool(state()["State"] == "Active"))
    assert state()["LastUpdateStatus"] == "Successful"
    assert account.invoke(name)[0]["count"] == 1
    assert cast(FakeNetworks, aws.networks).started[-1] == (vpc, ("10.77.0.0/16",))

    [interface] = interfaces_of(account, group)
    assert interface["InterfaceType"] == "lambda"
    assert interface["RequesterManaged"] is True
    assert interface["Description"].startswith(f"AWS Lambda VPC ENI-{name}-")
    assert interface["PrivateIpAddress"].startswith("10.77.1.")

    other = account.function(COUNTER, VpcConfig=attach)
    assert len(interfaces_of(account, group)) == 1, "one pair, one interface"
    client.delete_function(FunctionName=name)
    client.delete_function(FunctionName=other)
    assert len(interfaces_of(account, group)) == 1, "it outlives the functions"
    assert eventually(lambda: interfaces_of(account, group) == [])


def test_an_interface_in_use_stays(account: Account) -> None:
    _, subnet, group = vpc_with_subnet(account)
    attach = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    client = account.client("lambda")
    first = account.function(COUNTER, VpcConfig=attach)
    second = account.function(COUNTER, VpcConfig=attach)
    client.delete_function(FunctionName=first)
    time.sleep(100 * SETTINGS.time_scale + 0.3)
    assert len(interfaces_of(account, group)) == 1
    client.delete_function(FunctionName=second)


def test_a_subnet_must_exist(account: Account) -> None:
    attach = {"SubnetIds": ["subnet-0123"], "SecurityGroupIds": []}
    with pytest.raises(ClientError, match=r"InvalidSubnetID\.NotFound"):
        account.function(COUNTER, VpcConfig=attach)


def test_deleting_a_function_ends_its_environment(account: Account) -> None:
    name = account.function(COUNTER)
    pid = account.invoke(name)[0]["pid"]
    account.client("lambda").delete_function(FunctionName=name)
    assert eventually(lambda: not is_running(pid))


SLEEPER = """
    import os, time
    def handler(event, context):
        open(event["file"], "w").write(str(os.getpid()))
        time.sleep(event["seconds"])
        return os.getpid()
"""


UNTIL_IT_RUNS = 60
"""Seconds that a busy machine needs to start an engine and a function."""


def pid_in(file: Path) -> int:
    assert eventually(lambda: file.exists() and file.read_text() != "", UNTIL_IT_RUNS)
    return int(file.read_text())


def test_closing_leaves_no_process(aws: EmbeddedAws, tmp_path: Path) -> None:
    with EmbeddedAws(SETTINGS, gaps=()) as engine:
        engine.principals = FakePrincipals()
        install(engine)
        account = Account(engine.url)
        name = account.function(SLEEPER, Timeout=60)
        idle, _ = account.invoke(name, {"file": str(tmp_path / "idle"), "seconds": 0})
        other = account.function(SLEEPER, Timeout=60)
        event = {"file": str(tmp_path / "busy"), "seconds": 60}
        account.invoke(other, event, InvocationType="Event")
        busy = pid_in(tmp_path / "busy")
        began = time.monotonic()
    install(aws)
    assert not is_running(idle)
    assert not is_running(busy)
    assert time.monotonic() - began < 5


ENGINE = """
import sys, time
sys.path[:0] = {path!r}
from tests.local.test_lambda_functions import *
with EmbeddedAws(SETTINGS, gaps=()) as engine:
    engine.principals = FakePrincipals()
    install(engine)
    account = Account(engine.url)
    for place, seconds in (("idle", 0), ("busy", 60)):
        name = account.function(SLEEPER, Timeout=60)
        event = {{"file": {folder!r} + "/" + place, "seconds": seconds}}
        account.invoke(name, event, InvocationType="Event")
    time.sleep(60)
"""


def test_an_engine_that_is_killed_takes_its_processes_along(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    script = ENGINE.format(path=[root], folder=str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    engine = subprocess.Popen([sys.executable, "-c", script], env=environment)
    try:
        pids = [pid_in(tmp_path / "idle"), pid_in(tmp_path / "busy")]
        assert all(is_running(pid) for pid in pids)
    finally:
        os.kill(engine.pid, signal.SIGKILL)
        engine.wait()
    assert eventually(lambda: not any(is_running(pid) for pid in pids))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_is_none_of_the_runtime_takes_no_event_and_answers_none(method: str) -> None:
    """Whoever looks which port belongs to what would else answer in the function's place."""
    api = RuntimeApi()
    request = urllib.request.Request(f"http://{api.address}/", data=b"{}", method=method)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(request, timeout=5)
    assert api.call(Invocation("1", "arn", b"{}", 0.2)) is None
    api.close()
