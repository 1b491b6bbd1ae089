// SPDX-License-Identifier: Apache-2.0
#include "app/rank_notes.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace alarm_dist {
namespace {

class NotedControl : public ControlPlane {
 public:
  // Once there is a world, a rank that dies has died in the program: launch/run looks for the note.
  NotedControl(ControlPlane& inner, int rank) : inner_(inner), rank_(rank) { write(); }

  std::int64_t claim(std::string_view counter, std::int64_t amount) override {
    return inner_.claim(counter, amount);
  }
  void set_role(std::string_view role) override {
    inner_.set_role(role);
    const std::lock_guard lock(mutex_);
    role_ = role;
    write();
  }
  void set_doing(std::string_view doing) override {
    inner_.set_doing(doing);
    const std::lock_guard lock(mutex_);
    doing_ = doing;
    write();
  }
  void enter_collective(const CollectiveEntry& entry) override { inner_.enter_collective(entry); }
  int rank() const override { return rank_; }
  std::vector<PeerState> peers() override { return inner_.peers(); }

 private:
  void write() const { write_rank_note(rank_, fmt::format("{}, {}", role_, doing_)); }

  ControlPlane& inner_;
  int rank_;
  std::mutex mutex_;
  std::string role_ = "starting", doing_ = "nothing yet";
};

class NotedWorld : public World {
 public:
  explicit NotedWorld(std::unique_ptr<World> inner)
      : inner_(std::move(inner)), control_(inner_->control(), inner_->rank()) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  int local_rank() const override { return inner_->local_rank(); }
  int local_size() const override { return inner_->local_size(); }
  const std::vector<std::string>& hosts() const override { return inner_->hosts(); }
  Communicator& communicator() override { return inner_->communicator(); }
  Mailbox& mailbox() override { return inner_->mailbox(); }
  ControlPlane& control() override { return control_; }
  std::unique_ptr<Communicator> make_communicator(c10::Device device) override {
    return inner_->make_communicator(device);
  }
  void close() override { inner_->close(); }
  [[noreturn]] void abort(int exit_code) override {
    inner_->abort(exit_code);
    std::_Exit(exit_code);  // not reached, but g++ cannot know
  }

 private:
  std::unique_ptr<World> inner_;
  NotedControl control_;
};

}  // namespace

// Renamed into its place: a rank that is killed while it writes leaves the note before.
void write_rank_note(int rank, std::string_view note) {
  const char* dir = std::getenv("ALARM_RANK_NOTES");
  if (dir == nullptr) return;
  const auto draft = fmt::format("{}/.rank-{}", dir, rank);
  std::ofstream(draft, std::ios::trunc) << note << '\n';
  std::error_code ignored;  // launch/run says "not yet started" of a rank without a note
  std::filesystem::rename(draft, fmt::format("{}/rank-{}", dir, rank), ignored);
}

std::unique_ptr<World> with_rank_notes(std::unique_ptr<World> world) {
  return std::make_unique<NotedWorld>(std::move(world));
}

}  // namespace alarm_dist
