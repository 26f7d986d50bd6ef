"""The unkind AWS, which throttles, fails, delays and loses.

Off by default (`settings.Unkindness`). A fault is drawn with a probability or aimed at one
call; a throttle comes from AWS's own figures; readers are behind (`past`); what was accepted can
end badly (`endings`). `aws.weather` is the part, and `/_local/weather` shows what it did.

Repeatable: whether a call or a delivery is struck is a hash of the seed, who makes it, what it
is, and its how-manyeth of that kind it is. So threads that overtake one another change nothing;
throttles depend on when calls come, as on AWS.
"""
