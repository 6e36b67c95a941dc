"""The promises of drivers and their faces: resumed in place, and tasks like any other for all built on asyncio."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from aiohttp import ClientSession, web

from wavetank.engine.tasks.driver import Driver
from wavetank.engine.tasks.parking import PARKING
from wavetank.engine.tasks.task import UserTask
from wavetank.engine.worker.loop import new_event_loop

Make = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=[asyncio.new_event_loop, new_event_loop], ids=["asyncio", "fastest"])
def runner(request: pytest.FixtureRequest) -> Any:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


def drive(coroutine: Coroutine[Any, Any, None]) -> tuple[Driver, asyncio.Event]:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    driver = Driver(coroutine, loop, lambda driver: ended.set(), UserTask)
    loop.call_soon(driver.start)
    return driver, ended


def outcome(runner: asyncio.Runner, user: Callable[[], Coroutine[Any, Any, Any]]) -> list[Any]:
    """What a user's coroutine gave, driven by a UserTask to its end; raises what it raised."""
    results: list[Any] = []

    async def live() -> None:
        results.append(await user())

    async def main() -> None:
        task, ended = drive(live())
        await asyncio.wait_for(ended.wait(), 10)
        if task.exception_raised is not None:
            raise task.exception_raised

    runner.run(main())
    return results


def test_a_weak_reference_to_a_task_is_cleared_when_it_goes(runner: asyncio.Runner) -> None:
    # Libraries keep what belongs to a task in maps with weak keys. A reference to a compiled object would dangle.
    kept: list[weakref.ref[asyncio.Task[Any]]] = []

    async def user() -> None:
        current = asyncio.current_task()
        assert current is not None
        kept.append(weakref.ref(current))
        await asyncio.sleep(0)
        assert kept[0]() is current

    outcome(runner, user)
    assert kept[0]() is None


def test_a_parked_user_is_resumed_in_place(runner: asyncio.Runner) -> None:
    seen: list[str] = []

    async def user() -> None:
        await PARKING
        seen.append("first")
        await PARKING
        seen.append("second")

    async def main() -> None:
        task, ended = drive(user())
        await asyncio.sleep(0)
        assert task.is_parked
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def wake() -> None:
            task.resume()
            done.set_result(list(seen))  # no turn of the loop between the call and its effect

        loop.call_soon(wake)
        assert await done == ["first"]
        loop.call_soon(task.resume)
        await ended.wait()

    runner.run(main())
    assert seen == ["first", "second"]


