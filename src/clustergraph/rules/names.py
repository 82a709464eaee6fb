"""Names of organisations without what two writers of the same name would differ in. Knows nothing of RDF."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_LEGAL_FORM: Final = re.compile(
    r"\b(?:s ?p ?a|s ?r ?l(?: ?s)?|s ?c(?: ?a)? ?r ?l|s ?c ?p ?a|soc(?:ieta)? coop(?:erativa)?|"
    r"societa (?:consortile )?(?:per azioni|a responsabilita limitata)|societa consortile|"
    r"consorzio|consortium|fondazione|foundation|associazione|association|"
    r"onlus|aps|ets|ltd|limited|inc|llc|plc|gmbh|aisbl)\b"
)
_SILENT: Final = re.compile(
    r"a|e|ed|al|alla|da|dal|dalla|in|nel|nella|per|de|d|di|del|dello|della|dell|dei|degli|delle|i|il|gli|la|le|l|lo|studi|"
    r"and|for|of|the"
)
_ENGLISH: Final = {
    "agenzia": "agency",
    "agenzie": "agency",
    "camera": "chamber",
    "center": "centre",
    "centri": "centre",
    "centro": "centre",
    "commercio": "commerce",
    "consiglio": "council",
    "dipartimento": "department",
    "distretto": "district",
    "fabbrica": "factory",
    "firenze": "florence",
    "genova": "genoa",
    "innovazione": "innovation",
    "istituto": "institute",
    "italia": "italy",
    "italiana": "italian",
    "italiano": "italian",
    "lombardia": "lombardy",
    "mantova": "mantua",
    "milano": "milan",
    "ministero": "ministry",
    "napoli": "naples",
    "nazionale": "national",
    "nazionali": "national",
    "padova": "padua",
    "piemonte": "piedmont",
    "politecnico": "polytechnic",
    "provincia": "province",
    "puglia": "apulia",
    "regione": "region",
    "regionale": "regional",
    "ricerca": "research",
    "ricerche": "research",
    "roma": "rome",
    "sardegna": "sardinia",
    "scienze": "sciences",
    "sicilia": "sicily",
    "tecnologia": "technology",
    "tecnologica": "technology",
    "tecnologico": "technology",
    "tecnologie": "technology",
    "technological": "technology",
    "technologies": "technology",
    "torino": "turin",
    "toscana": "tuscany",
    "trasferimento": "transfer",
    "universita": "university",
    "venezia": "venice",
}
"""Words that names of organisations in Italy are made of, and what the same names have in English."""

_WORD: Final = re.compile(r"[^\W_]+")


@lru_cache(maxsize=100_000)
def same_for(name: str) -> str:
    """What is the same for all spellings of a name: accents, capitals, legal form, language and order of words aside.

    >>> same_for("Università degli Studi di Brescia") == same_for("University of Brescia")
    True
    >>> same_for("SIIT S.c.p.a.") == same_for("Siit")
    True
    """
    letters = "".join(one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    plain = " ".join(_WORD.findall(letters.replace(".", "").replace("&", " and ")))
    words = [one for one in _LEGAL_FORM.sub(" ", plain).split() if not _SILENT.fullmatch(one)] or plain.split()
    return " ".join(sorted(_ENGLISH.get(one, one) for one in words))
