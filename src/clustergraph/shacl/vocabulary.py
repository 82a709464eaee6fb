"""The terms of SHACL that the engine reads, and which of them we do not evaluate.

Source: SHACL 1.0 (W3C Recommendation of 20 July 2017).
"""

from typing import Final

from clustergraph.reading.parsed import RDF, XSD, Literal

SH: Final = "http://www.w3.org/ns/shacl#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"

SUBCLASS: Final = f"{RDFS}subClassOf"
CLASSES: Final = (f"{RDFS}Class", f"{OWL}Class")
SHAPE_CLASSES: Final = (f"{SH}NodeShape", f"{SH}PropertyShape", f"{SH}Shape")
IMPORTS: Final = f"{OWL}imports"
LIST: Final = f"{RDF}List"

VIOLATION: Final = f"{SH}Violation"
WARNING: Final = f"{SH}Warning"
INFO: Final = f"{SH}Info"

TRUE: Final = (Literal("true", f"{XSD}boolean"), Literal("1", f"{XSD}boolean"))
FALSE: Final = (Literal("false", f"{XSD}boolean"), Literal("0", f"{XSD}boolean"))

TARGETS: Final = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
PATHS: Final = ("inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")
NOT_EVALUATED: Final = ("js", "target", "rule", "expression", "values", "entailment", "validatorFor")
"""Of SHACL Advanced Features, of SHACL JavaScript, and entailment: never passed over in silence."""

SINGLE: Final = (
    *("path", "severity", "deactivated", "datatype", "nodeKind", "minCount", "maxCount", "minExclusive"),
    *("minInclusive", "maxExclusive", "maxInclusive", "minLength", "maxLength", "flags", "languageIn", "uniqueLang"),
    *("qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint"),
    *("closed", "ignoredProperties", "in", "select", "ask", "optional", "prefix", "namespace"),
    *("nodeValidator", "propertyValidator"),
)
"""Of which a thing has one value at most."""


def sh(name: str) -> str:
    """A term of SHACL.

    >>> sh("path")
    'http://www.w3.org/ns/shacl#path'
    """
    return SH + name


def component(name: str) -> str:
    """The IRI of a constraint component.

    >>> component("MinCount")
    'http://www.w3.org/ns/shacl#MinCountConstraintComponent'
    """
    return f"{SH}{name}ConstraintComponent"


_PARAMETERS: Final = (
    *("class", "datatype", "nodeKind", "minCount", "maxCount", "minExclusive", "minInclusive", "maxExclusive"),
    *("maxInclusive", "minLength", "maxLength", "pattern", "flags", "languageIn", "uniqueLang", "equals", "disjoint"),
    *("lessThan", "lessThanOrEquals", "not", "and", "or", "xone", "node", "property", "qualifiedValueShape"),
    *("qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint", "closed", "ignoredProperties"),
    *("hasValue", "in", "sparql"),
)
_ABOUT_SHAPES: Final = (
    *("path", "severity", "message", "deactivated", "name", "description", "order", "group", "defaultValue"),
    *("shapesGraph", "suggestedShapesGraph", "entailment"),
)
_OF_QUERIES: Final = (
    *("select", "ask", "construct", "update", "prefixes", "declare", "prefix", "namespace", "labelTemplate"),
    *("parameter", "optional", "nodeValidator", "propertyValidator", "validator", "resultAnnotation"),
    *("annotationProperty", "annotationValue", "annotationVarName", "returnType"),
)
_OF_REPORTS: Final = (
    *("conforms", "result", "shapesGraphWellFormed", "detail", "focusNode", "resultMessage", "resultPath"),
    *("resultSeverity", "sourceConstraint", "sourceConstraintComponent", "sourceShape", "value"),
)
_OF_EXTENSIONS: Final = (
    *("subject", "predicate", "object", "condition", "nodes", "intersection", "union", "filterShape"),
    *("jsFunctionName", "jsLibrary", "jsLibraryURL"),
)
"""What leads to them is not evaluated, and told."""

TERMS: Final = frozenset(
    sh(name)
    for name in (
        *(*_PARAMETERS, *_ABOUT_SHAPES, *TARGETS, *PATHS),
        *(*NOT_EVALUATED, *_OF_QUERIES, *_OF_REPORTS, *_OF_EXTENSIONS),
    )
)
"""Every property of SHACL."""

SEVERITIES: Final = frozenset((VIOLATION, WARNING, INFO))
UNEVALUATED_CLASSES: Final = frozenset(map(sh, ("Function", "SPARQLFunction", "JSFunction")))
"""What queries would call: nothing but their class says that they are there."""
KNOWN_CLASSES: Final = frozenset(
    sh(name)
    for name in (
        *("Shape", "NodeShape", "PropertyShape", "PropertyGroup", "Severity", "NodeKind", "ValidationReport"),
        *("ValidationResult", "AbstractResult", "ResultAnnotation", "ConstraintComponent", "Parameter"),
        *("Parameterizable", "PrefixDeclaration", "Validator", "SPARQLExecutable", "SPARQLAskExecutable"),
        *("SPARQLSelectExecutable", "SPARQLConstructExecutable", "SPARQLUpdateExecutable", "SPARQLAskValidator"),
        *(
            "SPARQLSelectValidator",
            "SPARQLConstraint",
            "SPARQLFunction",
            "Function",
            "Rule",
            "SPARQLRule",
            "TripleRule",
        ),
        *("Target", "TargetType", "SPARQLTarget", "SPARQLTargetType", "JSConstraint", "JSExecutable", "JSFunction"),
        *("JSLibrary", "JSRule", "JSTarget", "JSTargetType", "JSValidator"),
    )
)
"""Every class of SHACL."""
