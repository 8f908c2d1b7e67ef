"""Text from elsewhere, such as names of classes and addresses, made safe to show."""

import re
from collections.abc import Sequence

# Control characters but tab and newline, overrides of the direction of writing, and halves of surrogate pairs.
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Writes characters that act on a terminal or reorder a line as their codes, as `repr` does."""
    return INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def listed(items: Sequence[str], most: int = 10) -> str:
    """The first items, and how many more there are: `a, b and 7 more`."""
    rest = f" and {len(items) - most:,} more" if len(items) > most else ""
    return visible(", ".join(items[:most])) + rest
