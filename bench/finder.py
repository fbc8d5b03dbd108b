"""How long the finder takes over many topics: the median and the 99th percentile of questions, and memory.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208

    python -m bench.finder [topics]

The topics are made up, always the same, each the size of the first one; they share their mentioned words and
codes as real ones would. The limit is 2 ms at 10,000 topics. Times are those of the processor, so that a busy
machine tells the same.
"""

from __future__ import annotations

import argparse
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median, quantiles

from bench.corpus import SEED
from bench.maker import words
from fhir_service.content.published import RESOURCES
from fhir_service.content.topic import Coding, FinderEntry, Topic
from fhir_service.context import Age, Asked, Context
from fhir_service.finder import Finder
from fhir_service.phrases import LONGEST_TEXT, Phrase
from fhir_service.topics import Topics

_SYSTEM = "http://snomed.info/sct"
_MENTIONED = words("mentioned", 400, syllables=2)


def topics(pattern: Topic, count: int) -> Iterator[Topic]:
    """The first topic itself, and others of its size about something else."""
    yield pattern
    names = words("topics", count * 3)
    chance = random.Random(SEED)
    for number in range(count - 1):
        mine = names[number * 3 : number * 3 + 3]
        yield replace(pattern, slug=f"topic-{number}", finder=tuple(_entries(number, mine, chance)))


def _entries(number: int, mine: list[str], chance: random.Random) -> Iterator[FinderEntry]:
    for code in range(6):
        yield FinderEntry(coding=Coding(_SYSTEM, f"{number}-{code}"), word=None, role="about", of="product")
    for phrase in (*mine, " ".join(mine), f"immune {mine[0]} … IV", f"{mine[1]} infusion"):
        yield FinderEntry(coding=None, word=phrase, role="about", of="product")
    for word in chance.sample(_MENTIONED, 40):
        yield FinderEntry(coding=None, word=word, role="excludes")
    for word in chance.sample(_MENTIONED, 30):
        coding = Coding(_SYSTEM, f"mentioned-{word}")
        yield FinderEntry(coding=coding, word=None, role="mentions", section="side-effects")
        yield FinderEntry(coding=None, word=word, role="mentions", section="side-effects")


def contexts(count: int) -> dict[str, Callable[[], Context]]:
    """A kind of question -> one of it."""
    chance = random.Random(SEED)
    names = words("topics", count * 3)

    def code() -> Coding:
        return Coding(
            _SYSTEM, f"{chance.randrange(count - 1)}-{chance.randrange(6)}", "A display of some words"
        )

    def ask(*asked: Asked) -> Context:
        return Context(asked=asked, subtopic=Asked(words=("side effects",)), age=Age(low=5, high=6))

    def text(length: int) -> str:
        return " ".join(chance.choices(names + _MENTIONED * 20, k=length))

    return {
        "one code": lambda: ask(Asked(codings=(code(),))),
        "fifty codes of fifty topics": lambda: ask(*(Asked(codings=(code(),)) for _ in range(50))),
        "order text": lambda: ask(Asked(words=("IMMUNE GLOBULIN (HUMAN) 10% INTRAVENOUS SOLUTION",))),
        "ten words of eight topics": lambda: ask(Asked(words=(text(10),))),
        "nothing known": lambda: ask(Asked(codings=(Coding("urn:x", "1"),), words=("quite another thing",))),
        "1000 characters, 130 topics": lambda: ask(Asked(words=(text(600)[:LONGEST_TEXT],))),
        "100 kB of text": lambda: ask(Asked(words=(text(20_000)[:100_000],))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("topics", nargs="?", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=500)
    arguments = parser.parse_args()
    finder = _measured(arguments.topics)
    for name, make in contexts(arguments.topics).items():
        took = sorted(_took(finder, make()) for _ in range(arguments.rounds))
        print(f"{name:28}  median {median(took):7.3f} ms  p99 {quantiles(took, n=100)[98]:7.3f} ms")


def _measured(count: int) -> Finder:
    pattern = Topics(RESOURCES).by_slug["ivig-itp"].topic
    all_topics = list(topics(pattern, count))
    start = time.process_time()
    Finder(all_topics)
    took = time.process_time() - start
    Phrase.of.cache_clear()
    tracemalloc.start()
    finder = Finder(all_topics)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{count} topics: indexed in {took:.1f} s, {size / 1_000_000:.0f} MB")
    return finder


def _took(finder: Finder, context: Context) -> float:
    start = time.process_time()
    finder.find(context)
    return (time.process_time() - start) * 1000


if __name__ == "__main__":
    main()
