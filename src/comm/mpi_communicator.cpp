// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi_communicator.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

#include "comm/checks.hpp"

namespace alarm_dist {
namespace {

MPI_Datatype mpi_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return MPI_FLOAT;
    case at::kDouble:
      return MPI_DOUBLE;
    case at::kInt:
      return MPI_INT32_T;
    case at::kLong:
      return MPI_INT64_T;
    case at::kByte:
    case at::kBool:
      return MPI_UINT8_T;
    default:
      throw Error(fmt::format("no MPI type for {}", at::toString(type)));
  }
}

// MPI leaves open what MPI_MAX does with a NaN, and max(0, -0) depends on the order: ranks could
// disagree. Here a NaN wins (as at::maximum has it), and +0 is larger than -0.
template <typename T>
T larger(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

template <typename T>
T smaller(T a, T b) {
  return -larger(-a, -b);
}

template <typename T, T (*choose)(T, T)>
void choose_each(void* in, void* inout, int* count, MPI_Datatype* /*type*/) {
  const T* a = static_cast<const T*>(in);
  T* b = static_cast<T*>(inout);
  for (int i = 0; i < *count; ++i) b[i] = choose(a[i], b[i]);
}

struct FloatOps {
  MpiOp max_float{choose_each<float, larger<float>>};
  MpiOp min_float{choose_each<float, smaller<float>>};
  MpiOp max_double{choose_each<double, larger<double>>};
  MpiOp min_double{choose_each<double, smaller<double>>};

  MPI_Op get(at::ScalarType type, ReduceOp op) const {
    if (op == ReduceOp::kSum) return MPI_SUM;
    const bool is_max = op == ReduceOp::kMax;
    if (type == at::kFloat) return is_max ? max_float.get() : min_float.get();
    if (type == at::kDouble) return is_max ? max_double.get() : min_double.get();
    return is_max ? MPI_MAX : MPI_MIN;
  }
};

const std::byte* data_of(const at::Tensor& tensor) {
  return static_cast<const std::byte*>(tensor.const_data_ptr());
}
std::byte* mutable_data_of(at::Tensor& tensor) {
  return static_cast<std::byte*>(tensor.mutable_data_ptr());
}

// Calls piece(begin, count) until total is covered.
template <typename Piece>
void in_pieces(std::int64_t total, std::int64_t most, Piece&& piece) {
  for (std::int64_t begin = 0; begin < total; begin += most) {
    piece(begin, static_cast<int>(std::min(most, total - begin)));
  }
}

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(MpiComm comm, std::int64_t max_bytes)
      : comm_(std::move(comm)), rank_(comm_.rank()), size_(comm_.size()), max_bytes_(max_bytes) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  c10::Device device() const override { return c10::kCPU; }

  void all_reduce(at::Tensor& tensor, ReduceOp op) override;
  void broadcast(at::Tensor& tensor, int root) override;
  void all_gather(const at::Tensor& mine, at::Tensor& all) override;
  void reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) override;
  void barrier() override { check_mpi(MPI_Barrier(comm_.get()), "MPI_Barrier"); }
  std::unique_ptr<Communicator> split(int colour, int key) override {
    MpiComm part = comm_.split(colour, key);
    return part ? make_mpi_communicator(std::move(part), max_bytes_) : nullptr;
  }

 private:
  // Elements of one call when each rank has a part of its own.
  std::int64_t part_limit(std::int64_t element_bytes) const {
    return std::max<std::int64_t>(1, max_bytes_ / (element_bytes * size_));
  }

  MpiComm comm_;
  int rank_;
  int size_;
  std::int64_t max_bytes_;
  FloatOps ops_;
};

