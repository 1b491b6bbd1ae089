// SPDX-License-Identifier: Apache-2.0
#include "comm/control_client.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <zmq.hpp>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"

#include "comm/control_message.hpp"

namespace alarm_dist {
namespace {

// A report on a late collective must not wait long for a server that may be what is late.
constexpr double kReportPatienceS = 5;

class ControlClient : public ControlPlane {
 public:
  explicit ControlClient(ControlClientOptions options);
  ~ControlClient() override;
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  int rank() const override { return options_.rank; }
  std::int64_t claim(std::string_view counter, std::int64_t amount) override;
  void set_role(std::string_view role) override {
    const std::lock_guard lock(mutex_);
    state_.role = role;
  }
  void set_doing(std::string_view doing) override {
    const std::lock_guard lock(mutex_);
    state_.doing = doing;
  }
  void enter_collective(const CollectiveEntry& entry) override {
    const std::lock_guard lock(mutex_);
    state_.last = entry;
    send_state();
  }
  std::vector<PeerState> peers() override;

 private:
  void beat();
  // These three want the lock held.
  void send_state();
  struct Question {
    std::int64_t id;
    std::string_view what;
    double timeout_s;
  };
  ControlReply ask(const ControlRequest& request, const Question& question);
  std::optional<ControlReply> next_reply(std::chrono::milliseconds patience);

  ControlClientOptions options_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  RankState state_;
  std::int64_t last_id_ = 0;
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::thread heart_;
};

ControlClient::ControlClient(ControlClientOptions options)
    : options_(std::move(options)), socket_(context_, zmq::socket_type::dealer) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::curve_serverkey, options_.server_key);
  socket_.set(zmq::sockopt::curve_publickey, options_.keys.public_key);
  socket_.set(zmq::sockopt::curve_secretkey, options_.keys.secret_key);
  socket_.connect(options_.endpoint);
  heart_ = std::thread([this] { beat(); });
}

ControlClient::~ControlClient() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  heart_.join();
}

void ControlClient::beat() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    send_state();
    stopping_.wait_for(lock, std::chrono::duration<double>(options_.heartbeat_s));
  }
}

void ControlClient::send_state() {
  const Bytes bytes = encode(state_);
  // A heartbeat is never waited for: when the queue is full the server is gone, and the next claim
  // will say so.
  static_cast<void>(socket_.send(zmq::buffer(bytes), zmq::send_flags::dontwait));
}

std::int64_t ControlClient::claim(std::string_view counter, std::int64_t amount) {
  const std::lock_guard lock(mutex_);
  const std::int64_t id = ++last_id_;
  return ask(ClaimRequest{id, std::string(counter), amount}, {id, counter, options_.timeout_s})
      .claimed;
}

std::vector<PeerState> ControlClient::peers() {
  const std::lock_guard lock(mutex_);
  const std::int64_t id = ++last_id_;
  return ask(PeersRequest{id}, {id, "peers", std::min(options_.timeout_s, kReportPatienceS)}).peers;
}

ControlReply ControlClient::ask(const ControlRequest& request, const Question& question) {
  const Stopwatch watch;
  const Bytes bytes = encode(request);
  bool sent = false;
  for (double left = question.timeout_s; left > 0; left = question.timeout_s - watch.seconds()) {
    if (!sent) sent = socket_.send(zmq::buffer(bytes), zmq::send_flags::dontwait).has_value();
    const auto patience = std::chrono::milliseconds(sent ? static_cast<int>(left * 1000) + 1 : 10);
    if (auto reply = next_reply(patience); reply && reply->id == question.id)
      return std::move(*reply);
  }
  throw Error(
      fmt::format(
          "rank {}: the control server at {} did not answer a request ({}) within {} s; rank 0 has "
          "failed or cannot be reached",
          options_.rank, options_.endpoint, question.what, question.timeout_s),
      ExitCode::kPeerFailed);
}

std::optional<ControlReply> ControlClient::next_reply(std::chrono::milliseconds patience) {
  zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
  if (zmq::poll(&item, 1, patience) == 0) return std::nullopt;
  zmq::message_t message;
  if (!socket_.recv(message, zmq::recv_flags::dontwait)) return std::nullopt;
  return decode_reply({static_cast<const std::byte*>(message.data()), message.size()});
}

}  // namespace

std::unique_ptr<ControlPlane> make_control_client(ControlClientOptions options) {
  return std::make_unique<ControlClient>(std::move(options));
}

}  // namespace alarm_dist
