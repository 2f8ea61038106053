"""A shop that lives for a year, and a checker that trusts nobody.

`facts` are the words in which a history is told, `world` makes one up from a seed. `programs` are the plugins
that write to its people, `mailbox` keeps the bytes that leave. `living` tells an engine the history and lets
people react to their mails. `places`, `record` and `checker` are the adversary: from the history and the
bytes alone they say which mail should not have left. They know nothing of `aftercare_sdk`, and a test sees
to that. `accounting` compares what was to be planned with what became of it.
"""
