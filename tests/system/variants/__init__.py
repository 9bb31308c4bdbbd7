"""APIs of other shapes, generated from a seed and served over real HTTP; all of them must give the same rows.

truth     the rows, in canonical columns
shape     how one API looks, and a generator of such shapes
writing   rows as an API of some shape writes them
server    all shapes on one loopback port
asking    the request that the documentation of such an API would show

`VARIANTS=500 VARIANTS_SEED=7 pytest tests/system/variants` runs others than usual.
"""
