# SPDX-License-Identifier: Apache-2.0
# What the launch scripts share. Sourced, never run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# timed "what is done" command...: says it, runs it, says how long it took.
timed() {
  local what=$1 start=$SECONDS
  shift
  say "$what"
  "$@"
  say "$what: done in $((SECONDS - start)) s"
}

# Runs a command as root: directly, through sudo, or not at all.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else return 126
  fi
}

# Cores this process may use; nproc alone would answer with OMP_NUM_THREADS where that is set.
cores() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }

# mpirun refuses root and more ranks than cores unless told otherwise; ranks on one machine share its cores. What the
# caller has set stays.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"
export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
export OMPI_MCA_btl_vader_single_copy_mechanism="${OMPI_MCA_btl_vader_single_copy_mechanism:-none}"

# run_tests JOBS CTEST-OPTION...: runs the tests of the build in the current folder and counts them. ctest counts a
# skipped test as passed; here it is neither. Cases that an executable left out are named.
run_tests() {
  local jobs=$1 status=0 total failed skipped left_out
  shift
  ctest --output-on-failure --no-tests=error -j "$jobs" "$@" </dev/null 2>&1 | tee ctest.log || status=$?
  total=$(sed -n 's/.* tests failed out of \([0-9]*\)$/\1/p' ctest.log | tail -n 1)
  failed=$(sed -n 's/.* \([0-9]*\) tests failed out of [0-9]*$/\1/p' ctest.log | tail -n 1)
  skipped=$(grep -c '\*\*\*Skipped' ctest.log || true)
  [ "${total:-0}" -gt 0 ] || die "no test ran"
  [ "$skipped" = 0 ] || say "$skipped skipped: this machine cannot run them"
  left_out=$(sed -n 's/^\[  SKIPPED \] \(.*\) ([0-9]* ms)$/\1/p' Testing/Temporary/LastTest.log | sort -u | tr '\n' ' ')
  [ -z "$left_out" ] || say "cases left out: $left_out"
  printf '%d passed, %d failed\n' $((total - failed - skipped)) "$failed"
  return $status
}

# Threads that wait must sleep: ranks share cores, and a spinning OpenMP thread takes the time of one that works.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE}
