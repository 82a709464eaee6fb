"""The sixteen places where the five seed documents mislead a hasty reader, and what the data say there."""

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from clustergraph.terms import compact, sparql_prologue

SIIT = "source-graph:siit-clusters"
MIUR = "source-graph:miur-what-are-clusters"
GUIDE = "source-graph:open-innovation-lombardy-guide"
BRESCIA = "source-graph:unibs-technology-clusters"
MISSION = "source-graph:cfi-mission"
IN_SEEDS = f"VALUES ?graph {{ {SIIT} {MIUR} {GUIDE} {BRESCIA} {MISSION} }}"


def _shown(term: object) -> str:
    if term is None:
        return "-"
    if isinstance(term, NamedNode):
        return compact(term.value)
    assert isinstance(term, Literal)
    return f"{term.value}@{term.language}" if term.language else term.value


def _answer(store: Store, query: str) -> list[tuple[str, ...]]:
    """The rows of a SELECT, sorted, with IRIs as prefixed names and a dash for an unbound variable."""
    solutions = store.query(sparql_prologue() + query)
    assert isinstance(solutions, QuerySolutions)
    names = [variable.value for variable in solutions.variables]
    return sorted(tuple(_shown(solution[name]) for name in names) for solution in solutions)


def test_eight_and_nine_are_counts_of_different_things_at_different_dates(curated_store: Store) -> None:
    counts = _answer(
        curated_store,
        f"""SELECT ?graph ?whose ?what ?value ?date WHERE {{
              {IN_SEEDS}
              VALUES ?what {{ countable:areas countable:clusters }}
              GRAPH ?graph {{
                ?count cg:isCountOf ?whose ; cg:ofWhat ?what ; cg:value ?value .
                OPTIONAL {{ ?count cg:onDate ?date }}
              }}
            }}""",
    )
    only_lombard = _answer(
        curated_store,
        f"""SELECT ?graph ?area WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?area skos:inScheme scheme:lombardy-ctl }}
              FILTER NOT EXISTS {{
                GRAPH {MIUR} {{ ?national skos:inScheme scheme:miur-2012 }}
                FILTER(STRAFTER(STR(?national), "--") = STRAFTER(STR(?area), "--"))
              }}
            }}""",
    )

    assert counts == [
        (MIUR, "scheme:miur-2012", "countable:areas", "8", "-"),
        (GUIDE, "cluster-kind:lombard", "countable:clusters", "9", "2019-08-12"),
        (GUIDE, "scheme:lombardy-ctl", "countable:areas", "9", "2019-08-12"),
        (BRESCIA, "cluster-kind:lombard", "countable:clusters", "9", "2024-04-26"),
        (BRESCIA, "cluster-kind:national", "countable:clusters", "8", "2012"),
    ]
    assert only_lombard == [(GUIDE, "area:lombardy-ctl--energy"), (BRESCIA, "area:lombardy-ctl--energy")]


def test_the_third_cluster_of_siit_is_read_into_a_description_and_never_given_a_name(curated_store: Store) -> None:
    memberships = _answer(
        curated_store,
        f"""SELECT ?cluster ?certainty ?name WHERE {{
              GRAPH {SIIT} {{
                ?claim org:member organisation:siit ; org:organization ?cluster ; cg:hasCertainty ?certainty .
                OPTIONAL {{ ?cluster cg:attestedName ?name }}
              }}
            }}""",
    )
    counted = _answer(
        curated_store,
        f"""SELECT ?value ?certainty ?date WHERE {{
              GRAPH {SIIT} {{
                ?count cg:isCountOf organisation:siit ; cg:value ?value ; cg:hasCertainty ?certainty .
                OPTIONAL {{ ?count cg:onDate ?date }}
              }}
            }}""",
    )

    assert memberships == [
        ("cluster:national-mobility", "certainty:interpreted", "-"),
        ("cluster:national-smart-communities", "certainty:stated", "Smart Communities Technologies Cluster@en"),
        ("cluster:national-smart-factory", "certainty:stated", "Smart Factory Cluster@en"),
    ]
    assert counted == [("3", "certainty:stated", "-")]


