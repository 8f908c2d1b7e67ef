"""A reproducible pipeline that trains traffic-sign classifiers."""

from signs.core import processor

processor.portable()  # before NumPy and TensorFlow load, which read it then
