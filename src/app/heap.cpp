// SPDX-License-Identifier: Apache-2.0
#include "app/heap.hpp"

#include <cstdint>
#include <cstdlib>
#include <malloc.h>

#include <c10/core/Allocator.h>

#include "alarm/base/error.hpp"
#include "alarm/train/memory_plan.hpp"

namespace alarm_dist {
namespace {

constexpr std::size_t kAlignment = 64;  // LibTorch's own: of a cache line

// glibc's posix_memalign asks its free lists for a block that is larger than what it gives back, so
// that a tensor does not fit where one of its size was, and the heap grows. Here the margin stays
// with the block, and holds its address.
class HeapAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* data = bytes == 0 ? nullptr : aligned(bytes);
    return {data, data, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* target, const void* source, std::size_t bytes) const override {
    default_copy_data(target, source, bytes);
  }

 private:
  static void* aligned(std::size_t bytes) {
    // A size computed below zero is a huge one here.
    void* block = bytes <= PTRDIFF_MAX - kAlignment ? std::malloc(bytes + kAlignment) : nullptr;
    ALARM_CHECK(block != nullptr, "out of memory: a tensor of {} bytes", bytes);
    // 16 to 64 bytes on: malloc aligns to 16.
    const auto margin = kAlignment - reinterpret_cast<std::uintptr_t>(block) % kAlignment;
    void* data = static_cast<std::byte*>(block) + margin;
    static_cast<void**>(data)[-1] = block;
    return data;
  }
  static void release(void* data) {
    if (data != nullptr) std::free(static_cast<void**>(data)[-1]);
  }
};

}  // namespace

void set_up_heap() {
  // Activations come and go in blocks of megabytes: keep them in the heap instead of asking the
  // kernel for zeroed pages each time (measured: half the time of the backward pass's elementwise
  // products).
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  static HeapAllocator allocator;
  c10::SetAllocator(c10::kCPU, &allocator, /*priority=*/1);
  // oneDNN and LibTorch's layer above it keep what they prepared for the shapes of a product, half
  // a megabyte a shape, and ragged batches have new shapes each time. What one pass over the layers
  // needs again and again is far less.
  const auto shapes = std::to_string(kPreparedProducts);
  setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", shapes.c_str(), /*overwrite=*/0);
  setenv("LRU_CACHE_CAPACITY", shapes.c_str(), /*overwrite=*/0);
}

}  // namespace alarm_dist
