"""Building blocks of a pipeline that trains traffic-sign classifiers."""

import os

MAX_PIXELS = 40_000_000
# OpenCV reads these as it loads. An image that claims more pixels is refused before it takes memory; what
# OpenCV has to say of a damaged one is said by whoever reads it.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
