"""The colours of runs that are drawn together."""

from pages.widgets.train.lines import GREY
from seg.export.colours import BLUE, BLUISH_GREEN, VERMILLION

RUN_COLOURS = (BLUE, VERMILLION, BLUISH_GREEN, GREY)
RUN_SIGNS = ("diamond", "circle", "square", "triangle-up")
