"""AWS, as far as the functions and the rivals call it: what is made takes its time, and what is
called too often is refused.

    account       an account and Region: calls, their limits, and what they did
    compute       EC2's VPCs, groups, interfaces and VPC endpoints
    resolution    Route 53 and its Resolver
    tables        DynamoDB, with its expressions
    others        Parameter Store, KMS, SNS, Lambda's probe, Step Functions
    clients       botocore's clients, answered from here
"""
