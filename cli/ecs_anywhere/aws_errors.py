"""Errors of AWS, and of the way to it: what each means for a person, and its cure.

Sources: "Common error types" of AWS's API references (AccessDeniedException, ExpiredToken,
InvalidClientTokenId, RequestExpired, SignatureDoesNotMatch, ThrottlingException,
UnrecognizedClientException); botocore's exceptions.
"""

from __future__ import annotations

from botocore import exceptions as botocore

RAISED = (botocore.BotoCoreError, botocore.ClientError)
"""The errors that a call of AWS raises."""
OUTDATED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
UNKNOWN = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
SKEWED = frozenset({"RequestExpired", "RequestTimeTooSkewed", "InvalidSignatureException"})
REFUSED = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation")
"""Beginnings of the error codes for a call that the credentials may not make."""
SIGN_IN = "sign in again (as with aws sso login), or renew the credentials"
SETTINGS = "correct it in the environment (AWS_...) or in the AWS configuration file"
NO_WAY = (
    "no way leads there: look at the network, HTTPS_PROXY, AWS_ENDPOINT_URL and the Region's name"
)


def told(error: botocore.BotoCoreError | botocore.ClientError) -> str:
    """Return the error in one line, with its cure where one is known."""
    said = " ".join(str(error).split()).removesuffix(".")
    cure = cure_of(error)
    return f"{said}: {cure}" if cure else said


def cure_of(error: botocore.BotoCoreError | botocore.ClientError) -> str:
    """Return what a person does about an error; empty where only its own words say that."""
    if isinstance(error, botocore.ClientError):
        return _of_an_answer(error)
    for kinds, cure in _CURES:
        if isinstance(error, kinds):
            return cure
    return ""


def code_of(error: botocore.BotoCoreError | botocore.ClientError) -> str:
    """Return AWS's code of the error; empty where AWS has not answered."""
    if not isinstance(error, botocore.ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_refused(error: botocore.BotoCoreError | botocore.ClientError) -> bool:
    """Tell whether the credentials may not make the call."""
    return code_of(error).startswith(REFUSED)


def _of_an_answer(error: botocore.ClientError) -> str:
    code = code_of(error)
    if is_refused(error):
        return f"ask for the right to call {error.operation_name}"
    if code in OUTDATED:
        return SIGN_IN
    if code in UNKNOWN:
        return "AWS does not know these credentials: look at AWS_PROFILE, --profile and the keys"
    if code in SKEWED:
        return "set this machine's clock: AWS takes what was signed in the last five minutes"
    if "Throttl" in code or code in {"RequestLimitExceeded", "TooManyRequestsException"}:
        return "try again in a minute"
    return ""


_CURES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (botocore.NoCredentialsError, botocore.PartialCredentialsError),
        "give the credentials as for the AWS CLI: AWS_PROFILE or --profile, or aws configure",
    ),
    ((botocore.ProfileNotFound,), "aws configure list-profiles names those that there are"),
    (
        (
            botocore.SSOTokenLoadError,
            botocore.TokenRetrievalError,
            botocore.UnauthorizedSSOTokenError,
        ),
        SIGN_IN,
    ),
    ((botocore.CredentialRetrievalError,), SIGN_IN),
    ((botocore.NoRegionError,), "name it with --region, or set AWS_REGION"),
    ((botocore.InvalidRegionError,), "correct it, as in eu-central-1"),
    ((botocore.ConfigParseError,), "correct that file: [profile NAME], then lines of KEY = VALUE"),
    ((botocore.InvalidConfigError, botocore.InvalidRetryConfigurationError), SETTINGS),
    (
        (botocore.SSLError,),
        "something decrypts TLS on the way: let it through, or name its authority in AWS_CA_BUNDLE",
    ),
    ((botocore.ConnectionError, botocore.HTTPClientError), NO_WAY),
)
