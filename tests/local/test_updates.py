"""A stack is updated as CloudFormation updates it, and goes back where that fails."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaBackend

from local.cloudformation.api_types import _API_TYPES
from local.cloudformation.in_place import UPDATES
from local.cloudformation.resource_types import IGNORED
from local.cloudformation.schemas import replacing_properties
from local.cloudformation.template import prepared
from local.engine import EmbeddedAws
from local.settings import Settings
from tests.local.invocations import Invocations
from tests.story.app import until
from tests.template.sam_template import TEMPLATE

REGION, ACCOUNT = "us-east-2", "123456789012"
GAPS = (
    *("gateway", "event_bus", "state_machines", "signing_keys", "attached_policies"),
    "cloudformation",
)
CODE = "code-of-functions"
Client = Callable[[str], Any]
Resources = dict[str, Any]


@pytest.fixture(scope="module")
def invocations() -> Iterator[Invocations]:
    invocations = Invocations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LambdaBackend, "invoke", lambda *arguments: invocations.invoke(*arguments))
        yield invocations


@pytest.fixture(scope="module")
def aws(invocations: Invocations) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(time_scale=0.01), gaps=GAPS) as aws:
        s3 = aws.client("s3")
        place = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=CODE, CreateBucketConfiguration=place)
        for key in ("old", "new"):
            s3.put_object(Bucket=CODE, Key=key, Body=packed(key))
        yield aws


def packed(text: str) -> bytes:
    """A function's code."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("index.py", f"def handler(event, context): return {text!r}")
    return body.getvalue()


@pytest.fixture(scope="module")
def client(aws: EmbeddedAws) -> Client:
    session: Any = boto3.Session("any", "any", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=aws.url)


@dataclass
class Stack:
    """One stack, as somebody with the AWS CLI has it before them."""

    cloudformation: Any
    name: str

    def create(self, resources: Resources, **sections: Any) -> None:
        self.cloudformation.create_stack(**self._request(resources, sections))
        assert self.status == "CREATE_COMPLETE", self.failures()

    def update(self, resources: Resources, **sections: Any) -> None:
        self.cloudformation.update_stack(**self._request(resources, sections))

    def _request(self, resources: Resources, sections: Mapping[str, Any]) -> dict[str, Any]:
        given = sections.get("given", {})
        rest = {name: each for name, each in sections.items() if name != "given"}
        return {
            "StackName": self.name,
            "TemplateBody": json.dumps({"Resources": resources, **rest}),
            "Parameters": [
                {"ParameterKey": key, "UsePreviousValue": True}
                if value is None
                else {"ParameterKey": key, "ParameterValue": value}
                for key, value in given.items()
            ],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }

    def described(self) -> dict[str, Any]:
        return dict(self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0])

    @property
    def status(self) -> str:
        return str(self.described()["StackStatus"])

    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.described()["Outputs"]}

    def ids(self) -> dict[str, str]:
        """Logical id -> physical id."""
        found = self.cloudformation.list_stack_resources(StackName=self.name)
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in found["StackResourceSummaries"]
            if each["LogicalResourceId"]
        }

    def events(self) -> list[tuple[str, str]]:
        """Logical id and status, oldest first."""
        return [(each["LogicalResourceId"], each["ResourceStatus"]) for each in self._events()]

    def reason(self, logical_id: str, status: str) -> str:
        """What the last such event says."""
        (*_, last) = (
            each
            for each in self._events()
            if (each["LogicalResourceId"], each["ResourceStatus"]) == (logical_id, status)
        )
        return str(last.get("ResourceStatusReason", ""))

    def failures(self) -> list[str]:
        """What failed, and why."""
        failed = [each for each in self._events() if each["ResourceStatus"].endswith("_FAILED")]
        return [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed]

    def _events(self) -> list[dict[str, Any]]:
        found = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return list(reversed(found))

    def change_set(self, name: str, resources: Resources, **sections: Any) -> dict[str, Any]:
        """An update that is only looked at yet."""
        request = self._request(resources, sections)
        self.cloudformation.create_change_set(ChangeSetName=name, ChangeSetType="UPDATE", **request)
        return dict(
            self.cloudformation.describe_change_set(ChangeSetName=name, StackName=self.name)
        )


