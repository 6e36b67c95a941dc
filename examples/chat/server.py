"""A chat room: what one says, everybody hears, the speaker included. `python examples/chat/server.py [PORT]`"""

import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
guests: set[WebSocket] = set()
said = 0


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    global said
    await websocket.accept()
    guests.add(websocket)
    try:
        while True:
            message = await websocket.receive_json()
            said += 1
            for guest in tuple(guests):
                await guest.send_json({**message, "type": "said", "number": said})
    except WebSocketDisconnect:
        pass
    finally:
        guests.discard(websocket)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
