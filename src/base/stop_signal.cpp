// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/stop_signal.hpp"

#include <csignal>

#include "alarm/base/error.hpp"

namespace alarm_dist {

void hold_stop_signal() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGUSR1);
  const int error = pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  ALARM_CHECK(error == 0, "SIGUSR1 cannot be held back (errno {})", error);
}

bool stop_signal_came() {
  sigset_t pending;
  sigemptyset(&pending);
  return sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) == 1;
}

}  // namespace alarm_dist