def test_an_error_can_be_raised_in_a_parked_user_only(runner: asyncio.Runner) -> None:
    caught: list[str] = []

    async def user() -> None:
        try:
            await PARKING
        except ConnectionError as error:
            caught.append(str(error))
        await asyncio.Event().wait()

    async def main() -> None:
        task, ended = drive(user())
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        loop.call_soon(task.throw, ConnectionError("gone"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.is_parked
        assert task.throw(ConnectionError("again")) is False
        task.resume()  # not parked: without effect
        task.cancel()
        await ended.wait()
        assert isinstance(task.exception_raised, asyncio.CancelledError)

    runner.run(main())
    assert caught == ["gone"]


def test_asyncio_timeout_ends_a_parked_wait(runner: asyncio.Runner) -> None:
    async def user() -> str:
        try:
            async with asyncio.timeout(0.01):
                await PARKING
        except TimeoutError:
            return "timed out"
        return "resumed"

    assert outcome(runner, user) == ["timed out"]


def test_asyncio_timeout_ends_a_wait_for_a_future(runner: asyncio.Runner) -> None:
    async def user() -> int:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            current = asyncio.current_task()
            assert current is not None
            return current.cancelling()
        return -1

    assert outcome(runner, user) == [0], "the timeout took its own cancellation back"


def test_asyncio_timeout_ends_a_wait_for_a_socket(runner: asyncio.Runner) -> None:
    async def user() -> str:
        near, far = socket.socketpair()
        near.setblocking(False)
        with near, far:
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.get_running_loop().sock_recv(near, 1)
            except TimeoutError:
                return "timed out"
        return "received"

    assert outcome(runner, user) == ["timed out"], "though uvloop's future does not say that it was cancelled"


def test_gather_queues_sleep_and_subtasks_work_inside_a_user(runner: asyncio.Runner) -> None:
    async def child(queue: asyncio.Queue[int], number: int) -> int:
        await asyncio.sleep(0.001)
        await queue.put(number)
        return number

    async def user() -> list[int]:
        queue: asyncio.Queue[int] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(child(queue, 1))
        numbers = await asyncio.gather(child(queue, 2), child(queue, 3))
        await asyncio.sleep(0)
        return [*numbers, await queue.get()]

    assert outcome(runner, user) == [[2, 3, 1]]


def test_a_failing_task_group_cancels_the_user_and_gives_its_errors(runner: asyncio.Runner) -> None:
    async def fail() -> None:
        raise ValueError("child")

    async def user() -> str:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await asyncio.Event().wait()
        except ExceptionGroup as errors:
            return str(errors.exceptions[0])
        return "no error"

    assert outcome(runner, user) == ["child"]


def test_context_variables_belong_to_one_user(runner: asyncio.Runner) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")
    seen: list[str] = []

    async def user(own: str) -> None:
        name.set(own)
        await asyncio.sleep(0.001)
        seen.append(name.get())
        await PARKING
        seen.append(name.get())

    async def main() -> None:
        pairs = [drive(user("ada")), drive(user("grace"))]
        while len(seen) < 2:  # noqa: ASYNC110  # the users themselves tell when
            await asyncio.sleep(0.001)
        for task, _ in pairs:
            asyncio.get_running_loop().call_soon(task.resume)
        for _, ended in pairs:
            await ended.wait()
        assert name.get() == "nobody"

    runner.run(main())
    assert sorted(seen[:2]) == ["ada", "grace"]
    assert sorted(seen[2:]) == ["ada", "grace"]


def test_a_user_who_is_resumed_before_its_cancellation_comes_is_cancelled_all_the_same(
    runner: asyncio.Runner,
) -> None:
    async def user() -> None:
        await PARKING
        await asyncio.Event().wait()

    async def main() -> None:
        task, ended = drive(user())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(task.resume)
        task.cancel()
        await asyncio.wait_for(ended.wait(), 5)
        assert isinstance(task.exception_raised, asyncio.CancelledError)

    runner.run(main())


def test_a_user_who_cancels_itself_ends_cancelled(runner: asyncio.Runner) -> None:
    async def user() -> None:
        current = asyncio.current_task()
        assert current is not None
        current.cancel("enough")
        await PARKING

    with pytest.raises(asyncio.CancelledError, match="enough"):
        outcome(runner, user)


def test_an_exception_of_the_user_ends_the_user_alone(runner: asyncio.Runner) -> None:
    async def user() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError("user's own")

    with pytest.raises(ZeroDivisionError, match="user's own"):
        outcome(runner, user)


def test_awaiting_what_is_no_awaitable_of_asyncio_fails_the_user(runner: asyncio.Runner) -> None:
    class Strange:
        def __await__(self) -> Any:
            yield "not a future"

    async def user() -> None:
        await Strange()

    with pytest.raises(RuntimeError, match="no asyncio awaitable"):
        outcome(runner, user)


def test_done_callbacks_are_called_with_the_task(runner: asyncio.Runner) -> None:
    async def main() -> None:
        called: list[object] = []
        forgotten: list[object] = []
        tasks: list[asyncio.Task[Any]] = []

        async def user() -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.append(task)
            task.add_done_callback(called.append)
            task.add_done_callback(forgotten.append)
            assert task.remove_done_callback(forgotten.append) == 1
            with pytest.raises(asyncio.InvalidStateError):
                task.exception()
            await asyncio.sleep(0)

        _, ended = drive(user())
        await ended.wait()
        await asyncio.sleep(0)
        assert called == tasks
        assert forgotten == []
        assert tasks[0].done()
        assert not tasks[0].cancelled()
        assert tasks[0].exception() is None

    runner.run(main())


def test_http_clients_work_inside_a_user(runner: asyncio.Runner) -> None:
    async def serve() -> tuple[web.AppRunner, int]:
        async def hello(request: web.Request) -> web.Response:
            return web.Response(text="hello")

        app = web.Application()
        app.router.add_get("/", hello)
        server = web.AppRunner(app)
        await server.setup()
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        return server, server.addresses[0][1]

    async def user() -> list[str]:
        server, port = await serve()
        url = f"http://127.0.0.1:{port}/"
        try:
            async with ClientSession() as session, session.get(url) as response:
                first = await response.text()
            async with httpx.AsyncClient(trust_env=False) as client:
                second = (await client.get(url, timeout=5)).text
        finally:
            await server.cleanup()
        return [first, second]

    assert outcome(runner, user) == [["hello", "hello"]]
