"""Looks through a pickle before it is read: reading could take any time and memory, or crash the process.

An unpickler trusts the sizes and positions that a pickle states: ten bytes can make it take 8 GB. And what it builds
may be a trap: hashing tuples of tuples, as the keys of a dict, can overflow the stack or never end.
"""

import io
import pickletools
from pickle import UnpicklingError
from typing import Any, BinaryIO, cast

MAX_OPCODES = 2_000_000  # an array takes about 25, a number one
MAX_TEXT = 2**20  # bytes of a text or an integer; those of an array are passed over
MAX_TUPLE = 1000  # values, with those of tuples inside

TEXT, MUTABLE, FUNCTION = 0, -1, -2  # what is on the stack; other values and tuples: the number of values
TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
FUNCTIONS = {"GLOBAL", "STACK_GLOBAL"}
TUPLES = {"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
MUTABLES = {"EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS"}
NUMBERS = {"NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT"}
CONTENTS = {"BINFLOAT", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
HEADERS = {"BINBYTES": 5, "BINBYTES8": 9, "BYTEARRAY8": 9}  # bytes of the opcode and of the size
MADE = {"REDUCE", "BUILD", "PROTO", "FRAME", "STOP"}
PUTS, GETS = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}, {"GET", "BINGET", "LONG_BINGET"}
# What pickles of dicts of arrays, numbers, texts and lists are made of, in all protocols.
ALLOWED = {"MARK"} | TEXTS | FUNCTIONS | TUPLES | MUTABLES | NUMBERS | CONTENTS | MADE | PUTS | GETS


def check(file: BinaryIO) -> None:
    """Checks a pickle from the position of the file on, and goes back there.

    Raises:
        UnpicklingError: It has what no dict of arrays needs, or states sizes that it does not have.
        ValueError, IndexError, KeyError: It is damaged.
    """
    start, source, stack = file.tell(), _Source(file), _Stack()
    for count, (opcode, argument, _) in enumerate(pickletools.genops(cast(BinaryIO, source))):
        if opcode.name not in ALLOWED or count == MAX_OPCODES:
            raise UnpicklingError(f"it has {opcode.name} after {count:,} opcodes, which no dict of arrays needs")
        if opcode.name == "FRAME":
            source.check(cast(int, argument))
        stack.step(opcode, argument)
    file.seek(start)


def large_contents(file: BinaryIO) -> list[tuple[int, int, int]]:
    """Where the large contents of arrays in a pickle lie, from the position of the file on; `check` comes first.

    Returns:
        Of each the positions of its opcode, of its first byte, and after its last byte.
    """
    found = []
    for opcode, _, position in pickletools.genops(cast(BinaryIO, _Source(file))):
        first = (position or 0) + HEADERS.get(opcode.name, 0)
        if opcode.name in HEADERS and file.tell() - first > MAX_TEXT:
            found.append((position or 0, first, file.tell()))
    return found


class _Source:
    """A file for `genops` that passes over the content of arrays, and knows where it ends."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.tell = file, file.tell
        start = file.tell()
        self.end = file.seek(0, io.SEEK_END)
        file.seek(start)

    def check(self, size: int) -> None:
        """Refuses more bytes than there are."""
        if size > self.end - self.tell():
            raise UnpicklingError(f"it ends where {size:,} more bytes should be")

    def read(self, size: int) -> Any:
        """The next bytes, or of many their number only."""
        self.check(size)
        if size <= MAX_TEXT:
            return self.file.read(size)
        self.file.seek(size, io.SEEK_CUR)
        return _PassedOver(size)

    def readline(self) -> bytes:
        """The next line; of a quoted one the quotes only. Python 2 quotes arrays, which `genops` takes for ASCII."""
        line = self.file.readline()
        return b"''\n" if line.startswith((b"'", b'"')) else line


class _PassedOver(bytes):
    """Bytes of which `genops` needs the number only; it may turn them into a text, which then is empty."""

    def __new__(cls, size: int) -> "_PassedOver":
        made = super().__new__(cls)
        made.size = size
        return made

    size: int

    def __len__(self) -> int:
        return self.size


class _Stack:
    """What the unpickler would have on its stack: kinds and sizes."""

    def __init__(self) -> None:
        self.items: list[int] = []
        self.marks: list[int] = []  # positions in `items`
        self.memo: dict[int, int] = {}

    def step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """Does what an opcode would do."""
        name = opcode.name
        if name == "MARK":
            self.marks.append(len(self.items))
        elif name in PUTS:
            self._put(len(self.memo) if name == "MEMOIZE" else argument)
        elif name in GETS:
            self._get(argument)
        else:
            taken = self._take(opcode)
            _check(name, taken)
            if opcode.stack_after:
                self.items.append(_made(name, taken))

    def _put(self, place: int) -> None:
        if not 0 <= place < MAX_OPCODES:
            raise UnpicklingError(f"it states the position {place:,}, which no dict of arrays needs")
        self.memo[place] = self.items[-1]

    def _get(self, place: int) -> None:
        if self.memo[place] == MUTABLE:  # it could hold itself, or double in size with each use
            raise UnpicklingError("it holds a list or dict twice")
        self.items.append(self.memo[place])

    def _take(self, opcode: pickletools.OpcodeInfo) -> list[int]:
        """Takes the arguments of an opcode from the stack, a mark not included."""
        wanted = opcode.stack_before
        count = len(wanted)
        if pickletools.stackslice in wanted:
            count = len(self.items) - self.marks.pop() + wanted.index(pickletools.markobject)
        if count > len(self.items):
            raise UnpicklingError(f"it lacks what {opcode.name} takes")
        taken = self.items[len(self.items) - count :]
        del self.items[len(self.items) - count :]
        return taken


def _check(name: str, taken: list[int]) -> None:
    if name in ("SETITEM", "SETITEMS", "DICT") and any(taken[len(taken) % 2 :: 2]):
        raise UnpicklingError("a key of its dict is no text")
    if name == "BUILD" and taken[0] == FUNCTION:
        raise UnpicklingError("it changes a function: refused")


def _made(name: str, taken: list[int]) -> int:
    if name in TEXTS:
        return TEXT
    if name in MUTABLES or (name in TUPLES and MUTABLE in taken):
        return MUTABLE
    if name in FUNCTIONS:
        return FUNCTION
    if name in TUPLES:
        size = 1 + sum(max(1, item) for item in taken)
        if size > MAX_TUPLE:
            raise UnpicklingError(f"it has a tuple of {size:,} values, which no dict of arrays needs")
        return size
    return 1
