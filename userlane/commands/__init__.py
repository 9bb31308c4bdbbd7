"""Commands of the command line that have a module of their own, and how all of them speak.

profile  requests that were copied become a profile
speech   one line on standard error
"""
