"""Instruction sets are capped before libraries load. Processors of other machines are told by their /proc/cpuinfo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from signs.core import processor
from signs.core.errors import UserError

ROOT = Path(__file__).parents[2]
CAPS = ("NPY_DISABLE_CPU_FEATURES", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE")
GENOA = "vendor_id : AuthenticAMD\ncpu family : 25\nmodel : 17\nflags : fpu avx2 avx512f avx512_bf16\n"
HASWELL = "vendor_id : GenuineIntel\ncpu family : 6\nmodel : 60\nflags : fpu sse4_2 avx avx2\n"
OLD = "vendor_id : GenuineIntel\ncpu family : 6\nmodel : 42\nflags : fpu sse4_2 avx\n"
UNKNOWN = "vendor_id : Other\ncpu family : 1\nmodel : 2\nflags : avx2\n"
ARM = "processor : 0\nBogoMIPS : 243.75\nFeatures : fp asimd\n"


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    """Makes this machine's processor another one, and restores the environment."""

    def write(text):
        (tmp_path / "cpuinfo").write_text(f"processor : 0\n{text}\nprocessor : 1\n{text}")

    for name in (*CAPS, processor.NATIVE):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    return write


def caps():
    return {name for name in CAPS if name in os.environ}


def test_portable_caps_what_the_processor_could_do_beyond_avx2(cpuinfo):
    cpuinfo(GENOA)
    processor.portable()
    assert caps() == set(CAPS)
    assert (os.environ["ONEDNN_MAX_CPU_ISA"], os.environ["OPENBLAS_CORETYPE"]) == ("AVX2", "Haswell")
    assert processor.instructions() == "portable"


def test_without_avx_512_numpy_has_nothing_to_disable(cpuinfo):
    cpuinfo(HASWELL)
    processor.portable()
    assert caps() == {"ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE"}


def test_native_takes_the_caps_off_and_keeps_them_off_in_child_processes(cpuinfo):
    cpuinfo(GENOA)
    processor.portable()
    processor.native()
    assert caps() == set()
    assert processor.instructions() == "native"
    program = "import os, signs; print(sorted({'ONEDNN_MAX_CPU_ISA', 'OPENBLAS_CORETYPE'} & set(os.environ)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


FEATURES = """
import json, signs, numpy
from numpy._core._multiarray_umath import __cpu_features__
print(json.dumps(sorted(name for name, is_used in __cpu_features__.items() if is_used)))
"""


def test_numpy_uses_no_avx_512_unless_native_and_warns_of_nothing():
    environment = {key: value for key, value in os.environ.items() if key not in CAPS}
    found = {}
    for native in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", FEATURES],
            cwd=ROOT,
            env=environment | {processor.NATIVE: native},
            capture_output=True,
            text=True,
            check=True,
        )
        found[native] = set(json.loads(done.stdout))
    wide = {"X86_V4", "AVX512_SKX", "AVX512_ICL"}
    assert not found["0"] & wide
    assert found["1"] >= found["0"]
    if "avx512f" in processor.CPUINFO.read_text():
        assert found["1"] & wide


def test_a_processor_without_avx2_is_refused(cpuinfo):
    cpuinfo(OLD)
    with pytest.raises(UserError, match=r"^this processor has no AVX2, which .* need$"):
        processor.check()


@pytest.mark.parametrize("text", [GENOA, HASWELL])
def test_a_processor_with_avx2_will_do(cpuinfo, text):
    cpuinfo(text)
    processor.check()


def test_where_nothing_is_known_of_the_processor_it_is_not_refused(cpuinfo):
    processor.check()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (GENOA, "AMD family 25 model 17, AVX-512"),
        (HASWELL, "Intel family 6 model 60, AVX2"),
        (UNKNOWN, "Other family 1 model 2, AVX2"),
    ],
)
def test_the_name_tells_family_model_and_widest_instructions(cpuinfo, text, name):
    cpuinfo(text)
    assert processor.name() == name


def test_another_architecture_is_named_as_the_system_names_it(cpuinfo):
    cpuinfo(ARM)
    assert processor.name() == os.uname().machine


@pytest.mark.parametrize(("text", "expected"), [(GENOA, True), (HASWELL, False)])
def test_a_processor_that_computes_in_bfloat16_is_known_by_its_instructions(cpuinfo, text, expected):
    cpuinfo(text)
    assert processor.computes_in_bfloat16() is expected
