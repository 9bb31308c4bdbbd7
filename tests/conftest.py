"""What holds for all tests."""

import os

from hypothesis import settings

# A run of continuous integration judges the change, so it tries the same examples each time; runs at a desk
# look for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
