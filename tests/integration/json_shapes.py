"""The shapes of `ringfence ... --json` as services/cli/ringfence-json.schema.json has them, held strictly: a member
that the file does not name is a mistake here, while programs skip it."""

import functools
import json

import jsonschema

from harness import SOURCE

FILE = SOURCE / "services/cli/ringfence-json.schema.json"
LINES = SOURCE / "services/logger/app_logs.schema.json"


def merged(schema, whole):
    """The schema with the parts of each allOf put into one, so that it can be closed."""
    if isinstance(schema, list):
        return [merged(item, whole) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" not in schema:
        return {key: merged(value, whole) for key, value in schema.items()}
    one = {"type": "object", "required": [], "properties": {}}
    for part in schema["allOf"]:
        if "$ref" in part:
            part = functools.reduce(dict.__getitem__, part["$ref"].removeprefix("#/").split("/"), whole)
        part = merged(part, whole)
        one["required"] += part.get("required", [])
        one["properties"] |= part["properties"]
    return one


def closed(schema):
    """The schema with nothing beyond what it names."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        strict.setdefault("additionalProperties", False)
    return strict


@functools.cache
def definitions():
    schema = json.loads(FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def commands():
    """The words of the commands that have a definition."""
    return [one["title"].removeprefix("ringfence ") for one in definitions()["$defs"].values() if "title" in one]


@functools.cache
def validator(name):
    schema, lines = closed(definitions()), json.loads(LINES.read_text())
    resolver = jsonschema.RefResolver(schema["$id"], schema, store={lines["$id"]: lines})
    return jsonschema.Draft202012Validator({"$ref": f"{schema['$id']}#/$defs/{name}"}, resolver=resolver)


def problems(words, value):
    """What is wrong with a value that the command with these words told."""
    found = []
    for error in validator(words.replace(" ", "-")).iter_errors(value):
        deepest = jsonschema.exceptions.best_match([error])
        found.append(f"{words}: {deepest.json_path}: {deepest.message[:300]}")
    return found
