"""The only code that talks to AWS: boto3 in, the domain's values out."""
