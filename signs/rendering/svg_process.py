"""Draws SVGs in a process that may take only so much time and memory. `svg` starts it and talks to it.

It gets SVGs from a connection, and answers each with a PNG, or with the reason why there is none after a `-`. It
imports nothing of this project, so that it starts fast.
"""

import math
import resource
import signal
import sys
import time
from multiprocessing.connection import Connection

import resvg_py

handle, pixels, seconds, memory = map(int, sys.argv[1:])


def draw(svg: bytes) -> bytes:
    """Draws an SVG with a longer side of `pixels`."""
    spent = math.ceil(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
    try:
        text = svg.decode("utf-8")
        return bytes(resvg_py.svg_to_bytes(svg_string=text, width=pixels, height=pixels, skip_system_fonts=True))
    except Exception as error:  # resvg raises its own types
        return b"-" + str(error).encode("utf-8", "replace")


signal.signal(signal.SIGINT, signal.SIG_IGN)  # `svg` ends this process
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
connection = Connection(handle)
while True:
    try:
        content = connection.recv_bytes()
    except EOFError:
        break
    connection.send_bytes(draw(content))
