"""The words of the page that judges files, in each language of its findings."""

from collections.abc import Mapping
from typing import Final

DEFAULT_LANGUAGE: Final = "en"

_ENGLISH: Final[Mapping[str, str]] = {
    "this_language": "English",
    "skip": "Skip to the content",
    "main": "Main",
    "clusters": "Clusters",
    "queries": "Queries",
    "ontology": "Ontology",
    "graphs": "Graphs",
    "check_files": "Check",
    "dataset": "Dataset",
    "digest": "digest",
    "under": "under",
    "description": "API description",
    "errors": "What errors mean",
    "limits": "Limits",
    "title": "Check a file",
    "lead": "Paste a file, or drop several, and see what is wrong before you propose them. "
    "They are judged beside everything that is published here; nothing is kept.",
    "path": "Path",
    "path_help": "where it stands in the repository; empty: guessed from its content",
    "text": "Text",
    "drop": "Files, .ttl or .sssom.tsv",
    "drop_help": "or drop them anywhere on this page",
    "language": "Language of the findings",
    "check": "Check",
    "shortcut": "Ctrl + Enter checks, too.",
    "findings": "Findings",
    "none": "No findings.",
    "none_whole": "Every house rule and every shape was applied.",
    "not_whole": "The shapes were not applied yet: a file cannot be read, or has nameless things. Mend that first.",
    "violation": "violation",
    "warning": "warning",
    "info": "remark",
    "line": "line",
    "column": "column",
    "elsewhere": "in a file that you did not send",
    "report": "Save the report as",
    "cut": "All of this file was checked, but it is too long to be shown whole or sent again from here: "
    "change it where you have it, and choose it again.",
    "only_first": "Only the first are shown:",
    "of": "of",
    "coverage_files": "Files sent",
    "coverage_triples": "triples",
    "coverage_context": "files beside them",
}

_ITALIAN: Final[Mapping[str, str]] = {
    "this_language": "Italiano",
    "skip": "Vai al contenuto",
    "main": "Principale",
    "clusters": "Cluster",
    "queries": "Interrogazioni",
    "ontology": "Ontologia",
    "graphs": "Grafi",
    "check_files": "Controllo",
    "dataset": "Dataset",
    "digest": "impronta",
    "under": "con licenza",
    "description": "Descrizione dell'API",
    "errors": "Che cosa significano gli errori",
    "limits": "Limiti",
    "title": "Controlla un file",
    "lead": "Incollare un file, o trascinarne qui diversi, e vedere che cosa non va prima di proporli. "
    "Sono giudicati accanto a tutto ciò che è pubblicato qui; nulla viene conservato.",
    "path": "Percorso",
    "path_help": "dove sta nel repository; vuoto: dedotto dal contenuto",
    "text": "Testo",
    "drop": "File .ttl o .sssom.tsv",
    "drop_help": "o trascinarli in un punto qualsiasi di questa pagina",
    "language": "Lingua dei rilievi",
    "check": "Controlla",
    "shortcut": "Anche con Ctrl + Invio.",
    "findings": "Rilievi",
    "none": "Nessun rilievo.",
    "none_whole": "Sono state applicate tutte le regole e tutte le forme.",
    "not_whole": "Le forme non sono ancora state applicate: un file non si legge, o ha cose senza nome. "
    "Prima va corretto questo.",
    "violation": "violazione",
    "warning": "avviso",
    "info": "nota",
    "line": "riga",
    "column": "colonna",
    "elsewhere": "in un file non inviato",
    "report": "Salva il rapporto come",
    "cut": "Questo file è stato controllato per intero, ma è troppo lungo per essere mostrato tutto o rinviato da qui: "
    "va modificato dove si trova e scelto di nuovo.",
    "only_first": "Solo i primi:",
    "of": "di",
    "coverage_files": "File inviati",
    "coverage_triples": "triple",
    "coverage_context": "file accanto",
}

WORDS: Final[Mapping[str, Mapping[str, str]]] = {"en": _ENGLISH, "it": _ITALIAN}
"""Each language by its code; the same words in each."""

_WAIT: Final = "riprovare fra poco"
TROUBLE: Final[Mapping[str, tuple[str, str]]] = {
    "bad-request": ("Questa richiesta non si può leggere", "il corpo non è quello che dicono le intestazioni"),
    "too-slow": ("La richiesta ha impiegato troppo ad arrivare", "inviarla più in fretta"),
    "too-large": ("La richiesta è troppo grande", "inviarla in più parti"),
    "unsupported-media-type": (
        "La richiesta ha una forma che qui non si legge",
        "usare il modulo di questa pagina, o inviare il testo come text/turtle in UTF-8, non compresso",
    ),
    "parameter-unsuitable": ("Un valore non va bene", "correggere il valore e inviare di nuovo"),
    "not-acceptable": ("Qui non c'è un tale formato", "chiedere uno dei formati offerti: json, sarif, turtle, html"),
    "validation-timed-out": (
        "Il controllo ha impiegato troppo",
        "inviare meno file alla volta, o eseguire «clustergraph check» in un clone del repository",
    ),
    "validation-aborted": (
        "Il controllo ha chiesto troppo",
        "inviare meno file alla volta, o eseguire «clustergraph check» in un clone del repository",
    ),
    "over-budget": ("Per ora la vostra parte è esaurita", _WAIT),
    "busy": ("Il server è occupato", _WAIT),
    "dataset-unusable": ("Il dataset non si può leggere", "riprovare fra un minuto"),
}
"""What the page says in Italian of trouble: its title, and a sentence where trouble brings none; by its name."""
OTHER_TROUBLE: Final = ("Qualcosa è andato storto da parte nostra", _WAIT)
