"""The parts of SARIF 2.1.0 that we write, as a JSON Schema: all that the standard asks of them, and no more.

The schema of OASIS itself is asked too where `tests/install-servers` has put it; this one stands in for it where not.
Source: OASIS SARIF 2.1.0 with Errata 01, sections 3.11 (message) to 3.51 (reportingDescriptor).
"""

from typing import Any, Final


def _object(required: tuple[str, ...], **properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _array(items: object, **more: object) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


_TEXT: Final = {"type": "string", "minLength": 1}
_MESSAGE: Final = _object(("text",), text={"type": "string"})
_COUNTED: Final = {"type": "integer", "minimum": 1}
_REGION: Final = _object(
    ("startLine", "startColumn", "endLine", "endColumn"),
    startLine=_COUNTED,
    startColumn=_COUNTED,
    endLine=_COUNTED,
    endColumn=_COUNTED,
    snippet=_MESSAGE,
)
_PHYSICAL: Final = _object(
    ("artifactLocation",),
    artifactLocation=_object(("uri",), uri={"type": "string", "pattern": "^[A-Za-z0-9/%._~-]*$"}),
    region=_REGION,
)
_RESULT: Final = _object(
    ("ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"),
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["error", "warning", "note"]},
    message=_MESSAGE,
    locations=_array(_object(("physicalLocation",), physicalLocation=_PHYSICAL), minItems=1, maxItems=1),
    relatedLocations=_array(
        _object(("id", "physicalLocation", "message"), id=_COUNTED, physicalLocation=_PHYSICAL, message=_MESSAGE),
        minItems=1,
        uniqueItems=True,
    ),
    suppressions=_array(
        _object(
            ("kind", "justification", "location"),
            kind={"const": "inSource"},
            justification=_TEXT,
            location=_object(("physicalLocation",), physicalLocation=_PHYSICAL),
        ),
        uniqueItems=True,
    ),
    partialFingerprints=_object(
        ("primaryLocationLineHash",), primaryLocationLineHash={"type": "string", "pattern": "^[0-9a-f]{32}:1$"}
    ),
)
_RULE: Final = _object(("id",), id=_TEXT, shortDescription=_MESSAGE, help=_MESSAGE)
_LANGUAGE: Final = {"enum": ["en", "it"]}
_DRIVER: Final = _object(
    ("name", "informationUri", "language", "rules"),
    name=_TEXT,
    semanticVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
    informationUri={"type": "string", "pattern": "^https://"},
    language=_LANGUAGE,
    rules=_array(_RULE, uniqueItems=True),
)

OUR_PART_OF_SARIF: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ("$schema", "version", "runs"),
        **{
            "$schema": {"type": "string", "pattern": "/sarif-schema-2.1.0.json$"},
            "version": {"const": "2.1.0"},
            "runs": _array(
                _object(
                    ("tool", "language", "columnKind", "results"),
                    tool=_object(("driver",), driver=_DRIVER),
                    language=_LANGUAGE,
                    columnKind={"const": "unicodeCodePoints"},
                    results=_array(_RESULT),
                ),
                minItems=1,
                maxItems=1,
            ),
        },
    ),
}
