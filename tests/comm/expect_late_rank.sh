#!/bin/sh
# Runs a job in which rank 1 is late: it must end with exit code 3 (a peer failed) and name the rank.
report=$("$@" 2>&1)
code=$?
printf '%s\nexit code %s\n' "$report" "$code"
[ "$code" -eq 3 ] && printf '%s' "$report" | grep -q 'rank 1 (learner), doing: sleeping'
