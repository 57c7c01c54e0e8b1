"""Explore: a case, a checkpoint, the overlay and its numbers."""

import streamlit as st

from pages.widgets.card import card
from pages.widgets.choose import choose
from pages.widgets.downloads import downloads
from pages.widgets.engine import service
from pages.widgets.heads import heads
from pages.widgets.later import is_time_for_the_rest
from pages.widgets.panel import case_head, choose_class, numbers, threshold_curve
from pages.widgets.picture import viewer_data
from pages.widgets.predictions import Predictions
from pages.widgets.strip import strip
from pages.widgets.table import table
from pages.widgets.threshold import chosen_threshold, keep_threshold
from pages.widgets.viewer import viewer
from pages.widgets.waiting import others, waiting

choice = choose()
collection, checkpoint = choice.collection, choice.checkpoint
if not collection.cases:
    st.info("None of these files could be read as an image. The reasons stand in the sidebar.")
    st.stop()

predictions = Predictions(checkpoint, choice.options, collection.cases)
case = collection.case(st.query_params.get("case"))
threshold = chosen_threshold(checkpoint)
result = predictions.show(case)
predictions.start_all(collection.cases)

with st.sidebar:
    card(checkpoint, predictions.known(collection.cases))
strip(collection, case, predictions, threshold)
left, right = st.container(key="case").columns([2.3, 1], gap="medium")
with left:
    shown = choose_class(checkpoint)
    data = viewer_data(case, checkpoint, choice.options, result, threshold, collection.name, shown)
    viewer(data, key="viewer", height_px=460, on_threshold=keep_threshold)
with right:
    case_head(case, checkpoint)
    if result is None:
        waiting(predictions, case)
    else:
        numbers(case, checkpoint, result, threshold)
    if not is_time_for_the_rest():
        st.stop()
    if result is not None:
        threshold_curve(predictions.outcome(case), threshold)
        downloads(case, predictions, threshold)
        heads(case, predictions, threshold)

others(predictions, case, collection.cases)
table(collection, case, predictions, threshold)
service().warm()
