"""Clusters that ask for a token or for none, as `ray start` makes them; machines that have one or have not."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

pytest.importorskip("ray")
pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
WORK = "from signs.core import ray_tasks; print(ray_tasks.run(divmod, [(7, 2), (9, 4)]))"
GOOD, BAD = "a" * 64, "b" * 64


@contextmanager
def started(home, **mode):
    """Variables by which a process of this machine, in a home without a token, finds a cluster."""
    own = {"HOME": str(home), "RAY_USAGE_STATS_ENABLED": "0"}
    variables = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | own
    start = ["ray", "start", "--head", "--block", "--port=0", "--num-cpus=1", "--include-dashboard=false"]
    start += [f"--object-store-memory={80 * 2**20}", "--node-ip-address=127.0.0.2"]
    with subprocess.Popen(start, env=variables | mode, stdout=subprocess.PIPE, text=True) as process:
        line = next(line for line in process.stdout if "--address='" in line)
        yield variables | {"RAY_ADDRESS": line.split("'")[1]}
        of_cluster = psutil.Process(process.pid).children(recursive=True)
        process.terminate()  # `ray stop` would end the clusters of other tests, too
    assert not psutil.wait_procs(of_cluster, timeout=20)[1]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with started(tmp_path_factory.mktemp("home"), RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=GOOD) as variables:
        yield variables


@pytest.fixture(scope="module")
def open_cluster(tmp_path_factory):
    with started(tmp_path_factory.mktemp("home"), RAY_AUTH_MODE="disabled") as variables:
        yield variables


@pytest.fixture(params=["variable", "file", "named file"])
def token(request, tmp_path):
    """A machine that has the token in one of the places where Ray looks for it."""
    path = tmp_path / ("named" if request.param == "named file" else ".ray/auth_token")
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{GOOD}\n")
    own = {"variable": {"RAY_AUTH_TOKEN": GOOD}, "file": {}, "named file": {"RAY_AUTH_TOKEN_PATH": str(path)}}
    return {"HOME": str(tmp_path)} | own[request.param]


def worked(variables, program=WORK, **own):
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}"]
    return subprocess.run(command, env=variables | own, capture_output=True, text=True, check=False)


def test_whoever_has_the_token_is_let_in_without_saying_so(cluster, token):
    assert worked(cluster, **token).stdout == "[(3, 1), (2, 1)]\n"


def test_the_machine_of_a_cluster_may_be_called_localhost(cluster, token):
    local = f"localhost:{cluster['RAY_ADDRESS'].rpartition(':')[2]}"
    program = f"from signs.core import ray_address; ray_address.choose_mode({local!r})"
    shown = f"{program}; import os; print(os.environ['RAY_AUTH_MODE'])"
    assert worked(cluster, shown, **token).stdout == "token\n"


def test_a_cluster_that_asks_for_no_token_works_for_a_machine_that_has_one(open_cluster, token):
    assert worked(open_cluster, **token).stdout == "[(3, 1), (2, 1)]\n"


@pytest.mark.parametrize("token", [{}, {"RAY_AUTH_TOKEN": BAD}, {"RAY_AUTH_TOKEN_PATH": "/nowhere"}])
def test_whoever_lacks_the_token_is_told_so_in_one_line(cluster, token):
    *before, line = worked(cluster, **token).stderr.splitlines()
    assert not [said for said in before if "InvalidAuthToken" in said]
    assert f"UserError: the cluster at RAY_ADDRESS={cluster['RAY_ADDRESS']} turned this machine away" in line
    assert line.endswith("copy ~/.ray/auth_token from the machine where it was started")


@pytest.mark.parametrize(
    ("is_open", "mode", "expected"),
    [
        (True, "token", "runs with RAY_AUTH_MODE=disabled, not token"),
        (False, "disabled", "runs with RAY_AUTH_MODE=token, not disabled"),
    ],
)
def test_a_mode_that_is_not_the_clusters_is_told_in_one_line(cluster, open_cluster, is_open, mode, expected):
    line = worked(open_cluster if is_open else cluster, RAY_AUTH_MODE=mode, RAY_AUTH_TOKEN=GOOD).stderr.splitlines()[-1]
    assert expected in line
    assert line.endswith("; set the same here")
