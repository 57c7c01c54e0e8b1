"""The one palette of every picture, page and chart: Okabe and Ito's, safe for the colour-blind.

Constants only, so that a page may import it for nothing. "#RRGGBB" throughout.

Reference: Okabe and Ito 2008, Color Universal Design.
"""

BLACK = "#000000"
WHITE = "#FFFFFF"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
BLUISH_GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
REDDISH_PURPLE = "#CC79A7"

TRUTH = SKY_BLUE
PREDICTION = YELLOW
TRUE_POSITIVE = BLUISH_GREEN
FALSE_POSITIVE = ORANGE
FALSE_NEGATIVE = REDDISH_PURPLE

CLASS_COLOURS = (
    ORANGE,
    SKY_BLUE,
    BLUISH_GREEN,
    YELLOW,
    BLUE,
    VERMILLION,
    REDDISH_PURPLE,
)
"""Classes 2 and up, in turn; the background is black and class 1 white."""


def class_colour(index: int) -> str:
    """The colour of a class in a mask: black, white, then the palette in turn.

    Args:
        index: 0 is the background.

    Returns:
        "#RRGGBB". From class 9 on the colours repeat.

    Example:
        >>> [class_colour(index) for index in (0, 1, 2, 8, 9)]
        ['#000000', '#FFFFFF', '#E69F00', '#CC79A7', '#E69F00']
    """
    if index < 2:
        return (BLACK, WHITE)[index]
    return CLASS_COLOURS[(index - 2) % len(CLASS_COLOURS)]


def rgb(colour: str) -> tuple[int, int, int]:
    """A colour as three numbers of 0 to 255.

    Args:
        colour: "#RRGGBB".

    Returns:
        Red, green, blue.

    Example:
        >>> rgb(ORANGE)
        (230, 159, 0)
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
