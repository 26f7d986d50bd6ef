"""A SAM template deploys into the embedded AWS as it is, and what cannot be made is named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaBackend

from local import deploy as deployment
from local.cloudformation import deletion
from local.cloudformation.deletion import dependencies
from local.contracts import Credentials
from local.deploy import DeploymentFailedError, deploy
from local.engine import EmbeddedAws
from local.settings import Settings
from tests.local.invocations import Invocations

APP = Path(__file__).parent / "data" / "sam_app"
REGION = "us-east-2"
ACCOUNT = "123456789012"
PARAMETERS = {
    "Email": "ops@example.com",
    "OnpremCidrs": "10.1.0.0/16,10.2.0.0/16",
    "Owner": "the network team, floor=2",
    "Suffix": "",
}

Client = Callable[[str], Any]


class NoRoles:
    def credentials_for(self, role_arn: str, session_name: str) -> Credentials:
        raise AssertionError("No target here has a role")

    def role_of(self, access_key_id: str) -> str | None:
        return None


@pytest.fixture(scope="module")
def invocations() -> Iterator[Invocations]:
    invocations = Invocations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LambdaBackend, "invoke", lambda *arguments: invocations.invoke(*arguments))
        yield invocations


@pytest.fixture(scope="module")
def aws(invocations: Invocations) -> Iterator[EmbeddedAws]:
    settings = Settings(time_scale=0.002, stack_name="sam-app")
    aws = EmbeddedAws(settings, gaps=("event_bus", "cloudformation"))
    aws.principals = NoRoles()
    with aws:
        yield aws


@pytest.fixture(scope="module")
def client(aws: EmbeddedAws) -> Client:
    session: Any = boto3.Session("any", "any", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=aws.url)


@pytest.fixture(scope="module")
def deployed(aws: EmbeddedAws, client: Client) -> Iterator[Mapping[str, str]]:
    """The app, deployed once by the real `sam deploy`."""
    yield deploy(aws, PARAMETERS, APP)
    client("cloudformation").delete_stack(StackName="sam-app")


@pytest.fixture
def create(client: Client, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes a stack of some resources, and answers with its description."""
    cloudformation, name = client("cloudformation"), request.node.name.replace("_", "-")[:60]

    def create(resources: dict[str, Any], **sections: Any) -> Any:
        template = json.dumps({"Resources": resources, **sections})
        cloudformation.create_stack(
            StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    yield create
    cloudformation.delete_stack(StackName=name)


def test_sam_deploy_answers_with_the_outputs(deployed: Mapping[str, str]) -> None:
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:sam-app-connect"
    assert deployed["StateMachineArn"] == arn
    assert deployed["KnockFunction"] == "sam-app-knock"
    assert deployed["EcsName"] == f"ecs.{REGION}.amazonaws.com"
    assert deployed["Email"] == "ops@example.com"
    assert deployed["Loudness"] == "loud"


def test_parameters_may_hold_spaces_or_nothing(deployed: Mapping[str, str]) -> None:
    """The SAM CLI splits its overrides itself."""
    assert deployed["Greeting"] == "<the network team, floor=2><>"


def test_functions_have_the_environment_and_the_code(
    deployed: Mapping[str, str], client: Client
) -> None:
    found = client("lambda").get_function(FunctionName="sam-app-knock")["Configuration"]
    variables = found["Environment"]["Variables"]
    assert found["Handler"] == "handlers.knock.handler"
    assert found["Timeout"] == 30
    assert variables["TABLE"] == deployed["LedgerTable"]
    assert variables["OWNER"] == deployed["StackUuid"]
    assert (variables["CIDRS"], variables["RETRIES"]) == ("10.1.0.0/16,10.2.0.0/16", "3")
    invoke = client("lambda").get_function_event_invoke_config(FunctionName="sam-app-knock")
    assert invoke["MaximumRetryAttempts"] == 2


def test_the_state_machine_has_its_definition_with_the_arns_filled_in(
    deployed: Mapping[str, str], client: Client
) -> None:
    machine = client("stepfunctions").describe_state_machine(
        stateMachineArn=deployed["StateMachineArn"]
    )
    task = json.loads(machine["definition"])["States"]["Decide"]
    assert ":function:sam-app-DecideFunction-" in task["Arguments"]["FunctionName"]


def test_policies_subscriptions_and_alarms_are_there(
    deployed: Mapping[str, str], client: Client
) -> None:
    queue = client("sqs").get_queue_attributes(
        QueueUrl=deployed["DeadLetterQueueUrl"], AttributeNames=["Policy"]
    )
    topic, sns = deployed["AlertsTopicArn"], client("sns")
    assert "events.amazonaws.com" in queue["Attributes"]["Policy"]
    assert "events" in sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["Endpoint"] == "ops@example.com"
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNamePrefix="sam-app")["MetricAlarms"]
    assert alarm["AlarmActions"] == [topic]
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/sam-app")
    assert groups["logGroups"][0]["retentionInDays"] == 30


