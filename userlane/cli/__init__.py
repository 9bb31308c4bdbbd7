"""Commands of the command line that have a module of their own, and how all of them speak.

bench    what the dashboard costs on this machine
doctor   what speaks for and against the connection
files    saved answers in place of the API
profile  requests that were copied become a profile
store    what is stored, and its deletion
speech   lines on standard error, how far a load is, and the log
"""
