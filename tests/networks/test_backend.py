import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(code):
    """What a fresh Python prints that imports the backend and then runs `code`."""
    command = [sys.executable, "-c", f"from signs.networks.backend import *\n{code}"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_keras_starts_without_what_it_needs_for_plots_and_wrappers_alone():
    said = run(
        "import sys; print([name in sys.modules for name in ('matplotlib', 'sklearn')]); import matplotlib, sklearn"
    )
    assert "[False, False]" in said
    assert "Error" not in said


def test_other_thread_counts_after_the_start_are_refused():
    said = run(
        "make_deterministic(intra_op_threads=1, inter_op_threads=2)\n"
        "tf.constant(1) + 1\n"
        "make_deterministic(intra_op_threads=1, inter_op_threads=2)\n"
        "print('the same')\n"
        "make_deterministic(intra_op_threads=3)"
    )
    assert "the same" in said
    assert "UserError: TensorFlow has already started with other thread counts than 3 intra-op and 1 inter-op" in said
