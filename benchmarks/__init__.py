"""What the dashboard costs, measured beside its peers on one machine in one run.

table      rows of the result: figure, ratio to the peer, target, met or not
machine    what it was measured on, and how much memory a process took at most
server     the one API that all loads are measured against, in a process of its own
peers      the ways to load all records, each in a fresh process
ours       the one place that knows how this project loads and opens
filled     a store that is filled at once, as if its rows had been loaded
fetching   loads beside one another, with and without latency, and what they keep in memory
storing    writing, opening and every tag metric, at several sizes
exporting  records as CSV
dashboard  a dashboard in a process of its own
pages      first view and return in a real browser
sessions   many visitors at once over the dashboard's own WebSocket
suite      all of it, in turn

Figures are medians of several runs. A ratio is taken within each run, because the machine's speed drifts from
one to the next; shown is the median of these ratios. Nothing here is part of the app.
"""