@pytest.fixture
def stack(client: Client, request: pytest.FixtureRequest) -> Iterator[Stack]:
    name = request.function.__name__.replace("_", "-")
    stack = Stack(client("cloudformation"), name[:40].strip("-"))
    yield stack
    stack.cloudformation.delete_stack(StackName=stack.name)


def topic(**properties: Any) -> Resources:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def queue(**properties: Any) -> Resources:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def topics(client: Client, name: str) -> list[str]:
    """The names of the topics in which `name` occurs."""
    arns = [each["TopicArn"] for each in client("sns").list_topics()["Topics"]]
    return sorted(arn.rpartition(":")[2] for arn in arns if name in arn)


def test_only_what_a_new_parameter_changes_is_touched(stack: Stack, client: Client) -> None:
    resources = {
        "Told": topic(DisplayName={"Ref": "Greeting"}),
        "Apart": queue(VisibilityTimeout=45),
    }
    sections = {
        "Parameters": {"Greeting": {"Type": "String"}, "Other": {"Type": "Number", "Default": 7}},
        "Outputs": {"Said": {"Value": {"Ref": "Greeting"}}, "Other": {"Value": {"Ref": "Other"}}},
    }
    stack.create(resources, **sections, given={"Greeting": "hello", "Other": "8"})
    before, said = stack.ids(), len(stack.events())
    stack.update(resources, **sections, given={"Greeting": "good night", "Other": None})
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.ids() == before
    assert stack.outputs() == {"Said": "good night", "Other": "8"}
    assert stack.events()[said:] == [
        (stack.name, "UPDATE_IN_PROGRESS"),
        ("Told", "UPDATE_IN_PROGRESS"),
        ("Told", "UPDATE_COMPLETE"),
        (stack.name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        (stack.name, "UPDATE_COMPLETE"),
    ]
    told = client("sns").get_topic_attributes(TopicArn=before["Told"])["Attributes"]
    assert told["DisplayName"] == "good night"


def test_what_is_new_is_made_and_what_is_gone_is_deleted_in_the_clean_up(
    stack: Stack, client: Client
) -> None:
    old = {"Stays": topic(TopicName="plus-stays"), "Goes": topic(TopicName="plus-goes")}
    new = {"Stays": old["Stays"], "Comes": topic(TopicName="plus-comes")}
    stack.create(old)
    said = len(stack.events())
    stack.update(new)
    assert topics(client, "plus-") == ["plus-comes", "plus-stays"]
    assert stack.events()[said:] == [
        (stack.name, "UPDATE_IN_PROGRESS"),
        ("Comes", "CREATE_IN_PROGRESS"),
        ("Comes", "CREATE_COMPLETE"),
        (stack.name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("Goes", "DELETE_IN_PROGRESS"),
        ("Goes", "DELETE_COMPLETE"),
        (stack.name, "UPDATE_COMPLETE"),
    ]


def test_a_condition_makes_and_removes(stack: Stack, client: Client) -> None:
    sections = {
        "Parameters": {"Loud": {"Type": "String"}},
        "Conditions": {"IsLoud": {"Fn::Equals": [{"Ref": "Loud"}, "yes"]}},
    }
    resources = {
        "Always": topic(DisplayName={"Fn::If": ["IsLoud", {"Ref": "Sometimes"}, "nobody"]}),
        "Sometimes": {**topic(TopicName="on-condition"), "Condition": "IsLoud"},
    }
    stack.create(resources, **sections, given={"Loud": "no"})
    assert topics(client, "on-condition") == []
    stack.update(resources, **sections, given={"Loud": "yes"})
    assert topics(client, "on-condition") == ["on-condition"]
    stack.update(resources, **sections, given={"Loud": "no"})
    assert topics(client, "on-condition") == []


def test_a_replacement_stands_before_the_old_one_goes_and_who_refers_to_it_follows(
    stack: Stack, client: Client
) -> None:
    def resources(name: str) -> Resources:
        listening = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@b.example"}
        policy = {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {"Statement": []}}
        return {
            "Topic": topic(TopicName=name),
            "Listener": {"Type": "AWS::SNS::Subscription", "Properties": listening},
            "Policy": {"Type": "AWS::SNS::TopicPolicy", "Properties": policy},
        }

    stack.create(resources("moved-from"))
    before, said = stack.ids(), len(stack.events())
    stack.update(resources("moved-to"))
    after = stack.ids()
    assert topics(client, "moved-") == ["moved-to"]
    assert after["Listener"].startswith(after["Topic"])
    assert after["Policy"] == before["Policy"], "which is changed in place"
    found = client("sns").list_subscriptions_by_topic(TopicArn=after["Topic"])["Subscriptions"]
    assert [each["Endpoint"] for each in found] == ["a@b.example"]
    events = stack.events()[said:]
    made, gone = ("Topic", "UPDATE_COMPLETE"), ("Topic", "DELETE_COMPLETE")
    assert events.index(made) < events.index(("Listener", "UPDATE_IN_PROGRESS"))
    assert events.index(("Listener", "DELETE_COMPLETE")) <= events.index(gone)
    assert "new physical resource" in stack.reason("Topic", "UPDATE_IN_PROGRESS")


def test_policies_keep_what_goes(stack: Stack, client: Client) -> None:
    """DeletionPolicy where the template drops a resource, UpdateReplacePolicy where it moves it."""
    moved = topic(TopicName="kept-moved")
    old = {
        "Dropped": {**topic(TopicName="kept-dropped"), "DeletionPolicy": "RetainExceptOnCreate"},
        "Moved": moved,
        "Mere": {**topic(TopicName="kept-not"), "DeletionPolicy": "Retain"},
    }
    new = {
        "Moved": {**topic(TopicName="kept-anew"), "UpdateReplacePolicy": "Retain"},
        "Mere": {**topic(TopicName="kept-not-either"), "DeletionPolicy": "Retain"},
    }
    stack.create(old)
    stack.update(new)
    assert topics(client, "kept-") == ["kept-anew", "kept-dropped", "kept-moved", "kept-not-either"]


def test_what_has_a_name_of_its_own_is_not_replaced_under_it(stack: Stack, client: Client) -> None:
    fifo = {"QueueName": "named", "ContentBasedDeduplication": True}
    stack.create({"Named": queue(QueueName="named"), "Told": topic(DisplayName="before")})
    stack.update({"Told": topic(DisplayName="after"), "Named": queue(**fifo, FifoQueue=True)})
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename named and update the stack again" in stack.reason("Named", "UPDATE_FAILED")
    told = client("sns").get_topic_attributes(TopicArn=stack.ids()["Told"])["Attributes"]
    assert told["DisplayName"] == "before"


NOWHERE = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:absent", "Protocol": "email"}
BROKEN = {
    "Type": "AWS::SNS::Subscription",
    "DependsOn": ["Changed", "Comes", "Moved"],
    "Properties": {**NOWHERE, "Endpoint": "a@b.example"},
}


def test_a_failing_update_leaves_everything_as_it_was_and_says_why(
    stack: Stack, client: Client
) -> None:
    old = {
        "Changed": topic(DisplayName="before"),
        "Moved": topic(TopicName="back-old"),
        "Follower": queue(),
        "Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [{"Ref": "Moved"}], "PolicyDocument": {"Statement": ["a"]}},
        },
        "Goes": topic(TopicName="back-goes"),
    }
    new = {
        "Changed": topic(DisplayName="after"),
        "Moved": topic(TopicName="back-new"),
        "Follower": queue(VisibilityTimeout=99),
        "Policy": old["Policy"],
        "Comes": topic(TopicName="back-comes"),
        "Broken": BROKEN,
    }
    stack.create(old)
    before, outputs, said = stack.ids(), stack.described().get("Outputs"), len(stack.events())
    stack.update(new)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.ids() == before
    assert stack.described().get("Outputs") == outputs
    assert topics(client, "back-") == ["back-goes", "back-old"]
    told = client("sns").get_topic_attributes(TopicArn=before["Changed"])["Attributes"]
    assert told["DisplayName"] == "before"
    wait = client("sqs").get_queue_attributes(QueueUrl=before["Follower"], AttributeNames=["All"])
    assert wait["Attributes"]["VisibilityTimeout"] == "30"
    assert "NotFound" in stack.reason("Broken", "CREATE_FAILED")
    reason = stack.reason(stack.name, "UPDATE_ROLLBACK_IN_PROGRESS")
    assert reason.startswith("The following resource(s) failed to create: [Broken].")
    events = [status for name, status in stack.events()[said:] if name == stack.name]
    assert events == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]


