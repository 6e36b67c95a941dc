"""A login over HTTP, and a socket for whoever has a token. `python examples/login/server.py [PORT]`"""

import secrets
import sys

import uvicorn
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

app = FastAPI()
tokens: dict[str, str] = {}


class Login(BaseModel):
    name: str
    password: str


@app.post("/login")
async def login(given: Login) -> dict[str, str]:
    if given.password != "open sesame":
        raise HTTPException(403, "wrong password")
    token = secrets.token_hex(16)
    tokens[token] = given.name
    return {"token": token}


@app.websocket("/ws")
async def greet(websocket: WebSocket) -> None:
    name = tokens.get(websocket.headers.get("authorization", "").removeprefix("Bearer "))
    if name is None:
        await websocket.close()  # before it is accepted: the handshake is answered by 403
        return
    await websocket.accept()
    try:
        while True:
            await websocket.receive_json()
            await websocket.send_json({"type": "welcome", "name": name})
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
