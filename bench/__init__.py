"""Measure this app in virtual time, beside the least that the work takes.

What is real: the workflow's definition as template.yaml names it, every handler, use case and
adapter, and botocore's clients, paginators and errors. What is modelled, from published figures:
AWS behind the clients (`amazon`), its token buckets (those of local/unkind), its durations, 80 ms
for each call, cold starts, and 30 ms for each transition. Virtual time repeats exactly.

    clock         virtual time, and the order of everything that happens in it
    amazon        AWS, as far as the functions and the rivals call it
    template      what template.yaml says of the functions and the workflow
    expressions   JSONata in the definition
    workflow      an interpreter of the definition
    app           the deployed app: doors, functions and their environments, executions
    lifecycles    how long AWS takes over things: seeded, and off every grid
    floors        the least that the work takes
    lone          one VPC: connected, knocked on, and taken away
    fleet         many VPCs at once
    designs       the app, varied
    rivals        the shapes of other tools at the same work
    starts        what a function's start takes, in instructions
    suite         all of it, in pieces that run side by side (jobs)
    tables        what was measured, as tables; picture draws how it grows
"""
