"""Chance that comes out the same every time."""

from zlib import crc32

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that changing one part leaves the others as they were."""
    return np.random.default_rng([seed, crc32(purpose.encode())])
