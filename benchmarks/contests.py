"""Contests: ours against its peers, round by round, and the table that tells how they did."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.contenders import THREADS, Contender, rounds
from benchmarks.results import arguments, machine, publish, table

HEADER = ("", "ms an image", "images/s", "speed-up of ours", "lowest to highest")


class Ratio(NamedTuple):
    """How many times as fast as another ours is: median, lowest and highest of the rounds."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Contest:
    """What is to be compared.

    `images`: that a round goes through. `floors`: what nothing can beat, shown with its ratio but no peer.
    `alone`: shown beside, and not compared.
    """

    title: str
    images: int
    ours: Contender
    peers: tuple[Contender, ...] = ()
    floors: tuple[Contender, ...] = ()
    alone: tuple[Contender, ...] = ()


def main(
    description: str,
    contests: Mapping[str, Callable[..., Contest]],
    *,
    quick: Mapping[str, Any],
    rounds: int,
    packages: Sequence[str],
) -> None:
    """Holds contests as the command line wants it, and publishes each.

    Args:
        description: Of the command.
        contests: By title; called without arguments they have their full size.
        quick: What they are called with for a quick run, of two rounds.
        rounds: Of a full run.
        packages: Whose versions matter.
    """
    parser = arguments(description)
    parser.add_argument("--only", choices=contests, help="one of the contests (default: all)")
    chosen = parser.parse_args()
    for title in [chosen.only] if chosen.only else contests:
        contest = contests[title](**quick) if chosen.quick else contests[title]()
        body = held(contest, 2 if chosen.quick else rounds)
        publish(chosen, title, f"{machine(THREADS, packages)}\n\n{body}")


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The ratios of their seconds to ours, each within a round: what slows both down falls out."""
    ratios = sorted(their / our for our, their in zip(ours, theirs, strict=True))
    return Ratio(statistics.median(ratios), ratios[0], ratios[-1])


def held(contest: Contest, count: int) -> str:
    """Holds a contest of so many rounds; gives its table, and whom ours has to be measured by."""
    entered = (contest.ours, *contest.peers, *contest.floors, *contest.alone)
    return described(contest, rounds([contender for contender in entered if not contender.missing], count))


def described(contest: Contest, times: dict[str, list[float]]) -> str:
    """What came of a contest, as Markdown.

    Args:
        contest: That was held.
        times: Seconds of each round, by name; of all contenders but those whose modules are missing.
    """
    ours = times[contest.ours.name]
    peers = {peer.name: ratio(ours, times[peer.name]) for peer in contest.peers if peer.name in times}
    ratios = peers | {floor.name: ratio(ours, times[floor.name]) for floor in contest.floors if floor.name in times}
    rows = [_row(name, seconds, contest.images, ratios.get(name)) for name, seconds in times.items()]
    lines = [f"### {contest.title}", table(HEADER, rows), f"{len(ours)} rounds. {_fastest(peers)}".strip()]
    missing = [f"{one.name} ({', '.join(one.missing)})" for one in (*contest.peers, *contest.alone) if one.missing]
    if missing:
        lines.append(f"Not installed, so not measured: {'; '.join(missing)}.")
    return "\n\n".join(lines)


def _row(name: str, seconds: list[float], images: int, found: Ratio | None) -> list[str]:
    each = statistics.median(seconds) / images
    compared = [f"{found.median:.3g}", f"{found.lowest:.3g} to {found.highest:.3g}"] if found else ["", ""]
    return [name, f"{1000 * each:.3g}", f"{1 / each:,.0f}", *compared]


def _fastest(peers: dict[str, Ratio]) -> str:
    if not peers:
        return "No peer took part."
    name = min(peers, key=lambda peer: peers[peer].median)
    found = peers[name]
    return (
        f"The fastest peer is {name}: ours is {found.median:.3g} times as fast "
        f"({found.lowest:.3g} to {found.highest:.3g})."
    )
