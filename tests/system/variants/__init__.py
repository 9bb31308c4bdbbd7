"""Variants of the API, generated from a seed and served over real HTTP; all must give the same records.

truth      the records, in canonical columns
variant    how one API looks, and a generator of such variants
responses  records as an API of some variant writes them
server     all variants on one loopback port
requests   the request that the documentation of such an API would show

`VARIANTS=500 VARIANTS_SEED=7 pytest tests/system/variants` runs others than usual.
"""
