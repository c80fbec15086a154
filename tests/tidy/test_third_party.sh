#!/usr/bin/env bash
# dispatcher/web/third-party.txt names everything that is bundled into the pages or linked into the programs, with the
# version and licence that package-lock.json holds, and nothing that is not there any more.
set -euo pipefail
cd "${ZUB_SOURCE:?}"
python3 - <<'PY'
import glob, json, os, re, sys

bad, sections, name = [], {}, None
for line in open("dispatcher/web/third-party.txt"):
    if line.startswith(("In the pages", "Linked into", "In the source tree")):
        name = line.split(" (")[0]
        sections[name] = {}
    fields = [field.strip() for field in line.split(" | ")]
    if name and len(fields) == 4:
        sections[name][fields[0]] = fields[1:]

def compare(where, wished, listed):
    bad.extend(f"{where}: {item} is missing in third-party.txt" for item in sorted(set(wished) - set(listed)))
    bad.extend(f"{where}: {item} stands in third-party.txt and is not there" for item in sorted(set(listed) - set(wished)))

packages = {}
for path, package in json.load(open("dispatcher/web/package-lock.json"))["packages"].items():
    if path and not package.get("dev"):
        packages[path.split("node_modules/")[-1]] = [package["version"], package["license"]]
pages = sections["In the pages"]
compare("package-lock.json", packages, pages)
for package in sorted(set(packages) & set(pages)):
    if pages[package][:2] != packages[package]:
        bad.append(f"package-lock.json: {package} is {packages[package]}, third-party.txt says {pages[package][:2]}")

linked = set()
for path in ["CMakeLists.txt"] + [p for p in glob.glob("**/CMakeLists.txt", recursive=True) if not p.startswith(("build", "tests", "state"))]:
    text = re.sub(r"#.*", "", open(path).read())
    linked |= set(re.findall(r"PkgConfig::([\w-]+)", text))
    linked |= {variable.lower() for variable in re.findall(r"\$\{(\w+)_LIBRARY\}", text)}
    linked |= {"m"} if re.search(r"(PRIVATE|PUBLIC)[^)]*\bm\b[^)]*\)", text) else set()
compare("CMake", linked, sections["Linked into the programs"])

schemas = {p for p in glob.glob("**/*.proto", recursive=True) if not p.startswith("build")}
own = {"proto/zubringer.proto", "dispatcher/web/proto/vector_tile.proto"}  # written for Zubringer
compare("schemas", schemas - own, sections["In the source tree"])

print("\n".join(bad) or f"{len(packages)} packages, {len(linked)} libraries, {len(schemas - own)} schemas: all listed")
sys.exit(1 if bad else 0)
PY