def test_after_a_rollback_the_next_update_is_taken(stack: Stack) -> None:
    stack.create({"Changed": topic(DisplayName="one")})
    broken = {**BROKEN, "DependsOn": "Changed"}
    stack.update({"Changed": topic(DisplayName="two"), "Broken": broken})
    stack.update({"Changed": topic(DisplayName="three")})
    assert stack.status == "UPDATE_COMPLETE"


@pytest.mark.parametrize("also", [{}, {"Metadata": {"Note": "new"}}, {"Description": "new"}])
def test_what_changes_nothing_is_no_update(stack: Stack, also: dict[str, Any]) -> None:
    resources = {"Topic": topic(DisplayName="same")}
    stack.create(resources)
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        stack.update(resources, **also)
    found = stack.change_set("same", resources, **also)
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError, match="cannot be executed in its current status"):
        stack.cloudformation.execute_change_set(ChangeSetName="same", StackName=stack.name)
    assert stack.status == "CREATE_COMPLETE"


def test_another_output_or_tag_is_an_update(stack: Stack) -> None:
    resources = {"Topic": topic()}
    stack.create(resources)
    stack.update(resources, Outputs={"Topic": {"Value": {"Ref": "Topic"}}})
    assert stack.outputs()["Topic"] == stack.ids()["Topic"]
    stack.cloudformation.update_stack(
        StackName=stack.name, UsePreviousTemplate=True, Tags=[{"Key": "team", "Value": "net"}]
    )
    assert stack.described()["Tags"] == [{"Key": "team", "Value": "net"}]


