// SPDX-License-Identifier: Apache-2.0
#include "comm/late_report.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace alarm_dist {
namespace {

std::string describe(const PeerState& peer) {
  const std::string role = peer.role.empty() ? "no role yet" : peer.role;
  const std::string doing = peer.doing.empty() ? "nothing it told of" : peer.doing;
  const std::string last = peer.collectives == 0 ? "no collective yet"
                                                 : fmt::format("last in {} number {}",
                                                               peer.collective, peer.collectives);
  return fmt::format("  rank {} ({}), doing: {}; {}; silent for {:.1f} s\n", peer.rank, role, doing,
                     last, peer.silent_s);
}

bool is_member(const LateCollective& late, const PeerState& peer) {
  return std::find(late.members.begin(), late.members.end(), peer.rank) != late.members.end();
}

bool has_arrived(const LateCollective& late, const PeerState& peer) {
  const auto entered = peer.entered.find(late.entry.group);
  return entered != peer.entered.end() && entered->second >= late.entry.sequence;
}

}  // namespace

std::string late_report(const LateCollective& late, const std::vector<PeerState>& peers) {
  std::string report = fmt::format("{} number {} is late: rank {} entered it {:.1f} s ago. ",
                                   late.entry.name, late.entry.sequence, late.rank, late.waited_s);
  if (late.members.empty()) {
    report += "The group is still being formed. All ranks:\n";
    for (const PeerState& peer : peers) report += describe(peer);
    return report;
  }
  std::string missing;
  for (const PeerState& peer : peers) {
    if (is_member(late, peer) && !has_arrived(late, peer)) missing += describe(peer);
  }
  if (missing.empty()) {
    return report +
           fmt::format(
               "All {} ranks of the group have entered it: the transport between them is stuck.\n",
               late.members.size());
  }
  return report + "Not arrived:\n" + missing;
}

}  // namespace alarm_dist
