"""numpy's arrays and numbers as values. Nothing here loads numpy before a value needs it."""

from __future__ import annotations

import base64
import sys
from typing import Any

from .faults import Malformed

Told = list[Any]


def is_array(kind: type) -> bool:
    """Plain arrays of plain elements; subclasses and records stay where they are."""
    return kind.__module__ == "numpy" and kind is getattr(sys.modules.get("numpy"), "ndarray", None)


def is_number(kind: type) -> bool:
    generic = getattr(sys.modules.get("numpy"), "generic", None) if kind.__module__ == "numpy" else None
    return generic is not None and issubclass(kind, generic) and kind.__name__ not in ("void", "object_")


def is_dtype(value: Any) -> bool:
    found = getattr(sys.modules.get("numpy"), "dtype", None)
    return found is not None and isinstance(value, found) and _is_plain(value)


def travels(array: Any) -> bool:
    return _is_plain(array.dtype)


def content_of(array: Any) -> Told:
    """Element type, shape and elements."""
    return [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode("ascii")]


def held(array: Any) -> Any:
    return array.dtype.str, array.shape, array.tobytes()


def array_of(content: Told) -> Any:
    """Raises `Malformed`."""
    import numpy

    kind, shape, data = content
    found = numpy.frombuffer(_bytes(data), dtype_named(kind))
    if type(shape) is not list or any(type(each) is not int for each in shape):
        raise Malformed("an array without a shape")
    return found.reshape(shape).copy()


def fill(array: Any, content: Told) -> None:
    """Make `array` what the other side's has become."""
    found = array_of(content)
    if found.shape != array.shape:
        array.resize(found.shape, refcheck=False)
    if found.dtype != array.dtype:
        raise Malformed("an array that changed the kind of its elements")
    array[...] = found


def tell_number(value: Any) -> Told:
    return ["np", value.dtype.str, base64.b64encode(value.tobytes()).decode("ascii")]


def number_of(told: Told) -> Any:
    import numpy

    return numpy.frombuffer(_bytes(told[2]), dtype_named(told[1]), count=1)[0]


def dtype_named(name: Any) -> Any:
    import numpy

    if type(name) is not str:
        raise Malformed("no kind of elements")
    found = numpy.dtype(name)
    if not _is_plain(found):
        raise Malformed("elements that do not travel")
    return found


def _is_plain(dtype: Any) -> bool:
    return not dtype.hasobject and dtype.names is None and dtype.subdtype is None and dtype.kind != "V"


def _bytes(data: Any) -> bytes:
    return base64.b64decode(data, validate=True)