def test_six_undated_interests_stand_beside_three_specialisations_that_start_in_2018(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?aspect ?start ?text WHERE {{
              VALUES ?aspect {{ aspect:interest aspect:specialisation }}
              GRAPH {SIIT} {{
                ?claim cg:isAbout cluster:national-smart-communities ; cg:hasAspect ?aspect ; cg:text ?text .
                OPTIONAL {{ ?claim cg:startDate ?start }}
              }}
              FILTER(LANG(?text) = "en")
            }}""",
    )

    assert answer == [
        ("aspect:interest", "-", "Culture and tourism@en"),
        ("aspect:interest", "-", "Education@en"),
        ("aspect:interest", "-", "Energy efficiency@en"),
        ("aspect:interest", "-", "Energy networks@en"),
        ("aspect:interest", "-", "Health@en"),
        ("aspect:interest", "-", "Mobility@en"),
        ("aspect:specialisation", "2018", "Mobility and logistics@en"),
        ("aspect:specialisation", "2018", "Security@en"),
        ("aspect:specialisation", "2018", "Smart city@en"),
    ]


def test_one_page_calls_the_area_and_the_cluster_for_smart_communities_by_two_names(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?thing ?name WHERE {{
              GRAPH {BRESCIA} {{ ?thing cg:attestedName ?name }}
              FILTER(CONTAINS(STR(?thing), "smart-communities"))
            }}""",
    )

    assert answer == [
        ("area:lombardy-ctl--smart-communities", "Technologies for Smart Communities@en"),
        ("cluster:lombardy-smart-communities", "Smart Cities & Communities@en"),
    ]


def test_brescia_is_read_into_eight_lombard_clusters_and_nothing_is_said_of_aerospace(curated_store: Store) -> None:
    memberships = _answer(
        curated_store,
        f"""SELECT ?graph ?cluster ?kind ?certainty WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{
                ?claim org:member organisation:university-of-brescia .
                ?claim org:organization ?cluster ; cg:hasCertainty ?certainty .
              }}
              ?cluster cg:hasClusterKind ?kind .
            }}""",
    )
    aerospace_claims = _answer(
        curated_store,
        f"""SELECT ?graph ?claim WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?claim cg:isStatedIn ?source ; ?property cluster:lombardy-aerospace }}
            }}""",
    )

    assert memberships == [
        (BRESCIA, f"cluster:lombardy-{area}", "cluster-kind:lombard", "certainty:interpreted")
        for area in (
            "agrifood",
            "energy",
            "green-chemistry",
            "life-sciences",
            "living-environments",
            "mobility",
            "smart-communities",
            "smart-factory",
        )
    ]
    assert aerospace_claims == []


def test_mobility_by_land_keeps_its_waterways(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?aspect ?text WHERE {{
              VALUES ?aspect {{ aspect:field aspect:role }}
              GRAPH {SIIT} {{ ?claim cg:isAbout cluster:national-mobility ; cg:hasAspect ?aspect ; cg:text ?text }}
              FILTER(LANG(?text) = "en")
            }}""",
    )

    assert answer == [
        ("aspect:field", "Intermodal transport@en"),
        ("aspect:field", "Rail transport@en"),
        ("aspect:field", "Road transport@en"),
        ("aspect:field", "Transport on waterways@en"),
        ("aspect:role", "It wants to support central government in its policies for sustainable mobility by land.@en"),
        ("aspect:role", "It wants to support the regions in their policies for sustainable mobility by land.@en"),
    ]


def test_areas_that_later_lists_rename_keep_the_names_of_each_seed_list(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?scheme ?area ?graph ?name WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?area skos:inScheme ?scheme ; cg:attestedName ?name }}
              FILTER(STRAFTER(STR(?area), "--") IN ("life-sciences", "mobility", "smart-communities"))
            }}""",
    )

    lombard, national = "area:lombardy-ctl--", "area:miur-2012--"
    assert answer == [
        ("scheme:lombardy-ctl", f"{lombard}life-sciences", GUIDE, "Scienze della vita@it"),
        ("scheme:lombardy-ctl", f"{lombard}life-sciences", BRESCIA, "Life Sciences@en"),
        ("scheme:lombardy-ctl", f"{lombard}mobility", GUIDE, "Mobilità@it"),
        ("scheme:lombardy-ctl", f"{lombard}mobility", BRESCIA, "Mobility@en"),
        ("scheme:lombardy-ctl", f"{lombard}smart-communities", GUIDE, "Tecnologie per le Smart Communities@it"),
        ("scheme:lombardy-ctl", f"{lombard}smart-communities", BRESCIA, "Technologies for Smart Communities@en"),
        ("scheme:miur-2012", f"{national}life-sciences", MIUR, "Life Sciences@en"),
        ("scheme:miur-2012", f"{national}mobility", MIUR, "Means and systems for surface and marine mobility@en"),
        ("scheme:miur-2012", f"{national}smart-communities", MIUR, "Technologies for Smart Communities@en"),
    ]