def test_a_change_set_shows_what_would_happen_and_does_nothing(
    stack: Stack, client: Client
) -> None:
    old = {
        "Changed": topic(DisplayName="a"),
        "Moved": topic(TopicName="shown-old"),
        "Goes": topic(),
        "Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [{"Ref": "Moved"}], "PolicyDocument": {"Statement": []}},
        },
        "Apart": topic(),
    }
    changed = {"Changed": topic(DisplayName="b"), "Moved": topic(TopicName="shown-new")}
    stack.create(old)
    rest = {name: old[name] for name in ("Policy", "Apart")}
    found = stack.change_set("look", {**changed, **rest, "Comes": topic()})
    assert {
        each["ResourceChange"]["LogicalResourceId"]: (
            each["ResourceChange"]["Action"],
            each["ResourceChange"].get("Replacement"),
        )
        for each in found["Changes"]
    } == {
        "Changed": ("Modify", "False"),
        "Moved": ("Modify", "True"),
        "Policy": ("Modify", "False"),
        "Comes": ("Add", None),
        "Goes": ("Remove", None),
    }
    assert topics(client, "shown-") == ["shown-old"]
    stack.cloudformation.execute_change_set(ChangeSetName="look", StackName=stack.name)
    assert stack.status == "UPDATE_COMPLETE"
    assert topics(client, "shown-") == ["shown-new"]


def test_what_aws_refuses_changes_nothing(stack: Stack) -> None:
    sections = {"Parameters": {"Name": {"Type": "String", "Default": "a"}}}
    stack.create({"Thing": topic(DisplayName={"Ref": "Name"})}, **sections)
    with pytest.raises(ClientError, match=r"Update of resource type is not permitted.*\[Thing\]"):
        stack.update({"Thing": queue()})
    with pytest.raises(ClientError, match=r"parameter key Strange.*not in the previous template"):
        stack.update({"Thing": topic()}, given={"Strange": None})
    circle = {
        "Thing": topic(DisplayName={"Ref": "Two"}),
        "Two": topic(DisplayName={"Ref": "Thing"}),
    }
    with pytest.raises(ClientError, match="Circular dependency"):
        stack.update(circle)
    assert stack.status == "CREATE_COMPLETE"


