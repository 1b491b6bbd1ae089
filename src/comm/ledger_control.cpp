// SPDX-License-Identifier: Apache-2.0
#include "comm/ledger_control.hpp"

#include <utility>

namespace alarm_dist {
namespace {

class LedgerControl : public ControlPlane {
 public:
  LedgerControl(std::shared_ptr<Ledger> ledger, int rank)
      : ledger_(std::move(ledger)), rank_(rank) {}

  int rank() const override { return rank_; }
  std::int64_t claim(std::string_view counter, std::int64_t amount) override {
    return ledger_->claim(std::string(counter), amount);
  }
  void set_role(std::string_view role) override {
    update([&] { state_.role = role; });
  }
  void set_doing(std::string_view doing) override {
    update([&] { state_.doing = doing; });
  }
  void enter_collective(const CollectiveEntry& entry) override {
    update([&] { state_.last = entry; });
  }
  std::vector<PeerState> peers() override { return ledger_->peers(); }

 private:
  template <typename Change>
  void update(Change&& change) {
    const std::lock_guard lock(mutex_);
    change();
    ledger_->update(rank_, state_);
  }

  std::shared_ptr<Ledger> ledger_;
  int rank_;
  std::mutex mutex_;
  RankState state_;
};

}  // namespace

std::unique_ptr<ControlPlane> make_ledger_control(std::shared_ptr<Ledger> ledger, int rank) {
  return std::make_unique<LedgerControl>(std::move(ledger), rank);
}

}  // namespace alarm_dist
