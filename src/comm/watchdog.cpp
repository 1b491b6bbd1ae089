// SPDX-License-Identifier: Apache-2.0
#include "comm/watchdog.hpp"

#include <algorithm>
#include <utility>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"

namespace alarm_dist {

Watchdog::Watchdog(ControlPlane& control, Deadline deadline)
    : control_(control), deadline_(std::move(deadline)) {
  ALARM_CHECK(deadline_.seconds > 0 && deadline_.on_late,
              "a deadline wants a time above 0 s ({} s) and an on_late", deadline_.seconds);
  thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

Watchdog::Guard::Guard(Watchdog& watchdog, CollectiveEntry entry, std::vector<int> members)
    : watchdog_(watchdog) {
  const std::lock_guard lock(watchdog_.mutex_);
  watchdog_.watched_ = Watched{std::move(entry), std::move(members), Clock::now()};
}

Watchdog::Guard::~Guard() {
  const std::lock_guard lock(watchdog_.mutex_);
  watchdog_.watched_.reset();
}

void Watchdog::watch() {
  const std::chrono::duration<double> period(std::clamp(deadline_.seconds / 20, 0.002, 1.0));
  std::unique_lock lock(mutex_);
  while (!stop_) {
    stopping_.wait_for(lock, period);
    const std::optional<LateCollective> late = find_late();
    if (!late) continue;
    lock.unlock();  // asking the ledger takes time, and the collective may end meanwhile
    deadline_.on_late(report(*late));
    lock.lock();
  }
}

std::optional<LateCollective> Watchdog::find_late() {
  if (!watched_ || watched_->reported) return std::nullopt;
  const double waited_s = std::chrono::duration<double>(Clock::now() - watched_->since).count();
  if (waited_s < deadline_.seconds) return std::nullopt;
  watched_->reported = true;
  return LateCollective{watched_->entry, watched_->members, control_.rank(), waited_s};
}

std::string Watchdog::report(const LateCollective& late) {
  try {
    return late_report(late, control_.peers());
  } catch (const std::exception& error) {
    return late_report(late, {}) + fmt::format("The ledger does not say more: {}\n", error.what());
  }
}

}  // namespace alarm_dist