def test_a_stack_that_was_rolled_back_at_creation_is_not_updated(stack: Stack) -> None:
    broken = {"Broken": {**BROKEN, "DependsOn": []}}
    request = stack._request(broken, {})
    stack.cloudformation.create_stack(**request)
    with pytest.raises(ClientError, match="in ROLLBACK_COMPLETE state and can not be updated"):
        stack.update({"Topic": topic()})


def test_a_type_that_cannot_be_updated_here_is_refused_by_name(stack: Stack) -> None:
    images = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "never-updated"}}
    stack.create({"Images": images})
    fixed = {"RepositoryName": "never-updated", "ImageTagMutability": "IMMUTABLE"}
    stack.update({"Images": {**images, "Properties": fixed}})
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "AWS::ECR::Repository cannot be updated" in stack.reason("Images", "UPDATE_FAILED")


def packaged() -> str:
    """The app's template as `sam deploy` hands it in."""
    template = json.loads(json.dumps(TEMPLATE, default=str))
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/functions"
    for resource in template["Resources"].values():
        if "DefinitionUri" in resource["Properties"]:
            resource["Properties"]["DefinitionUri"] = "s3://bucket/definition"
    return json.dumps(template)


def test_every_property_of_every_type_of_the_apps_template_can_be_changed() -> None:
    """In place, by replacement, or it is one that creation here does not keep either."""
    by_calls = {api_type.name for api_type in _API_TYPES}
    template, _ = prepared(packaged(), {}, REGION)
    left = set()
    for resource in json.loads(template)["Resources"].values():
        kind = resource["Type"]
        if kind in IGNORED or kind in by_calls or kind.startswith("Custom::"):
            continue
        known = UPDATES[kind].properties | UPDATES[kind].dropped
        for name in resource.get("Properties", {}):
            moves = replacing_properties(kind, REGION, {name: "one"}, {name: "another"})
            if name not in known and not moves:
                left.add(f"{name} of {kind}")
    assert left == {"AttributeDefinitions of AWS::DynamoDB::Table"}, "which cannot change by itself"


ROLE = "one-role"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {
                "Service": ["lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com"]
            },
            "Action": "sts:AssumeRole",
        }
    ],
}


def allowing(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def machine(seconds: int) -> str:
    sleep = {"Type": "Wait", "Seconds": seconds, "Next": "Wake"}
    wake = {"Type": "Pass", "Result": f"slept {seconds}", "End": True}
    return json.dumps({"StartAt": "Sleep", "States": {"Sleep": sleep, "Wake": wake}})


def everything(new: bool) -> Resources:
    """A resource of each type that is updated in place, with one value or another."""
    reader = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    role_arn = {"Fn::GetAtt": ["Role", "Arn"]}
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "Description": "new" if new else "old",
                "ManagedPolicyArns": [reader] if new else [],
                "Policies": [
                    {"PolicyName": "kept", "PolicyDocument": allowing("sqs:*" if new else "sns:*")},
                    {"PolicyName": "n" if new else "o", "PolicyDocument": allowing("ec2:*")},
                ],
            },
        },
        "Managed": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": allowing("sqs:*" if new else "sns:*")},
        },
        "Inline": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "inline",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": allowing("ssm:*" if new else "kms:*"),
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": CODE, "S3Key": "new" if new else "old"},
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": role_arn,
                "MemorySize": 512,
                "Environment": {"Variables": {"MOOD": "new" if new else "old"}},
                **({"Timeout": 9} if new else {"ReservedConcurrentExecutions": 2}),
            },
        },
        "Retries": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 2 if new else 1,
            },
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"DefinitionString": machine(2 if new else 1), "RoleArn": role_arn},
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["new" if new else "old"]},
                "State": "DISABLED" if new else "ENABLED",
                "Targets": [
                    {"Id": "kept", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
                    {"Id": "new" if new else "old", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
                ],
            },
        },
        "Queue": queue(VisibilityTimeout=50 if new else 40),
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": allowing("sqs:*")},
        },
        "Topic": topic(DisplayName="new" if new else "old"),
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": "at", "Enabled": new},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": new},
            },
        },
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"RetentionInDays": 30} if new else {},
        },
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {"KeyPolicy": allowing("kms:*"), "Description": "new" if new else "old"},
        },
        "OtherKey": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": allowing("kms:*")}},
        "Alias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {
                "AliasName": "alias/moving",
                "TargetKeyId": {"Ref": "OtherKey" if new else "Key"},
            },
        },
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/told", "Type": "String", "Value": "new" if new else "old"},
        },
        "Document": {
            "Type": "AWS::SSM::Document",
            "Properties": {
                "DocumentType": "Command",
                "DocumentFormat": "JSON",
                "UpdateMethod": "NewVersion",
                "Content": json.dumps(
                    {
                        "schemaVersion": "2.2",
                        "description": "new" if new else "old",
                        "mainSteps": [],
                    }
                ),
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Statistic": "Maximum",
                "Period": 300,
                "EvaluationPeriods": 1,
                "Threshold": int(new),
                "ComparisonOperator": "GreaterThanThreshold",
            },
        },
        "Kept": {"Type": "AWS::S3::Bucket", "Properties": bucket(new)},
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardBody": json.dumps({"widgets": [{"height": 3 + new}]})},
        },
    }


