"""Whether HTML, and the CSS and SVG in it, is valid: the Nu HTML Checker, which the W3C runs.

https://validator.github.io/validator/ and https://www.npmjs.com/package/vnu-jar
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import npm
from tests.requirements import require

FOLDER = Path(__file__).parent
# It lives for seconds: the start counts, not the speed that it reaches. Its schemas need a deep stack.
JAVA = ("java", "-Xss4m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
OPTIONS = ("--format", "json", "--stdout", "--exit-zero-always", "--errors-only")


def errors(documents: Mapping[str, str]) -> list[str]:
    """One line for each error in these documents, given by name; Java starts once for all of them."""
    require("java", install="apt install default-jdk-headless")
    jar = npm.install(FOLDER) / "vnu-jar" / "build" / "dist" / "vnu.jar"
    with TemporaryDirectory() as folder:
        files = {Path(folder, f"{number}.html"): name for number, name in enumerate(documents)}
        for file, name in files.items():
            file.write_text(documents[name], encoding="utf-8")
        command: list[str | Path] = [*JAVA, "-jar", jar, *OPTIONS, *files]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    named = {file.as_uri().replace("file:///", "file:/"): name for file, name in files.items()}
    return [
        f"{named[one['url']]}, line {one.get('lastLine', 1)}: {one['message']}"
        for one in json.loads(told)["messages"]
    ]