void MpiCommunicator::all_reduce(at::Tensor& tensor, ReduceOp op) {
  const at::NoGradGuard no_grad;
  check_reduction(*this, tensor, op, "all_reduce");
  at::Tensor work = widened(tensor);
  const auto type = work.scalar_type();
  const auto width = static_cast<std::int64_t>(work.element_size());
  std::byte* data = mutable_data_of(work);
  in_pieces(work.numel(), std::max<std::int64_t>(1, max_bytes_ / width),
            [&](std::int64_t begin, int count) {
              check_mpi(MPI_Allreduce(MPI_IN_PLACE, data + begin * width, count, mpi_type(type),
                                      ops_.get(type, op), comm_.get()),
                        "MPI_Allreduce");
            });
  if (!work.is_same(tensor)) tensor.copy_(work);
}

void MpiCommunicator::broadcast(at::Tensor& tensor, int root) {
  check_tensor(*this, tensor, "broadcast");
  check_root(*this, root, "broadcast");
  std::byte* data = mutable_data_of(tensor);
  in_pieces(static_cast<std::int64_t>(tensor.nbytes()), max_bytes_,
            [&](std::int64_t begin, int count) {
              check_mpi(MPI_Bcast(data + begin, count, MPI_BYTE, root, comm_.get()), "MPI_Bcast");
            });
}

void MpiCommunicator::all_gather(const at::Tensor& mine, at::Tensor& all) {
  check_parts(*this, all, mine, "all_gather");
  const auto bytes = static_cast<std::int64_t>(mine.nbytes());
  std::byte* to = mutable_data_of(all);
  const auto gather = [&](const std::byte* from, int count, std::byte* into) {
    check_mpi(MPI_Allgather(from, count, MPI_BYTE, into, count, MPI_BYTE, comm_.get()),
              "MPI_Allgather");
  };
  const std::int64_t most = part_limit(1);
  if (bytes <= most) return gather(data_of(mine), static_cast<int>(bytes), to);

  // A piece of every rank's part lands in a stage, because the parts lie further apart than the
  // pieces.
  std::vector<std::byte> stage(static_cast<std::size_t>(most * size_));
  in_pieces(bytes, most, [&](std::int64_t begin, int count) {
    gather(data_of(mine) + begin, count, stage.data());
    for (int rank = 0; rank < size_; ++rank) {
      std::memcpy(to + rank * bytes + begin, stage.data() + std::int64_t{rank} * count,
                  static_cast<std::size_t>(count));
    }
  });
}

void MpiCommunicator::reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) {
  const at::NoGradGuard no_grad;
  check_reduction(*this, all, op, "reduce_scatter");
  check_parts(*this, all, mine, "reduce_scatter");
  const at::Tensor from = widened(all);
  at::Tensor into = from.is_same(all) ? mine : mine.to(from.scalar_type());
  const auto type = from.scalar_type();
  const auto width = static_cast<std::int64_t>(from.element_size());
  const std::int64_t count_each = mine.numel();
  const auto scatter = [&](const std::byte* source, int count, std::byte* target) {
    check_mpi(MPI_Reduce_scatter_block(source, target, count, mpi_type(type), ops_.get(type, op),
                                       comm_.get()),
              "MPI_Reduce_scatter_block");
  };

  const std::int64_t most = part_limit(width);
  if (count_each <= most) {
    scatter(data_of(from), static_cast<int>(count_each), mutable_data_of(into));
  } else {
    std::vector<std::byte> stage(static_cast<std::size_t>(most * width * size_));
    in_pieces(count_each, most, [&](std::int64_t begin, int count) {
      for (int rank = 0; rank < size_; ++rank) {
        std::memcpy(stage.data() + std::int64_t{rank} * count * width,
                    data_of(from) + (rank * count_each + begin) * width,
                    static_cast<std::size_t>(count * width));
      }
      scatter(stage.data(), count, mutable_data_of(into) + begin * width);
    });
  }
  if (!into.is_same(mine)) mine.copy_(into);
}

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator(MpiComm comm, std::int64_t max_bytes) {
  return std::make_unique<MpiCommunicator>(std::move(comm), max_bytes);
}

}  // namespace alarm_dist
