"""Values as JSON, between a judge and a program in two sandboxes.

Nothing that is decoded runs code of the other side: a value is of one of the types below, exactly, or an object that
stays where it is and is known here by a number only.
"""
import base64
import math

SEQUENCES = {kind.__name__: kind for kind in (list, tuple, set, frozenset)}


def encode(value, number_of):
    """`number_of(object)` names what has to stay here, or raises TypeError."""
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        return value if abs(value) < 2**53 else ['int', hex(value)]
    if kind is float:
        return value if math.isfinite(value) else ['float', repr(value)]
    if kind in SEQUENCES.values():
        return [kind.__name__, [encode(item, number_of) for item in value]]
    if kind is dict:
        return ['dict', [[encode(key, number_of), encode(item, number_of)] for key, item in value.items()]]
    if kind is bytes:
        return ['bytes', base64.b64encode(value).decode()]
    if kind is complex:
        return ['complex', repr(value)]
    return ['object', number_of(value)]


def decode(value, object_of):
    """`object_of(number)` is what has stayed there. Raises ValueError, TypeError or LookupError for anything else."""
    if value is None or type(value) in (bool, str, int, float):
        return value
    if type(value) is not list:
        raise ValueError('not a value')
    tag, content = value
    if tag in SEQUENCES:
        return SEQUENCES[tag](decode(item, object_of) for item in content)
    if tag == 'dict':
        return {decode(key, object_of): decode(item, object_of) for key, item in content}
    if tag == 'int':
        return int(content, 16)
    if tag == 'float':
        return float(content)
    if tag == 'bytes':
        return base64.b64decode(content, validate=True)
    if tag == 'complex':
        return complex(content)
    if tag == 'object' and type(content) is int:
        return object_of(content)
    raise ValueError(f'unknown kind of value {tag!r}')
