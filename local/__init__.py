"""The embedded AWS: the real template, state machine and handlers, run on this machine.

moto answers the API; each file here closes one gap between moto and AWS and names the
AWS behaviour it stands for. Nothing in here is ever shipped to Lambda.
"""
