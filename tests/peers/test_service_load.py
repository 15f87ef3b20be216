"""How many calls of the Data Pipeline API a second, beside moto's server in the same run (bench/service_load.py)."""
import json
import shutil
import subprocess

import pytest

import peers


def test_describe_pipelines_beside_moto():
    peers.need("python", peers.PEERS / "python/bin/moto_server")
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed: apt-get install wrk")
    done = subprocess.run(["/usr/bin/python3", str(peers.ROOT / "bench/service_load.py"), "describe", "--runs", "3",
                           "--seconds", "2", "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    print(figures)
    # Whatever else the machine does falls on both, but not in equal parts: far below what is usual.
    assert figures["times_moto"] > 10, figures
