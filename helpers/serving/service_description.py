"""What the interactive pages (`/docs`) and `/openapi.json` say of the service, from the schema."""

from __future__ import annotations

from ..pipeline.wanted import MOST_REASONS
from .asked import JSON, VERSION
from .model_bundle import Bundle
from .prediction_service import PREDICT, Service
from .refusals import REFUSALS
from .request_body import ENDINGS

SERVERS = [{"url": "/"}, {"url": VERSION}]  # every address stands below both


def describe(app, service: Service) -> None:
    """Put `/predict`, and the API key where one is used, into the description of the service."""
    rest = app.openapi

    def whole() -> dict:
        if app.openapi_schema is None:
            app.openapi_schema = _with_predict(rest(), service)
        return app.openapi_schema

    app.openapi = whole


def _with_predict(description: dict, service: Service) -> dict:
    """What FastAPI says of the other addresses, and `/predict`, which goes past it."""
    predict = {PREDICT: {"post": _described(service.now.bundle)}}
    whole = description | {"paths": predict | description["paths"], "servers": SERVERS}
    if service.key:
        scheme = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        whole.setdefault("components", {})["securitySchemes"] = {"key": scheme}
        whole["security"] = [{"key": []}]
    return whole


_OUTCOME = {
    "type": "object",
    "required": ["outcome"],
    "anyOf": [{"required": ["id"]}, {"required": ["client_key"]}],
    "properties": {
        "id": {"type": "string"},
        "client_key": {"type": ["string", "integer"]},
        "outcome": {"type": ["string", "number", "boolean"]},
    },
}


def outcomes(bundle: Bundle) -> dict:
    """What the pages say of `/feedback`: the example is an outcome that the model knows."""
    schema = {"oneOf": [_OUTCOME, {"type": "array", "items": _OUTCOME}]}
    example = {"id": "the id of a prediction", "outcome": bundle.outcomes.example}
    content = {JSON: {"schema": schema, "example": example}}
    said = f"The outcome is {bundle.outcomes.expected}."
    return {"requestBody": {"required": True, "description": said, "content": content}}


_JSON_TYPES = {"number": ["number", "string", "null"], "boolean": ["boolean", "string", "null"]}


def _described(bundle: Bundle) -> dict:
    """What the interactive pages (`/docs`) say of a row and an answer, made from the schema."""
    return {
        "tags": ["predictions"],
        "summary": f"Predict {bundle.task.target} from raw rows, as the source has them",
        "parameters": _options(bundle),
        "requestBody": {"required": True, "content": _content_of_request(bundle)},
        "responses": _responses(bundle),
    }


def _content_of_request(bundle: Bundle) -> dict:
    """By content type what a request may hold."""
    row = _row_schema(bundle)
    example = {name: _typical(one) for name, one in bundle.fields.items()}
    either = {"oneOf": [row, {"type": "array", "items": row, "minItems": 1}]}
    file = {"schema": {"type": "string", "format": "binary"}}
    return {JSON: {"schema": either, "example": example}, **dict.fromkeys(ENDINGS, file)}


def _responses(bundle: Bundle) -> dict:
    """By status what comes back: answers, or a refusal."""
    answer = _answer_schema(bundle)
    answers = {"oneOf": [answer, {"type": "array", "items": answer}]}
    found = {"200": ("Answers", answers)}
    for status in sorted({status for status, _ in REFUSALS.values()} - {404, 409}):
        codes = {code: why for code, (own, why) in REFUSALS.items() if own == status}
        found[str(status)] = ("; ".join(codes.values()), _refusal_schema(list(codes)))
    return {code: {"description": why, "content": {JSON: {"schema": schema}}}
            for code, (why, schema) in found.items()}  # fmt: skip


def _refusal_schema(codes: list[str]) -> dict:
    """A refusal as JSON schema."""
    return {
        "type": "object", "title": "Refusal", "required": ["code", "detail"],
        "properties": {
            "code": {"type": "string", "enum": codes}, "detail": {"type": "string"},
            "row": {"type": ["integer", "null"]}, "field": {"type": ["string", "null"]},
            "request_id": {"type": "string"},
        },
    }  # fmt: skip


def _row_schema(bundle: Bundle) -> dict:
    """A row as JSON schema: its fields, an example of each, its range in training."""
    fields = {}
    for name, one in bundle.fields.items():
        fields[name] = {"type": _JSON_TYPES.get(one["kind"], ["string", "number", "null"])}
        fields[name]["examples"] = [_typical(one)]
        if "range" in one:
            fields[name]["description"] = "{:g} to {:g} in training".format(*one["range"])
    required = [name for name, one in bundle.fields.items() if one["missing"] == 0]
    return {"type": "object", "title": "Row", "required": required, "properties": fields}


def _typical(field: dict):
    """A value that a field may have, out of no row of the training data."""
    if "range" in field:
        low, high = field["range"]
        return round((low + high) / 2) if high - low > 4 else round((low + high) / 2, 3)
    likely = {"boolean": True, "date": "2024-01-31", "number": 1}
    return likely.get(field["kind"], next(iter(field.get("levels", ["text"]))))


def _answer_schema(bundle: Bundle) -> dict:
    """An answer as JSON schema."""
    text, prediction = {"type": "string"}, "number" if bundle.task.is_regression else "string"
    probability = {c: {"type": "number"} for c in bundle.task.classes}
    return {
        "type": "object", "title": "Answer",
        "required": ["id", "model", "prediction", "warnings"],
        "properties": {
            "id": text, "model": text,
            "prediction": {"type": prediction},
            "probability": {"type": "object", "properties": probability},
            "warnings": {"type": "array", "items": text},
            "logged": {"type": "boolean"}, "fallback": text, "client_key": text,
            **_beside_schema(bundle),
        },
    }  # fmt: skip


def _options(bundle: Bundle) -> list[dict]:
    """The options in the address, as parameters."""
    share = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    what = "an interval" if bundle.task.is_regression else "the set of classes"
    found = {
        "interval": (share, 0.9, f"Answer {what} that holds the truth this often"),
        "why": ({"type": "integer", "minimum": 1, "maximum": MOST_REASONS}, 3,
                "Answer so many reasons, the strongest first: what a column adds to the score"),
    }  # fmt: skip
    if not bundle.task.is_regression:
        said = "Answer whether the row had better go to a person, so that of the others at most "
        found["abstain_above"] = share, 0.05, f"{said}this share is wrong"
    return [{"name": name, "in": "query", "required": False, "schema": schema, "example": example,
             "description": said}
            for name, (schema, example, said) in found.items()]  # fmt: skip


def _beside_schema(bundle: Bundle) -> dict:
    """What is answered beside a prediction, where an option asks for it."""
    number, text = {"type": "number"}, {"type": "string"}
    bound = {"type": ["number", "null"]}
    reason = {"column": text, "value": {}, "contribution": number}
    sure = (
        {"interval": _object({"level": number, "low": bound, "high": bound})}
        if bundle.task.is_regression
        else {"set": {"type": "array", "items": text}, "abstain": {"type": "boolean"}}
    )
    return sure | {"why": {"type": "array", "items": _object(reason)}, "base": number,
                   "scale": text}  # fmt: skip


def _object(fields: dict) -> dict:
    return {"type": "object", "required": list(fields), "properties": fields}
