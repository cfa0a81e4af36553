"""Known holes in what we depend on (pip-audit) and risky code of our own (bandit): no finding without an explanation below.

pip-audit asks a vulnerability service about every pin. Where that cannot be reached, it is said and the check goes on; with
`--online` it fails then.
"""
# ruff: noqa: T201  (a command of its own: it prints)

from __future__ import annotations

import json
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("rag", "ingestion", "ui", "data", "scripts", "requirements")
SECONDS = 300

EVERYWHERE = {
    "B101": "asserts tell the type checker what is known; nothing is decided by them",
    "B403": "importing pickle does nothing; its uses are found by B301",
    "B404": "importing subprocess does nothing; its uses are found by B602 to B607",
    "B603": "commands are lists of our own words and paths, without a shell; untrusted file names are never among them, the files are",
}
"""Finding of bandit -> why it is none in this project; below, in one file (`*` is any name)."""
ACCEPTED = {
    ("B105", "rag/evaluation/poison.py"): "a made-up secret that an evaluation looks for in answers; it opens nothing",
    ("B104", "rag/launch.py"): "compares with 0.0.0.0 to name an address that a client can use; it does not listen",
    ("B301", "rag/read/zygote.py"): "what our own parent process wrote into a socket pair that nobody else has",
    ("B301", "ingestion/batch.py"): "page tasks of our own, which Ray carries from one step to the next",
    ("B311", "data/make/scan.py"): "noise of made-up scans",
    ("B311", "data/make/layout.py"): "strokes of made-up signatures",
    ("B311", "rag/evaluation/corpora.py"): "a sample of questions, the same every time",
    ("B311", "rag/bench/*"): "loads and moments that are the same every time",
    ("B311", "rag/chaos/*"): "what is broken when, on a service of one's own: nobody gains by guessing it",
    ("B311", "rag/tuning/*"): "played work that is the same every time",
    ("B314", "scripts/test.py"): "the report that our own pytest wrote",
    ("B405", "scripts/test.py"): "the report that our own pytest wrote",
    ("B607", "rag/bench/*"): "a bench starts the system's tesseract and git as a user would",
    ("B607", "rag/evaluation/speed.py"): "a bench starts the system's tesseract as a user would",
    ("B608", "rag/store/database.py"): "a number of our own, not of a user",
    ("B615", "rag/runtime/weights.py"): "reads files that lie on the disk (local_files_only)",
    ("B615", "rag/adapters/classify_hub.py"): "the path of a model that the operator named",
}
KNOWN: dict[str, str] = {}
"""Id of a vulnerability -> why it does not concern us, or since when there is no version without it."""


def risky_code() -> list[str]:
    """Findings without an explanation."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", *FOLDERS, "-f", "json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    found = []
    report = json.loads(result.stdout)
    for one in report["results"]:
        id, path = one["test_id"], one["filename"].removeprefix("./")
        accepted = any(id == known and fnmatch(path, where) for known, where in ACCEPTED)
        if id not in EVERYWHERE and not accepted:
            found.append(f"{path}:{one['line_number']}: {id} {one['issue_text']}")
    return found + [f"{one['filename']}: {one['reason']}" for one in report["errors"]]


def known_holes() -> tuple[list[str], int, int]:
    """(holes without an explanation, pins that were looked up, pins there are)."""
    holes, asked, pins = [], 0, 0
    for name in ("cpu.txt", "dev.txt"):
        command = [sys.executable, "-m", "pip_audit", "-r", f"requirements/{name}", "--no-deps", "--disable-pip"]
        command += ["-f", "json", "--progress-spinner", "off", "--timeout", "10"]
        try:
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
            rows = json.loads(result.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
            continue  # the service did not answer
        for row in rows:
            pins += 1
            asked += "skip_reason" not in row
            for hole in row.get("vulns", []):
                names = {hole["id"], *hole.get("aliases", ())}
                if not names & KNOWN.keys():
                    fixed = ", ".join(hole.get("fix_versions", ())) or "none yet"
                    holes.append(f"{row['name']} {row['version']}: {hole['id']}, mended in {fixed}")
    return sorted(set(holes)), asked, pins


def main(online: bool) -> int:
    risky = risky_code()
    for line in risky:
        print(line)
    print(f"bandit: {len(risky)} findings without an explanation")
    holes, asked, pins = known_holes()
    for line in holes:
        print(line)
    if asked:
        print(f"pip-audit: {len(holes)} known holes in {asked} of {pins} pins")
    else:
        print("pip-audit: no vulnerability service can be reached, nothing was checked")
    return 1 if risky or holes or (online and not asked) else 0


if __name__ == "__main__":
    raise SystemExit(main("--online" in sys.argv[1:]))
