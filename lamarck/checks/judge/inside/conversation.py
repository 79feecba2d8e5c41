"""One side of the conversation between judge and candidate.

A request is answered by its result or by what it raised; while a side waits for an answer it serves the requests that
come in between (callbacks, and what they ask in turn). Every message brings along what changed around it: linked
containers, descriptions of classes, numbers that were let go of, output, environment.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from sys import getrecursionlimit, setrecursionlimit
from typing import Any, Protocol

from .described import Described
from .faults import Ended, Malformed, TimeUp, TooLarge
from .frames import Stream
from .standins import Standins
from .values import Values

_DEEPEST = 800  # requests within requests
_SHALLOW = 20
_FRAMES = 20  # of Python's that one of them takes: they are not the callers' to pay for


class Surroundings(Protocol):
    """What goes along with messages, and what is done with what came along (see `surroundings`)."""

    def add(self, message: dict[str, Any]) -> None: ...

    def hear(self, message: dict[str, Any]) -> None: ...

    def after(self, message: dict[str, Any], decode: Callable[[Any], Any]) -> None:
        """What can be done only when the message is understood."""


class Peer:
    """leads: the judge. shared: modules that both sides have as the same files. permit(operation, args) raises
    `Refused`; None where everything is allowed, which is the candidate's side."""

    def __init__(
        self,
        stream: Stream,
        surroundings: Surroundings,
        *,
        leads: bool,
        shared: frozenset[str],
        permit: Callable[[str, list[Any]], None] | None,
        standins: Callable[..., Standins],
        function_named: Callable[[str, str], Any],
    ) -> None:
        self.stream = stream
        self.surroundings = surroundings
        self.operations: dict[str, Callable[..., Any]] = {}
        self.values = Values(0 if leads else 1, shared, self._tell, self._hear)
        self.described = Described(self.values.encode, names_functions=leads)
        self.standins = standins(self.request, self.values.decode)
        self.asked = 0
        self._leads = leads
        self._permit = permit
        self._function_named = function_named
        self._turn = threading.RLock()  # the judge's threads speak one after the other
        self._local = threading.local()
        self._tokens = itertools.count(1)
        self._inbox: defaultdict[int, deque[dict[str, Any]]] = defaultdict(deque)
        self._early: defaultdict[int, deque[dict[str, Any]]] = defaultdict(deque)
        self._awaited: Counter[int] = Counter()
        self._arrived = threading.Condition()
        self._reading = False
        self._depth = 0
        self._unlinked = False
        self._main = threading.get_ident()

    @property
    def is_asking(self) -> bool:
        return self._depth > 0

    # --- asking

    def request(self, operation: str, /, *args: Any, **kwargs: Any) -> Any:
        """The answer of the other side. Raises what it raised, `Ended`, and `TooLarge` for what can't be told."""
        if not self._leads:
            return self._request(operation, args, kwargs)
        with self._turn:
            return self._request(operation, args, kwargs)

    def _request(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        __tracebackhide__ = True
        if self.stream.ended is not None:
            # One exception for all questions: its traceback would grow, and pytest's reports of it with every test.
            raise self.stream.ended.with_traceback(None)
        if self._depth >= _DEEPEST:
            raise RecursionError("calls between test and candidate nest too deeply")
        self.asked += 1
        token = self._token()
        self._depth += 1
        try:
            self._send_request({"q": operation, "c": token}, args, kwargs)
            answer = self._wait(token)
            failed, value = self._understood(answer)
        finally:
            self._depth -= 1
        if failed:
            raise value
        return value

    def _send_request(self, message: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        encode = self.values.encode
        try:
            message["a"] = [encode(each) for each in args]
            if kwargs:
                message["w"] = {name: encode(value) for name, value in kwargs.items()}
            self._send(message)
        except TooLarge:
            self._unlink()
            raise

    def rest(self) -> None:
        """Between two tests: so many shared containers that they cost more than they are worth are parted."""
        if self.values.links.forget_many():
            self._unlink()

    def _unlink(self) -> None:
        """Both sides give up all links: the next message says so."""
        self.values.links.forget()
        self._unlinked = True

    def _understood(self, message: dict[str, Any]) -> tuple[bool, Any]:
        try:
            failed = "e" in message
            value = self.values.decode(message["e"] if failed else message["r"])
            if failed and not isinstance(value, BaseException):
                raise Malformed("raised something that is no exception")
            self._settle(message)
        except (Malformed, KeyError, TypeError) as error:
            raise self._broken(error) from None
        return failed, value

    def _settle(self, message: dict[str, Any]) -> None:
        """Its values are understood: now let go of what its sender let go of, which they may still have named."""
        self.values.links.let_go(message)
        for number, times in message.get("x", ()):
            self.described.release(number, times)
        self.surroundings.after(message, self.values.decode)

    def _broken(self, error: Exception) -> Ended:
        return self.stream.end("bad_reply", f"it sent what is no answer ({error})"[:300])

    # --- serving

    def serve(self) -> None:
        """Answer requests until the other side is gone, which raises `Ended`."""
        while True:
            self._answer(self._next(0))

    def _answer(self, message: dict[str, Any]) -> None:
        token = message["c"]
        before = getattr(self._local, "token", None)
        self._local.token = token
        self._depth += 1
        limit = getrecursionlimit()
        more = _FRAMES if self._depth > _SHALLOW else 0
        if more:
            setrecursionlimit(limit + more)
        try:
            holder, failed = self._performed(message)
            reply: dict[str, Any] = {"c": token}
            try:
                self._reply(reply, holder, failed)
            except (TooLarge, RecursionError) as error:
                self._unlink()
                told = ValueError(f"the answer can't be handed over: {error}")
                self._reply({"c": token}, [told], True)
        finally:
            if more and getrecursionlimit() == limit + more:  # else somebody else has set it
                setrecursionlimit(limit)
            self._depth -= 1
            self._local.token = before

    def _performed(self, message: dict[str, Any]) -> tuple[list[Any], bool]:
        try:
            args = [self.values.decode(each) for each in message["a"]]
            kwargs = {str(name): self.values.decode(value) for name, value in message.get("w", {}).items()}
            self._settle(message)
            operation = message["q"]
            perform = self.operations[operation]
        except (Malformed, KeyError, TypeError, AttributeError) as error:
            raise self._broken(error) from None
        try:
            if self._permit is not None:
                self._permit(operation, args)
            return [perform(*args, **kwargs)], False
        except (Ended, TimeUp):
            raise
        except BaseException as error:  # the boundary: what code raises here belongs to the other side
            return [error], True

    def _reply(self, reply: dict[str, Any], holder: list[Any], failed: bool) -> None:
        value = holder.pop()
        try:
            reply["e" if failed else "r"] = self.values.encode(value)
        except (TooLarge, RecursionError):
            if not failed:
                raise
            reply["e"] = self.values.encode(RuntimeError(f"{type(value).__name__}, which can't be told"))
        del value  # links tell by reference counts who still holds what
        self._send(reply)

    # --- messages

    def _send(self, message: dict[str, Any]) -> None:
        links, classes, released = self.values.links, self.described.classes, self.standins.released
        if self._unlinked:
            message["f"], self._unlinked = True, False
        links.report(message)
        if classes:
            message["k"] = classes[:]
            classes.clear()
        if released:
            message["x"] = released[:]
            del released[: len(message["x"])]
        self.surroundings.add(message)
        try:
            self.stream.send(json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        except TooLarge:
            classes[:0] = message.get("k", ())
            released += message.get("x", ())
            raise

    def _wait(self, token: int) -> dict[str, Any]:
        self._awaited[token] += 1
        try:
            while True:
                message = self._early[token].popleft() if self._early[token] else self._next(token)
                if "q" in message:
                    self._answer(message)
                elif message["c"] == token:
                    return message
                elif self._awaited[message["c"]]:  # another thread of the candidate's was asked before
                    self._early[message["c"]].append(message)
                else:
                    raise self._broken(Malformed("an answer to no question"))
        finally:
            self._awaited[token] -= 1

    def _token(self) -> int:
        token = getattr(self._local, "token", None)
        if token is None:
            token = 0 if self._leads or threading.get_ident() == self._main else next(self._tokens)
            if not self._leads:
                self._local.token = token
        return token

    def _next(self, token: int) -> dict[str, Any]:
        """The next message of one strand of the conversation: each thread of the candidate's that asks has its own."""
        if self._leads:
            return self._read()
        while True:
            with self._arrived:
                while not self._inbox[token] and self._reading:
                    self._arrived.wait()
                if self._inbox[token]:
                    return self._inbox[token].popleft()
                self._reading = True
            try:
                message = self._read()
            finally:
                with self._arrived:
                    self._reading = False
                    self._arrived.notify_all()
            if message["c"] == token:
                return message
            with self._arrived:
                self._inbox[message["c"]].append(message)

    def _read(self) -> dict[str, Any]:
        payload = self.stream.receive()
        try:
            message = json.loads(payload.decode("utf-8", "surrogatepass"))
            if type(message) is not dict or type(message.get("c")) is not int:
                raise Malformed("no message")
            if message.get("f") is True:
                self.values.links.forget()
            self.surroundings.hear(message)
            self.values.links.hear(message, lambda: self.standins.describe(message.get("k", [])))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, Malformed) as error:
            raise self._broken(error) from None
        return message

    # --- values that are no plain ones

    def _tell(self, value: Any) -> Any:
        handle = self.standins.handle_of(value)
        return ["R", handle.number] if handle is not None else self.described.tell(value)

    def _hear(self, tag: str, told: list[Any]) -> Any:
        if tag == "R":
            return self.described.own(told[1])
        if tag == "g":
            return self._function_named(str(told[1]), str(told[2]))
        return self.standins.hear(tag, told)
