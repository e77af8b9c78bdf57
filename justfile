# Without `just` on your machine: ./justw RECIPE does the same and sets everything up first.

set no-exit-message := true
set positional-arguments

python := ".venv/bin/python"

[private]
default:
    @just --list --unsorted

[private]
run:
    @{{ if env("JUSTW_READY", "") == justfile_directory() { "true" } else { "./justw --prepare run" } }}

[private]
dev:
    @./justw --prepare dev

# replay the bundled session into the dashboard, offline, no keys
[group('use')]
demo *arguments: run
    @{{ python }} -m flows.commands.demo "$@"

# follow a running flow on the screen
[group('use')]
screen *arguments: run
    @{{ python }} -m tui "$@"

# the screen in a browser, on loopback
[group('use')]
web *arguments: run
    @{{ python }} -m tui.web "$@"

# run live: what comes in goes on the tape, through the flow, to files, DuckDB and the feed
[group('use')]
live *arguments: run
    @{{ python }} -m flows.commands.live "$@"

# replay a session without a screen: just replay recordings/session [10x|max] [--workers 2 …]
[group('use')]
replay *arguments: run
    @{{ python }} -m flows.commands.replay "$@"

# is everything in place? settings, disk, ports, clocks, model, each source: one line each, and what to do
[group('use')]
doctor *arguments: run
    @{{ python }} -m flows.commands.doctor "$@"

# log in to Telegram, so that its groups can be listened to
[group('use')]
telegram-login *arguments: run
    @{{ python }} -m flows.commands.telegram_login "$@"

# ask the warehouse: just query "SELECT * FROM trade_metrics LIMIT 5"
[group('use')]
query *arguments: run
    @{{ python }} -m flows.commands.query "$@"

# fetch a public sentiment model: just model finbert
[group('use')]
model *arguments: run
    @{{ python }} -m flows.commands.model "$@"

# print the settings in force and where each came from
[group('use')]
settings *arguments: run
    @{{ python }} -m flows.commands.settings "$@"

# say what fired, why, on what data, and what it would have taken not to: just explain ALERT_ID | last
[group('judge')]
explain *arguments: run
    @{{ python }} -m flows.commands.explain "$@"

# were the alerts right? what followed each, against random instants and known events: just study SESSION… [--events FILE]
[group('judge')]
study *arguments: run
    @{{ python }} -m flows.commands.study "$@"

# try a rule with other thresholds: just sweep RULE SESSION… [--thresholds 50,100 --for 0s,10s --cooldown 5m]
[group('judge')]
sweep *arguments: run
    @{{ python }} -m flows.commands.sweep "$@"

# keep a stretch of the live tape for good: just record NAME [--last 2h | --from-now | --for 30m]
[group('tape')]
record *arguments: run
    @{{ python }} -m flows.commands.record "$@"

# serve a session as an exchange on loopback, for any client of Binance: just serve recordings/session [--speed 10x]
[group('tape')]
serve *arguments: run
    @{{ python }} -m flows.commands.serve "$@"

# turn frame logs or the exchange's archives into a session: just import FILES… --to recordings/NAME
[group('tape')]
import *arguments: run
    @{{ python }} -m flows.commands.import_ "$@"

# join the tapes of a Kafka group's members to one session, each event once: just join A/tape B/tape --to SESSION
[group('tape')]
join *arguments: run
    @{{ python }} -m flows.commands.join "$@"

# decode a session once, so that it replays several times faster
[group('tape')]
compact *arguments: run
    @{{ python }} -m flows.commands.compact "$@"

# replay a session and compare with the digests in its manifest
[group('tape')]
verify *arguments: run
    @{{ python }} -m flows.commands.verify "$@"

# make the bundled session anew from its seed
[group('tape')]
generate: run
    @{{ python }} -m recordings.generate

# run everything continuous integration runs
[group('work')]
test *arguments: check
    @{{ python }} -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100 "$@"

# check style, types and layers
[group('work')]
check: dev
    @{{ python }} -m ruff check --quiet
    @{{ python }} -m ruff format --check --quiet
    @{{ python }} -m mypy --no-error-summary
    @.venv/bin/lint-imports --no-logo > .import-linter.log || (cat .import-linter.log; exit 1)

# print the table of benchmarks
[group('work')]
bench *arguments: dev
    @{{ python }} -m tests.bench "$@"

# how well posts are understood, and how fast (needs the real posts in ../shared/data)
[group('work')]
bench-crowd: dev
    @{{ python }} -m tests.bench.crowd_detection

# did the crowd say it before real pumps? (needs the real posts in ../shared/data)
[group('work')]
bench-pumps: dev
    @{{ python }} -m tests.bench.crowd_study

# posts scored per second, beside the plain ways
[group('work')]
bench-scoring *arguments: dev
    @{{ python }} -m tests.bench.scoring_speed "$@"

# what the screen costs: import, first numbers, a busy market, keys, memory over a day
[group('work')]
bench-screen *arguments: dev
    @{{ python }} -m tests.bench.screen "$@"

# frames a second from a websocket with everything on, and how long each takes to the feed
[group('work')]
bench-live *arguments: dev
    @{{ python }} -m tests.bench.live_latency "$@"

# 30 minutes of a served real recording with every fault there is: windows must equal the golden ones
[group('work')]
bench-chaos *arguments: dev
    @{{ python }} -m tests.bench.chaos "$@"

# make the README's picture of the screen
[group('work')]
picture: run
    @{{ python }} -m tui.picture docs/screen.svg

# lock the dependencies anew (needs uv)
[group('work')]
lock:
    uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url -o requirements.lock
    uv pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url -o requirements-dev.lock
