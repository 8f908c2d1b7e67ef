"""What was measured, as Markdown: tables, the machine, and the page that keeps them."""

import argparse
import importlib.metadata
import platform
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.contenders import THREADS
from signs.core import processor

PAGE = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

Written by the benchmarks: `make bench` runs most of them, `python -m benchmarks.NAME` one; `growth` and
`whole_pipeline` take long and run only that way. Contenders of a table take turns, one round each. A ratio is the
median over rounds, with the lowest and the highest. [README.md](README.md) says what the figures led to.

Portable instructions are AVX2, as the pipeline uses them by default; native ones are all that the processor has
(`SIGNS_NATIVE=1 make bench`). ONNX Runtime always uses all.
"""


def arguments(description: str) -> argparse.ArgumentParser:
    """The command line of each benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs; figures mean nothing")
    parser.add_argument("--out", type=Path, help=f"page to write to (default: {PAGE.name}; with --quick none)")
    return parser


def publish(chosen: argparse.Namespace, title: str, instructions: str, body: str) -> None:
    """Prints a section, and puts it on the page that the command line names; native results have their own section."""
    heading = f"{title}, native" if instructions == "native" else title
    print(f"{heading}\n\n{body}\n")
    page = chosen.out or (None if chosen.quick else PAGE)
    if page:
        record(page, heading, body)


def record(page: Path, title: str, body: str) -> None:
    """Replaces a section of the page, or adds it; the sections are in the order of their titles."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    sections = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    sections[title] = f"\n{body}\n"
    parts = [HEAD, *(f"## {name}\n\n{content.strip()}\n" for name, content in sorted(sections.items()))]
    page.write_text("\n".join(parts), encoding="utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, numbers to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(seconds: Sequence[float]) -> tuple[str, str]:
    """Median, and lowest to highest, for a table."""
    return f"{statistics.median(seconds):.2f}", f"{min(seconds):.2f} to {max(seconds):.2f}"


def machine(packages: Iterable[str], instructions: str) -> str:
    """The processor, the instructions, the threads and the versions that figures hold for.

    Args:
        packages: Names of distributions; those not installed are left out.
        instructions: `portable` or `native`.
    """
    versions = [f"Python {platform.python_version()}", *filter(None, map(_version, packages))]
    return f"{processor.name()}, {instructions} instructions, {THREADS} threads; {', '.join(versions)}."


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return ""
