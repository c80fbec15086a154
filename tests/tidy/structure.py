"""Rules of the house that a compiler does not check. structure.py SOURCE BUILD: prints what is not so, one line each.

Each rule is a function that yields lines. What may be different stands in the lists below, each with its reason."""
import json
import os
import re
import subprocess
import sys

SOURCE, BUILD = (os.path.realpath(path) for path in sys.argv[1:3])
FOLDERS = ("maps", "proto", "dispatcher", "vehicle-agent", "sim")
LINES_MOST = 70

# Who may include a library's headers: nobody else knows that it is there.
OWNERS = {
    "zmq.h": {"dispatcher/net/keys.c", "dispatcher/net/link.c", "vehicle-agent/link_client.c"},
    "libpq-fe.h": {"dispatcher/store/postgres.h"},
    "proj.h": {"maps/base/projection.c"},
    "sqlite3.h": {"dispatcher/store/store_sqlite.c"},
    "libfyaml.h": {"maps/base/yaml.c"},
    "metis.h": {"maps/compile/order.c"},
    "expat.h": {"maps/compile/osm_xml.c"},
    "zlib.h": {"maps/compile/osm_pbf.c", "maps/compile/osm_xml.c", "maps/compile/osm_write.c", "maps/compile/dimacs.c"},
    "zip.h": {"maps/compile/gtfs_source.c", "maps/compile/gtfs_write.c"},
    "event2/": {"dispatcher/net", "dispatcher/loop.c", "dispatcher/feeds.c", "sim/live.c"},  # sim live is an HTTP client
}

# What a folder may include from: what stands below it. The longest name counts.
BELOW = {
    "maps/base": [],
    "maps/city": ["maps/base"],
    "maps/route": ["maps/base", "maps/city"],
    "maps/transit": ["maps/base", "maps/city"],
    "maps/compile": ["maps/base", "maps/city", "maps/route"],
    "proto": ["maps/base"],
    "dispatcher/core": ["maps/base", "maps/city", "maps/route", "maps/transit", "proto"],
    "dispatcher/improve": ["maps/base", "maps/city", "maps/route", "proto", "dispatcher/core"],
    "dispatcher/match": ["maps/base", "maps/city", "maps/route"],
    "dispatcher/store": ["maps/base", "maps/city", "dispatcher/core"],
    "dispatcher/feed": ["maps/base", "maps/city", "maps/transit"],
    "dispatcher/web": ["maps/base", "maps/city"],
    "dispatcher/net": ["maps", "proto", "dispatcher/core", "dispatcher/feed", "dispatcher/web"],
    "dispatcher/export": ["maps/base", "maps/city", "maps/route", "dispatcher/core", "dispatcher/store", "dispatcher/net/http_json.h"],
    "dispatcher": ["maps", "proto", "dispatcher"],
    "vehicle-agent/agent": ["maps/base", "maps/city", "maps/route", "proto"],
    "vehicle-agent": ["maps/base", "maps/city", "maps/route", "proto", "vehicle-agent", "dispatcher/net/keys.h"],
    "sim": ["maps", "proto", "dispatcher/core", "dispatcher/store", "dispatcher/feed", "dispatcher/improve", "dispatcher/net/dock.h", "dispatcher/net/pace.h",
            "dispatcher/placing.h",
            "dispatcher/towns.h", "vehicle-agent/agent"],
}


# Functions that only tests call, and why they are there all the same.
FOR_TESTS = {
    "checker_restored": "stories restore a dispatcher from an old copy, the simulator's own days do not",
    "world_until": "stories are told instant by instant",
    "vehicle_with": "the riders of stories sit in vehicles, too",
    "http_routes": "the OpenAPI document is held to the table of routes",
    "http_words_known": "every reason has words in every language",
    "pace_see": "one vehicle on one street, without a dock",
    "pace_permille": "what is believed before it is told",
    "journal_held": "what recovery stopped at",
    "journal_snapshots_failed": "counted where the disk is full",
    "record_command_kind": "the field tables themselves, held to the structs",
    "record_update_kind": "the same for updates",
    "spread_t95": "held to a table of Student's distribution",
    "decision_key_parse": "the reader of key files without a file, for fuzzing",
    "route_threads_matrix": "benchmarks of matrices on several threads",
    "tours_plan": "schedules of a search are held to ones made from scratch",
    "zone_read": "the reader of time zone files without a file, for fuzzing",
    "town_open_memory": "the fuzzer's way in",
    "town_settings_read_text": "the fuzzer's way in",
}


def tracked():
    names = subprocess.run(["git", "-C", SOURCE, "ls-files"], capture_output=True, text=True)
    if names.returncode == 0:
        return [name for name in names.stdout.splitlines() if os.path.exists(os.path.join(SOURCE, name))]
    found = []  # a source tree without git
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = [name for name in folders if name not in ("build", "state", "node_modules", ".git")]
        found += [os.path.relpath(os.path.join(folder, name), SOURCE) for name in files]
    return found


FILES = tracked()
CODE = [name for name in FILES if name.endswith((".c", ".h")) and name.startswith(FOLDERS)]


