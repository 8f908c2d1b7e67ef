"""Building blocks of a pipeline that trains traffic-sign classifiers."""
