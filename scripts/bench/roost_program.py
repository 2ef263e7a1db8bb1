"""Builds the program that the measurements start."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def build():
    """Builds the release program, with what that needs; answers its path. ROOST names one that is built already."""
    if "ROOST" in os.environ:
        return os.environ["ROOST"]
    script = (
        f"set -euo pipefail; source '{ROOT}/scripts/tools.sh'; need_build_packages; build_release roost"
    )
    result = subprocess.run(["bash", "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit("the build failed")
    return result.stdout.strip()
