"""A server that misbehaves on purpose, on a real socket, and the product over it: loads and the command line.

rows       what can go wrong: every fault, each with the place where it is tried
server     a listening socket whose answers are bytes
answers    the bytes: right ones, and wrong ones of every kind
held       what the API holds, page by page, and what must come out of it
faults     the faults that can strike any page, and what must become of each
quirks     records that are not as they should be, likewise
driving    a load and an export over the server, judged
listening  whatever was logged, printed or raised, searched for the token
table      the table at the end of a run
"""