def bucket(new: bool) -> dict[str, Any]:
    """A bucket's properties, of which each differs."""
    algorithm = {"SSEAlgorithm": "aws:kms" if new else "AES256"}
    rule = {"Id": "expire", "Status": "Enabled", "ExpirationInDays": "2" if new else "1"}
    said = {
        "VersioningConfiguration": {"Status": "Suspended" if new else "Enabled"},
        "LifecycleConfiguration": {
            "Rules": [{**rule, "NoncurrentVersionExpiration": {"NoncurrentDays": 9}}]
        },
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": algorithm}]
        },
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "IgnorePublicAcls": new},
    }
    owned = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}
    return {**said, **owned}


def seen_of_bucket(s3: Any, name: str) -> tuple[Any, ...]:
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    return (
        s3.get_bucket_versioning(Bucket=name)["Status"],
        [(each["ID"], each["Expiration"], each["NoncurrentVersionExpiration"]) for each in rules],
        [each["ApplyServerSideEncryptionByDefault"] for each in encryption["Rules"]],
        s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
    )


def test_a_bucket_is_locked_as_the_template_says_and_its_attribute_is_its_arn(
    stack: Stack, client: Client
) -> None:
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": "3"}}
    locked = {
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": rule},
    }
    arn = {"Fn::GetAtt": ["Kept", "Arn"]}
    said = {"Name": "/told/bucket", "Type": "String", "Value": arn}
    stack.create(
        {
            "Kept": {"Type": "AWS::S3::Bucket", "Properties": locked},
            "Told": {"Type": "AWS::SSM::Parameter", "Properties": said},
        }
    )
    name = stack.ids()["Kept"]
    found = client("s3").get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    kept = found["Rule"]["DefaultRetention"]
    assert (kept["Mode"], kept["Days"]) == ("GOVERNANCE", 3)
    told = client("ssm").get_parameter(Name="/told/bucket")["Parameter"]["Value"]
    assert told == f"arn:aws:s3:::{name}"


def test_a_property_of_a_bucket_that_is_unknown_here_is_refused_by_name(stack: Stack) -> None:
    unknown = {"WebsiteConfiguration": {"IndexDocument": "index.html"}}
    request = stack._request({"Kept": {"Type": "AWS::S3::Bucket", "Properties": unknown}}, {})
    stack.cloudformation.create_stack(**request)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert "WebsiteConfiguration of AWS::S3::Bucket is unknown" in str(stack.failures())


