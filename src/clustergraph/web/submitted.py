"""What may be sent to be judged and what it is answered in, as the route and its description both need it."""

from typing import Any, Final

from clustergraph.findings import LANGUAGES
from clustergraph.formats import HTML, TURTLE, Format
from clustergraph.submissions import FORM_TYPE, JSON_TYPE, MULTIPART_TYPE, TURTLE_TYPES

FINDINGS_JSON: Final = Format("json", "application/json", "json")
SARIF: Final = Format("sarif", "application/sarif+json", "sarif")
OFFERED: Final = (FINDINGS_JSON, SARIF, TURTLE, HTML)
DATA_FORMATS: Final = tuple(one for one in OFFERED if one is not HTML)

_STRING: Final = {"type": "string"}
LANGUAGE: Final = {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}
_FILE: Final = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"path": _STRING, "text": _STRING},
}
_FIELDS: Final = {
    "path": {"type": "array", "items": _STRING, "description": "of the text that follows"},
    "text": {"type": "array", "items": _STRING},
    "language": LANGUAGE,
    "format": {"type": "string", "enum": [one.name for one in OFFERED]},
}
_FILES: Final = {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}}

SUBMISSION_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        **{one: {"schema": _STRING} for one in TURTLE_TYPES},
        JSON_TYPE: {
            "schema": {
                "type": "object",
                "required": ["files"],
                "additionalProperties": False,
                "properties": {"files": {"type": "array", "items": _FILE, "minItems": 1}, "language": LANGUAGE},
            }
        },
        FORM_TYPE: {"schema": {"type": "object", "properties": _FIELDS}},
        MULTIPART_TYPE: {"schema": {"type": "object", "properties": {**_FIELDS, **_FILES}}},
    },
}
