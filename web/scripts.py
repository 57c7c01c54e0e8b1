"""Scripts that packages ship and pages load: the same for everybody, kept by the browser."""

from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",  # another version has another path
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def plotly_path() -> str:
    """Where a browser gets Plotly, as its Python package ships it."""
    return f"/scripts/plotly-{distribution('plotly').version}.min.js"


async def send_plotly(_: Request) -> FileResponse:
    """The script; nothing of a user's is in it."""
    file = Path(str(distribution("plotly").locate_file("plotly/package_data/plotly.min.js")))
    return FileResponse(file, media_type="text/javascript", headers=HEADERS)


ROUTES = [Route(plotly_path(), send_plotly, methods=["GET"])]
