"""``python -m ec2roles``, and the command ``ec2roles``."""

from __future__ import annotations

import sys

from ec2roles.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
