"""A reproducible pipeline that trains traffic-sign classifiers."""

import os

from signs.core import processor

MAX_PIXELS = 40_000_000  # of an image; one that claims more is refused before it takes memory

# Libraries read these as they load, so they are set before.
processor.portable()
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # whoever reads a damaged image says so
