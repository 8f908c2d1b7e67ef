"""Which instructions of the processor are used: those of all x86-64 processors with AVX2, or all that this one has."""

import os
import platform
from importlib import metadata
from pathlib import Path

from signs.core.errors import UserError

CPUINFO = Path("/proc/cpuinfo")
NATIVE = "SIGNS_NATIVE"
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # with one of these a processor computes in bfloat16


def portable() -> None:
    """Caps NumPy, OpenBLAS and oneDNN at AVX2. Then AMD and Intel, with AVX-512 or without, give the same bytes.

    The libraries read the environment as they load, so this must come first. SIGNS_NATIVE=1 turns it off.
    """
    if os.environ.get(NATIVE) != "1":
        os.environ.update(_caps())


def native() -> None:
    """Removes the caps, in child processes too. Must come before NumPy and TensorFlow load."""
    os.environ[NATIVE] = "1"
    for name in _caps():
        os.environ.pop(name, None)


def instructions() -> str:
    """The instructions in use: `portable` or `native`."""
    return "native" if os.environ.get(NATIVE) == "1" else "portable"


def check() -> None:
    """Refuses a processor on which TensorFlow would crash without a message.

    Raises:
        UserError: It has no AVX2.
    """
    if platform.machine() in ("x86_64", "AMD64") and CPUINFO.is_file() and "avx2" not in _flags():
        raise UserError("this processor has no AVX2, which TensorFlow and the reproducible results need")


def computes_in_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16."""
    return bool(BFLOAT16 & _flags())


def name() -> str:
    """Family and instructions of the processor, such as `AMD family 25 model 17, AVX-512`, to record with a result."""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in _cpuinfo())}
    if "vendor_id" not in fields:
        return platform.machine()
    vendor = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}.get(fields["vendor_id"], fields["vendor_id"])
    widest = "AVX-512" if "avx512f" in _flags() else "AVX2"
    return f"{vendor} family {fields['cpu family']} model {fields['model']}, {widest}"


def _caps() -> dict[str, str]:
    caps = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}
    if "avx512f" in _flags():
        # NumPy warns of names that it does not know.
        is_grouped = tuple(map(int, metadata.version("numpy").split(".")[:2])) >= (2, 4)
        features = ("X86_V4", "AVX512_ICL") if is_grouped else ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_ICL")
        caps["NPY_DISABLE_CPU_FEATURES"] = " ".join(features)
    return caps


def _cpuinfo() -> list[str]:
    """The lines about the first of the processors, which are all alike."""
    return CPUINFO.read_text().split("\n\n")[0].splitlines() if CPUINFO.is_file() else []


def _flags() -> set[str]:
    return set(next((line for line in _cpuinfo() if line.startswith("flags")), "").split())
