"""A feed as JSON in the shape of MedlinePlus Connect: attributes are members, the text is `_value`.

https://medlineplus.gov/medlineplus-connect/web-service/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .feed import Category, Entry, Feed

Json = dict[str, Any]

# A document is made here, and holds no circle that would have to be looked for in every object.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def to_json(feed: Feed) -> bytes:
    return _ENCODER.encode(_document(feed)).encode()


def to_jsonp(feed: Feed, callback: str) -> bytes:
    return as_call(callback, _document(feed))


def as_call(callback: str, document: Mapping[str, Any]) -> bytes:
    """A call with the document. The comment keeps the first bytes from being anything but a script."""
    return f"/**/{callback}({json.dumps(document, separators=(',', ':'))});".encode()


def _document(feed: Feed) -> Json:
    return {
        "feed": {
            "base": feed.base,
            "lang": feed.language,
            "xsi": _INSTANCE,
            "title": _words(feed.title),
            "subtitle": _words(feed.subtitle),
            "author": {"name": _value(feed.author), "uri": _value(feed.author_uri)},
            "updated": _value(feed.updated),
            "id": _value(feed.id),
            "rights": _words(feed.rights),
            "category": _categories(feed.categories),
            "entry": [_entry(entry) for entry in feed.entries],
        }
    }


def _entry(entry: Entry) -> Json:
    document = {
        "lang": entry.language,
        "title": _words(entry.title),
        "link": [
            {
                "href": link.href,
                "rel": link.rel,
                "type": link.type,
                "hreflang": link.language,
                "title": link.title,
            }
            for link in entry.links
        ],
        "id": _value(entry.id),
        "summary": {"type": "html", "_value": entry.summary},
        "updated": _value(entry.updated),
        "category": _categories(entry.categories),
    }
    if entry.part_of:
        parent = entry.part_of
        source = {"title": _words(parent.title), "id": _value(parent.id), "updated": _value(parent.updated)}
        document["source"] = source
    return document


def _words(text: str) -> Json:
    return {"_value": text, "type": "text"}


def _value(text: str) -> Json:
    return {"_value": text}


def _categories(categories: tuple[Category, ...]) -> list[Json]:
    return [{"scheme": category.scheme, "term": category.term} for category in categories]
