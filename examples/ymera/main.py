"""The YMERA platform's WebSocket endpoint as a FastAPI application: `uvicorn main:app`, or `python main.py`.

`wavetank.target.platform` decides what is answered to which message; this is its driver.
"""

import asyncio

import uvicorn
from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect

from wavetank.target.platform import BINARY_REFUSED, Platform

SEND_TIMEOUT_S = 10.0
"""A client that does not take a message within this time is disconnected."""

OUTBOX_LIMIT = 10_000
"""So is one that is more messages behind than this: it must not use up the server's memory."""

platform = Platform()
app = FastAPI(title="YMERA platform")


@app.get("/health")
async def health() -> Response:
    return Response(platform.health(), media_type="application/json")


@app.websocket("/ws")
async def agents(websocket: WebSocket) -> None:
    await websocket.accept()
    outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
    session = platform.connect(outbox.put_nowait)
    try:
        async with asyncio.TaskGroup() as tasks:
            # Whoever publishes only fills the subscribers' outboxes, so a slow one makes nobody else wait.
            tasks.create_task(send_all(websocket, outbox))
            while True:
                event = await websocket.receive()
                if event["type"] == "websocket.disconnect":
                    raise WebSocketDisconnect(event.get("code", 1005))
                text = event.get("text")
                if text is None:
                    session.deliver(BINARY_REFUSED)
                elif not session.receive(text):
                    break
            outbox.put_nowait(None)
        await websocket.close(1000)
    except* (WebSocketDisconnect, TimeoutError):
        pass
    finally:
        session.leave()


async def send_all(websocket: WebSocket, outbox: asyncio.Queue[bytes | None]) -> None:
    """Sends what comes into the outbox, until the None that ends the session."""
    while (message := await outbox.get()) is not None:
        if outbox.qsize() > OUTBOX_LIMIT:
            raise TimeoutError(f"the client is more than {OUTBOX_LIMIT} messages behind")
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await websocket.send_text(message.decode())


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8000)
