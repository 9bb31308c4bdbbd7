"""Userlane Analytics for product managers: the four export APIs, read into numbers that can be defended.

The flow, in reading order:

    formatting numbers, shares and dates as text
    contract   what is asked and what is answered
    settings   how this deployment is configured
    client     one module talks to the network
    decode     bytes become checked, typed tables; what is refused is counted
    store      what was fetched, window by window
    fetch      which windows are missing; a dataset with its state
    saved_json, request_import         responses opened from files; a pasted request becomes a profile
    doctor     whether and how each API answers, in words
    lookups    names and attributes joined from uploaded CSVs
    inference  intervals, tests and the small-sample rule
    metrics    datasets become small frames, one function per number
    charts     frames become figures
    export     rows become CSV and JSON to take away
    session, ui, main and pages/       the screen
    __main__   the same without a screen
"""
