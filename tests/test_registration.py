"""`import signs` and Keras, in either order, in a fresh process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NETWORK = ROOT / "weights/keras/model.keras"


@pytest.mark.parametrize("imports", ["import signs, tensorflow, keras", "import keras, signs"])
def test_keras_loads_a_network_of_ours_after_import_signs(imports):
    program = (
        f"{imports}; network = keras.models.load_model({str(NETWORK)!r}); "
        "from signs.networks.classifier import Classifier; from signs.registration import NETWORKS; "
        "assert isinstance(network, Classifier); "
        "assert {one.__name__ for one in Classifier.__subclasses__()} == set(NETWORKS)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_where_keras_is_absent_its_import_says_so():
    program = "import sys, signs; sys.path = [path for path in sys.path if 'packages' not in path]; import keras"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'keras'\n")
