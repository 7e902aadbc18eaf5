"""The description of the API: what it allows, and what of it has been seen."""

import json

import jsonschema_rs

METHODS = ("get", "post", "patch", "delete")

# Never seen, and why that is right.
UNSEEN_VALUES = {
    ("Order.reason", "over_limit"): "takes a million refills of an iceberg in one command",
}


class Description:
    def __init__(self, document):
        self.document = strict(document)
        self.operations = {}
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations[item[method]["operationId"]] = Operation(
                        method.upper(), path, item[method], document)
        self.validators = {}
        self.statuses = set()
        self.fields = set()
        self.values = set()

    def note(self, name, answer):
        """Counts an answer as seen; returns what is wrong with it, or None."""
        operation = self.operations[name]
        described = operation.responses.get(str(answer.status))
        if described is None:
            return f"status {answer.status} is not described: {answer.body[:200]!r}"
        self.statuses.add((name, str(answer.status)))
        described = self.resolve(described)
        for header, rule in described.get("headers", {}).items():
            if answer.header(header) is None:
                return f"status {answer.status} comes without {header}"
        content = described.get("content")
        if content is None:
            return f"a body where none is described: {answer.body[:200]!r}" if answer.body else None
        kind = answer.header("Content-Type")
        if kind not in content:
            return f"the content is {kind!r}"
        if kind != "application/json":
            return None
        schema = content[kind]["schema"]
        try:
            value = json.loads(answer.body)
        except ValueError as error:
            return f"no JSON: {error}"
        problem = next(iter(self.validator(schema).iter_errors(value)), None)
        if problem is not None:
            return f"status {answer.status}, {problem.instance_path}: {problem.message}"
        self.see(schema, value, "")
        return None

    def validator(self, schema):
        key = json.dumps(schema)
        if key not in self.validators:
            whole = {**schema, "components": self.document["components"]}
            self.validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self.validators[key]

    def resolve(self, thing):
        while "$ref" in thing:
            found = self.document
            for part in thing["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            thing = found
        return thing

    def see(self, schema, value, place):
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            resolved = self.resolve(schema)
            place = name if "properties" in resolved else place
            return self.see(resolved, value, place)
        for choice in schema.get("oneOf", []):
            if self.validator(choice).is_valid(value):
                return self.see(choice, value, place)
        if "enum" in schema:
            self.values.add((place, value))
        for name, member in schema.get("properties", {}).items():
            if isinstance(value, dict) and name in value:
                self.fields.add(f"{place}.{name}")
                self.see(member, value[name], f"{place}.{name}")
        if isinstance(value, list):
            for item in value:
                self.see(schema.get("items", {}), item, place)

    # -- What ought to have been seen -----------------------------------------------------------

    def missing_statuses(self):
        wanted = {(name, status) for name, operation in self.operations.items()
                  for status in operation.responses}
        return sorted(wanted - self.statuses)

    def missing_fields(self):
        """Fields and values of answers that never occurred."""
        fields, values = set(), set()
        for operation in self.operations.values():
            for response in operation.responses.values():
                for content in self.resolve(response).get("content", {}).values():
                    self.collect(content["schema"], "", fields, values, set())
        missing = [f"{field} is described and never occurred"
                   for field in sorted(fields - self.fields)]
        for place, value in sorted(values - self.values, key=str):
            if (place, value) not in UNSEEN_VALUES:
                missing.append(f"{place} was never {value!r}")
        return missing

    def collect(self, schema, place, fields, values, seen):
        if "$ref" in schema:
            resolved = self.resolve(schema)
            if "properties" in resolved:
                place = schema["$ref"].rpartition("/")[2]
                if place in seen:
                    return
                seen.add(place)
            return self.collect(resolved, place, fields, values, seen)
        for choice in schema.get("oneOf", []):
            self.collect(choice, place, fields, values, seen)
        for value in schema.get("enum", []):
            values.add((place, value))
        for name, member in schema.get("properties", {}).items():
            fields.add(f"{place}.{name}")
            self.collect(member, f"{place}.{name}", fields, values, seen)
        if "items" in schema:
            self.collect(schema["items"], place, fields, values, seen)


class Operation:
    def __init__(self, method, path, description, document):
        self.method = method
        self.path = path
        self.responses = description["responses"]
        self.has_body = "requestBody" in description
        self.security = [name for choice in description["security"] for name in choice]


def strict(document):
    """The same description, in which an answer may hold nothing that is not described."""
    document = json.loads(json.dumps(document))

    def close(schema):
        if isinstance(schema, dict):
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
            for member in schema.values():
                close(member)
        elif isinstance(schema, list):
            for member in schema:
                close(member)

    close(document["components"]["schemas"])
    return document
