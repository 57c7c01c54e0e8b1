"""The route by which patients' files leave: `/files/<token>`, and only while its session lives."""

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from web.shelf import SHELVES

HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def send_file(request: Request) -> Response:
    """What lies under the token, or 404 for an unknown one and an ended session alike."""
    holding = SHELVES.find(request.path_params["token"])
    content = await run_in_threadpool(holding.make) if holding is not None else None
    if holding is None or content is None:
        return PlainTextResponse("This link has ended with its session.", 404, headers=HEADERS)
    headers = dict(HEADERS)
    if holding.download_name is not None:
        name = quote(holding.download_name, safe="")
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return Response(content, media_type=holding.media_type, headers=headers)


ROUTES = [Route("/files/{token}", send_file, methods=["GET"])]
