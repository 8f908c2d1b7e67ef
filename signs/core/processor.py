"""Which instructions of the processor are used: those that all x86-64 with AVX2 share, or all of this one."""

import os
import platform
from importlib import metadata
from pathlib import Path

from signs.core.errors import UserError

CPUINFO = Path("/proc/cpuinfo")
NATIVE = "SIGNS_NATIVE"
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # a processor that has one of these computes in bfloat16


def portable() -> None:
    """Caps NumPy, OpenBLAS and oneDNN at AVX2, so that AMD and Intel, with AVX-512 or without, give the same bytes.

    Each reads its variable as it loads, so this comes before all three. Where SIGNS_NATIVE is 1 nothing is capped.
    """
    if os.environ.get(NATIVE) != "1":
        os.environ.update(_caps())


def native() -> None:
    """Takes the caps off, here and in child processes; only before NumPy and TensorFlow load."""
    os.environ[NATIVE] = "1"
    for name in _caps():
        os.environ.pop(name, None)


def instructions() -> str:
    """The instructions in use: `portable`, or `native`."""
    return "native" if os.environ.get(NATIVE) == "1" else "portable"


def check() -> None:
    """Refuses a processor on which TensorFlow would end without a word.

    Raises:
        UserError: It lacks AVX2.
    """
    if platform.machine() in ("x86_64", "AMD64") and CPUINFO.is_file() and "avx2" not in _flags():
        raise UserError("this processor has no AVX2, which TensorFlow and the reproducible results need")


def computes_in_bfloat16() -> bool:
    """Whether the processor computes in bfloat16 itself."""
    return bool(BFLOAT16 & _flags())


def name() -> str:
    """The processor's family and instructions, as `AMD family 25 model 17, AVX-512`; for the record of a result."""
    fields = dict(line.partition(":")[::2] for line in _cpuinfo().split("\n\n")[0].splitlines())
    told = {key.strip(): value.strip() for key, value in fields.items()}
    if "vendor_id" not in told:
        return platform.machine()
    vendor = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}.get(told["vendor_id"], told["vendor_id"])
    widest = "AVX-512" if "avx512f" in _flags() else "AVX2"
    return f"{vendor} family {told['cpu family']} model {told['model']}, {widest}"


def _caps() -> dict[str, str]:
    caps = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}
    if "avx512f" in _flags():  # NumPy warns of features that the processor or it itself does not know
        is_grouped = tuple(map(int, metadata.version("numpy").split(".")[:2])) >= (2, 4)
        features = ("X86_V4", "AVX512_ICL") if is_grouped else ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_ICL")
        caps["NPY_DISABLE_CPU_FEATURES"] = " ".join(features)
    return caps


def _cpuinfo() -> str:
    return CPUINFO.read_text() if CPUINFO.is_file() else ""


def _flags() -> set[str]:
    return set(next((line for line in _cpuinfo().splitlines() if line.startswith("flags")), "").split())
