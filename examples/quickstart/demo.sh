#!/bin/sh
# Runs the quickstart's two scenarios and says what each was meant to show.
# Ends with 0 only if the clean engine passed and the leaking one failed.
set -u

judge() {  # NAME EXPECTED-EXIT-CODE
    printf '\n$ ops002 run --config examples/quickstart/ops002.yml --scenario %s\n' "$1"
    ops002 run --config examples/quickstart/ops002.yml --scenario "$1" --report-dir "demo-report/$1"
    code=$?
    if [ "$code" -ne "$2" ]; then
        printf 'demo: %s ended with %s, expected %s\n' "$1" "$code" "$2" >&2
        exit 1
    fi
}

judge clean 0
judge leaking 1
printf '\nThe clean engine passed (exit 0), the leaking one failed (exit 1).\n'
printf 'The whole measurement of each is in demo-report/. Try: ops002 judge demo-report/leaking/ops002-report.json\n'