def test_a_lifecycle_rule_that_cloudformation_would_refuse_is_refused(stack: Stack) -> None:
    markers = {"Id": "markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True}
    properties = {"LifecycleConfiguration": {"Rules": [markers]}}
    request = stack._request({"Kept": {"Type": "AWS::S3::Bucket", "Properties": properties}}, {})
    stack.cloudformation.create_stack(**request)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert "at least one of" in str(stack.failures())


def seen(client: Client, ids: Mapping[str, str]) -> dict[str, Any]:
    """What the services show of `everything`."""
    iam, functions, events = client("iam"), client("lambda"), client("events")
    role, function = ids["Role"], functions.get_function(FunctionName=ids["Function"])
    policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_policy(PolicyArn=ids["Managed"])["Policy"]["DefaultVersionId"]
    version = iam.get_policy_version(PolicyArn=ids["Managed"], VersionId=policy)
    queue = client("sqs").get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["All"])
    rule = events.describe_rule(Name=ids["Rule"])
    dynamodb, kms, ssm = client("dynamodb"), client("kms"), client("ssm")
    backups = dynamodb.describe_continuous_backups(TableName=ids["Table"])
    life = dynamodb.describe_time_to_live(TableName=ids["Table"])["TimeToLiveDescription"]
    groups = client("logs").describe_log_groups(logGroupNamePrefix=ids["Logs"])["logGroups"]
    document = ssm.get_document(Name=ids["Document"])
    return {
        "Role": (
            iam.get_role(RoleName=role)["Role"]["Description"],
            [
                # Of a template's policy moto 5.2.5 shows Python, of a put one JSON.
                (name, str(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]))
                for name in sorted(policies)
            ],
            iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"],
        ),
        "Managed": version["PolicyVersion"]["Document"],
        "Function": (
            function["Configuration"]["CodeSha256"],
            function["Configuration"]["Environment"],
            function["Configuration"]["Timeout"],
            function["Configuration"]["MemorySize"],
            function.get("Concurrency"),
        ),
        "Retries": functions.get_function_event_invoke_config(FunctionName=ids["Function"])[
            "MaximumRetryAttempts"
        ],
        "Machine": client("stepfunctions").describe_state_machine(stateMachineArn=ids["Machine"])[
            "definition"
        ],
        "Rule": (
            rule["EventPattern"],
            rule["State"],
            sorted(each["Id"] for each in events.list_targets_by_rule(Rule=ids["Rule"])["Targets"]),
        ),
        "Queue": (queue["Attributes"]["VisibilityTimeout"], queue["Attributes"]["Policy"]),
        "Topic": client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"][
            "DisplayName"
        ],
        "Table": (
            life["TimeToLiveStatus"],
            backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"][
                "PointInTimeRecoveryStatus"
            ],
        ),
        "Logs": groups[0].get("retentionInDays"),
        "Key": kms.describe_key(KeyId=ids["Key"])["KeyMetadata"]["Description"],
        "Alias": kms.describe_key(KeyId="alias/moving")["KeyMetadata"]["KeyId"],
        "Parameter": ssm.get_parameter(Name="/told")["Parameter"]["Value"],
        "Document": json.loads(document["Content"])["description"],
        "Kept": seen_of_bucket(client("s3"), ids["Kept"]),
        "Alarm": client("cloudwatch").describe_alarms(AlarmNames=[ids["Alarm"]])["MetricAlarms"][0][
            "Threshold"
        ],
        "Dashboard": client("cloudwatch").get_dashboard(DashboardName=ids["Dashboard"])[
            "DashboardBody"
        ],
    }


def test_each_type_takes_its_new_properties_in_place_and_its_old_ones_again(
    stack: Stack, client: Client
) -> None:
    """The only difference that stays: TTL and recovery, which moto drops when it makes a table."""
    stack.create(everything(new=False))
    ids = stack.ids()
    old = seen(client, ids)
    stack.update(everything(new=True))
    assert (stack.status, stack.ids()) == ("UPDATE_COMPLETE", ids)
    new = seen(client, ids)
    assert [name for name in old if old[name] == new[name]] == []
    broken = {**BROKEN, "DependsOn": list(everything(new=False))}
    stack.update({**everything(new=False), "Broken": broken})
    assert (stack.status, stack.ids()) == ("UPDATE_ROLLBACK_COMPLETE", ids), stack.failures()
    assert seen(client, ids) == new, "after a failing update"
    stack.update(everything(new=False))
    assert (stack.status, stack.ids()) == ("UPDATE_COMPLETE", ids)
    assert seen(client, ids) == old, "after an update back"


