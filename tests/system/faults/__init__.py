"""A server that misbehaves on purpose, on a real socket, and the product over it: loads and the command line.

rows     what can go wrong: every fault, each with the place where it is tried
records  what the API holds, page by page, and what must come out of it
faults   the faults that can hit any page, and what must become of each
quirks   records that are not as they should be, likewise
loads    a load and an export over the server, judged
leaks    whatever was logged, printed or raised, searched for the token
table    the table at the end of a run

The server is `tests.server`, and what it sends is made in `tests.responses`.
"""
