"""The server: an ASGI app around the pages. Start it with `make run`.

The script Streamlit runs is pages/index.py, never this file: so a deep link's first visit goes
through the frame of every page too.
"""

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from web import files, scripts


async def explore(request: Request) -> RedirectResponse:
    """Explore is the page at /; a link that names it leads there too."""
    return RedirectResponse(request.url.replace(path="/"))


app = st.App("pages/index.py", routes=[*files.ROUTES, *scripts.ROUTES, Route("/explore", explore)])
