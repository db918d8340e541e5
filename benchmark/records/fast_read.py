"""Records read quickly: the schema of `RunRecord`, converted to msgspec types.

msgspec reads a valid record three times as fast as pydantic, and a leaderboard may have a hundred
thousand. What it refuses is left to pydantic, whose messages are better.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from benchmark.records.record import CaseScore, RunRecord

Names = tuple[str, ...]
KEY = b'":'
PLAIN = (str, int, float, bool, NoneType)


def read_quickly(text: bytes, metrics: Names = ()) -> RunRecord | None:
    """Read a record that has nothing wrong with it.

    Args:
        text: JSON.
        metrics: Those that every case probably has scores of. Where this is right, scores are
            read into a type with a field for each, which is quicker than into a dict.

    Returns:
        What has the attributes and properties of a `RunRecord` and its parts, but not the methods
        that pydantic gives; None where `RunRecord` would refuse the text, or might.
    """
    for guess in dict.fromkeys((metrics, ())):
        try:
            record = cast(RunRecord, _decoder(guess).decode(text))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        return record if _keys_once(text, record) else None
    return None


def _keys_once(text: bytes, record: RunRecord) -> bool:
    """Whether no key comes twice, of which the parser would keep the last: keys are counted.

    The scores are most of a record, and every row has as many keys as the first. In a text that
    another program has written, a key may count as repeated that is not, never the reverse.
    """
    if not record.cases:
        return False
    start, end = text.find(b'"cases":'), text.rfind(b'"scores":')
    frame = text[:start] + b'"cases": [{' + text[end:]
    row = len(CaseScore.model_fields) + len(record.cases[0].scores)
    after_end = len(record.cases[-1].scores) + 1
    expected = 1 + row * len(record.cases) - after_end
    try:
        outside = _keys(msgspec.json.decode(frame))
    except msgspec.DecodeError:
        return False
    return text.count(KEY, start, end) == expected and frame.count(KEY) == outside


def _keys(data: Any) -> int:
    """How many keys plain data have, at any depth."""
    if isinstance(data, dict):
        return len(data) + sum(map(_keys, data.values()))
    return sum(map(_keys, data)) if isinstance(data, list) else 0


@lru_cache(maxsize=64)
def _decoder(metrics: Names) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_struct(RunRecord, metrics))


@lru_cache(maxsize=2048)
def _struct(model: type[BaseModel], metrics: Names) -> Any:
    """A model as a frozen type that refuses unknown fields, with the model's properties.

    With `metrics`, a case has its scores in `values`, and makes its property `scores` of them.
    """
    fields = []
    members = {name: member for name, member in vars(model).items() if isinstance(member, property)}
    for name, field in model.model_fields.items():
        kind = _bounded(_type(field.annotation, metrics), field.metadata)
        default = msgspec.NODEFAULT if field.is_required() else field.default
        if metrics and (model, name) == (CaseScore, "scores"):
            name, kind = "values", _frozen("Values", [(metric, float) for metric in metrics])
            members["scores"] = property(lambda case: msgspec.structs.asdict(case.values))
        fields.append((name, kind, default))
    return _frozen(model.__name__, fields, namespace=members, rename={"values": "scores"})


def _frozen(name: str, fields: Sequence[Any], **more: Any) -> Any:
    return msgspec.defstruct(
        name, fields, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True, **more
    )


def _type(kind: Any, metrics: Names) -> Any:
    """A type of a field, with the models in it replaced.

    Raises:
        TypeError: A kind of type that no field of a record had so far.
    """
    if kind in PLAIN or kind is Ellipsis or get_origin(kind) is Literal:
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _struct(kind, metrics)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        fields = [field for field in parts[1:] if isinstance(field, FieldInfo)]
        return _bounded(
            _type(parts[0], metrics),
            [constraint for field in fields for constraint in field.metadata],
        )
    if origin in (Union, UnionType):
        return Union[tuple(_type(part, metrics) for part in parts)]  # noqa: UP007
    if origin in (tuple, dict):
        return origin[tuple(_type(part, metrics) for part in parts)]
    raise TypeError(f"{kind}: extend records/fast_read.py")


def _bounded(kind: Any, constraints: Sequence[Any]) -> Any:
    """A type with the bounds that a field states; both libraries call them the same."""
    bounds = {
        name: value for constraint in constraints for name, value in asdict(constraint).items()
    }
    return Annotated[kind, msgspec.Meta(**bounds)] if bounds else kind