def test_the_deployed_rules_reach_the_function(
    deployed: Mapping[str, str], client: Client, invocations: Invocations
) -> None:
    entry = {"Source": "ecs-anywhere.private-connectivity", "DetailType": "Enable", "Detail": "{}"}
    client("events").put_events(Entries=[entry])
    source = "ecs-anywhere.private-connectivity"
    assert invocations.wait_for(lambda event: event.get("source") == source)
    assert invocations.wait_for(lambda event: event == {"sweep": True}), "no schedule fired"


def test_secret_parameters_are_not_told(deployed: Mapping[str, str], client: Client) -> None:
    (stack,) = client("cloudformation").describe_stacks(StackName="sam-app")["Stacks"]
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert parameters["Secret"] == "****"
    assert parameters["OnpremCidrs"] == "10.1.0.0/16,10.2.0.0/16"


def test_deploying_the_same_again_says_so_and_changes_nothing(
    deployed: Mapping[str, str], aws: EmbeddedAws, client: Client
) -> None:
    before = client("cloudformation").describe_stack_events(StackName="sam-app")["StackEvents"]
    with pytest.raises(DeploymentFailedError, match=r"No changes to deploy\. Stack sam-app"):
        deploy(aws, PARAMETERS, APP)
    after = client("cloudformation").describe_stack_events(StackName="sam-app")["StackEvents"]
    assert after == before


def test_sam_deploy_changes_a_parameter_of_a_stack_that_is_there(
    deployed: Mapping[str, str], aws: EmbeddedAws, client: Client
) -> None:
    """What is not said is as it was: `sam deploy` asks for the previous value of the rest."""
    email = {"Email": "night-shift@example.com"}
    changed = deploy(aws, email, APP)
    assert changed == {**deployed, **email}
    (subscription,) = client("sns").list_subscriptions()["Subscriptions"]
    assert subscription["Endpoint"] == "night-shift@example.com"
    assert deploy(aws, PARAMETERS, APP) == deployed


def test_without_the_sam_cli_the_translator_deploys_the_same(
    aws: EmbeddedAws, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "settings", replace(aws.settings, stack_name="translated"))
    found = deploy(aws, {}, APP, with_sam_cli=False)
    assert found["KnockFunction"] == "translated-knock"
    assert found["Loudness"] == "quiet"
    assert "Email" not in found
    client("cloudformation").delete_stack(StackName="translated")
    names = [item["FunctionName"] for item in client("lambda").list_functions()["Functions"]]
    assert "translated-knock" not in names


