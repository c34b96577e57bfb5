"""Reads dashboards with Grafana's Foundation SDK, writes them again, and says what was lost or is of the wrong kind.

The SDK's classes are generated from the schema that Grafana itself is built with. They ignore names that they do not know and trust what
they are given, so both are checked here: every name must survive the round trip, and every value must be what its class says.
"""

import enum
import json
import sys
import types
import typing

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as schema

register_default_plugins()


def lost(before, after, place):
    """Names and values that did not survive."""
    if isinstance(before, dict):
        if not isinstance(after, dict):
            return [f"{place}: {before!r} became {after!r}"]
        found = []
        for name, value in before.items():
            if name not in after:
                # null stands for absent.
                if value is not None:
                    found.append(f"{place}.{name} is no field of Grafana's schema")
            else:
                found += lost(value, after[name], f"{place}.{name}")
        return found
    if isinstance(before, list):
        if not isinstance(after, list) or len(before) != len(after):
            return [f"{place}: {before!r} became {after!r}"]
        return [problem for index, pair in enumerate(zip(before, after)) for problem in lost(*pair, f"{place}[{index}]")]
    return [] if before == after else [f"{place}: {before!r} became {after!r}"]


def wrong(value, hint, place):
    """Values that are not what their class says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (typing.Any, object):
        return []
    if origin in (typing.Union, types.UnionType):
        if value is not None:
            arguments = [argument for argument in arguments if argument is not type(None)]
        # A panel is judged as the panel that it is, not as the row that it is not.
        exact = [argument for argument in arguments if isinstance(argument, type) and type(value) is argument]
        problems = [wrong(value, argument, place) for argument in exact or arguments]
        return min(problems, key=len)
    if hint is type(None):
        return [] if value is None else [f"{place}: {value!r} where nothing is expected"]
    if origin is typing.Literal:
        return [] if value in arguments else [f"{place}: {value!r}; expected one of {arguments}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{place}: {value!r}; expected a list"]
        return [problem for index, item in enumerate(value) for problem in wrong(item, arguments[0], f"{place}[{index}]")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{place}: {value!r}; expected an object"]
        return [problem for name, item in value.items() for problem in wrong(item, arguments[1], f"{place}.{name}")]
    if not isinstance(hint, type):
        return []
    if issubclass(hint, enum.Enum):
        plain = value.value if isinstance(value, enum.Enum) else value
        return [] if plain in [one.value for one in hint] else [f"{place}: {plain!r} is none of {[one.value for one in hint]}"]
    if hint is float:
        return [] if isinstance(value, (int, float)) and not isinstance(value, bool) else [f"{place}: {value!r}; expected a number"]
    if hint in (int, str, bool):
        return [] if type(value) is hint else [f"{place}: {value!r}; expected {hint.__name__}"]
    if not isinstance(value, hint):
        # What a plugin defines is known by its protocol only.
        plugin = hint.__module__.endswith("variants")
        return [] if plugin and (hasattr(value, "to_json") or isinstance(value, dict)) else [f"{place}: {value!r}; expected {hint.__name__}"]
    return inside(value, place)


def inside(value, place):
    """The fields of an object of the SDK, and those of the objects within."""
    hints = typing.get_type_hints(type(value), vars(sys.modules[type(value).__module__]))
    found = []
    for name, hint in hints.items():
        found += wrong(getattr(value, name), hint, f"{place}.{name}")
    return found


def plugins(value, place):
    """Options, custom fields and targets are of a plugin's class, which no hint names."""
    found = []
    for index, panel in enumerate(value.panels or []):
        at = f"{place}.panels[{index}]"
        for name, held in [("options", getattr(panel, "options", None))]:
            if held is not None and hasattr(held, "to_json"):
                found += inside(held, f"{at}.{name}")
        for number, target in enumerate(getattr(panel, "targets", None) or []):
            found += inside(target, f"{at}.targets[{number}]")
    return found


def main():
    problems, panels = [], 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            before = json.load(file)
        read = schema.Dashboard.from_json(before)
        after = json.loads(JSONEncoder(sort_keys=True).encode(read))
        problems += lost(before, after, path) + inside(read, path) + plugins(read, path)
        panels += len(before["panels"])
    print(json.dumps({"dashboards": len(sys.argv) - 1, "panels": panels, "problems": problems}))


main()
