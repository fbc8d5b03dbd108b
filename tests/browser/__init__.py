"""The pages as a browser shows them: Debian's Chromium, driven by Playwright.

    chromium.py        the browser, and how wide, in which colours and with what it shows a page
    watch.py           what a page may not do: ask another origin, break its own policy, log an error
    pages.py           which pages there are: the one list, found by asking the service
    accessibility.py   WCAG 2.2 AA by axe-core, and reflow
    validity.py        HTML and CSS by the Nu HTML Checker
    budget.py          how heavy a page may be, and what may block it
    paper.py           what a page prints as
    screenshots.py     pictures and prints, for people to look at

A test takes `page`, the fixture of conftest.py: a phone's width, light, relative URLs are the service's.
"""