def test_functions_are_packed_once_and_anew_as_soon_as_one_of_them_changes(tmp_path: Path) -> None:
    functions = shutil.copytree(APP / "functions", tmp_path / "functions")
    (functions / "new.py").write_text(f"made = {str(tmp_path)!r}\n")
    first = deployment.packed(functions)
    made = first.stat().st_ino
    again = deployment.packed(functions)
    assert (again, again.stat().st_ino) == (first, made)
    (functions / "new.py").write_text(f"made = {str(tmp_path)!r} + 'later'\n")
    other = deployment.packed(functions)
    assert other != first
    with zipfile.ZipFile(first) as before, zipfile.ZipFile(other) as after:
        assert b"later" not in before.read("new.py")
        assert b"later" in after.read("new.py")
        compiled = f"__pycache__/new.{sys.implementation.cache_tag}.pyc"
        assert b"later" in after.read(compiled)
    first.unlink()
    other.unlink()


def test_an_unknown_type_is_an_error_that_names_it(create: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="AWS::Nobody::Knows"):
        create({"Thing": {"Type": "AWS::Nobody::Knows"}})


def test_an_ignored_type_makes_nothing(create: Callable[..., Any]) -> None:
    query = {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "q"}}
    assert create({"Query": query})["StackStatus"] == "CREATE_COMPLETE"


def test_the_arn_of_a_log_group_is_all_that_is_in_it(create: Callable[..., Any]) -> None:
    """As AWS gives it, and as policies and Step Functions take it."""
    arn = {"Arn": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}}}
    (output,) = create({"Logs": {"Type": "AWS::Logs::LogGroup"}}, Outputs=arn)["Outputs"]
    assert output["OutputValue"].startswith(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:")
    assert output["OutputValue"].endswith(":*")


def test_what_is_no_value_is_no_element_of_a_list(
    create: Callable[..., Any], client: Client
) -> None:
    reading = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
    chosen = {"Fn::If": ["Never", {"Effect": "Deny"}, {"Ref": "AWS::NoValue"}]}
    document = {"Version": "2012-10-17", "Statement": [reading, chosen]}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    output = {"Arn": {"Value": {"Ref": "Policy"}}}
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    (made,) = create({"Policy": policy}, Conditions=never, Outputs=output)["Outputs"]
    found = client("iam").get_policy_version(PolicyArn=made["OutputValue"], VersionId="v1")
    assert found["PolicyVersion"]["Document"]["Statement"] == [reading]


BROKEN = {
    "Type": "AWS::SNS::Subscription",
    "Properties": {
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:absent",
        "Protocol": "email",
        "Endpoint": "a@example.com",
    },
}
"""A resource that cannot be made."""


def test_a_resource_that_fails_rolls_the_stack_back_and_says_why(
    create: Callable[..., Any], client: Client
) -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "rolled-back"}}
    stack = create(
        {"Topic": topic, "Broken": {**BROKEN, "DependsOn": "Topic"}},
        Outputs={"Topic": {"Value": {"Ref": "Topic"}}},
    )
    events = client("cloudformation").describe_stack_events(StackName=stack["StackName"])
    (reason,) = (
        event["ResourceStatusReason"]
        for event in events["StackEvents"]
        if event["ResourceStatus"] == "CREATE_FAILED"
    )
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Broken (AWS::SNS::Subscription)" in reason
    assert "NotFound" in reason
    look = {"StackName": stack["StackName"]}
    client("cloudformation").list_stack_resources(**look)
    client("cloudformation").describe_stack_resources(**look)
    assert not [arn for arn in client("sns").list_topics()["Topics"] if "rolled-back" in str(arn)]


def test_what_a_rollback_cannot_delete_stays_and_a_look_makes_nothing(
    create: Callable[..., Any], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = {
        name: {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"after-{name}"}}
        for name in ("Held", "Gone")
    }
    delete = deletion._delete
    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_delete", lambda n, r: "held" if n == "Held" else delete(n, r))
        stack = create({**topics, "Broken": {**BROKEN, "DependsOn": [*topics]}})
        assert stack["StackStatus"] == "ROLLBACK_FAILED"
        look = client("cloudformation").list_stack_resources
        [left] = look(StackName=stack["StackName"])["StackResourceSummaries"]
        assert left["LogicalResourceId"] == "Held"
        listed = str(client("sns").list_topics()["Topics"])
        assert "after-Held" in listed and "after-Gone" not in listed


