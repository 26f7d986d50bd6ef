"""The whole workflow under a state-machine interpreter that is not ours (`make second-opinion`).

LocalEmu runs the stack: CloudFormation, Lambda, DynamoDB, SNS, SQS, EventBridge, KMS and the state
machine. EC2, Route 53 Resolver, SSM and the probe are the embedded AWS's, without the app. The same
situations run on the embedded AWS alone as well, and the histories are compared.

    situations  what happens to VPCs, told once for both accounts
    tell        one account: it comes up, the situations happen, their histories are written
    split       the account of LocalEmu and the embedded AWS; `localemu` starts the former
    emulator    LocalEmu itself, with four gaps closed; it has a Python of its own
    histories   an execution's events as visits of states; `equal` and `alike` compare them
"""
