"""The words of a topic. https://hl7.org/fhir/R4/narrative.html"""

from __future__ import annotations

from dataclasses import replace

from fhir_service.content.source import Sources
from fhir_service.content.words import passages, topic_words, words_sha256


def test_the_text_is_told_in_the_order_of_the_page(sources: Sources) -> None:
    words = [words for _, words in passages(sources.topic("ivig-itp").text)]
    assert words[:2] == ["IVIG Treatment for ITP", "What is IVIG?"]
    assert words.index("Fever and chills") < words.index("Muscle pain and joint pain")


def test_names_questions_and_descriptions_count_as_words_but_codes_do_not(sources: Sources) -> None:
    words = {words for _, words in topic_words(sources.topic("ivig-itp"))}
    assert {"low blood pressure (told by the nurse)", "clear liquid", "Tylenol", "Stop IVIG"} <= words
    assert not {"Fever (finding)", "during-fever", "386661006", "0.1.0"} & words


def test_words_come_with_the_line_they_stand_on(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    where = next(where for where, words in topic_words(topic) if words == "Stop IVIG")
    assert where.file == "topics/ivig-itp/topic.yaml"
    assert where.line > topic.where.line


def test_one_changed_word_changes_the_hash_and_a_code_does_not(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    assert words_sha256(replace(topic, purpose="Another.")) != words_sha256(topic)
    assert words_sha256(replace(topic, finder=(), released="2027-01-01")) == words_sha256(topic)