@pytest.fixture
def guarded(invocations: Invocations, client: Client) -> Iterator[dict[str, Any]]:
    """Resources: a guard with its function, a topic that the guard is to go before, one apart."""
    iam = client("iam")
    role = iam.create_role(RoleName="guard", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    function = {
        "Code": {"ZipFile": "def handler(event, context): pass"},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Role": role,
    }
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    invocations.answer = {"Status": "SUCCESS", "Data": {"Mood": "calm"}}
    yield {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Kept": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "kept"}},
        "Apart": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "apart"}},
        "Guard": {
            "Type": "Custom::Guard",
            "DependsOn": "Kept",
            "Properties": {"ServiceToken": token, "ServiceTimeout": 120},
        },
    }
    invocations.answer, invocations.content_type = {"Status": "SUCCESS"}, ""
    for stack in client("cloudformation").describe_stacks()["Stacks"]:
        if stack["StackStatus"] == "DELETE_FAILED":
            client("cloudformation").delete_stack(StackName=stack["StackName"])
    invocations.answer = None
    iam.delete_role(RoleName="guard")


def topics(client: Client) -> set[str]:
    arns = [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]]
    return {arn.rpartition(":")[2] for arn in arns} & {"kept", "apart"}


def reasons(client: Client, stack: str) -> dict[str, str]:
    """Of what failed, by logical id."""
    events = client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return {
        event["LogicalResourceId"]: event["ResourceStatusReason"]
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    }


def test_a_custom_resource_is_what_its_function_answers(
    create: Callable[..., Any],
    client: Client,
    invocations: Invocations,
    guarded: Mapping[str, Any],
) -> None:
    mood = {"Value": {"Fn::GetAtt": ["Guard", "Mood"]}}
    stack = create(guarded, Outputs={"Id": {"Value": {"Ref": "Guard"}}, "Mood": mood})
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs == {"Id": "guard-1", "Mood": "calm"}
    client("cloudformation").delete_stack(StackName=stack["StackId"])
    assert invocations.asked(stack["StackId"]) == [("Create", ""), ("Delete", "guard-1")]
    assert topics(client) == set()


def test_a_custom_resource_that_refuses_keeps_the_stack_and_what_it_depends_on(
    create: Callable[..., Any],
    client: Client,
    invocations: Invocations,
    guarded: Mapping[str, Any],
) -> None:
    stack = create(guarded)
    invocations.answer = {"Status": "FAILED", "Reason": "somebody needs it"}
    client("cloudformation").delete_stack(StackName=stack["StackName"])
    (found,) = client("cloudformation").describe_stacks(StackName=stack["StackName"])["Stacks"]
    told = reasons(client, stack["StackName"])
    assert found["StackStatus"] == "DELETE_FAILED"
    assert told[stack["StackName"]] == "The following resource(s) failed to delete: [Guard]."
    refused = "Received response status [FAILED] from custom resource. Message returned: "
    assert told["Guard"].startswith(f"{refused}somebody needs it (RequestId: ")
    assert topics(client) == {"kept"}, "what is apart goes, as on AWS"

    invocations.answer = {"Status": "SUCCESS"}
    client("cloudformation").delete_stack(StackName=stack["StackName"])
    with pytest.raises(ClientError, match="does not exist"):
        client("cloudformation").describe_stacks(StackName=stack["StackName"])
    assert topics(client) == set()


def test_a_custom_resource_that_fails_to_be_made_rolls_the_stack_back(
    create: Callable[..., Any],
    client: Client,
    invocations: Invocations,
    guarded: Mapping[str, Any],
) -> None:
    invocations.answer = {"Status": "FAILED", "Reason": "not here"}
    stack = create(guarded)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Message returned: not here" in reasons(client, stack["StackName"])[stack["StackName"]]
    assert topics(client) == set()


