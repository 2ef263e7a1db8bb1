"""Loads a server at a fixed rate, whether it answers or not."""
import json
import subprocess
from pathlib import Path

from roost_program import ROOT

BENCH = Path(__file__).resolve().parent


def build(folder):
    """Builds the generator into a folder; answers its path."""
    tools = f"set -e; source '{ROOT}/scripts/tools.sh'; apt_need gcc libc6-dev >&2"
    subprocess.run(["bash", "-c", tools], check=True)
    program = Path(folder) / "openloop"
    subprocess.run(["gcc", "-O2", "-o", program, BENCH / "openloop.c"], check=True)
    return program


def run(program, port, path, rate, seconds, connections, cores=None):
    """Sends requests; answers how many were sent, and by status how many answers there were and their times in us.

    A time counts from when its request was due.
    """
    prefix = ["taskset", "-c", cores] if cores else []
    command = [*prefix, program, port, path, f"{rate:.1f}", seconds, connections]
    result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True, text=True)
    report = json.loads(result.stdout)
    return report["sent"], {int(status): times for status, times in report["answers"].items()}
