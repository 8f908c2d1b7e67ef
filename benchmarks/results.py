"""What was measured, as Markdown: tables, the machine, and the page that keeps them."""

import argparse
import importlib.metadata
import platform
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

Written by the benchmarks: `make bench` runs most of them, `python -m benchmarks.NAME` one; `growth` and
`whole_pipeline` take long and run only that way. Contenders of a table take turns, one round each. A ratio is the
median over rounds, with the lowest and the highest. [README.md](README.md) says what the figures led to.
"""


def arguments(description: str) -> argparse.ArgumentParser:
    """What each benchmark takes on its command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs; figures mean nothing")
    parser.add_argument("--out", type=Path, help=f"page to write to (default: {PAGE.name}; with --quick none)")
    return parser


def publish(chosen: argparse.Namespace, title: str, body: str) -> None:
    """Prints what was measured, and puts it on the page that the command line names."""
    print(f"{title}\n\n{body}\n")
    page = chosen.out or (None if chosen.quick else PAGE)
    if page:
        record(page, title, body)


def record(page: Path, title: str, body: str) -> None:
    """Puts a section on the page in place of its former one; the others stay, in order of their titles."""
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


def machine(threads: int, packages: Iterable[str], cpu: Path = Path("/proc/cpuinfo")) -> str:
    """The processor, the threads and the versions that figures hold for; packages not installed are left out.

    Args:
        threads: That each contender may use.
        packages: Names of distributions.
        cpu: What Linux tells of the processor.
    """
    told = cpu.read_text(encoding="utf-8").splitlines() if cpu.is_file() else []
    values = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in told)}
    model = values.get("model name", platform.machine())
    if "cpu family" in values:
        model += f" (family {values['cpu family']}, model {values['model']})"
    versions = [f"Python {platform.python_version()}", *filter(None, map(_version, packages))]
    return f"{model}, {threads} threads; {', '.join(versions)}."


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return ""
