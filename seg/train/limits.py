"""What a control may be set to, whether by a configuration, a schedule or a hand."""

COST_MAX = 100.0
LIMITS = {  # lowest, highest, whether the lowest itself is allowed
    "alpha": (0.0, COST_MAX, True),
    "beta": (0.0, COST_MAX, True),
    "gamma": (0.0, 10.0, False),
    "learning_rate": (0.0, 1e38, False),
    "head_weight": (0.0, 1000.0, True),
}


def why_not(control: str, value: object) -> str:
    """What was expected in place of a value; empty where it can be used.

    Example:
        >>> why_not("gamma", 0), why_not("head_weight_1", 0)
        ('a number above 0 to 10', '')
    """
    low, high, closed = LIMITS["head_weight" if control.startswith("head_weight") else control]
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if number is not None and low <= number <= high and (closed or number > low):
        return ""
    return f"a number {'from' if closed else 'above'} {low:g} to {high:g}"