def test_a_running_execution_goes_on_with_the_definition_that_it_was_started_with(
    stack: Stack, client: Client
) -> None:
    states = client("stepfunctions")
    chosen = ("Role", "Machine")

    def resources(seconds: int) -> Resources:
        made = {name: everything(new=False)[name] for name in chosen}
        made["Machine"]["Properties"]["DefinitionString"] = machine(seconds)
        return made

    stack.create(resources(300))
    arn = stack.ids()["Machine"]
    running = states.start_execution(stateMachineArn=arn)["executionArn"]
    stack.update(resources(1))
    assert states.describe_execution(executionArn=running)["status"] == "RUNNING"
    started = states.start_execution(stateMachineArn=arn)["executionArn"]
    until(lambda: output(states, started) == "slept 1")
    until(lambda: output(states, running) == "slept 300")


def output(states: Any, execution: str) -> Any:
    found = states.describe_execution(executionArn=execution)
    return json.loads(found.get("output", "null"))


def guard(version: str, token: str = "Function") -> Resources:
    function = everything(new=False)["Function"]
    return {
        "Role": everything(new=False)["Role"],
        "Function": function,
        "Another": function,
        "Guard": {
            "Type": "Custom::Guard",
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": [token, "Arn"]},
                "ServiceTimeout": 120,
                "Version": version,
            },
        },
    }


MOOD = {"Outputs": {"Mood": {"Value": {"Fn::GetAtt": ["Guard", "Mood"]}}}}


def test_a_custom_resource_is_asked_with_its_old_properties(
    stack: Stack, invocations: Invocations
) -> None:
    invocations.answer = {"Status": "SUCCESS", "Data": {"Mood": "calm"}}
    stack.create(guard("1"), **MOOD)
    invocations.answer = {"Status": "SUCCESS", "Data": {"Mood": "cheerful"}}
    stack.update(guard("2"), **MOOD)
    asked = invocations.last(stack.described()["StackId"])
    assert (asked["RequestType"], asked["PhysicalResourceId"]) == ("Update", "guard-1")
    assert asked["ResourceProperties"]["Version"] == "2"
    assert asked["OldResourceProperties"]["Version"] == "1"
    assert stack.outputs() == {"Mood": "cheerful"}


def test_a_custom_resource_that_answers_with_another_id_was_replaced(
    stack: Stack, invocations: Invocations
) -> None:
    invocations.answer = {"Status": "SUCCESS"}
    stack.create(guard("1"))
    invocations.answer = {"Status": "SUCCESS", "PhysicalResourceId": "guard-2"}
    stack.update(guard("2"))
    asked = invocations.asked(stack.described()["StackId"])
    assert asked == [("Create", ""), ("Update", "guard-1"), ("Delete", "guard-1")]
    assert stack.ids()["Guard"] == "guard-2"


def test_a_custom_resource_whose_update_fails_is_asked_for_its_old_properties_again(
    stack: Stack, invocations: Invocations
) -> None:
    invocations.answer = {"Status": "SUCCESS"}
    stack.create(guard("1"))
    broken = {**BROKEN, "DependsOn": "Guard"}
    stack.update({**guard("2"), "Broken": broken})
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    asked = invocations.asked(stack.described()["StackId"])
    assert asked == [("Create", ""), ("Update", "guard-1"), ("Update", "guard-1")]
    assert invocations.last(stack.described()["StackId"])["ResourceProperties"]["Version"] == "1"


def test_a_rollback_that_fails_says_so(stack: Stack, invocations: Invocations) -> None:
    invocations.answer = {"Status": "SUCCESS"}
    stack.create(guard("1"))
    invocations.answer = {"Status": "FAILED", "Reason": "not in this mood"}
    stack.update(guard("2"))
    assert stack.status == "UPDATE_ROLLBACK_FAILED"
    assert "not in this mood" in stack.reason("Guard", "UPDATE_FAILED")
    with pytest.raises(ClientError, match="in UPDATE_ROLLBACK_FAILED state"):
        stack.update(guard("3"))
    invocations.answer = {"Status": "SUCCESS"}


def test_a_custom_resource_keeps_its_function(stack: Stack, invocations: Invocations) -> None:
    """AWS: "Modifying service token is not allowed." What a release must never do."""
    invocations.answer = {"Status": "SUCCESS"}
    stack.create(guard("1"))
    stack.update(guard("1", token="Another"))
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.reason("Guard", "UPDATE_FAILED") == "Modifying service token is not allowed."
