"""What each code stands for, in one sentence and each language, as docs/rules.md has it."""

import re
from collections.abc import Mapping
from typing import Final

from clustergraph.reading.faults import SENTENCES as OF_TEXT
from clustergraph.shacl.sentences import SENTENCES as OF_RESULTS
from clustergraph.shacl.sentences import SHAPE_FAULTS

_VALUE: Final = re.compile(r"\{\w+\}")

_OURS: Final[dict[str, Mapping[str, str]]] = {
    "T002": {
        "en": "not UTF-8, a NUL character or byte-order mark, longer than 10,000,000 bytes, or more than 6 blank nodes "
        "that are alike",
        "it": "non è UTF-8, un carattere NUL o un BOM, più di 10.000.000 di byte, o più di 6 nodi anonimi che si "
        "somigliano",
    },
    "T003": {
        "en": "a file in a place where no kind of file belongs, a link that leads out of the repository, or what is "
        "not a regular file; of queries too",
        "it": "un file dove non va alcun file, un collegamento che esce dal deposito, o ciò che non è un file "
        "regolare; anche fra le interrogazioni",
    },
    "H001": {
        "en": "A file describes the thing it is named for, and no other.",
        "it": "Un file descrive la cosa di cui porta il nome, e nessun'altra.",
    },
    "H002": {
        "en": "A literal stands in the form that the store keeps, so that what is published is what was curated.",
        "it": "Un letterale ha la forma che l'archivio conserva, così che si pubblichi ciò che è stato curato.",
    },
    "H003": {
        "en": "Everything in data/ has a name, so that it can be linked, corrected and compared between releases.",
        "it": "Ogni cosa in data/ ha un nome, così che la si possa collegare, correggere e confrontare fra versioni.",
    },
    "H004": {
        "en": "Every class and property used is declared in the ontology.",
        "it": "Ogni classe e proprietà usata è dichiarata nell'ontologia.",
    },
    "H005": {
        "en": "A claim stands in the file of the source that makes it, under that source's slug, and says so.",
        "it": "Un'affermazione sta nel file della fonte che la fa, con lo slug di quella fonte, e lo dice.",
    },
    "H006": {
        "en": "Every thing of ours that a file speaks of is described in some file.",
        "it": "Ogni cosa nostra di cui un file parla è descritta in qualche file.",
    },
    "H007": {
        "en": "An entity's own file says what it is; what somebody claims of it stands in the file of a source.",
        "it": "Il file di un'entità dice che cosa è; ciò che altri ne affermano sta nel file di una fonte.",
    },
    "H008": {
        "en": "Evidence quotes twelve words of its source at most.",
        "it": "L'evidenza cita al più dodici parole della sua fonte.",
    },
    "H009": {
        "en": "A source states a membership once for one period and role.",
        "it": "Una fonte afferma un'appartenenza una sola volta per un periodo e un ruolo.",
    },
    "H010": {
        "en": "From every source some claim was read.",
        "it": "Da ogni fonte è stata letta qualche affermazione.",
    },
    "H011": {
        "en": "Of every entity that is described, another file says something.",
        "it": "Di ogni entità descritta un altro file dice qualcosa.",
    },
    "H012": {
        "en": "No two organisations have names that differ only in spelling, language, legal form or order of words.",
        "it": "Non vi sono due organizzazioni con nomi che differiscono solo per grafia, lingua, forma "
        "giuridica o ordine delle parole.",
    },
    "H013": {
        "en": "A home page is an address with https, or http where there is no other, without fragment and tracking.",
        "it": "Una pagina web ha un indirizzo con https, o http dove non c'è altro, senza frammento né tracciamento.",
    },
    "H014": {
        "en": "What has happened or was read has a date that has come.",
        "it": "Ciò che è accaduto o è stato letto ha una data già trascorsa.",
    },
    "H015": {
        "en": "A slug has lower-case ASCII letters, digits and single hyphens.",
        "it": "Uno slug ha lettere ASCII minuscole, cifre e trattini singoli.",
    },
    "H016": {
        "en": "A file begins with the thing it is named for.",
        "it": "Un file inizia con la cosa che gli dà il nome.",
    },
    "H017": {
        "en": "A prefix that we or all others use stands for the same namespace in every file.",
        "it": "Un prefisso che usiamo noi o che usano tutti sta in ogni file per lo stesso spazio di nomi.",
    },
    "H018": {
        "en": "The kind in the IRI of a thing is that of its class.",
        "it": "Il tipo nell'IRI di una cosa è quello della sua classe.",
    },
    "H019": {
        "en": "A sentence that stands in two languages differs in them.",
        "it": "Una frase che c'è in due lingue è diversa in esse.",
    },
    "H090": {
        "en": "A comment that suppresses a finding suppresses one.",
        "it": "Un commento che sopprime un rilievo ne sopprime uno.",
    },
    "H091": {
        "en": "A comment that suppresses a finding gives a code that may be suppressed, and a reason.",
        "it": "Un commento che sopprime un rilievo dà un codice sopprimibile, e una ragione.",
    },
}


def _shown(sentence: str) -> str:
    """A sentence with a dash where a value comes."""
    return _VALUE.sub("…", sentence)


TITLES: Final[dict[str, Mapping[str, str]]] = {
    **_OURS,
    **{
        code: {language: _shown(text) for language, text in sentences.items()}
        for table in (OF_TEXT, OF_RESULTS, SHAPE_FAULTS)
        for code, sentences in table.items()
        if " " not in code  # a second sentence of one code
    },
}
"""By code and language."""
