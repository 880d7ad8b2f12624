"""What the whole suite shares."""

from __future__ import annotations

import os

from hypothesis import settings

# A slow machine is no defect. CI draws the same examples each time, so that a change is judged by what it changes; at
# home they differ from run to run, which finds more. A failure prints how to repeat it.
settings.register_profile("ec2roles", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("ec2roles")
