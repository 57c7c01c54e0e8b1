"""What is the same around every page: a little room given back to the content."""

from pathlib import Path

import streamlit as st

LOGO = Path(__file__).parent / "logo.svg"
WORDMARK = Path(__file__).parent / "wordmark.svg"

STYLE = """
<style>
  .block-container { padding: 3.6rem 1.6rem 2rem; max-width: 1900px; }
  @media (min-width: 768px) {
    [data-testid="stSidebar"]:not([aria-expanded="false"]) { min-width: 312px; max-width: 340px; }
  }
  [data-testid="stSidebarUserContent"] { padding-top: 0; }
  [data-testid="stMetric"] { padding: 0; }
  [data-testid="stMetricLabel"] { opacity: 0.75; }
  [data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
  .st-key-case > div > [data-testid="stHorizontalBlock"],
  .st-key-case > [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
  .st-key-case [data-testid="stHorizontalBlock"] > :first-child:has(.st-key-viewer) {
    flex: 100 1 480px; }
  .st-key-case [data-testid="stHorizontalBlock"] > :first-child:has(.st-key-viewer) + * {
    flex: 1 1 320px; }
  .files { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
  .files span { opacity: 0.7; font-size: 0.9rem; }
  .files a { border: 1px solid var(--st-border-color, #8886); border-radius: 0.35rem;
             padding: 0.25rem 0.7rem; text-decoration: none; color: inherit; font-size: 0.9rem; }
  .files a:hover, .files a:focus-visible { border-color: currentColor; }
  .st-key-runs-head { min-height: 2.5rem; margin-top: 0.4rem; }
  .st-key-run-head { margin: 0.4rem 0 -0.4rem; gap: 1.2rem; }
  .st-key-after { gap: 1.2rem; }
  .st-key-runs-head [data-testid="stHeadingWithActionElements"] :is(h3, div) { padding: 0; }
  :is(.st-key-runs-head, .st-key-costs)
    :is([data-testid="stMarkdownContainer"], [data-testid="stCaptionContainer"], p) { margin: 0; }
  .st-key-start [data-testid="stColumn"]:has(.st-key-summary) > * {
    position: sticky; top: 4rem; height: auto; }
  .plain.files a { border: 0; padding: 0; }
  .plain.files a:hover { text-decoration: underline; text-underline-offset: 3px; }
  .facts { width: 100%; border-collapse: collapse; font-size: 0.86rem; line-height: 1.35; }
  .facts td { padding: 0.14rem 0; vertical-align: top; border: 0; }
  .facts td:first-child { opacity: 0.65; padding-right: 0.7rem; white-space: nowrap; }
  .facts td:last-child { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
  .facts abbr { text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; }
</style>
"""


def draw_frame() -> None:
    """The style of every page; constant text, nothing of a user's in it."""
    st.logo(str(WORDMARK), icon_image=str(LOGO), size="large")
    st.html(STYLE)