def text_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def includes(name):
    return re.findall(r'^\s*#\s*include\s+([<"][^>"]+)[>"]', text_of(name), re.M)


def unlisted_files():
    for name in CODE:
        folder = os.path.dirname(name)
        lists = os.path.join(folder, "CMakeLists.txt")
        if name.endswith(".c") and not re.search(rf"(?<![\w/.-]){re.escape(os.path.basename(name))}(?![\w.-])", text_of(lists) if lists in FILES else ""):
            yield f"{name}: not in {lists}"


def library_owners():
    for name in CODE:
        for header in includes(name):
            header = header[1:]
            for library, owners in OWNERS.items():
                if (header == library or (library.endswith("/") and header.startswith(library))) and name not in owners and os.path.dirname(name) not in owners:
                    yield f"{name}: includes {header}, which is for {', '.join(sorted(owners))}"


def area_of(name):
    return max((area for area in BELOW if name.startswith(area + "/")), key=len)


def direction():
    where = {}
    for name in CODE:
        if name.endswith(".h"):
            where.setdefault(os.path.basename(name), []).append(name)
    for header, names in where.items():
        if len(names) > 1:
            yield f"{header}: the same name in {' and '.join(names)}"
    for name in CODE:
        area = area_of(name)
        for header in includes(name):
            beside = os.path.join(os.path.dirname(name), header[1:])
            target = beside if beside in CODE else where.get(os.path.basename(header[1:]), [None])[0]
            target = target if header[0] == '"' else None
            if target is None or area_of(target) == area:
                continue
            if not any(target == below or target.startswith(below + "/") for below in BELOW[area]):
                yield f"{name}: includes {target}, which is not below {area}"


def long_functions():
    for name in CODE:
        begin = None
        for number, line in enumerate(text_of(name).split("\n"), 1):
            if line == "{":
                begin = number
            elif line == "}" and begin:
                if number - begin - 1 > LINES_MOST:
                    yield f"{name}:{begin}: {number - begin - 1} lines, at most {LINES_MOST}"
                begin = None


def objects():
    """(source, object) of everything that is built but for the tests."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            source = os.path.relpath(entry["file"], SOURCE)
            output = os.path.join(entry["directory"], re.search(r" -o (\S+)", entry["command"]).group(1))
            of_a_test = os.path.relpath(output, BUILD).startswith("tests/") and not source.startswith("tests/")
            if os.path.exists(output) and not of_a_test and source.startswith(FOLDERS + ("tests/bench",)):
                yield source, output


def symbols(output):
    defined, used = set(), set()
    for line in subprocess.run(["nm", output], capture_output=True, text=True, check=True).stdout.splitlines():
        kind, symbol = line.split()[-2:]
        (defined if kind == "T" else used if kind == "U" else set()).add(symbol)
    return defined, used


def dead_exports():
    defined, users = {}, {}
    built = dict(objects())
    missing = [name for name in CODE if name.endswith(".c") and name not in built]
    if missing:
        yield f"{missing[0]} and {len(missing) - 1} others are not built: build all first"
        return
    for source, output in built.items():
        own, used = symbols(output)
        if not source.startswith("tests/"):
            defined.update((symbol, source) for symbol in own)
        for symbol in used:
            users.setdefault(symbol, set()).add(source)
    for symbol, source in sorted(defined.items()):
        others = users.get(symbol, set()) - {source}
        if symbol != "main" and not others and symbol not in FOR_TESTS:
            yield f"{source}: {symbol} is exported and used by no other file"
        if others and symbol in FOR_TESTS:
            yield f"{symbol} stands in FOR_TESTS and is used by {sorted(others)[0]}"
    for symbol in sorted(set(FOR_TESTS) - set(defined)):
        yield f"{symbol} stands in FOR_TESTS and is no more"


def links():
    top = {name.split("/")[0] for name in FILES}
    for name in FILES:
        if not name.endswith((".md", ".yaml")) and name not in CODE:
            continue
        text = text_of(name)
        here = os.path.dirname(name)
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text) if name.endswith(".md") else []:
            if not os.path.exists(os.path.join(SOURCE, here, target)):
                yield f"{name}: link to {target}, which is not there"
        pattern = r"`([\w./-]+)`" if name.endswith(".md") else r"(?<![\w/.])((?:maps|proto|dispatcher|vehicle-agent|sim|tests)/[\w/-]+\.(?:c|h|md|sh|yaml|proto))\b"
        for target in re.findall(pattern, text):
            if "/" not in target or target.split("/")[0] not in top:
                continue
            places = [os.path.join(SOURCE, start, target) + end for start in ("", here, "dispatcher") for end in ("", ".c", ".h")]
            if not any(os.path.exists(place) for place in places):
                yield f"{name}: names {target}, which is not there"


def main():
    failed = 0
    for rule in (unlisted_files, library_owners, direction, long_functions, dead_exports, links):
        for line in rule():
            print(f"{rule.__name__}: {line}")
            failed += 1
    print(f"{len(CODE)} files, {failed} findings")
    return 1 if failed else 0


sys.exit(main())
