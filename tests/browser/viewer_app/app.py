"""A server with nothing but the viewer and a route that serves the planes it shows."""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).parent))
from planes import Case, make_case

_case = lru_cache(make_case)


async def _plane(request: Request) -> Response:
    name, plane = request.path_params["case"], request.path_params["plane"]
    case = _case(name)
    if name == "slow":
        await asyncio.sleep(1.0)
    if plane in case.broken:
        return Response("gone", status_code=404)
    return Response(_bytes(case, plane), media_type="application/octet-stream")


def _bytes(case: Case, plane: str) -> bytes:
    if plane == "probability-other" and case.probability is not None:
        return (case.probability * 0.7).astype("<u2").tobytes()  # A shyer checkpoint.
    array = {"image": case.image, "truth": case.truth, "probability": case.probability}[plane]
    raw = array.tobytes()
    return raw[:-2] if plane == "probability" and "cut" in case.broken else raw


app = st.App("page.py", routes=[Route("/planes/{case}/{plane}", _plane)])