@pytest.mark.parametrize("silence", ["no answer", "another content type"])
def test_a_custom_resource_that_is_not_heard_of_has_failed(
    create: Callable[..., Any],
    client: Client,
    invocations: Invocations,
    guarded: Mapping[str, Any],
    silence: str,
) -> None:
    """Amazon S3 refuses what is put under another content type than the one that was signed."""
    stack = create(guarded)
    if silence == "no answer":
        invocations.answer = None
    invocations.content_type = "application/json"
    client("cloudformation").delete_stack(StackName=stack["StackName"])
    assert "did not receive a response" in reasons(client, stack["StackName"])["Guard"]


def test_resources_are_deleted_after_those_that_depend_on_them() -> None:
    resources = {
        "Topic": {"Type": "T"},
        "ByRef": {"Properties": {"Of": [{"Ref": "Topic"}, {"Ref": "AWS::Region"}]}},
        "ByAttribute": {"Properties": {"Of": {"Fn::GetAtt": ["ByRef", "Arn"]}}},
        "ByText": {"Properties": {"Of": {"Fn::Sub": "${AWS::Region} ${!Not} ${ByAttribute.Arn}"}}},
        "ByVariable": {"Properties": {"Of": {"Fn::Sub": ["${v}", {"v": {"Ref": "ByText"}}]}}},
        "ByName": {"DependsOn": ["ByVariable", "Topic"]},
    }
    assert dependencies(resources) == {
        "Topic": set(),
        "ByRef": {"Topic"},
        "ByAttribute": {"ByRef"},
        "ByText": {"ByAttribute"},
        "ByVariable": {"ByText"},
        "ByName": {"ByVariable", "Topic"},
    }


def test_a_failed_deployment_tells_what_sam_said_last(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = {"Resources": {"Thing": {"Type": "AWS::Nobody::Knows"}}}
    (tmp_path / "template.yaml").write_text(json.dumps(template))
    sam = deployment.sam_cli()
    assert sam is not None
    monkeypatch.setattr(aws, "settings", replace(aws.settings, stack_name="failing"))
    with pytest.raises(DeploymentFailedError, match="AWS::Nobody::Knows"):
        deployment.deploy_with_sam(aws, sam, tmp_path, {})


def test_sam_says_what_is_wrong_with_a_template(create: Callable[..., Any]) -> None:
    function = {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}}
    with pytest.raises(ClientError, match=r"Resource with id \[Broken\] is invalid"):
        create({"Broken": function}, Transform="AWS::Serverless-2016-10-31")


STOCK = """
import boto3, json
from moto import mock_aws
with mock_aws():
    cfn = boto3.client("cloudformation", region_name="us-east-2")
    resources = {"T": {"Type": "AWS::SNS::Topic"}, "F": {"Type": "AWS::Serverless::Function"}}
    template = {"Resources": resources, "Outputs": {"O": {"Value": "x"}}}
    template["Transform"] = "AWS::Serverless-2016-10-31"
    cfn.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=json.dumps(template)
    )
    cfn.execute_change_set(StackName="s", ChangeSetName="c")
    stack = cfn.describe_stacks(StackName="s")["Stacks"][0]
    from moto.cloudformation.custom_model import CustomModel
    print(stack["StackStatus"], stack.get("Outputs", []), hasattr(CustomModel, "delete"))
"""


def test_stock_moto_still_has_the_gaps() -> None:
    """No SAM transform, unknown types skipped in silence, no Outputs after a change set, and no
    custom resource hears of its deletion."""
    run = subprocess.run([sys.executable, "-c", STOCK], capture_output=True, text=True, check=False)
    healed = f"moto heals this now: remove its part of local/cloudformation {run.stderr}"
    assert run.stdout.strip() == "CREATE_COMPLETE [] False", healed