def test_three_definitions_of_a_cluster_stay_three(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?graph ?about ?evidence WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?claim cg:isAbout ?about ; cg:hasAspect aspect:definition ; cg:evidence ?evidence }}
              ?about skos:inScheme scheme:cluster-kind .
            }}""",
    )

    assert answer == [
        (MIUR, "cluster-kind:national", "broad and inclusive networks"),
        (SIIT, "cluster-kind:technology-cluster", "organized aggregations of companies, universities"),
        (BRESCIA, "cluster-kind:technology-cluster", "networks of various associations of public and private entities"),
    ]


def test_each_source_keeps_its_own_list_of_member_categories(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?graph ?whose ?category WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?whose cg:hasMemberCategory ?category }}
            }}""",
    )

    lists = {
        (MISSION, "cluster:national-smart-factory"): (
            "association enterprise research-body territorial-authority university"
        ),
        (MIUR, "cluster-kind:national"): (
            "enterprise other-innovation-actor private-research-institution public-research-institution"
            " start-up-incubator university"
        ),
        (GUIDE, "cluster-kind:lombard"): (
            "enterprise other-innovation-actor private-institution public-institution research-centre university"
        ),
        (SIIT, "cluster-kind:technology-cluster"): (
            "enterprise financial-actor other-innovation-actor private-research-institution"
            " public-research-institution technology-district university"
        ),
        (BRESCIA, "cluster-kind:lombard"): (
            "enterprise other-innovation-actor private-institution public-institution research-centre university"
        ),
    }
    assert answer == [
        (graph, whose, f"member-category:{category}")
        for (graph, whose), categories in lists.items()
        for category in categories.split()
    ]


def test_tasks_belong_to_a_kind_of_cluster_and_mission_targets_and_activities_to_one_cluster(
    curated_store: Store,
) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?graph ?owner ?class (COUNT(?aim) AS ?aims) WHERE {{
              {IN_SEEDS}
              VALUES ?class {{ cg:Task cg:MissionAim cg:StrategicTarget cg:Activity }}
              GRAPH ?graph {{ ?owner cg:hasAim ?aim . ?aim a ?class }}
            }} GROUP BY ?graph ?owner ?class""",
    )

    assert answer == [
        (MISSION, "cluster:national-smart-factory", "cg:Activity", "6"),
        (MISSION, "cluster:national-smart-factory", "cg:MissionAim", "3"),
        (MISSION, "cluster:national-smart-factory", "cg:StrategicTarget", "5"),
        (MIUR, "cluster-kind:national", "cg:Task", "6"),
        (GUIDE, "cluster-kind:lombard", "cg:Task", "6"),
    ]


def test_the_seven_objectives_belong_to_the_initiative_and_not_to_its_clusters(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?graph ?owner (COUNT(?aim) AS ?objectives) WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?owner cg:hasAim ?aim . ?aim a cg:Objective }}
            }} GROUP BY ?graph ?owner""",
    )

    assert answer == [
        (MIUR, "initiative:national-clusters-2012", "7"),
        (GUIDE, "cluster-kind:lombard", "2"),
    ]


