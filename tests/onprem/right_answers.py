"""A document, the answers that fit it, and an `Asks` that gives them, apart from scripted ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document

REGION = "eu-central-1.amazonaws.com"
ECS, API, SSM = f"ecs.{REGION}", f"api.ecr.{REGION}", f"ssm.{REGION}"
ECR = f"ecr.{REGION}"
"""The CNAME behind `api.ecr`, whose addresses `api.ecr` has."""
IMAGES = f"123456789012.dkr.ecr.{REGION}"
"""Lies below the zone `dkr.ecr.<region>`."""
ONE, OTHER = "10.20.0.32", "10.20.1.32"
ZONES = (API, f"dkr.ecr.{REGION}", ECR, ECS, SSM)

DOCUMENT = Document(
    text="{}",
    generation=7,
    state="active",
    account="123456789012",
    region="eu-central-1",
    vpc_id="vpc-0a1b2c3d4e5f60718",
    vpc_cidrs=("10.20.0.0/16",),
    resolver_ips=(ONE, OTHER),
    mode="names",
    zones=ZONES,
    names={
        ECS: ("10.20.0.57", "10.20.1.57"),
        API: ("10.20.0.45", "10.20.1.45"),
        IMAGES: ("10.20.0.46",),
        SSM: ("10.20.0.58",),
    },
    checksum="sha256:" + 64 * "0",
)
WITHDRAWN = Document(
    text="{}",
    generation=8,
    state="withdrawn",
    account="123456789012",
    region="eu-central-1",
    vpc_id="vpc-0a1b2c3d4e5f60718",
    vpc_cidrs=(),
    resolver_ips=(ONE, OTHER),
    mode="names",
    zones=(),
    names={},
    checksum="sha256:" + 64 * "0",
)


def answered(owner: str, *addresses: str, ttl: int = 60) -> Answer:
    return Answer(rcode="NOERROR", addresses=tuple((owner, a) for a in addresses), ttl=ttl)


def nodata() -> Answer:
    return Answer(rcode="NOERROR")


def right_answer(question: Question) -> Answer:
    chain = ((API, ECR),) if question.name == API else ()
    owner = ECR if question.name == API else question.name
    addresses = DOCUMENT.names[question.name] if question.type == "A" else ()
    return Answer(
        rcode="NOERROR", chain=chain, addresses=tuple((owner, a) for a in addresses), ttl=60
    )


@dataclass
class Scripted:
    """An `Asks` whose `script` answers what is not right, and None where the right answer is to
    come."""

    script: Callable[[Question], Answer | None] = lambda question: None
    calls: list[Sequence[Question]] = field(default_factory=list)

    def __call__(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        self.calls.append(questions)
        return {question: self.script(question) or right_answer(question) for question in questions}
