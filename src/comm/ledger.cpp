// SPDX-License-Identifier: Apache-2.0
#include "comm/ledger.hpp"

#include <algorithm>

#include "alarm/base/error.hpp"

namespace alarm_dist {

Ledger::Ledger(int size)
    : peers_(static_cast<std::size_t>(size)), heard_(static_cast<std::size_t>(size), Clock::now()) {
  for (int rank = 0; rank < size; ++rank) peers_[static_cast<std::size_t>(rank)].rank = rank;
}

std::int64_t Ledger::claim(const std::string& counter, std::int64_t amount) {
  const std::lock_guard lock(mutex_);
  std::int64_t& value = counters_[counter];
  const std::int64_t before = value;
  value += amount;
  return before;
}

void Ledger::update(int rank, const RankState& state) {
  const std::lock_guard lock(mutex_);
  ALARM_CHECK(rank >= 0 && rank < static_cast<int>(peers_.size()),
              "the ledger of {} ranks heard of rank {}", peers_.size(), rank);
  PeerState& peer = peers_[static_cast<std::size_t>(rank)];
  peer.role = state.role;
  peer.doing = state.doing;
  heard_[static_cast<std::size_t>(rank)] = Clock::now();
  if (state.last.sequence == 0) return;
  peer.collectives = state.last.sequence;
  peer.collective = state.last.name;
  std::int64_t& entered = peer.entered[state.last.group];
  entered = std::max(entered, state.last.sequence);
}

std::vector<PeerState> Ledger::peers() const {
  const std::lock_guard lock(mutex_);
  std::vector<PeerState> peers = peers_;
  const auto now = Clock::now();
  for (std::size_t rank = 0; rank < peers.size(); ++rank) {
    peers[rank].silent_s = std::chrono::duration<double>(now - heard_[rank]).count();
  }
  return peers;
}

}  // namespace alarm_dist
