"""House rules: what we ask of contributed files and SHACL cannot say. One function, one code each.

A rule takes one document and what is known of the whole repository, and yields findings. Knows nothing of HTTP;
`docs/rules.md` has a row per code.
"""

from collections.abc import Iterator
from typing import Final

from clustergraph.findings import Finding
from clustergraph.repository import Document
from clustergraph.rules.claims import evidence_is_short, membership_is_stated_once, source_is_used
from clustergraph.rules.entities import entity_is_spoken_of, organisation_has_one_file
from clustergraph.rules.kinds import iri_has_the_kind_of_its_class
from clustergraph.rules.known import Known, Rule
from clustergraph.rules.places import (
    claim_names_its_source,
    entity_file_claims_nothing,
    file_begins_with_its_thing,
    file_name_is_iri,
    no_blank_node,
    slug_is_plain,
)
from clustergraph.rules.prefixes import but_of_prefixes, prefix_means_what_it_does_elsewhere
from clustergraph.rules.values import (
    date_is_not_in_the_future,
    homepage_is_plain,
    literal_is_canonical,
    text_is_translated,
)
from clustergraph.rules.words import term_is_known, thing_is_described

__all__ = ["RULES", "TITLES", "Known", "check_rules"]

RULES: Final[dict[str, Rule]] = {
    "H001": file_name_is_iri,
    "H002": literal_is_canonical,
    "H003": no_blank_node,
    "H004": term_is_known,
    "H005": claim_names_its_source,
    "H006": thing_is_described,
    "H007": entity_file_claims_nothing,
    "H008": evidence_is_short,
    "H009": membership_is_stated_once,
    "H010": source_is_used,
    "H011": entity_is_spoken_of,
    "H012": organisation_has_one_file,
    "H013": homepage_is_plain,
    "H014": date_is_not_in_the_future,
    "H015": slug_is_plain,
    "H016": file_begins_with_its_thing,
    "H017": prefix_means_what_it_does_elsewhere,
    "H018": iri_has_the_kind_of_its_class,
    "H019": text_is_translated,
}
"""Every house rule by its code."""

TITLES: Final[dict[str, str]] = {code: (rule.__doc__ or "").strip() for code, rule in RULES.items()}
"""What each house rule asks, in one sentence."""


def check_rules(document: Document, known: Known) -> Iterator[Finding]:
    """What every house rule has to say about one document, looked for as it is asked for."""
    found = (finding for rule in RULES.values() for finding in rule(document, known))
    return but_of_prefixes(found, document)
