"""How far a measured share may be from the true one."""


def interval(correct: int, images: int) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion, 0-1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Args:
        correct: Number of images that count.
        images: Number of all images, at least 1. They are taken to be independent.
    """
    from scipy.stats import binomtest  # noqa: PLC0415  # takes a second, which not every stage needs

    low, high = binomtest(correct, images).proportion_ci(confidence_level=0.95, method="wilson")
    return float(low), float(high)