def test_the_ministry_promotes_in_four_sources_and_recognises_in_one(curated_store: Store) -> None:
    promoted = _answer(
        curated_store,
        f"""SELECT DISTINCT ?graph ?promoter WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?promoted cg:isPromotedBy ?promoter }}
            }}""",
    )
    recognised = _answer(
        curated_store,
        f"""SELECT ?graph ?recognition ?authority (COUNT(?recognised) AS ?number) WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?recognition cg:isRecognisedBy ?authority ; cg:recognises ?recognised }}
            }} GROUP BY ?graph ?recognition ?authority""",
    )

    assert promoted == [
        (MIUR, "organisation:miur"),
        (GUIDE, "organisation:miur"),
        (SIIT, "organisation:miur"),
        (BRESCIA, "organisation:miur"),
    ]
    assert recognised == [
        (GUIDE, "recognition:lombardy-technology-clusters", "organisation:lombardy-region", "9"),
        (GUIDE, "recognition:national-clusters", "organisation:miur", "1"),
        (BRESCIA, "recognition:lombardy-technology-clusters", "organisation:lombardy-region", "9"),
    ]


def test_regional_after_national_is_one_sources_claim_and_dates_no_cluster_or_recognition(
    curated_store: Store,
) -> None:
    claims = _answer(
        curated_store,
        f"""SELECT ?graph ?aspect ?evidence WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?claim cg:isAbout cluster-kind:regional ; cg:hasAspect ?aspect ; cg:evidence ?evidence }}
            }}""",
    )
    dated = _answer(
        curated_store,
        f"""SELECT ?graph ?thing ?property ?date WHERE {{
              {IN_SEEDS}
              VALUES ?property {{ cg:onDate cg:startDate cg:endDate }}
              GRAPH ?graph {{
                ?thing ?property ?date
                FILTER NOT EXISTS {{ ?thing cg:isStatedIn ?source }}
              }}
            }}""",
    )

    assert claims == [(BRESCIA, "aspect:context", "Subsequently, the Regional Clusters were also set up")]
    assert dated == [
        (MIUR, "initiative:national-clusters-2012", "cg:onDate", "2012"),
        (BRESCIA, "initiative:national-clusters-2012", "cg:onDate", "2012"),
    ]


def test_two_sources_have_a_date_and_three_say_that_they_have_none(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?graph ?issued ?modified ?undated WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{
                ?source a cg:Source .
                OPTIONAL {{ ?source dcterms:issued ?issued }}
                OPTIONAL {{ ?source dcterms:modified ?modified }}
                OPTIONAL {{ ?source cg:isUndated ?undated }}
              }}
            }}""",
    )

    assert answer == [
        (MISSION, "-", "-", "true"),
        (MIUR, "-", "-", "true"),
        (GUIDE, "2019-08-12", "-", "-"),
        (SIIT, "-", "-", "true"),
        (BRESCIA, "-", "2024-04-26", "-"),
    ]


def test_navigation_and_page_furniture_are_nobodys_claim(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?graph ?thing ?words WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{ ?thing cg:evidence|cg:attestedName|cg:text|dcterms:title ?words }}
              FILTER(REGEX(?words, "torna all|nuova finestra|immagine della|clicca|allegato|tag di|tecnologici 4", "i"))
            }}""",
    )

    assert answer == []


def test_a_strategy_is_never_taken_for_the_programme_with_a_similar_name(curated_store: Store) -> None:
    answer = _answer(
        curated_store,
        f"""SELECT ?graph ?subject ?kind ?target ?class WHERE {{
              {IN_SEEDS}
              GRAPH ?graph {{
                ?alignment cg:hasAlignmentSubject ?subject .
                ?alignment cg:hasAlignmentTarget ?target ; cg:hasAlignmentKind ?kind .
              }}
              GRAPH graph:curated {{ ?target a ?class }}
            }}""",
    )

    initiative, task, regional = (
        "initiative:national-clusters-2012",
        "aim:miur-what-are-clusters--task-5",
        "strategy:s3-lombardy",
    )
    follows, in_line = "alignment-kind:follows", "alignment-kind:in-line-with"
    assert answer == [
        (MIUR, task, in_line, "programme:horizon-2020", "cg:FundingProgramme"),
        (MIUR, task, in_line, "strategy:snsi", "cg:SmartSpecialisationStrategy"),
        (MIUR, initiative, follows, "programme:horizon-2020", "cg:FundingProgramme"),
        (GUIDE, regional, in_line, "strategy:europe-2020", "cg:Strategy"),
        (BRESCIA, initiative, follows, "programme:horizon-2020", "cg:FundingProgramme"),
        (BRESCIA, regional, in_line, "strategy:europe-2020", "cg:Strategy"),
    ]
