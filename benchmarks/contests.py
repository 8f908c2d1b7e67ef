"""Contests: ours against its peers, round by round, and the table of the results."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.contenders import Contender, rounds
from benchmarks.results import arguments, machine, publish, table


class Ratio(NamedTuple):
    """How many times as fast as another ours is: median, lowest and highest of the rounds."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Contest:
    """What is compared.

    `images`: that a round goes through. `floors`: lower bounds, shown with their ratio, but no peers. `alone`: shown
    beside, and not compared.
    """

    title: str
    images: int
    ours: Contender
    peers: tuple[Contender, ...] = ()
    floors: tuple[Contender, ...] = ()
    alone: tuple[Contender, ...] = ()

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """All of them, ours first."""
        return (self.ours, *self.peers, *self.floors, *self.alone)

    @property
    def instructions(self) -> str:
        """`native` or `portable`, or `native and portable` if that is what is compared."""
        return " and ".join(sorted({"native" if one.native else "portable" for one in self.contenders}))


def main(
    description: str,
    contests: Mapping[str, Callable[..., Contest]],
    *,
    quick: Mapping[str, Any],
    rounds: int,
    packages: Sequence[str],
) -> None:
    """Holds the contests that the command line names, and publishes each.

    Args:
        description: Of the command.
        contests: By title; called without arguments they have their full size.
        quick: Arguments of a quick run, of two rounds.
        rounds: Of a full run.
        packages: Whose versions matter.
    """
    parser = arguments(description)
    parser.add_argument("--only", choices=contests, help="one of the contests (default: all)")
    chosen = parser.parse_args()
    for title in [chosen.only] if chosen.only else contests:
        contest = contests[title](**quick) if chosen.quick else contests[title]()
        body = held(contest, 2 if chosen.quick else rounds)
        publish(chosen, title, contest.instructions, f"{machine(packages, contest.instructions)}\n\n{body}")


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The ratios of their seconds to ours, each within a round, so that what slows both down cancels out."""
    ratios = sorted(their / our for our, their in zip(ours, theirs, strict=True))
    return Ratio(statistics.median(ratios), ratios[0], ratios[-1])


def held(contest: Contest, count: int) -> str:
    """Holds a contest of `count` rounds; returns its table, and how ours compares with the fastest peer."""
    return described(contest, rounds([contender for contender in contest.contenders if not contender.missing], count))


def described(contest: Contest, times: dict[str, list[float]]) -> str:
    """The results of a contest, as Markdown.

    Args:
        contest: That was held.
        times: Seconds of each round, by name; of all contenders but those whose modules are missing.
    """
    ours = contest.ours.name
    peers = {peer.name: ratio(times[ours], times[peer.name]) for peer in contest.peers if peer.name in times}
    floors = {floor.name: ratio(times[ours], times[floor.name]) for floor in contest.floors if floor.name in times}
    rows = [_row(name, seconds, contest.images, (peers | floors).get(name)) for name, seconds in times.items()]
    header = ("", "ms an image", "images/s", f"speed-up of {ours}", "lowest to highest")
    lines = [f"### {contest.title}", table(header, rows), f"{len(times[ours])} rounds. {_fastest(ours, peers)}"]
    missing = [f"{one.name} ({', '.join(one.missing)})" for one in contest.contenders if one.missing]
    if missing:
        lines.append(f"Not installed, so not measured: {'; '.join(missing)}.")
    return "\n\n".join(lines)


def _row(name: str, seconds: list[float], images: int, found: Ratio | None) -> list[str]:
    each = statistics.median(seconds) / images
    compared = [f"{found.median:.3g}", f"{found.lowest:.3g} to {found.highest:.3g}"] if found else ["", ""]
    return [name, f"{1000 * each:.3g}", f"{1 / each:,.0f}", *compared]


def _fastest(ours: str, peers: dict[str, Ratio]) -> str:
    if not peers:
        return "No peer took part."
    name = min(peers, key=lambda peer: peers[peer].median)
    found = peers[name]
    return (
        f"The fastest peer is {name}: {ours} is {found.median:.3g} times as fast "
        f"({found.lowest:.3g} to {found.highest:.3g})."
    )
