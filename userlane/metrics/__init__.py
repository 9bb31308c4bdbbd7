"""Datasets become small frames, one function per number shown.

    heart      the six daily scores, their trend, and which letter moved the overall score
    nps        the Net Promoter Score, its split and trend, comments, champions and users at risk
    surveys    answers from 1 to 5, survey by survey
    tags       who used which tag, how often
    headlines  what changed most, in sentences made from the others

A metric never fetches, draws or formats. It takes the answers or days it should count, gives the number of
observations beside every number, and leaves missing what was not measured.
"""
