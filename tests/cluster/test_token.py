"""A cluster that asks for a token, as Ray's own `ray start` makes it where the machine has one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")
pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
CONNECT = "from signs.core import ray_tasks; print(int(ray_tasks.connect().cluster_resources()['CPU']))"
GOOD, BAD = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Variables by which a process of this machine, in a home without a token, finds the cluster; its address."""
    home = {"HOME": str(tmp_path_factory.mktemp("home")), "RAY_USAGE_STATS_ENABLED": "0"}
    variables = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | home
    start = ["ray", "start", "--head", "--port=0", "--num-cpus=1", "--include-dashboard=false"]
    start += [f"--object-store-memory={80 * 2**20}", "--node-ip-address=127.0.0.2"]
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": GOOD}
    said = subprocess.run(start, env=variables | token, capture_output=True, text=True, check=True).stdout
    address = said.split("--address='")[1].split("'")[0]
    yield variables | {"RAY_ADDRESS": address}
    subprocess.run(["ray", "stop", "--force"], env=variables, capture_output=True, check=True)


def connected(cluster, **token):
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {CONNECT}"]
    return subprocess.run(command, env=cluster | token, capture_output=True, text=True, check=False)


def test_whoever_has_the_token_is_let_in_without_saying_so(cluster):
    assert connected(cluster, RAY_AUTH_TOKEN=GOOD).stdout == "1\n"
    path = Path(cluster["HOME"]) / ".ray/auth_token"
    path.parent.mkdir(exist_ok=True)
    path.write_text(GOOD)
    assert connected(cluster).stdout == "1\n"
    path.unlink()


@pytest.mark.parametrize("token", [{}, {"RAY_AUTH_TOKEN": BAD}])
def test_whoever_lacks_the_token_is_told_so_in_one_line(cluster, token):
    *before, line = connected(cluster, **token).stderr.splitlines()
    assert not [said for said in before if "InvalidAuthToken" in said]
    assert f"UserError: the cluster at RAY_ADDRESS={cluster['RAY_ADDRESS']} turned this machine away" in line
    assert line.endswith("copy ~/.ray/auth_token from the machine where it was started, and set RAY_AUTH_MODE=token")
