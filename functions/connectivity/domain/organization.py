"""The organization whose id is chosen for endpoint policies: it has to be the account's own, as
endpoint policies for another one deny every call of every host, while everything else is well."""

from __future__ import annotations

from collections.abc import Iterator

from connectivity.domain import tags
from connectivity.domain.policy_presets import ACCOUNT, is_organization
from connectivity.domain.service_problems import asked_by
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options


def organization_problems(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    """Yield why the organization that is chosen cannot be the account's own."""
    chosen, own = options.endpoint_policy, survey.organization
    if not is_organization(chosen) or own is None or own == chosen:
        return
    names = f"{asked_by(survey, tags.ENDPOINT_POLICY)} names the organization {chosen}"
    if own:
        yield (
            f"{names}, and account {survey.account} is in {own}: its endpoint policies would deny "
            f"every call of your hosts. Name {own}, or {ACCOUNT}"
        )
    else:
        yield (
            f"{names}, and account {survey.account} is in no organization: its endpoint policies "
            f"would deny every call of your hosts. Name {ACCOUNT}"
        )


def organization_warnings(survey: Survey, options: Options) -> Iterator[str]:
    """Warn of an organization that nobody could compare with the account's own."""
    if is_organization(options.endpoint_policy) and survey.organization is None:
        yield (
            f"whether account {survey.account} is in {options.endpoint_policy} may not be asked "
            "(organizations:DescribeOrganization is denied): with another id the endpoint policies "
            "deny every call of your hosts, so compare: aws organizations describe-organization "
            "--query Organization.Id"
        )
