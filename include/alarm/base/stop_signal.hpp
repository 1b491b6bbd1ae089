// SPDX-License-Identifier: Apache-2.0
// A wish to stop that comes as a signal: SIGUSR1, which SLURM sends ahead of a time limit and
// launch/run on SIGTERM.
//
// The signal is held back, never delivered: no handler runs and no system call is interrupted.
// Whoever can stop asks. SIGTERM is left alone: a rank that gets it may be among dead peers.
#pragma once

namespace alarm_dist {

// From now on SIGUSR1 does not end the process. Call it before threads are made: they inherit it.
void hold_stop_signal();

// Whether it has come since; stays true.
bool stop_signal_came();

}  // namespace alarm_dist
